package preflight

import (
	"errors"
	"slices"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Concern is one thing that a deploy depends on. Programs may rely on the words.
type Concern string

// The concerns there are.
const (
	Kubeconfig  Concern = "kubeconfig"  // it is one that is accepted, here and in the cluster
	Reachable   Concern = "reachable"   // the cluster answers
	Permissions Concern = "permissions" // the credentials may do what is done
	Source      Concern = "source"      // Flux's sources can be put there, and are fetched
	Kustomize   Concern = "kustomize"   // so can its Kustomizations, and are applied
	Helm        Concern = "helm"        // so can its HelmReleases, and are released
	Version     Concern = "version"     // the cluster's Kubernetes is new enough
)

// Concerns are all of them, in the order in which they matter.
func Concerns() []Concern {
	return []Concern{Kubeconfig, Reachable, Permissions, Source, Kustomize, Helm, Version}
}

// Mark is how a cluster does in one concern. Programs may rely on the words.
type Mark string

// The marks there are, from the best to the worst.
const (
	NotNeeded Mark = "NotNeeded" // nothing depends on it
	Passed    Mark = "Passed"
	Unknown   Mark = "Unknown" // it could not be asked
	Warned    Mark = "Warned"  // a deploy goes well, and something else does not
	Failed    Mark = "Failed"  // a deploy would fail, or a delete after it
)

// severity is how bad a mark is.
func severity(mark Mark) int {
	return slices.Index([]Mark{NotNeeded, Passed, Unknown, Warned, Failed}, mark)
}

// worse is the worse of two marks.
func worse(a, b Mark) Mark {
	if severity(a) > severity(b) {
		return a
	}
	return b
}

// Finding is something that is to be mended, and how.
type Finding struct {
	// Concerns are what it is about, and Mark what it makes of them.
	Concerns []Concern
	Mark     Mark
	// WayOut is what there is to do, in one line.
	WayOut string
}

// Report is what was found out about one cluster.
type Report struct {
	// Cluster is what it said of itself.
	Cluster
	// User is for whom it takes us; empty where it does not tell.
	User string
	// Marks has one for each concern.
	Marks map[Concern]Mark
	// Findings come in the order of their concerns.
	Findings []Finding
	// Unsure says that something could not be asked that decides whether a deploy
	// would succeed.
	Unsure bool
	// Err is why it could not be asked.
	Err error
}

// Passes tells whether a deploy would succeed, as far as that is known.
func (r Report) Passes() bool { return r.worst() != Failed }

// IsKnown tells whether that is known: nothing more needs to be asked of what is
// seen to fail.
func (r Report) IsKnown() bool { return !r.Unsure || !r.Passes() }

// IsSure tells a cluster where everything was asked, and nothing was found.
func (r Report) IsSure() bool { return r.worst() == Passed }

func (r Report) worst() Mark {
	worst := Passed
	for _, mark := range r.Marks {
		worst = worse(worst, mark)
	}
	return worst
}

func newReport() Report {
	r := Report{Marks: map[Concern]Mark{}}
	for _, concern := range Concerns() {
		r.Marks[concern] = Unknown
	}
	return r
}

func (r *Report) find(findings ...Finding) {
	for _, finding := range findings {
		for _, concern := range finding.Concerns {
			r.Marks[concern] = worse(r.Marks[concern], finding.Mark)
		}
		r.Findings = append(r.Findings, finding)
	}
}

// maxMessage bounds what is repeated of an error, in characters.
const maxMessage = 500

// Unasked is the report of a cluster that could not be asked: opened tells
// whether its kubeconfig was read and accepted.
func Unasked(err error, opened bool, needs Needs) Report {
	r := newReport()
	r.Err = err
	why := reason.Of(err)
	message := string(why) + ": " + cut(reason.Message(err), maxMessage)
	failed := Reachable
	r.Marks[Kubeconfig] = Passed
	where := "its kubeconfig"
	if needs.Secret != "" {
		where = "Secret " + needs.Secret
	}
	switch {
	case why == reason.NotFound && !opened:
		message += "; make it, or take it out of its fleet"
	case why == reason.BadKubeconfig:
		message += "; put a self-contained kubeconfig there"
	case why == reason.Unauthorized && isKnown(err):
		message += "; mend " + where
	case why == reason.Unauthorized:
		message = string(why) + ": it does not accept the credentials of " + where + "; renew them"
	case why == reason.Unreachable:
		message += "; bring it back, or mend the address in " + where
	case why == reason.Timeout:
		message += "; see why its API server does not answer"
	case why == reason.TLS:
		message += "; mend certificate-authority-data or tls-server-name in " + where
	}
	if !opened || why == reason.BadKubeconfig || why == reason.Unauthorized {
		failed = Kubeconfig
	}
	if why == reason.Unauthorized && opened {
		r.Marks[Reachable] = Passed
	}
	r.find(Finding{Concerns: []Concern{failed}, Mark: Failed, WayOut: message})
	return r
}

// isKnown tells an error that says what is wrong from an API server's word.
func isKnown(err error) bool {
	var known *reason.Error
	return errors.As(err, &known)
}
