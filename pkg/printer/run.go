package printer

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// manyMembers is from how many members on the same news is told once, and not
// for each of them.
const manyMembers = 11

// maxLine and maxMessage bound what a member says, in characters, in a line and
// in a report: an API server's message may be as large as its answer. The latter
// is the bound of a condition's message. Source: metav1.Condition.
const (
	maxLine    = 1000
	maxMessage = 32768
)

// Style says how a run is printed.
type Style struct {
	// Names prints a line of cluster and name for each object, and no more.
	Names bool
	// Report, if set, takes the results in place of out.
	Report *Report
	// Orphaned says that what Flux applied for what is deleted stays.
	Orphaned bool
	// DryRun is what was not really done, such as "server dry run"; empty where
	// it was.
	DryRun string
}

// Run prints what a run does: what became of each object to out, member by
// member, and why members failed to err.
type Run struct {
	Style
	out, err io.Writer
	owner    plan.Owner
	many     bool
	mend     bool           // some member failed for a reason that does not pass by itself
	lacking  bool           // some member failed for want of a right
	left     map[string]int // how many clusters keep what an object applied
	same     []string
	clusters map[string]int
}

// NewRun makes the printer of a run of one application over so many members.
func NewRun(out, err io.Writer, owner plan.Owner, members int, style Style) *Run {
	return &Run{
		Style: style, out: out, err: err, owner: owner,
		many: members >= manyMembers && !style.Names, left: map[string]int{}, clusters: map[string]int{},
	}
}

// Member prints what became of one member.
func (r *Run) Member(event deploy.Event) {
	var news []string
	for _, object := range event.Objects {
		if object.Err != nil {
			continue
		}
		if object.Left {
			r.left[object.Short()]++
		}
		switch {
		case r.Report != nil:
		case r.many:
			news = append(news, fmt.Sprintf("%s %s", object.Short(), object.Action))
		default:
			fmt.Fprintln(r.out, Escape(r.line(event.Member, object)))
		}
	}
	if r.Report != nil {
		r.Report.add(r.owner, event)
	}
	if line := strings.Join(news, ", "); line != "" {
		if r.clusters[line] == 0 {
			r.same = append(r.same, line)
		}
		r.clusters[line]++
	}
	r.failures(event)
}

// line is what became of one object.
func (r *Run) line(member fleet.Member, object apply.Result) string {
	if r.Names {
		return fmt.Sprintf("%s %s", member.Name, object.Identity)
	}
	text := fmt.Sprintf("%s %s (%s)", object.Identity, object.Action, member.Name)
	if r.DryRun != "" {
		text += " (" + r.DryRun + ")"
	}
	return text
}

// failures prints why a member failed, or was given up.
func (r *Run) failures(event deploy.Event) {
	for _, err := range event.GaveUp {
		fmt.Fprintln(r.err, memberError("warning: abandoned: ", event.Member, err))
	}
	said := map[string]bool{}
	for _, err := range event.Errs {
		if why := reason.Of(err); why != reason.Unreachable && why != reason.Timeout {
			r.mend = true
			r.lacking = r.lacking || why == reason.Forbidden
		}
		if line := memberError("", event.Member, err); !said[line] {
			said[line] = true
			fmt.Fprintln(r.err, line)
		}
	}
}

// Close prints what was held back to be said once.
func (r *Run) Close() {
	for _, line := range r.same {
		text := fmt.Sprintf("%s: %s", clusters(r.clusters[line]), line)
		if r.DryRun != "" {
			text += " (" + r.DryRun + ")"
		}
		fmt.Fprintln(r.out, Escape(text))
	}
	r.workloadsLeft()
}

// Held prints why a run waits: another one, which may be dead, holds the
// inventory.
func (r *Run) Held(verb, holder string, pid int, longest time.Duration) {
	fmt.Fprintln(r.err, Escape(fmt.Sprintf("application %s/%s is being %s by %s (pid %d): waiting up to %s to see whether that run is alive",
		r.owner.Namespace, r.owner.Application, verb, holder, pid, Duration(longest))))
}

// workloadsLeft says where Flux was told not to delete what it applied.
func (r *Run) workloadsLeft() {
	for _, name := range slices.Sorted(maps.Keys(r.left)) {
		fmt.Fprintln(r.err, Escape(fmt.Sprintf("note: %s does not prune (spec.prune, spec.deletionPolicy): what it applied stays in %s", name, clusters(r.left[name]))))
	}
}

// Closing sums a run up in one line.
func (r *Run) Closing(verb string, summary deploy.Summary, took time.Duration) {
	var text string
	done := summary.Members - summary.Failed
	switch {
	case r.DryRun != "":
		text = clusters(summary.Members)
		if summary.Failed > 0 {
			text = fmt.Sprintf("%d of %s failed", summary.Failed, text)
		}
		text = fmt.Sprintf("%s, %s; nothing was changed (%s)", text, counts(summary.Actions), r.DryRun)
	case summary.Failed > 0 && summary.TimedOut == summary.Failed: // none is away
		text = fmt.Sprintf("%d of %s done, %d failed; run the same again to wait on", done, clusters(summary.Members), summary.Failed)
	case summary.Failed > 0:
		text = fmt.Sprintf("%d of %s done, %d failed; %s", done, clusters(summary.Members), summary.Failed, r.wayOut(summary.Failed))
	case summary.Actions[apply.Deleting] > 0:
		text = fmt.Sprintf("being deleted from %s; run the same again to see it gone", clusters(done))
	case verb == "deleted" && summary.Actions[apply.Abandoned] == 0:
		text = fmt.Sprintf("gone from %s in %s", clusters(done), Duration(took))
		if r.Orphaned {
			text += "; what Flux applied stays, and nothing syncs it"
		}
	default:
		text = fmt.Sprintf("%s, %s in %s", clusters(done), counts(summary.Actions), Duration(took))
	}
	fmt.Fprintln(r.err, Escape(fmt.Sprintf("application %s/%s: %s", r.owner.Namespace, r.owner.Application, text)))
}

// wayOut says what to do about the members that failed, of which there are so many.
func (r *Run) wayOut(failed int) string {
	switch {
	case r.lacking:
		return "mend what is said above (docs/rbac.yaml has all rights to grant), then run the same again"
	case r.mend:
		return "mend what is said above, then run the same again"
	}
	if failed == 1 {
		return "run the same again once it is back"
	}
	return "run the same again once they are back"
}

// MemberError prints why a member failed, after a word such as "warning: ".
func MemberError(out io.Writer, before string, member fleet.Member, err error) {
	fmt.Fprintln(out, memberError(before, member, err))
}

func memberError(before string, member fleet.Member, err error) string {
	return Escape(before+member.Name) + ": " + why(member, err)
}

// why is why a member failed, as reason and message.
func why(member fleet.Member, err error) string {
	return Escape(fmt.Sprintf("%s: %s", reason.Of(err), shorten(messageOf(member, err), maxLine)))
}

// messageOf is an error's, to whose API server's own word there is nothing to add
// but where the credentials are that it refuses.
func messageOf(member fleet.Member, err error) string {
	var known *reason.Error
	secret := member.Kubeconfig
	if reason.Of(err) == reason.Unauthorized && !errors.As(err, &known) && secret.Name != "" {
		return fmt.Sprintf("its credentials were refused (Secret %s/%s)", secret.Namespace, secret.Name)
	}
	return reason.Message(err)
}

// Duration is a time as a user reads it: in milliseconds below one second, in
// whole seconds from ten on.
func Duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	if tenths := d.Round(100 * time.Millisecond); tenths < 10*time.Second {
		return fmt.Sprintf("%.1fs", tenths.Seconds())
	}
	return d.Round(time.Second).String()
}

func clusters(n int) string {
	if n == 1 {
		return "1 cluster"
	}
	return fmt.Sprintf("%d clusters", n)
}

func counts(actions map[apply.Action]int) string {
	var parts []string
	for _, action := range []apply.Action{apply.Created, apply.Configured, apply.Unchanged, apply.Deleted, apply.Deleting, apply.Released, apply.Kept, apply.Abandoned} {
		if n := actions[action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, action))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}
