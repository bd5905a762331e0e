package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

type clustersOptions struct {
	*Factory
	scope
	colors
	output     string
	noHeaders  bool
	showLabels bool
}

func newClusters(factory *Factory) *cobra.Command {
	o := &clustersOptions{Factory: factory, scope: scope{everything: true}}
	cmd := &cobra.Command{
		Use:                   "clusters",
		Aliases:               []string{"cluster"},
		DisableFlagsInUseLine: true,
		Short:                 "Show the clusters, whether they answer, and which Flux they have",
		Long: `
			Lists the clusters of a namespace on the host, those of all fleets and of
			none, in the order of the fleets. Each is asked now: READY says whether it
			answers and accepts the credentials that the host has for it, and REASON why
			it does not. A cluster that a fleet lists and that does not exist is listed too.

			FLUX has the version of each controller that an application needs, and how
			many of its replicas are available where none is: (0/1). It is none where
			Flux is not installed, and APIs only where it is, but no Deployment of it is to
			be seen. With -o wide there are all of Flux's controllers, with their
			namespaces, and the versions of its APIs. APPS counts the applications that may
			have something there.

			The exit code is 0 if all clusters are ready, 3 if some are not, and 1 if none
			is.`,
		Example: `
			# All clusters in the namespace of the context
			kubectl fleetapp clusters

			# Those of one fleet, with their labels
			kubectl fleetapp clusters --fleet quickstart --show-labels

			# Those that an application is deployed to
			kubectl fleetapp clusters --app shop

			# Every controller of Flux, and the host too
			kubectl fleetapp clusters --include-host -o wide

			# All of it for a program
			kubectl fleetapp clusters -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	o.scope.addFlags(flags)
	o.colors.addFlags(flags)
	flags.StringVarP(&o.output, "output", "o", "", "Output format: wide, name, json or yaml.")
	flags.BoolVar(&o.noHeaders, "no-headers", false, "Leave the column titles out.")
	flags.BoolVar(&o.showLabels, "show-labels", false, "Show all labels in a column of their own.")
	return cmd
}

func (o *clustersOptions) complete(args []string) error {
	if err := noNames(args); err != nil {
		return err
	}
	if err := validOutput(o.output, "wide", "name", "json", "yaml"); err != nil {
		return err
	}
	return errors.Join(o.colors.validate(), o.completeOnHost(o.Factory))
}

func (o *clustersOptions) run(ctx context.Context) error {
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	var (
		inventories []*inventory.Inventory
		uncounted   error
	)
	found, err := o.read(ctx, o.Factory, host, func() error {
		inventories, uncounted = inventory.List(ctx, host, o.inventoryNamespace(), o.Now)
		return nil
	})
	if err != nil {
		return err
	}
	counted := applicationsIn(inventories, o.fleetNamespace)
	var clusters []printer.Cluster
	for result := range slices.Values(askEach(ctx, o.Factory, o.options(), found.members, func(ctx context.Context, member fleet.Member) (preflight.Cluster, error) {
		client, err := o.Connect(ctx, host, member)
		if err != nil {
			return preflight.Cluster{}, err
		}
		defer client.Close()
		return preflight.Look(ctx, client)
	})) {
		clusters = append(clusters, printer.Cluster{
			Member: result.Item, Fleets: found.snapshot.FleetsOf(result.Item),
			Applications: counted[memberKey{result.Item.Kind, result.Item.Name}],
			IsCounted:    uncounted == nil || len(inventories) > 0,
			Is:           result.Value, Err: result.Err,
		})
	}
	if err := o.print(clusters); err != nil {
		return err
	}
	if uncounted != nil && ctx.Err() == nil {
		fmt.Fprintln(o.ErrOut, printer.Escape(fmt.Sprintf("warning: APPS is not known, or not all: %v", unreachable(uncounted))))
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return o.outcome(clusters)
}

func (o *clustersOptions) print(clusters []printer.Cluster) error {
	switch o.output {
	case "json", "yaml":
		return printer.ClusterList(o.Out, o.output, clusters)
	case "name":
		for _, cluster := range clusters {
			if cluster.Err != nil {
				printer.MemberError(o.ErrOut, "warning: ", cluster.Member, cluster.Err)
			}
		}
		return printer.ClusterNames(o.Out, clusters)
	}
	return printer.Clusters(o.Out, clusters, printer.ClusterOptions{
		Wide: o.output == "wide", NoHeaders: o.noHeaders, ShowLabels: o.showLabels, Terminal: o.on(o.Terminal()),
	})
}

// outcome is the error of all clusters together, which have been shown.
func (o *clustersOptions) outcome(clusters []printer.Cluster) error {
	var all membersError
	for _, cluster := range clusters {
		why := reason.Reason("")
		if cluster.Err != nil {
			why = reason.Of(cluster.Err)
		}
		switch {
		case o.ignoreUnreachable && (why == reason.Unreachable || why == reason.Timeout):
			continue
		case cluster.Err != nil:
			all.failed++
		}
		all.of++
	}
	return all.orNil()
}

// inventoryNamespace is where the inventories are that tell of the clusters: in
// the namespace of their fleet, and for the host, in all of them.
func (o *clustersOptions) inventoryNamespace() string {
	if o.includeHost {
		return ""
	}
	return o.fleetNamespace
}

// applicationsIn lists, by cluster, the applications that may have something
// there. A cluster of a fleet is one for applications of its own namespace
// alone: in another one, its name is another cluster's.
func applicationsIn(inventories []*inventory.Inventory, namespace string) map[memberKey][]string {
	in := map[memberKey][]string{}
	for _, record := range inventories {
		of, application := record.Of()
		name := of + "/" + application
		for _, member := range record.Members() {
			if len(member.Objects) == 0 || member.Kind != fleet.KindHost && of != namespace {
				continue
			}
			key := memberKey{member.Kind, member.Name}
			if !slices.Contains(in[key], name) { // it is there for each cluster that the name led to
				in[key] = append(in[key], name)
			}
		}
	}
	return in
}
