package deploy

import (
	"context"
	"errors"
	"slices"
	"time"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

const (
	// lookEvery is how long to wait between two looks at a member; the more
	// members do not fit into the window, the longer, up to lookAtMost.
	lookEvery  = time.Second
	lookAtMost = 10 * time.Second
	// noAnswer is after what time a look that is cut off by the end of the
	// waiting tells more than the one before it: the member does not answer.
	noAnswer = 5 * time.Second
)

// Awaited is what a run has put into one member for one application.
type Awaited struct {
	Owner  plan.Owner
	Member fleet.Member
	// Objects are Flux's, each with the state that its apply answered.
	Objects []apply.Result
}

// Await is what there is to wait for after what became of a member: all that
// Flux works on, or nothing if the member failed.
func (e Event) Await(owner plan.Owner) (Awaited, bool) {
	awaited := Awaited{Owner: owner, Member: e.Member}
	for _, object := range e.Objects {
		switch object.Action {
		case apply.Created, apply.Configured, apply.Unchanged:
			if !object.IsRef() {
				awaited.Objects = append(awaited.Objects, object)
			}
		}
	}
	return awaited, len(e.Errs) == 0 && len(awaited.Objects) > 0
}

// Waited is what the waiting for one member came to.
type Waited struct {
	Awaited
	// Revisions are what the application stands at there, in short form.
	Revisions []string
	// Errs are why the member is not ready, each said once; none if it is.
	Errs []error
}

// Waiter waits until members are ready. It reads, and changes nothing.
type Waiter struct {
	// Connect makes a client for a member.
	Connect func(context.Context, fleet.Member) (*fleet.Client, error)
	// Parallel is how many members are asked at once, MemberTimeout how long
	// one of them may take to answer.
	Parallel      int
	MemberTimeout time.Duration
	// Emit is called once per member, in their order.
	Emit func(Waited)
	// Done, where it is not nil, is called as soon as a member is not waited for any
	// more, by several goroutines at once.
	Done func(failed bool)
}

// waiting is one wait.
type waiting struct {
	Waiter
	slots chan struct{}
	pause time.Duration
	// keep says that connections stay open between looks: not where there are
	// more members than may be worked on at once.
	keep bool
}

// Wait waits for each member until its objects are ready, or until they surely
// will not be without somebody who changes something, or until the context
// ends. Members do not wait for each other: one that hangs or cannot be reached
// is asked again and again, and delays nobody.
func (w Waiter) Wait(ctx context.Context, members []Awaited) {
	windows := (len(members) + w.Parallel - 1) / w.Parallel
	waits := &waiting{
		Waiter: w, slots: make(chan struct{}, w.Parallel),
		pause: min(time.Duration(windows)*lookEvery, lookAtMost), keep: len(members) <= w.Parallel,
	}
	for result := range fanout.Run(ctx, fanout.Options{Limit: len(members)}, members, waits.member) {
		waited := result.Value
		waited.Awaited = result.Item
		switch {
		case errors.Is(result.Err, fanout.ErrNotAttempted):
			waited.Errs = []error{errNoAnswer()}
		case result.Err != nil:
			waited.Errs = []error{result.Err}
		}
		w.Emit(waited)
	}
}

// member waits for one member.
func (w *waiting) member(ctx context.Context, awaited Awaited) (Waited, error) {
	var client *fleet.Client
	defer func() { closeIf(true, &client) }()
	last := Waited{Errs: []error{errNoAnswer()}}
	for {
		seen, final, known := w.look(ctx, awaited, &client)
		if known {
			last = seen
		}
		if final {
			if w.Done != nil {
				w.Done(len(last.Errs) > 0)
			}
			return last, nil
		}
		select {
		case <-time.After(w.pause):
		case <-ctx.Done():
			return last, nil
		}
	}
}

// errNoAnswer is the error of a member of which nothing was learned.
func errNoAnswer() error {
	return reason.Errorf(reason.NotReady, "no answer before the waiting ended")
}

// look looks at a member once. Nothing is known where the end of the waiting
// came before the answer, unless that was to be expected long before.
func (w *waiting) look(ctx context.Context, awaited Awaited, client **fleet.Client) (seen Waited, final, known bool) {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return Waited{}, false, false
	}
	defer func() { <-w.slots }()
	began := time.Now()
	rows, err := w.read(ctx, awaited, client)
	switch took := time.Since(began); {
	case err == nil:
		seen, final = judge(awaited, rows)
	case ctx.Err() == nil:
		seen.Errs = []error{err}
	case took >= noAnswer:
		seen.Errs = []error{reason.Errorf(reason.Timeout, "no answer for %s", took.Round(time.Second))}
	default:
		return Waited{}, false, false
	}
	return seen, final, true
}

// read reads the member's objects, and leaves the connection open where that is
// good for another look. The error is why they could not be read.
func (w *waiting) read(ctx context.Context, awaited Awaited, client **fleet.Client) (rows []status.Row, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.MemberTimeout)
	defer cancel()
	defer func() { closeIf(err != nil || !w.keep, client) }()
	if *client == nil {
		if *client, err = w.Connect(ctx, awaited.Member); err != nil {
			return nil, err
		}
	}
	ids := make([]plan.Identity, len(awaited.Objects))
	for i, object := range awaited.Objects {
		ids[i] = object.Identity
	}
	rows = status.Read(ctx, *client, ids)
	for _, row := range rows {
		if row.Err != nil {
			return nil, row.Err
		}
	}
	return rows, nil
}

// closeIf closes a client that there may be, so that the next look connects
// anew.
func closeIf(done bool, client **fleet.Client) {
	if done && *client != nil {
		(*client).Close()
		*client = nil
	}
}

// judge is what one look at a member says. It is final where all are ready, or
// those that are not will not be by themselves.
func judge(awaited Awaited, rows []status.Row) (waited Waited, _ bool) {
	sourceReady, sourceFinal, final := true, false, true
	for i, row := range rows {
		state := sinceApply(row, awaited.Objects[i])
		if state.Phase == status.Ready {
			continue
		}
		if row.IsSource() {
			sourceReady, sourceFinal = false, state.Phase.Final()
		}
		final = final && state.Phase.Final()
		// What waits for its source says no more than the source itself.
		if row.IsSource() || sourceReady || state.Phase.Final() {
			waited.Errs = append(waited.Errs, reason.Errorf(reason.NotReady, "%s: %s: %s", row.Short(), state.Reason, state.Message))
		}
	}
	if len(waited.Errs) == 0 {
		waited.Revisions = revisions(rows)
	}
	return waited, final || sourceFinal
}

// sinceApply is an object's state if it is the one that was applied, and not
// older than that.
func sinceApply(row status.Row, applied apply.Result) status.State {
	switch {
	case row.Phase == status.Missing, row.Phase == status.Deleting:
		return row.State
	case row.UID != applied.UID:
		return status.State{Phase: status.Missing, Reason: "Replaced", Message: "somebody deleted it meanwhile and made another one of its name; deploy again"}
	case row.Generation < applied.Generation:
		return status.State{Phase: status.Waiting, Reason: "NotObserved", Message: "the member answers with a state before the apply"}
	}
	return row.State
}

// revisions are what a member stands at. For a user that is the revision of the
// source; a chart repository has none but a digest of its index, so there it is
// the versions of the charts.
func revisions(rows []status.Row) []string {
	var all []string
	for _, row := range rows {
		short := status.Short(row.Revision)
		switch {
		case row.IsSource() && row.Kind != sourcev1.HelmRepositoryKind:
			return []string{short}
		case !row.IsSource() && short != "" && !slices.Contains(all, short):
			all = append(all, short)
		}
	}
	return all
}
