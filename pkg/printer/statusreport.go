package printer

import (
	"io"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// statusList is many applications as one document for programs.
type statusList struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Items      []statusHeader `json:"items"`
	// Members are those that could not be asked.
	Members []reportMember `json:"members"`
}

// statusHeader is what is said of an application as a whole.
type statusHeader struct {
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Manager   string   `json:"manager,omitempty"`
	Fleets    []string `json:"fleets,omitempty"`
	// Created is in UTC, as RFC 3339 has it.
	Created   *time.Time     `json:"created,omitempty"`
	Ready     status.Word    `json:"ready"`
	Clusters  statusClusters `json:"clusters"`
	Revisions []string       `json:"revisions,omitempty"`
	// Problem is why it is not known where the application should be.
	Problem string `json:"problem,omitempty"`
	// Conflict is who else brings an application of that name to its clusters.
	Conflict string `json:"conflict,omitempty"`
	// Run is who deploys or deletes it now, or died of that.
	Run *statusRun `json:"run,omitempty"`
}

// statusRun is a run that is not over.
type statusRun struct {
	Verb   string `json:"verb"`
	Holder string `json:"holder"`
	PID    int    `json:"pid"`
	// Started is in UTC, by the holder's clock.
	Started *time.Time `json:"started,omitempty"`
}

type statusClusters struct {
	Wanted      int `json:"wanted"`
	Ready       int `json:"ready"`
	Failing     int `json:"failing"`
	NotDeployed int `json:"notDeployed"`
	Suspended   int `json:"suspended"`
	Reconciling int `json:"reconciling"`
	Unknown     int `json:"unknown"`
	// Leftovers counts the clusters with something that is not wanted there.
	Leftovers int `json:"leftovers"`
}

// statusDocument is one application as a document for programs.
type statusDocument struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	statusHeader
	Objects []statusObject `json:"objects"`
	Members []statusMember `json:"members"`
}

// statusMember is one member of the application.
type statusMember struct {
	reportMember
	// ImagesError is why the images of its workloads are not known, which are not
	// compared then.
	ImagesError *reportError `json:"imagesError,omitempty"`
}

// statusObject is one object of an application in one member.
type statusObject struct {
	Cluster   string      `json:"cluster"`
	Policy    string      `json:"policy,omitempty"`
	Kind      string      `json:"kind"`
	Namespace string      `json:"namespace"`
	Name      string      `json:"name"`
	Ready     status.Word `json:"ready"`
	Reason    string      `json:"reason,omitempty"`
	Message   string      `json:"message,omitempty"`
	// Revision is whole.
	Revision string     `json:"revision,omitempty"`
	Created  *time.Time `json:"created,omitempty"`
	Images   []string   `json:"images,omitempty"`
	// Leftover says that it is not wanted there.
	Leftover bool `json:"leftover,omitempty"`
	// Differs names what most of the clusters shown have another one of: revision, images.
	Differs []string `json:"differs,omitempty"`
}

// ApplicationReport prints all applications as JSON or YAML, with the members
// that could not be asked.
func ApplicationReport(out io.Writer, all []Judged, unasked []Outcome, format string) error {
	list := statusList{APIVersion: reportVersion, Kind: "ApplicationStatusList", Items: []statusHeader{}, Members: []reportMember{}}
	for _, one := range all {
		list.Items = append(list.Items, headerOf(one))
	}
	for _, outcome := range unasked {
		list.Members = append(list.Members, reportMember{
			Cluster: Escape(outcome.Member.Name), Kind: Escape(outcome.Member.Kind), Errors: reportErrors(outcome.Errs),
		})
	}
	return document(out, list, format)
}

// LineReport prints one application as JSON or YAML.
func LineReport(out io.Writer, one Judged, format string) error {
	doc := statusDocument{
		APIVersion: reportVersion, Kind: "ApplicationStatus", statusHeader: headerOf(one),
		Objects: []statusObject{}, Members: []statusMember{},
	}
	for _, line := range one.Lines {
		doc.Objects = append(doc.Objects, objectOf(line))
	}
	for i := range one.Seen {
		seen := &one.Seen[i]
		member := statusMember{reportMember: reportMember{Cluster: Escape(seen.Member.Name), Kind: Escape(seen.Member.Kind)}}
		if seen.Err != nil {
			member.Errors = reportErrors([]error{seen.Err})
		} else {
			member.ImagesError = errorOf(seen.ImagesErr)
		}
		doc.Members = append(doc.Members, member)
	}
	return document(out, doc, format)
}

func headerOf(one Judged) statusHeader {
	c := one.Counts
	header := statusHeader{
		Namespace: Escape(one.Namespace), Name: Escape(one.Name), Manager: one.Manager, Fleets: escaped(one.Fleets),
		Created: timeOf(one.Created), Ready: one.Ready, Revisions: escaped(one.Revisions),
		Clusters: statusClusters{c.Wanted, c.Ready, c.Failing, c.NotDeployed, c.Suspended, c.Reconciling, c.Unknown, c.Leftovers},
	}
	if one.Problem != nil {
		header.Problem = Escape(shorten(reason.Message(one.Problem), maxMessage))
	}
	if one.Conflict != nil {
		header.Conflict = Escape(shorten(one.Conflict.Error(), maxMessage))
	}
	if run := one.Run; run != nil {
		header.Run = &statusRun{Verb: Escape(run.Verb), Holder: Escape(run.Holder), PID: run.PID, Started: timeOf(run.Started)}
	}
	return header
}

func objectOf(line status.Line) statusObject {
	object := statusObject{
		Cluster: Escape(line.At.Member.Name), Kind: Escape(line.Kind), Namespace: Escape(line.Namespace), Name: Escape(line.Name),
		Ready: line.Ready, Reason: Escape(line.Why), Message: Escape(line.Message), Revision: Escape(line.Revision),
		Created: timeOf(line.Created), Images: escaped(line.Images), Leftover: line.Leftover,
	}
	if line.IsSync() {
		object.Policy = object.Name
	}
	if line.RevisionDiffers {
		object.Differs = append(object.Differs, "revision")
	}
	if line.ImagesDiffer {
		object.Differs = append(object.Differs, "images")
	}
	return object
}

func timeOf(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
