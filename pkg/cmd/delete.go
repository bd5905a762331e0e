package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
)

// The values of --cascade, in kubectl's words.
const (
	cascadeBackground = "background"
	cascadeOrphan     = "orphan"
)

type deleteOptions struct {
	runner
	filenames
	names             []string
	cascade           string
	wait              bool
	removeApplication bool
	ignoreNotFound    bool
}

func newDelete(factory *Factory) *cobra.Command {
	o := &deleteOptions{runner: runner{Factory: factory}}
	cmd := &cobra.Command{
		Use:                   "delete (NAME... | -f FILENAME | -k FOLDER)",
		DisableFlagsInUseLine: true,
		Short:                 "Delete applications from all clusters that they were deployed to",
		Long: `
			Deletes applications wherever deploy put them, with all that Flux applied
			for them, and waits until all is gone. What goes is listed first, and asked
			about on a terminal. In each cluster the source goes last: Flux deletes the
			workloads of a sync policy before it lets go of the object that stands for it.

			What was put where is known from the inventory on the host: manifest and fleet
			may be gone. A cluster that cannot be reached stays in the inventory, and the
			same command finishes it once it is back.

			The exit code is 0 if all is done, 1 if nothing is, 3 if some clusters
			failed, and 4 if Flux was not done in time.`,
		Example: `
			# Delete an application everywhere
			kubectl fleetapp delete shop

			# Delete the applications of a file
			kubectl fleetapp delete -f app.yaml

			# Leave the workloads running, and nothing that syncs them
			kubectl fleetapp delete shop --cascade=orphan

			# Delete it, and let go of a cluster that is gone for good
			kubectl fleetapp delete shop --abandon=old-cluster`,
		ValidArgsFunction: completing{factory}.applications(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := o.validate(); err != nil {
				return err
			}
			return o.delete(cmd.Context())
		},
	}
	flags := cmd.Flags()
	o.filenames.addFlags(flags)
	flags.StringVar(&o.cascade, "cascade", cascadeBackground, "With background, Flux removes the workloads; with orphan, they stay and nothing syncs them any more.")
	flags.BoolVar(&o.ignoreNotFound, "ignore-not-found", false, "Pass over what was named and is not there.")
	flags.BoolVar(&o.wait, "wait", true, "Wait until all is gone from every cluster. With false, deletion begins, and the same again ends it.")
	flags.BoolVar(&o.removeApplication, "remove-application", false, "Delete the Application object of that name from the host, too, once all else is gone.")
	o.runner.addFlags(flags)
	return cmd
}

func (o *deleteOptions) validate() error {
	o.Orphan, o.NoWait = o.cascade == cascadeOrphan, !o.wait
	switch {
	case o.none() && len(o.names) == 0:
		return errors.New("which application? Give its name, or its manifest with -f or -k")
	case o.cascade != cascadeBackground && o.cascade != cascadeOrphan:
		return fmt.Errorf("--cascade is background or orphan, not %q", o.cascade)
	}
	if err := o.filenames.validate(o.names); err != nil {
		return err
	}
	return o.runner.validate()
}

func (o *deleteOptions) delete(ctx context.Context) error {
	applications, err := o.applications(ctx, o.names, &o.filenames, func(m manifest.Manifest) error {
		return validApplication(m.Namespace, m.Name) // no more is asked of it than its name
	})
	if err != nil {
		return err
	}
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	jobs, err := prepareAll(ctx, applications, func(ctx context.Context, m manifest.Manifest) (job, error) {
		prepared, err := o.prepare(ctx, host, m.Namespace, m.Name)
		if errors.Is(err, errNotDeployed) {
			return job{missing: err}, nil
		}
		return prepared, err
	})
	var missing []error
	jobs = slices.DeleteFunc(jobs, func(j job) bool {
		if j.missing != nil && !o.ignoreNotFound {
			missing = append(missing, j.missing)
		}
		return j.missing != nil
	})
	if err != nil || len(jobs) == 0 {
		return errors.Join(append(missing, err)...)
	}
	// Of several, an earlier run may have done some.
	return o.run(ctx, host, jobs, missing...)
}

// errNotDeployed is the error of an application of which nothing is anywhere.
var errNotDeployed = errors.New("nothing of that name was deployed from here")

// listsAll ends the error of an application that is not where it was looked for.
const listsAll = "; 'kubectl fleetapp status -A' lists those of all namespaces"

func (o *deleteOptions) prepare(ctx context.Context, host *fleet.Client, namespace, name string) (job, error) {
	found, err := o.readHost(ctx, host, namespace, name)
	if err != nil {
		return job{}, err
	}
	if !found.record.Exists() || o.removeApplication {
		if err := found.guardKurator(namespace, name); err != nil {
			return job{}, err
		}
	}
	remove := o.removeApplication && found.application != nil
	if !found.record.Exists() && !remove {
		return job{}, fmt.Errorf("application %q not found in namespace %q: %w%s", name, namespace, errNotDeployed, listsAll)
	}
	prepared := job{
		owner: found.owner(namespace, name), verb: verbDeleted, record: found.record,
		works: deploy.ToDelete(found.record.Members(), found.snapshot.Member),
	}
	if !o.narrows() {
		prepared.asked = inventory.Nowhere()
	}
	if remove {
		prepared.remove = found.application
	}
	return prepared, nil
}
