package printer

import (
	"encoding/json"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Report is the results of runs as one document for programs: what became of
// each object in each member, and beside that what became of each member.
type Report struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// DryRun is client or server where nothing was changed.
	DryRun  string         `json:"dryRun,omitempty"`
	Items   []reportItem   `json:"items"`
	Members []reportMember `json:"members"`
}

type reportItem struct {
	Application string       `json:"application"`
	Cluster     string       `json:"cluster"`
	Action      apply.Action `json:"action"`
	// Object is the whole object where it is wanted, and its name elsewhere.
	Object json.RawMessage `json:"object"`
}

type reportMember struct {
	// Application is empty where it is no application that was asked about.
	Application string `json:"application,omitempty"`
	Cluster     string `json:"cluster"`
	Kind        string `json:"kind"`
	// Ready says, where it was waited for, whether all was ready in the end, and
	// Revisions at what.
	Ready     *bool    `json:"ready,omitempty"`
	Revisions []string `json:"revisions,omitempty"`
	// Errors are why it failed; none where it did not.
	Errors []reportError `json:"errors,omitempty"`
	// Abandoned are why it was given up, where it was.
	Abandoned []reportError `json:"abandoned,omitempty"`
}

type reportError struct {
	Reason  reason.Reason `json:"reason"`
	Message string        `json:"message"`
}

// NewReport makes a report of nothing yet.
func NewReport() *Report {
	return &Report{
		APIVersion: reportVersion, Kind: "Report",
		Items: []reportItem{}, Members: []reportMember{},
	}
}

// add takes in what became of one member.
func (r *Report) add(owner plan.Owner, event deploy.Event) {
	member := memberOf(owner, event.Member)
	for _, result := range event.Objects {
		if result.Err == nil {
			r.Items = append(r.Items, reportItem{member.Application, member.Cluster, result.Action, body(event, result.Identity)})
		}
	}
	member.Errors, member.Abandoned = reportErrors(event.Errs), reportErrors(event.GaveUp)
	r.Members = append(r.Members, member)
}

// memberOf is a member of which no more is said than which it is.
func memberOf(owner plan.Owner, member fleet.Member) reportMember {
	return reportMember{
		Application: Escape(owner.Namespace + "/" + owner.Application),
		Cluster:     Escape(member.Name), Kind: Escape(member.Kind),
	}
}

func reportErrors(errs []error) []reportError {
	var all []reportError
	for _, err := range errs {
		all = append(all, *errorOf(err))
	}
	return all
}

// wait takes in what became of a member that was waited for.
func (r *Report) wait(waited deploy.Waited) {
	of := memberOf(waited.Owner, waited.Member)
	for i := range r.Members {
		member := &r.Members[i]
		if member.Application != of.Application || member.Cluster != of.Cluster || member.Kind != of.Kind {
			continue
		}
		ready := len(waited.Errs) == 0
		member.Ready = &ready
		for _, revision := range waited.Revisions {
			member.Revisions = append(member.Revisions, Escape(revision))
		}
		member.Errors = append(member.Errors, reportErrors(waited.Errs)...)
	}
}

// body is an object as it is wanted, or no more than its name.
func body(event deploy.Event, id plan.Identity) json.RawMessage {
	for _, wanted := range event.Wanted {
		if wanted.SameObject(id) {
			return wanted.Redacted()
		}
	}
	version := id.Version
	if id.Group != "" {
		version = id.Group + "/" + id.Version
	}
	data, _ := json.Marshal(map[string]any{ // text can always be encoded
		"apiVersion": Escape(version), "kind": Escape(id.Kind),
		"metadata": map[string]string{"name": Escape(id.Name), "namespace": Escape(id.Namespace)},
	})
	return data
}

// Print prints the report as JSON or YAML.
func (r *Report) Print(out io.Writer, format string) error { return document(out, r, format) }
