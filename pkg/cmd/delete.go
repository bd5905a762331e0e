package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

type deleteOptions struct {
	runner
	names []string
}

func newDelete(factory *Factory) *cobra.Command {
	o := &deleteOptions{runner: runner{Factory: factory}}
	cmd := &cobra.Command{
		Use:                   "delete NAME...",
		DisableFlagsInUseLine: true,
		Short:                 "Delete applications from all clusters that they were deployed to",
		Long: templates.LongDesc(`
			Deletes applications wherever deploy put them, with all that Flux applied
			for them, and waits until it is gone. In each cluster the sync objects go
			first: Flux removes the workloads before it lets go of them.

			What was put where is known from the host's inventory: manifest and fleet may
			be gone. A cluster that cannot be reached stays in the inventory, and the
			same command finishes it once it is back.`),
		Example: templates.Examples(`
			# Delete an application everywhere
			kubectl fleetapp delete shop`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("which application? Give its name")
			}
			o.names = slices.Compact(slices.Sorted(slices.Values(args)))
			return o.delete(cmd.Context())
		},
	}
	o.addFlags(cmd.Flags(), 2*time.Minute)
	return cmd
}

func (o *deleteOptions) delete(ctx context.Context) error {
	namespace, _, err := o.Namespace()
	if err != nil {
		return err
	}
	if err := validBounds(o.parallel, o.memberTimeout); err != nil {
		return err
	}
	for _, name := range o.names {
		if err := validApplication(namespace, name); err != nil {
			return err
		}
	}
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	jobs := make([]job, len(o.names))
	errs := make([]error, len(o.names))
	for i, name := range o.names {
		jobs[i], errs[i] = o.prepare(ctx, host, namespace, name)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return o.run(ctx, host, jobs)
}

func (o *deleteOptions) prepare(ctx context.Context, host *fleet.Client, namespace, name string) (job, error) {
	read, err := o.readHost(ctx, host, namespace, name)
	if err != nil {
		return job{}, err
	}
	if !read.record.Exists() {
		if err := read.guardKurator(namespace, name); err != nil {
			return job{}, err
		}
		return job{}, fmt.Errorf("application %q not found in namespace %q: nothing of that name was deployed from here", name, namespace)
	}
	return job{
		owner: read.owner(namespace, name), verb: verbDeleted, record: read.record,
		works: deploy.ToDelete(read.record.Members(), read.snapshot.Member),
	}, nil
}
