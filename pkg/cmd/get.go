package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

const (
	// window is how many rows of a table are aligned with each other, and held
	// until then.
	window = 1000
	// budget is how much is held, in bytes, of members whose turn has not come.
	budget = 4 << 20
	// patience is how long a table waits for the next row before what there is
	// of it is shown.
	patience = time.Second
)

type getOptions struct {
	*Factory
	scope
	getFlags
	query view.Query
	rows  printer.Rows
}

func newGet(factory *Factory) *cobra.Command {
	o := &getOptions{Factory: factory}
	cmd := &cobra.Command{
		Use:                   "get (TYPE[.VERSION][.GROUP],... [NAME... | -l SELECTOR] | TYPE[.VERSION][.GROUP]/NAME...)",
		DisableFlagsInUseLine: true,
		Short:                 "Show any resource of all clusters of a fleet in one table",
		Long: `
			Asks every cluster for a resource, and shows the answers in one table: the
			cluster first, then the columns that kubectl shows, in the order of the fleet.
			All types that a cluster knows can be named as with kubectl.

			A cluster that cannot be asked is named after the table with the reason, and
			does not keep the others from being shown. The exit code is 0 if all
			clusters answered, 3 if some failed, and 1 if all did.

			With -o json, yaml, jsonpath and go-template all of it is one List, also where
			it is one object: {.items[*].metadata.name}. With --watch a cluster that is
			lost is tried again until it is back.

			Control characters in what a cluster says are spelled out, so that no name
			or message can change what a terminal shows.`,
		Example: `
			# The pods of all namespaces of all clusters
			kubectl fleetapp get pods --all-clusters -A

			# Deployments and services of one namespace in the clusters of one fleet
			kubectl fleetapp get deploy,svc --fleet quickstart -n webapp

			# One object, in two clusters
			kubectl fleetapp get deploy/frontend -n webapp -C kurator-member1,kurator-member2

			# What Flux does in the clusters that an application is deployed to
			kubectl fleetapp get kustomizations,helmreleases --app shop -A

			# The pods of the whole fleet that restarted most, at the end
			kubectl fleetapp get pods -A --sort-by '{.status.containerStatuses[0].restartCount}'

			# Which images run where
			kubectl fleetapp get deploy -A -o custom-columns=NAME:.metadata.name,IMAGES:.spec.template.spec.containers[*].image

			# All of it for a program: each item says its cluster in an annotation
			kubectl fleetapp get nodes --all-clusters -o json`,
		ValidArgsFunction: completing{factory}.resources(&o.scope),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	o.scope.addFlags(flags)
	o.getFlags.addFlags(flags)
	return cmd
}

func (o *getOptions) complete(args []string) error {
	asks, err := parseAsks(args)
	if err != nil {
		return err
	}
	if err := errors.Join(o.getFlags.validate(asks), o.scope.complete(o.Factory)); err != nil {
		return err
	}
	namespace, _, err := o.Namespace()
	if err != nil {
		return err
	}
	if o.query, err = o.getFlags.query(asks, namespace); err != nil {
		return err
	}
	o.query.Now = o.Now
	o.rows, o.query.Form, err = o.newRows(o.Out)
	return err
}

func (o *getOptions) run(ctx context.Context) error {
	collectAt(50) // what thousands of members list is garbage as soon as it is printed
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	members, err := o.members(ctx, o.Factory, host)
	if err != nil {
		return err
	}
	if o.watches() {
		return o.follow(ctx, host, members)
	}
	answers, err := o.ask(ctx, members, func(ctx context.Context, member fleet.Member, emit func(view.Page) error) error {
		client, err := o.Connect(ctx, host, member)
		if err != nil {
			return err
		}
		defer client.Close()
		return view.Get(fleet.Streamed(ctx), client, o.query, emit)
	})
	if err != nil {
		_ = answers.report(o.ErrOut, o.ignoreUnreachable) // why rows may be missing
		return err
	}
	if ctx.Err() != nil {
		return answers.interrupted()
	}
	if err := o.sayNothingFound(answers); err != nil {
		return err
	}
	return answers.report(o.ErrOut, o.ignoreUnreachable)
}

// ask asks the members, and prints what they answer as it comes.
func (o *getOptions) ask(ctx context.Context, members []fleet.Member,
	work func(context.Context, fleet.Member, func(view.Page) error) error,
) (*answers, error) {
	options := o.options()
	options.Budget, options.Patience = budget, patience
	waiting := o.Waiting()
	answers := &answers{ignoreNotFound: o.ignoreNotFound}
	for event := range fanout.Stream(ctx, options, members, view.Page.Size, work) {
		if event.Waiting != nil {
			if err := o.rows.Flush(); err != nil {
				return answers, err
			}
			waiting.Show(namesOf(event.Waiting), len(members))
			continue
		}
		waiting.Clear()
		if event.Ended {
			answers.end(event.Item, event.Err)
			continue
		}
		if err := answers.add(event.Value, o.rows.Add(event.Item, event.Value)); err != nil {
			return answers, err
		}
	}
	waiting.Clear()
	if o.watches() {
		return answers, o.rows.Flush()
	}
	return answers, o.rows.Close(answers.outcomes)
}

// sayNothingFound says what kubectl says where a table is empty.
func (o *getOptions) sayNothingFound(answers *answers) error {
	if answers.rows > 0 || answers.answered < len(answers.outcomes) || o.ignoreNotFound || !o.table() {
		return nil
	}
	message := "No resources found"
	namespaced := func(ask view.Ask) bool {
		known, err := view.WellKnown(ask.Type)
		return err == nil && known.Namespaced
	}
	if !o.allNamespaces && !slices.ContainsFunc(o.query.Asks, func(ask view.Ask) bool { return !namespaced(ask) }) {
		message = fmt.Sprintf("No resources found in %s namespace.", o.query.Namespace)
	}
	_, err := fmt.Fprintln(o.ErrOut, printer.Escape(message))
	return err
}

func namesOf(members []fleet.Member) []string {
	var names []string
	for _, member := range members {
		names = append(names, member.Name)
	}
	return names
}
