package printer

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Wait prints what the waiting for an application's members came to: why those
// that are not ready are not.
type Wait struct {
	out     io.Writer
	report  *Report
	many    bool
	members int
	ready   int
	// stands are the different revisions that members stand at.
	stands []string
	// same holds back what many members may have in common: in the order in
	// which it was first met, who said it, and the line of who did first.
	same []string
	told map[string]*shared
}

// shared is what one or more members say.
type shared struct {
	members int
	first   string
	text    string
}

// NewWait makes the printer of a wait for so many members. The report, if there
// is one, takes in what they say, too.
func NewWait(out io.Writer, members int, report *Report) *Wait {
	return &Wait{out: out, report: report, many: members >= manyMembers, members: members, told: map[string]*shared{}}
}

// Member prints what became of one member.
func (w *Wait) Member(waited deploy.Waited) {
	if w.report != nil {
		w.report.wait(waited)
	}
	if len(waited.Errs) == 0 {
		w.ready++
		if stands := strings.Join(waited.Revisions, ", "); !slices.Contains(w.stands, stands) {
			w.stands = append(w.stands, stands)
		}
	}
	for _, err := range waited.Errs {
		line := memberError("", waited.Member, err)
		if !w.many {
			fmt.Fprintln(w.out, line)
			continue
		}
		text := Escape(fmt.Sprintf("%s: %s", reason.Of(err), mask(shorten(reason.Message(err), maxLine))))
		if w.told[text] == nil {
			w.told[text] = &shared{first: line, text: text}
			w.same = append(w.same, text)
		}
		w.told[text].members++
	}
}

// Close prints what was held back to be said once.
func (w *Wait) Close() {
	for _, text := range w.same {
		line := w.told[text].first
		if n := w.told[text].members; n > 1 {
			line = fmt.Sprintf("%s: %s", clusters(n), text)
		}
		fmt.Fprintln(w.out, line)
	}
}

// minMask is from how many digits on a number is taken to be one that Flux made
// up, as in the names of its temporary folders, in which members would differ
// that have nothing else to tell them apart.
const minMask = 6

// mask leaves such numbers out.
func mask(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		rest := strings.TrimLeft(text, "0123456789")
		if digits := text[:len(text)-len(rest)]; len(digits) >= minMask {
			out.WriteString("…")
		} else {
			out.WriteString(digits)
		}
		other := len(rest)
		if at := strings.IndexAny(rest, "0123456789"); at >= 0 {
			other = at
		}
		out.WriteString(rest[:other])
		text = rest[other:]
	}
	return out.String()
}

// WaitEnd says how a wait ended, beside what its members said.
type WaitEnd struct {
	// Interrupted is set where the user ended it, GaveUp where it ended because
	// those that are not ready will not be by themselves.
	Interrupted, GaveUp bool
	// See is the command that shows how far the members are.
	See string
	// Took is how long the run and the wait took together.
	Took time.Duration
}

// ClosingWaited sums a run that was waited for up in one line.
func (r *Run) ClosingWaited(summary deploy.Summary, w *Wait, end WaitEnd) {
	text := fmt.Sprintf("%s, %s", clusters(summary.Members), counts(summary.Actions))
	if summary.Failed > 0 {
		text = fmt.Sprintf("%d of %s done, %d failed", summary.Members-summary.Failed, clusters(summary.Members), summary.Failed)
	}
	switch {
	case w.ready == w.members && summary.Failed > 0:
		others := "the others"
		if w.members == 1 {
			others = "the other one"
		}
		text = fmt.Sprintf("%s, %s ready%s in %s; %s", text, others, w.at(), Duration(end.Took), r.wayOut(summary.Failed))
	case w.ready == w.members:
		text = fmt.Sprintf("%s, ready%s in %s", text, w.at(), Duration(end.Took))
	case end.Interrupted:
		text = fmt.Sprintf("%s; interrupted with %d of %d ready: the same command waits on, and %s shows how far it is",
			text, w.ready, w.members, end.See)
	case end.GaveUp:
		text = fmt.Sprintf("%s, %d of %d ready after %s, and the rest will not be by itself; mend what is said above, then run the same again",
			text, w.ready, w.members, Duration(end.Took))
	default:
		text = fmt.Sprintf("%s, %d of %d ready after %s; the same command waits on, and %s shows how far it is",
			text, w.ready, w.members, Duration(end.Took), end.See)
	}
	fmt.Fprintln(r.err, Escape(fmt.Sprintf("application %s/%s: %s", r.owner.Namespace, r.owner.Application, text)))
}

// at is where the members stand.
func (w *Wait) at() string {
	switch {
	case len(w.stands) > 1:
		return fmt.Sprintf(" at %d revisions", len(w.stands))
	case len(w.stands) == 1 && w.stands[0] != "":
		return " at " + w.stands[0]
	}
	return ""
}

// WaitBegins says that, and how long at most, the members are waited for.
func WaitBegins(out io.Writer, members []deploy.Awaited, timeout time.Duration) {
	type key struct{ kind, name string }
	different := map[key]bool{}
	for _, member := range members {
		different[key{member.Member.Kind, member.Member.Name}] = true
	}
	fmt.Fprintf(out, "waiting for %s to be ready (at most %s)\n", clusters(len(different)), timeout)
}
