// Package status reads, of one member, what Flux says of its objects, and
// judges how far it is with them.
package status

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Phase is how far Flux is with an object.
type Phase string

// The phases there are.
const (
	Ready       Phase = "Ready"       // done, with what the object and its source ask for now
	Reconciling Phase = "Reconciling" // Flux is at work on it
	Waiting     Phase = "Waiting"     // Flux is yet to see, or to come to, what is asked for now
	Failed      Phase = "Failed"      // the last attempt failed; Flux tries again by itself
	Stalled     Phase = "Stalled"     // failed, and Flux does not try again until something changes
	Suspended   Phase = "Suspended"   // somebody told Flux to leave the object alone
	Missing     Phase = "Missing"     // there is no such object
	Deleting    Phase = "Deleting"    // it is being deleted
)

// Final tells a phase that the object does not leave by itself.
func (p Phase) Final() bool {
	return p == Stalled || p == Suspended || p == Missing || p == Deleting
}

// State is an object's phase, and what there is to say about it.
type State struct {
	Phase Phase
	// Revision is what the object stands at, whatever its phase is: of a source
	// its artifact's, of a Kustomization what it applied last, of a HelmRelease
	// the version of the chart that is released. Empty if there is none.
	Revision string
	// Reason and Message are Flux's own where it has said something about what
	// is asked for now. Both are one line, and bounded.
	Reason, Message string
}

// Row is one object of a member.
type Row struct {
	plan.Identity
	State
	UID        types.UID
	Generation int64
	// Created is when it was made, by the member's clock; zero where it is not
	// known.
	Created time.Time
	// Err is why the object could not be read; nothing is known of it then.
	Err error
}

// Reasons of ours, where Flux has said nothing about what is asked for now.
const (
	notObserved = "NotObserved"
	notCurrent  = "NotCurrent"
)

const (
	maxRevision = 200
	maxReason   = 100
	maxMessage  = 500
)

// own is the state of an object by itself. Ready is for this generation: a
// status that is still that of an earlier one counts for nothing. Flux writes
// conditions and the rest of a status one after the other, so both must say
// so. Source: kstatus, and the "Working with" chapters of Flux's API docs.
func (o *object) own() State {
	ready := o.condition("Ready")
	switch {
	case o.Metadata.DeletionTimestamp != nil:
		return o.state(Deleting, "Deleting", "it is being deleted")
	case o.Spec.Suspend:
		return o.state(Suspended, "Suspended", "it is suspended (spec.suspend), and Flux leaves it alone")
	case o.isStatic():
		return o.state(Ready, "", "")
	case o.says("Stalled", "True"):
		if !o.says("Ready", "False") { // that says more
			ready = o.condition("Stalled")
		}
		return o.state(Stalled, ready.Reason, ready.Message)
	}
	if failure, failed := o.failure(); failed {
		return o.state(Failed, failure.Reason, failure.Message)
	}
	working := o.condition("Reconciling")
	switch {
	case working.Status == "True" && o.current(working):
		return o.state(Reconciling, working.Reason, working.Message)
	case !o.current(ready), o.Status.ObservedGeneration != o.Metadata.Generation:
		return o.state(Waiting, notObserved,
			fmt.Sprintf("Flux has yet to finish its generation %d; does the controller run?", o.Metadata.Generation))
	case ready.Status != "True", working.Status == "True":
		return o.state(Reconciling, ready.Reason, ready.Message)
	case o.IsSource() && o.Status.Artifact.Revision == "":
		return o.state(Waiting, notObserved, "it has no artifact yet")
	}
	return o.state(Ready, ready.Reason, ready.Message)
}

// failure is what the last attempt came to, also while the next one is made.
func (o *object) failure() (condition, bool) {
	switch {
	case o.says("Ready", "True"):
	case o.says("Ready", "False"):
		return o.condition("Ready"), true
	case o.says("FetchFailed", "True"):
		return o.condition("FetchFailed"), true
	case o.says("Released", "False"):
		return o.condition("Released"), true
	}
	return condition{}, false
}

func (o *object) state(phase Phase, reason, message string) State {
	return State{
		Phase: phase, Revision: text(o.revision(), maxRevision),
		Reason: text(reason, maxReason), Message: text(message, maxMessage),
	}
}

// judge is the state of an object among those of its application in the
// member. A sync object is ready with the revision that its source has now,
// and not with an earlier one. The chart is that of a HelmRelease, if it has one.
func (o *object) judge(all []*object, chart *object) State {
	own := o.own()
	if o.IsSource() || own.Phase == Deleting || own.Phase == Suspended {
		return own
	}
	source := o.findSource(all)
	switch {
	case source == nil:
		ref := o.source()
		return o.state(Failed, notCurrent, fmt.Sprintf("it syncs from %s/%s, which is not its application's source", strings.ToLower(ref.Kind), ref.Name))
	case o.Kind != helmRelease && own.Phase == Stalled: // over its own spec
		return own
	case o.Kind != helmRelease:
		return o.at(own, o.Status.LastAppliedRevision, source, source.Status.Artifact.Revision)
	case o.Spec.ChartRef.Name != "": // to an OCIRepository, whose revision is tag@digest
		wanted := source.Status.Artifact.Revision
		return o.at(own, o.Status.LastAttemptedRevisionDigest, source, wanted[strings.LastIndex(wanted, "@")+1:])
	}
	return o.judgeRelease(own, source, chart)
}

// judgeRelease looks at the chart between a release and its source. It is
// Flux's own object: what is wrong with it is wrong with the release.
func (o *object) judgeRelease(own State, source, chart *object) State {
	if chart == nil {
		return o.at(own, "", source, "")
	}
	made := chart.own()
	behind := !source.isStatic() && chart.Status.ObservedSourceArtifactRevision != source.Status.Artifact.Revision
	if made.Phase == Deleting || made.Phase == Stalled && behind { // another attempt is to come
		made.Phase = Waiting
	}
	switch {
	case made.Phase != Ready:
		return o.state(made.Phase, made.Reason, chart.Short()+": "+made.Message)
	case behind:
		return o.at(own, chart.Status.ObservedSourceArtifactRevision, source, source.Status.Artifact.Revision)
	}
	return o.at(own, o.Status.LastAttemptedRevision, chart, chart.Status.Artifact.Revision)
}

// at is an object's own state, which is Ready or Stalled only where it was
// reached with the revision that there is now.
func (o *object) at(own State, has string, from *object, wanted string) State {
	switch {
	case own.Phase != Ready && own.Phase != Stalled, has == wanted && wanted != "":
		return own
	case own.Phase == Stalled && has == "": // it never came as far as to a revision
		return own
	case own.Phase == Stalled:
		return o.state(Waiting, own.Reason, own.Message)
	case wanted == "":
		return o.state(Waiting, notCurrent, fmt.Sprintf("%s has no revision yet", from.Short()))
	}
	return o.state(Waiting, notCurrent, fmt.Sprintf("it is yet to come to %s, where %s is (it is at %s)", wanted, from.Short(), cmp.Or(has, "none")))
}

// dependsOn tells whether an object that is in this state by itself may still be
// in another one, with what its source has now.
func (o *object) dependsOn(source *object, own State) bool {
	moves := own.Phase == Ready || own.Phase == Stalled && o.Kind == helmRelease
	return moves && !o.IsSource() && source.IsSource() && o.source().names(source)
}

func (o *object) findSource(all []*object) *object {
	for _, other := range all {
		if other != nil && other.IsSource() && o.source().names(other) {
			return other
		}
	}
	return nil
}
