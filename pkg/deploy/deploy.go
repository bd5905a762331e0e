// Package deploy is one run across the fleet: intend, fan out, settle. It
// emits what becomes of each member, and never prints.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// settleTimeout is how long a run that was stopped still tries to write down
// what it did.
const settleTimeout = 10 * time.Second

// Engine carries out runs.
type Engine struct {
	// Connect makes a client for a member.
	Connect func(context.Context, fleet.Member) (*fleet.Client, error)
	Owner   plan.Owner
	Options
	// Now is the clock.
	Now func() time.Time
	// Waits is called before a run waits for a sign of life of the one that
	// holds the inventory, with how long that takes at most.
	Waits func(held inventory.Run, longest time.Duration)
	// Emit is called once per member, in their order.
	Emit func(Event)
	// Done, where it is not nil, is called as soon as a member is done, by several
	// goroutines at once.
	Done func(failed bool)
}

// Options say how a run goes about its work.
type Options struct {
	// Force takes over fields that another manager owns.
	Force bool
	// DryRun asks each member what would become of each object. Nothing is
	// changed anywhere, the inventory included.
	DryRun bool
	// NoPrune leaves what is not wanted any more where it is, and listed.
	NoPrune bool
	// Orphan leaves in the members what Flux applied.
	Orphan bool
	// NoWait returns once all deletions have begun.
	NoWait bool
	// Parallel is how many members are worked on at once.
	Parallel int
	// MemberTimeout is how long a member may take to answer, connecting
	// included; Timeout how much longer Flux may take there to let go of what is
	// deleted.
	MemberTimeout, Timeout time.Duration
}

// Event is what became of one member.
type Event struct {
	Member fleet.Member
	// Objects are the results, in the order of the work.
	Objects []apply.Result
	// Errs are why the member failed, each said once; none if it did not.
	Errs []error
	// GaveUp are why a member was given up that the user let go of. It counts
	// as done.
	GaveUp []error
	// Wanted are the objects that the member should have.
	Wanted []*plan.Object
}

// Summary counts what a run did.
type Summary struct {
	Members, Failed int
	// TimedOut is how many of the failed have only to be waited for.
	TimedOut int
	Actions  map[apply.Action]int
}

// running is one run.
type running struct {
	Engine
	record *inventory.Inventory
	// intended is closed once the inventory was written, or could not be, which
	// intendErr says from then on.
	intended  chan struct{}
	intendErr error
	// claims are those on each cluster, known once all have been applied.
	claims  map[types.UID][]claim
	summary Summary
}

// Run does the work of one application, but for works that are skipped. The
// inventory lists all that may exist before the first member is asked to change
// anything, and in the end all that was not seen to be gone. All members are
// brought what they should have before anything is pruned: two names may lead
// to one cluster. The error is of the host; members' own are emitted.
func (e Engine) Run(ctx context.Context, record *inventory.Inventory, run inventory.Run, application json.RawMessage, works []Work) (Summary, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &running{Engine: e, record: record, intended: make(chan struct{}), claims: claims(works)}
	works = slices.DeleteFunc(slices.Clone(works), func(w Work) bool { return w.Skip })
	r.summary = Summary{Members: len(works), Actions: map[apply.Action]int{}}
	if e.DryRun {
		close(r.intended)
		r.pruneAll(ctx, works, r.applyAll(ctx, works))
		return r.summary, context.Cause(ctx)
	}
	if err := record.PassOver(ctx, run, e.Waits); err != nil {
		return Summary{}, err
	}
	keeping, stopKeeping := context.WithCancel(ctx)
	defer stopKeeping()
	var keeper sync.WaitGroup
	// The inventory is written while the members' kubeconfigs are read and
	// nothing is sent to them: the two need not wait for each other.
	go func() {
		defer close(r.intended)
		if r.intendErr = record.Intend(ctx, run, application, placements(works)); r.intendErr != nil {
			stop(r.intendErr)
			return
		}
		keeper.Go(func() { record.Keep(keeping, stop) })
	}()
	outcomes := r.applyAll(ctx, works)
	if <-r.intended; r.intendErr != nil {
		return Summary{}, r.intendErr
	}
	r.pruneAll(ctx, works, outcomes)
	lost := context.Cause(ctx)
	stopKeeping()
	keeper.Wait()
	learned := make([]inventory.Outcome, len(works))
	for i := range works {
		learned[i] = outcomes[i].learned(works[i])
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	return r.summary, errors.Join(lost, record.Settle(settling, learned))
}

// applyAll does the first half of all works. Members with nothing more to do
// are emitted.
func (r *running) applyAll(ctx context.Context, works []Work) []outcome {
	outcomes := make([]outcome, len(works))
	next := 0
	for result := range fanout.Run(ctx, r.options(), works, func(ctx context.Context, work Work) (outcome, error) {
		did, err := r.apply(ctx, work)
		did.err = err
		if r.ended(work, &did) {
			r.tell(did.failed())
		}
		return did, err
	}) {
		did := &outcomes[next]
		next++
		*did = result.Value
		did.err = result.Err
		if <-r.intended; r.intendErr != nil {
			did.close()
			continue
		}
		if did.uid != "" {
			r.claims[did.uid] = append(r.claims[did.uid], did.claim(result.Item))
		}
		if r.ended(result.Item, did) {
			r.end(result.Item, did)
		}
	}
	return outcomes
}

// pruneAll does the second half of the works that have one.
func (r *running) pruneAll(ctx context.Context, works []Work, outcomes []outcome) {
	var pending []int
	for i := range works {
		if !r.ended(works[i], &outcomes[i]) {
			pending = append(pending, i)
		}
	}
	for result := range fanout.Run(ctx, r.options(), pending, func(ctx context.Context, i int) (struct{}, error) {
		err := r.prune(ctx, works[i], &outcomes[i])
		r.tell(!works[i].Abandon && (err != nil || outcomes[i].failed()))
		return struct{}{}, err
	}) {
		did := &outcomes[result.Item]
		did.err = result.Err
		if works[result.Item].Abandon && ctx.Err() == nil {
			did.abandon(works[result.Item])
		}
		r.end(works[result.Item], did)
	}
}

func (r *running) tell(failed bool) {
	if r.Done != nil {
		r.Done(failed)
	}
}

// end counts a member's outcome and emits it.
func (r *running) end(work Work, did *outcome) {
	did.close()
	if r.NoPrune {
		did.keep(work)
	}
	event := Event{Member: work.Member, Objects: did.objects, Errs: did.errs(), GaveUp: did.gaveUp, Wanted: work.Wanted}
	if len(event.Errs) > 0 {
		r.summary.Failed++
	}
	if timedOut(event.Errs) {
		r.summary.TimedOut++
	}
	for _, object := range event.Objects {
		if object.Err == nil {
			r.summary.Actions[object.Action]++
		}
	}
	r.Emit(event)
}

func (r *running) options() fanout.Options {
	return fanout.Options{Limit: r.Parallel, Timeout: r.MemberTimeout + r.Timeout}
}

// timedOut tells a member where nothing failed but that Flux took too long.
func timedOut(errs []error) bool {
	return len(errs) > 0 && !slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, apply.ErrNotGone) })
}
