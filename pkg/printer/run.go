package printer

import (
	"fmt"
	"io"
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

// Run prints what a run does: what became of each object to out, member by
// member, and why members failed to err.
type Run struct {
	out, err io.Writer
	many     bool
	mend     bool // some member failed for a reason that does not pass by itself
	same     []string
	clusters map[string]int
}

// NewRun makes the printer of a run over so many members.
func NewRun(out, err io.Writer, members int) *Run {
	return &Run{out: out, err: err, many: members >= manyMembers, clusters: map[string]int{}}
}

// Member prints what became of one member.
func (r *Run) Member(event deploy.Event) {
	var news []string
	for _, object := range event.Objects {
		if object.Err != nil {
			continue
		}
		if r.many {
			news = append(news, fmt.Sprintf("%s %s", short(object.Identity), object.Action))
			continue
		}
		fmt.Fprintln(r.out, Escape(fmt.Sprintf("%s %s (%s)", object.Identity, object.Action, event.Member.Name)))
	}
	if line := strings.Join(news, ", "); line != "" {
		if r.clusters[line] == 0 {
			r.same = append(r.same, line)
		}
		r.clusters[line]++
	}
	said := map[string]bool{}
	for _, err := range event.Errs {
		if why := reason.Of(err); why != reason.Unreachable && why != reason.Timeout {
			r.mend = true
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
		fmt.Fprintln(r.out, Escape(fmt.Sprintf("%s: %s", clusters(r.clusters[line]), line)))
	}
}

// Closing sums a run up in one line.
func (r *Run) Closing(owner plan.Owner, verb string, summary deploy.Summary, took time.Duration) {
	var text string
	done := summary.Members - summary.Failed
	switch {
	case summary.Failed > 0:
		text = fmt.Sprintf("%d of %s done, %d failed; %s", done, clusters(summary.Members), summary.Failed, r.wayOut())
	case verb == "deleted":
		text = fmt.Sprintf("gone from %s in %s", clusters(done), Duration(took))
	default:
		text = fmt.Sprintf("%s, %s in %s", clusters(done), counts(summary.Actions), Duration(took))
	}
	fmt.Fprintln(r.err, Escape(fmt.Sprintf("application %s/%s: %s", owner.Namespace, owner.Application, text)))
}

// wayOut says what to do about the members that failed.
func (r *Run) wayOut() string {
	if r.mend {
		return "mend what is said above, then run the same again"
	}
	return "run the same again once they are back"
}

// Deletions lists what will be deleted, one member a line; members that lose
// the same are said to.
func Deletions(out io.Writer, works []deploy.Work) {
	var rows [][]string
	last := ""
	for _, work := range works {
		unwanted := work.Unwanted()
		if len(unwanted) == 0 {
			continue
		}
		names := make([]string, len(unwanted))
		for i, id := range unwanted {
			names[i] = short(id)
		}
		objects := strings.Join(names, ", ")
		if objects == last {
			rows = append(rows, []string{"  " + work.Member.Name, "the same"})
			continue
		}
		last = objects
		rows = append(rows, []string{"  " + work.Member.Name, objects})
	}
	if err := Table(out, nil, rows); err != nil {
		fmt.Fprintln(out, err)
	}
}

// MemberError prints why a member failed, after a word such as "warning: ".
func MemberError(out io.Writer, before string, member fleet.Member, err error) {
	fmt.Fprintln(out, memberError(before, member, err))
}

func memberError(before string, member fleet.Member, err error) string {
	why, text := reason.Of(err), reason.Message(err)
	if secret := member.Kubeconfig; why == reason.Unauthorized && secret.Name != "" {
		text = fmt.Sprintf("its credentials were refused (Secret %s/%s)", secret.Namespace, secret.Name)
	}
	return Escape(fmt.Sprintf("%s%s: %s: %s", before, member.Name, why, text))
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
	for _, action := range []apply.Action{apply.Created, apply.Configured, apply.Unchanged, apply.Deleted, apply.Released} {
		if n := actions[action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, action))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

func short(id plan.Identity) string { return strings.ToLower(id.Kind) + "/" + id.Name }
