package cmd

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// copiesAtOnce is how many Secrets and ConfigMaps are read at once.
const copiesAtOnce = 64

// copyRefs adds to a plan what its members need and the host has. What is
// needed, and missing or not to be copied, is an error; all are said at once.
func copyRefs(ctx context.Context, host *fleet.Client, snapshot *fleet.Snapshot, wanted *plan.Plan) error {
	refs := wanted.Refs()
	contents := make([]*fleet.Content, len(refs))
	errs := make([]error, len(refs))
	var reads errgroup.Group
	reads.SetLimit(copiesAtOnce)
	for i, ref := range refs {
		reads.Go(func() error {
			contents[i], errs[i] = readRef(ctx, host, snapshot, ref)
			return nil
		})
	}
	_ = reads.Wait() // the errors are in errs
	if err := errors.Join(errs...); err != nil {
		return err
	}
	found := map[plan.Identity]*fleet.Content{}
	for i, ref := range refs {
		if contents[i] != nil {
			found[ref.Identity] = contents[i]
		}
	}
	return wanted.Copy(found)
}

// readRef is nil where the host has none, and need not.
func readRef(ctx context.Context, host *fleet.Client, snapshot *fleet.Snapshot, ref plan.Ref) (*fleet.Content, error) {
	content, err := snapshot.Content(ctx, host, ref.Resource, ref.Name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %s %q: %w", ref.Path, ref.Kind, ref.Name, unreachable(err))
	case content == nil && !ref.Optional:
		return nil, fmt.Errorf("%s: %s %q does not exist in namespace %q on the host", ref.Path, ref.Kind, ref.Name, ref.Namespace)
	}
	return content, nil
}
