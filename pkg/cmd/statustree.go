package cmd

import (
	"context"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// lookAt looks at what one application has in a member.
func (o *statusOptions) lookAt(ctx context.Context, client rest.Interface, place status.Place) status.Seen {
	if o.tree {
		return status.LookBelow(ctx, client, place)
	}
	return status.Look(ctx, client, place, o.one())
}

// asTheyCome prints the trees of members as they come, in the members' order;
// nil where that is not wanted.
func (o *statusOptions) asTheyCome() func(*status.Seen) error {
	if !o.tree || o.document() {
		return nil
	}
	options := o.options(o.Terminal())
	return func(seen *status.Seen) error { return printer.Tree(o.Out, seen, options) }
}
