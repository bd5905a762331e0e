package status

import (
	"slices"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Managers of an application.
const (
	ByFleetapp = "fleetapp" // kubectl fleetapp deployed it
	ByKurator  = "kurator"  // Kurator's own controller distributes it
	ByNobody   = ""         // it is no more than an object on the host
)

// Application is one application of the host, over all its members.
type Application struct {
	Namespace, Name string
	// Manager is who brings it to its members.
	Manager string
	// Fleets are those of its destinations, each once.
	Fleets []string
	// Created is when it was first deployed, or, where another brings it to its
	// members, when its object was made.
	Created time.Time
	// Problem is why it is not known where the application should be: only what
	// its inventory lists is looked at then.
	Problem error
	// Conflict is who else brings an application of that name to its members.
	Conflict error
	// Run is who deploys or deletes it now, or died of that; nil where nobody does.
	Run *Run
	// Seen are its members, in their order.
	Seen []Seen
}

// Run is a run of deploy or delete that is not over.
type Run struct {
	// Verb is what it does to the application, as in "is being deployed".
	Verb string
	// Holder is user@machine, and PID that of the process there.
	Holder string
	PID    int
	// Started is by the holder's clock.
	Started time.Time
}

// Word is what stands under READY: Flux's own where there is one.
type Word string

// The words beside those of phases.
const (
	True     Word = "True"
	False    Word = "False"
	Unknown  Word = "Unknown"  // it could not be asked
	Leftover Word = "Leftover" // it is not wanted there any more
	Gone     Word = "Gone"     // it was shown before, and is nowhere any more
	Nowhere  Word = "Nowhere"  // no member is wanted: none matches
)

// Counts are an application's members by what they are, each wanted one in one
// of the numbers after Wanted.
type Counts struct {
	Wanted, Ready, Failing, NotDeployed, Suspended, Reconciling, Unknown int
	// Leftovers are the members, wanted or not, in which there is something that
	// the application does not want there any more.
	Leftovers int
}

// Verdict is what an application's members come to.
type Verdict struct {
	Counts Counts
	Ready  Word
	// AllReady says that all is as it should be. Where members that do not
	// answer may be passed over, UnreachedApart says the same of the others.
	AllReady, UnreachedApart bool
	// Revisions are the different ones that members stand at, short, the one that
	// most of them are at first.
	Revisions []string
	// Lines are the objects of all members, in their order.
	Lines []Line
	// NotFine counts what Flux applied and is not fine, where that was looked at,
	// and Gaps what of it could not be asked.
	NotFine, Gaps int
}

// Line is one object of an application in one member, or a member of which
// nothing is known.
type Line struct {
	// At is the member.
	At *Seen
	Row
	// Ready is the word for it, and Why the reason for a word that is not True.
	Ready Word
	Why   string
	// Short is the revision in short form.
	Short string
	// Images are those of a sync object's workloads.
	Images []string
	// Leftover says that it is not wanted there.
	Leftover bool
	// RevisionDiffers and ImagesDiffer say that most members have another one,
	// which Usual names.
	RevisionDiffers, ImagesDiffer bool
	Usual                         Usual
}

// notDeployed is the reason of what was never brought to a member.
const notDeployed = "NotDeployed"

// class is what a member, or an object of it, is; the worst of a member's
// objects is the member's.
type class int

const (
	classReady class = iota
	classReconciling
	classUnknown
	classSuspended
	classNotDeployed
	classFailing
)

func classOf(row Row) class {
	if row.Err != nil {
		return classUnknown
	}
	switch row.Phase {
	case Ready:
		return classReady
	case Reconciling, Waiting, Deleting:
		return classReconciling
	case Suspended:
		return classSuspended
	case Missing:
		if row.Reason == notDeployed {
			return classNotDeployed
		}
	case "":
		return classUnknown
	}
	return classFailing
}

func (c class) count(counts *Counts) *int {
	return map[class]*int{
		classReady: &counts.Ready, classReconciling: &counts.Reconciling, classSuspended: &counts.Suspended,
		classNotDeployed: &counts.NotDeployed, classFailing: &counts.Failing, classUnknown: &counts.Unknown,
	}[c]
}

// Judge says what became of an application.
func (a *Application) Judge() Verdict {
	alone := a.Problem == nil && a.Conflict == nil
	v := Verdict{AllReady: alone, UnreachedApart: alone}
	for i := range a.Seen {
		seen := &a.Seen[i]
		worst, leftovers := seen.class()
		if seen.wanted() {
			v.Counts.Wanted++
			*worst.count(&v.Counts)++
		}
		if leftovers {
			v.Counts.Leftovers++
		}
		notFine, gaps := seen.below()
		v.NotFine, v.Gaps = v.NotFine+notFine, v.Gaps+len(gaps)
		ok := worst == classReady && !leftovers && notFine == 0
		v.AllReady = v.AllReady && ok && len(gaps) == 0
		v.UnreachedApart = v.UnreachedApart && (ok || notFine == 0 && seen.unreached()) && !slices.ContainsFunc(gaps, answered)
		v.Lines = append(v.Lines, seen.lines()...)
	}
	compare(v.Lines)
	v.Revisions = revisions(a.Seen)
	v.Ready = v.Counts.word(a.Problem)
	if v.Ready == Nowhere {
		v.AllReady, v.UnreachedApart = false, false
	}
	return v
}

// class is the worst of what a member should have, and whether there is
// something else.
func (s *Seen) class() (worst class, leftovers bool) {
	for i, object := range s.Objects {
		switch {
		case object.Leftover:
			leftovers = true
		case s.Err != nil:
			worst = classUnknown
		default:
			worst = max(worst, classOf(s.Rows[i]))
		}
	}
	return worst, leftovers
}

// unreached tells a member of which nothing is known because it did not answer.
func (s *Seen) unreached() bool {
	if s.Err != nil {
		return !answered(s.Err)
	}
	for i, object := range s.Objects {
		if object.Leftover || (s.Rows[i].Err == nil || answered(s.Rows[i].Err)) && classOf(s.Rows[i]) != classReady {
			return false
		}
	}
	return true
}

// answered tells an error that is not of a member that does not answer.
func answered(err error) bool {
	return !slices.Contains([]reason.Reason{reason.Unreachable, reason.Timeout}, reason.Of(err))
}

func (c Counts) word(problem error) Word {
	switch {
	case c.Failing+c.NotDeployed+c.Suspended > 0:
		return False
	case c.Unknown > 0 || problem != nil:
		return Unknown
	case c.Reconciling > 0:
		return Word(Reconciling)
	case c.Wanted == 0 && c.Leftovers > 0:
		return Word(Deleting)
	case c.Leftovers > 0:
		return Leftover
	case c.Wanted == 0:
		return Nowhere
	}
	return True
}
