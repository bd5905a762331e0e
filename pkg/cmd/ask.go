package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

// askEach asks the members side by side, for one thing each, and tells a
// terminal meanwhile whom it waits for. There is one result per member, in
// their order.
func askEach[R any](ctx context.Context, factory *Factory, options fanout.Options, members []fleet.Member,
	work func(context.Context, fleet.Member) (R, error),
) []fanout.Result[fleet.Member, R] {
	options.Patience = patience
	waiting := factory.Waiting()
	defer waiting.Clear()
	results := make([]fanout.Result[fleet.Member, R], 0, len(members))
	var value R
	for event := range fanout.Stream(ctx, options, members, nil, func(ctx context.Context, member fleet.Member, emit func(R) error) error {
		value, err := work(ctx, member)
		return cmp.Or(err, emit(value)) // which cannot fail without a budget
	}) {
		switch {
		case event.Waiting != nil:
			waiting.Show(namesOf(event.Waiting), len(members))
		case event.Ended:
			results = append(results, fanout.Result[fleet.Member, R]{Item: event.Item, Value: value, Err: event.Err})
			value = *new(R)
		default:
			value = event.Value
		}
	}
	return results
}

// validOutput checks -o.
func validOutput(output string, known ...string) error {
	if output == "" || slices.Contains(known, output) {
		return nil
	}
	last := len(known) - 1
	return fmt.Errorf("unknown output format %q: %s and %s are known", output, strings.Join(known[:last], ", "), known[last])
}

// errInterrupted is the error of a command that only reads, and was stopped
// before all had answered.
var errInterrupted = errors.New("interrupted before all clusters had answered")

// cutOff tells the error of a member that an interrupt left unasked.
func cutOff(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, fanout.ErrNotAttempted)
}

// noNames refuses names of clusters where a flag is for them.
func noNames(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q: clusters are named with --clusters (-C)", args[0])
	}
	return nil
}
