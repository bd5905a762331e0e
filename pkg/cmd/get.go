package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

type getOptions struct {
	*Factory
	allClusters    bool
	fleet          string
	fleetNamespace string
	allNamespaces  bool
	selector       string
	noHeaders      bool
	output         string
	parallel       int
	memberTimeout  time.Duration

	query view.Query
}

func newGet(factory *Factory) *cobra.Command {
	o := &getOptions{Factory: factory}
	cmd := &cobra.Command{
		Use:                   "get TYPE",
		DisableFlagsInUseLine: true,
		Short:                 "Show a resource of all clusters of a fleet in one table",
		Long: templates.LongDesc(`
			Asks every cluster for a resource, and shows the answers in one table: the
			cluster first, then the columns that kubectl shows. A cluster that cannot be
			asked is named after the table, and does not keep the others from being shown.`),
		Example: templates.Examples(`
			# The pods of all namespaces of all clusters
			kubectl fleetapp get pods --all-clusters -A

			# The deployments of one namespace in the clusters of one fleet
			kubectl fleetapp get deployments --fleet quickstart -n webapp`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.allClusters, "all-clusters", false, "Ask every AttachedCluster and Cluster in the fleet namespace.")
	flags.StringVar(&o.fleet, "fleet", "", "Ask the clusters of this fleet. Default is the only fleet that there is.")
	flags.StringVar(&o.fleetNamespace, "fleet-namespace", "", "Namespace of fleets and clusters on the host. Default is the context's.")
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "Show the objects of all namespaces.")
	flags.StringVarP(&o.selector, "selector", "l", "", "Label selector of the objects, as kubectl's.")
	flags.BoolVar(&o.noHeaders, "no-headers", false, "Leave the column titles out.")
	flags.StringVarP(&o.output, "output", "o", "", "Output format: wide shows more columns.")
	flags.IntVar(&o.parallel, "parallel", defaultParallel, "How many clusters are asked at once.")
	flags.DurationVar(&o.memberTimeout, "member-timeout", 30*time.Second, "How long a cluster may take to answer, connecting included.")
	return cmd
}

func (o *getOptions) complete(args []string) error {
	switch {
	case len(args) != 1:
		return errors.New("which resource? Give one type, such as pods")
	case o.allClusters && o.fleet != "":
		return errors.New("--all-clusters and --fleet exclude each other")
	case o.output != "" && o.output != "wide":
		return fmt.Errorf("unknown output format %q: only wide is known", o.output)
	}
	resource, err := view.WellKnown(args[0])
	if err != nil {
		return err
	}
	if _, err := parseSelector("--selector", o.selector); err != nil {
		return err
	}
	o.query = view.Query{Resource: resource, LabelSelector: o.selector}
	namespace, _, err := o.Namespace()
	if err != nil {
		return err
	}
	if !o.allNamespaces {
		o.query.Namespace = namespace
	}
	if o.fleetNamespace == "" {
		if o.fleetNamespace, err = o.ContextNamespace(); err != nil {
			return err
		}
	}
	return errors.Join(plan.CheckNamespace(namespace), plan.CheckNamespace(o.fleetNamespace), validBounds(o.parallel, o.memberTimeout))
}

func (o *getOptions) run(ctx context.Context) error {
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	snapshot, err := fleet.Read(ctx, host, o.fleetNamespace)
	if err != nil {
		return unreachable(err)
	}
	members, err := o.members(snapshot)
	if err != nil {
		return err
	}
	table := printer.FleetTable{
		Wide: o.output == "wide", NoHeaders: o.noHeaders,
		Namespaces: o.allNamespaces && o.query.Resource.Namespaced,
	}
	var failures []fanout.Result[fleet.Member, view.Table]
	options := fanout.Options{Limit: o.parallel, Timeout: o.memberTimeout}
	for result := range fanout.Run(ctx, options, members, func(ctx context.Context, member fleet.Member) (view.Table, error) {
		return o.ask(ctx, host, member)
	}) {
		if result.Err != nil {
			failures = append(failures, result)
			continue
		}
		table.Add(result.Item.Name, result.Value)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err := o.print(&table, len(failures) == 0); err != nil {
		return err
	}
	for _, failure := range failures {
		printer.MemberError(o.ErrOut, "warning: ", failure.Item, failure.Err)
	}
	return membersError{failed: len(failures), of: len(members)}.orNil()
}

func (o *getOptions) ask(ctx context.Context, host *fleet.Client, member fleet.Member) (view.Table, error) {
	client, err := o.Connect(ctx, host, member)
	if err != nil {
		return view.Table{}, err
	}
	defer client.Close()
	return view.Get(ctx, client, o.query)
}

// members are those of the fleet that was named, or of the only one there is.
func (o *getOptions) members(snapshot *fleet.Snapshot) ([]fleet.Member, error) {
	var members []fleet.Member
	if o.allClusters {
		members = snapshot.All()
	} else {
		name, err := o.fleetName(snapshot)
		if err != nil {
			return nil, err
		}
		if members, err = snapshot.Fleet(name); err != nil {
			return nil, err
		}
	}
	if len(members) == 0 {
		return nil, fmt.Errorf("there is no cluster to ask in namespace %q on the host", o.fleetNamespace)
	}
	return members, nil
}

func (o *getOptions) fleetName(snapshot *fleet.Snapshot) (string, error) {
	if o.fleet != "" {
		return o.fleet, nil
	}
	names := snapshot.Fleets()
	if len(names) != 1 {
		return "", fmt.Errorf("which clusters? Name a fleet with --fleet, or ask --all-clusters%s", fleet.ThereIs(names))
	}
	return names[0], nil
}

// print prints the table, or what kubectl says where there is none.
func (o *getOptions) print(table *printer.FleetTable, complete bool) error {
	if !table.Empty() {
		return table.Print(o.Out)
	}
	if !complete {
		return nil
	}
	message := "No resources found"
	if o.query.Resource.Namespaced && !o.allNamespaces {
		message = fmt.Sprintf("No resources found in %s namespace.", o.query.Namespace)
	}
	_, err := fmt.Fprintln(o.ErrOut, printer.Escape(message))
	return err
}
