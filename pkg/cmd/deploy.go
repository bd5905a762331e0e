package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// verbDeployed and verbDeleted are what becomes of an application.
const (
	verbDeployed = "deployed"
	verbDeleted  = "deleted"
)

type deployOptions struct {
	runner
	filenames
	names      []string
	copyRefs   bool
	wait       bool
	allowEmpty bool
}

func newDeploy(factory *Factory) *cobra.Command {
	o := &deployOptions{runner: runner{Factory: factory}}
	cmd := &cobra.Command{
		Use:                   "deploy (-f FILENAME | -k FOLDER | NAME...)",
		DisableFlagsInUseLine: true,
		Short:                 "Deploy applications to the clusters that their destinations select",
		Long: `
			Deploys Kurator Applications: from manifests or, by name, those that are on
			the host. A sync policy goes to the clusters of its fleet that its destination
			selects. To each, all side by side, one Flux object per policy is applied,
			and the source that it syncs from; Flux there deploys the workloads.

			What goes where is written down in an inventory on the host first. What an
			earlier deploy of the same application put where it is no longer wanted is
			listed, asked about on a terminal, and deleted with its workloads.

			The exit code is 0 if all is done, 1 if nothing is, 3 if some clusters
			failed, and 4 if Flux was not done in time.`,
		Example: `
			# Deploy the application of a file
			kubectl fleetapp deploy -f app.yaml

			# Deploy the applications that a folder's kustomization builds
			kubectl fleetapp deploy -k overlays/production

			# Deploy an Application that is on the host
			kubectl fleetapp deploy shop

			# Deploy it, and wait until Flux is done with it in every cluster
			kubectl fleetapp deploy -f app.yaml --wait

			# See what would be sent to which cluster
			kubectl fleetapp deploy -f app.yaml --dry-run=client -o yaml

			# Try a change in two clusters first
			kubectl fleetapp deploy -f app.yaml -C canary-1,canary-2

			# Deploy what another program prints
			helm template ./apps | kubectl fleetapp deploy -f -`,
		ValidArgsFunction: completing{factory}.applications(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if err := o.validate(); err != nil {
				return err
			}
			return o.deploy(cmd.Context())
		},
	}
	flags := cmd.Flags()
	o.filenames.addFlags(flags)
	flags.BoolVar(&o.copyRefs, "copy-refs", false, "Copy the Secrets and ConfigMaps that the applications refer to from the host to the clusters.")
	flags.BoolVar(&o.allowEmpty, "allow-empty", false, "Accept a sync policy whose destination selects no cluster: it is deployed nowhere.")
	flags.BoolVar(&o.Force, "force-conflicts", false, "Take over fields that another manager owns, and objects that somebody else made.")
	flags.BoolVar(&o.NoPrune, "no-prune", false, "Leave what the applications no longer want where it is, and in the inventory.")
	flags.BoolVar(&o.wait, "wait", false, "Wait until all is ready in every cluster, for --timeout at most.")
	o.runner.addFlags(flags)
	return cmd
}

func (o *deployOptions) validate() error {
	if o.none() && len(o.names) == 0 {
		return errors.New("which application? Name its manifest with -f or -k, or an Application that is on the host")
	}
	if err := o.filenames.validate(o.names); err != nil {
		return err
	}
	return errors.Join(o.runner.validate(), o.validateWait())
}

// validateWait checks --wait, and completes what follows from it.
func (o *deployOptions) validateWait() error {
	switch {
	case !o.wait:
		return nil
	case o.dryRun != dryRunNone:
		return errors.New("--wait and --dry-run exclude each other: nothing is changed that could be waited for")
	case o.Timeout == 0:
		return errors.New("--wait needs a --timeout of more than nothing")
	}
	o.waits = &waits{}
	return nil
}

func (o *deployOptions) deploy(ctx context.Context) error {
	manifests, err := o.applications(ctx, o.names, &o.filenames, func(m manifest.Manifest) error { return plan.Validate(m.Application) })
	if err != nil {
		return err
	}
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	// Everything is checked before anything is written.
	jobs, err := prepareAll(ctx, manifests, func(ctx context.Context, m manifest.Manifest) (job, error) {
		return o.prepare(ctx, host, m)
	})
	if err != nil {
		return err
	}
	return o.run(ctx, host, jobs)
}

func (o *deployOptions) prepare(ctx context.Context, host *fleet.Client, m manifest.Manifest) (job, error) {
	found, err := o.readHost(ctx, host, m.Namespace, m.Name)
	if err != nil {
		return job{}, err
	}
	if err := found.guardKurator(m.Namespace, m.Name); err != nil {
		return job{}, err
	}
	if len(o.names) > 0 {
		if found.application == nil {
			return job{}, fmt.Errorf("application %q not found in namespace %q on the host; a manifest is named with -f", m.Name, m.Namespace)
		}
		m.Application = found.application
	}
	owner := found.owner(m.Namespace, m.Name)
	build := plan.Build
	if o.allowEmpty {
		build = plan.BuildAllowingEmpty
	}
	wanted, err := build(m.Application, owner, found.snapshot.Resolve)
	if err != nil {
		return job{}, m.At(err)
	}
	if o.copyRefs {
		if err := copyRefs(ctx, host, found.snapshot, wanted); err != nil {
			return job{}, m.At(err)
		}
	}
	asked, err := json.Marshal(map[string]any{
		"apiVersion": appsv1alpha1.APIVersion, "kind": appsv1alpha1.ApplicationKind,
		"metadata": map[string]string{"name": m.Name, "namespace": m.Namespace},
		"spec":     m.Spec,
	})
	return job{
		owner: owner, verb: verbDeployed, record: found.record, asked: asked,
		works: deploy.ToDeploy(wanted, found.record.Members(), found.snapshot.Member),
	}, err
}
