package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

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
	files []string
}

func newDeploy(factory *Factory) *cobra.Command {
	o := &deployOptions{runner: runner{Factory: factory}}
	cmd := &cobra.Command{
		Use:                   "deploy -f FILENAME",
		DisableFlagsInUseLine: true,
		Short:                 "Deploy applications to the clusters that their destinations select",
		Long: templates.LongDesc(`
			Deploys Kurator Applications. For each cluster of an application's fleet
			that its selectors match, its source and one Flux object per sync policy
			are applied there, to all clusters side by side; Flux syncs the workloads.

			What is put where is written down on the host first. What an earlier deploy
			of the same application put where it is no longer wanted is deleted.`),
		Example: templates.Examples(`
			# Deploy the application of a file
			kubectl fleetapp deploy -f app.yaml

			# Deploy what another program prints
			kustomize build . | kubectl fleetapp deploy -f -`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(o.files) == 0 {
				return errors.New("which application? Name its manifest with -f")
			}
			return o.deploy(cmd.Context())
		},
	}
	cmd.Flags().StringSliceVarP(&o.files, "filename", "f", nil, "File or folder with Application manifests; - is standard input.")
	cmd.Flags().BoolVar(&o.force, "force-conflicts", false, "Take over fields that another manager owns.")
	o.addFlags(cmd.Flags(), 30*time.Second)
	return cmd
}

func (o *deployOptions) deploy(ctx context.Context) error {
	if err := validBounds(o.parallel, o.memberTimeout); err != nil {
		return err
	}
	manifests, err := o.manifests()
	if err != nil {
		return err
	}
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	// Everything is checked before anything is written.
	jobs := make([]job, len(manifests))
	errs := make([]error, len(manifests))
	for i, m := range manifests {
		jobs[i], errs[i] = o.prepare(ctx, host, m)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return o.run(ctx, host, jobs)
}

// manifests reads and checks the manifests, as far as that needs no cluster.
func (o *deployOptions) manifests() ([]manifest.Manifest, error) {
	manifests, err := manifest.Read(o.In, o.files)
	if err != nil {
		return nil, err
	}
	namespace, explicit, err := o.Namespace()
	if err != nil {
		return nil, err
	}
	var errs []error
	seen := map[string]manifest.Manifest{}
	for _, m := range manifests {
		switch {
		case m.Namespace == "":
			m.Namespace = namespace
		case explicit && m.Namespace != namespace:
			errs = append(errs, fmt.Errorf("%s: its namespace %q is not the one of -n, %q", m.Where(), m.Namespace, namespace))
		}
		key := m.Namespace + "/" + m.Name
		if first, twice := seen[key]; twice {
			errs = append(errs, fmt.Errorf("%s: application %s is in %s too", m.Where(), key, first.Where()))
		}
		seen[key] = m
		errs = append(errs, m.At(plan.Validate(m.Application)))
	}
	return manifests, errors.Join(errs...)
}

func (o *deployOptions) prepare(ctx context.Context, host *fleet.Client, m manifest.Manifest) (job, error) {
	read, err := o.readHost(ctx, host, m.Namespace, m.Name)
	if err != nil {
		return job{}, err
	}
	if err := read.guardKurator(m.Namespace, m.Name); err != nil {
		return job{}, err
	}
	owner := read.owner(m.Namespace, m.Name)
	wanted, err := plan.Build(m.Application, owner, read.snapshot.Resolve)
	if err != nil {
		return job{}, m.At(err)
	}
	asked, err := json.Marshal(map[string]any{
		"apiVersion": appsv1alpha1.APIVersion, "kind": appsv1alpha1.ApplicationKind,
		"metadata": map[string]string{"name": m.Name, "namespace": m.Namespace},
		"spec":     m.Spec,
	})
	return job{
		owner: owner, verb: verbDeployed, record: read.record, asked: asked,
		works: deploy.ToDeploy(wanted, read.record.Members(), read.snapshot.Member),
	}, err
}
