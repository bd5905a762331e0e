// Package deploy is one run across the fleet: intend, fan out, settle. It
// emits what becomes of each member, and never prints.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"time"

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
	// Force takes over fields that another manager owns.
	Force bool
	// Parallel is how many members are worked on at once, MemberTimeout how
	// long one of them may take.
	Parallel      int
	MemberTimeout time.Duration
	// Now is the clock.
	Now func() time.Time
	// Emit is called once per member, in their order.
	Emit func(Event)
}

// Event is what became of one member.
type Event struct {
	Member fleet.Member
	// Objects are the results, in the order of the work.
	Objects []apply.Result
	// Errs are why the member failed, each said once; none if it did not.
	Errs []error
}

// Summary counts what a run did.
type Summary struct {
	Members, Failed int
	Actions         map[apply.Action]int
}

// Run does the work of one application. The inventory lists all that may
// exist before the first member is asked to change anything, and in the end
// all that was not seen to be gone. The error is of the host; members' own are
// emitted.
func (e Engine) Run(ctx context.Context, record *inventory.Inventory, run inventory.Run, application json.RawMessage, works []Work) (Summary, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// The inventory is written while the members' kubeconfigs are read and
	// nothing is sent to them: the two need not wait for each other.
	intended := make(chan struct{})
	var intendErr error
	go func() {
		defer close(intended)
		if intendErr = record.Intend(ctx, run, application, placements(works)); intendErr != nil {
			stop(intendErr)
			return
		}
		go record.Keep(ctx, stop)
	}()
	summary := Summary{Members: len(works), Actions: map[apply.Action]int{}}
	outcomes := make([]inventory.Outcome, 0, len(works))
	options := fanout.Options{Limit: e.Parallel, Timeout: e.MemberTimeout}
	for result := range fanout.Run(ctx, options, works, func(ctx context.Context, work Work) (outcome, error) {
		return e.member(ctx, work, intended)
	}) {
		if <-intended; intendErr != nil {
			break
		}
		outcomes = append(outcomes, result.Value.inventory(result.Item.Member))
		e.Emit(summary.add(result))
	}
	if <-intended; intendErr != nil { // there may have been no work to wait for
		return Summary{}, intendErr
	}
	lost := context.Cause(ctx)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	return summary, errors.Join(lost, record.Settle(settling, outcomes))
}

// add counts a member's result and makes its event.
func (s *Summary) add(result fanout.Result[Work, outcome]) Event {
	event := Event{Member: result.Item.Member, Objects: result.Value.objects, Errs: result.Value.errs(result.Err)}
	if len(event.Errs) > 0 {
		s.Failed++
	}
	for _, object := range event.Objects {
		if object.Err == nil {
			s.Actions[object.Action]++
		}
	}
	return event
}
