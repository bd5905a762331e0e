package apply

import (
	"context"
	"errors"
	"slices"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// withdraw takes away again what was just made to sync from a source that was
// refused, because it is somebody else's or because it is wrong: side by side,
// for the sake of a round trip, it was sent before that was known. Flux is told
// to leave whatever it may have applied meanwhile, which is not this
// application's.
func (m Member) withdraw(ctx context.Context, results []Result) {
	refused := slices.ContainsFunc(results, func(r Result) bool {
		return r.IsSource() && (errors.Is(r.Err, errNotOurs) || r.Err != nil && reason.Of(r.Err) == reason.Invalid)
	})
	if !refused || m.DryRun {
		return
	}
	m.NoWait, m.Orphan = false, true
	each(ctx, made(results), func(r *Result) plan.Identity { return r.Identity }, func(ctx context.Context, r *Result) (Result, error) {
		var found live
		found.Metadata.UID = r.UID
		if _, err := m.deleteOurs(ctx, r.Identity, found); err != nil {
			r.Made, r.Err = true, m.explain(r.Identity, err)
		} else {
			r.Err = reason.Errorf(reason.Conflict, "%s: taken away again, because its source was refused", r.Identity)
		}
		return *r, nil
	})
}

// made are the objects but for the source that were not there before.
func made(results []Result) []*Result {
	var all []*Result
	for i := range results {
		if r := &results[i]; !r.IsSource() && r.Err == nil && r.Action == Created {
			all = append(all, r)
		}
	}
	return all
}
