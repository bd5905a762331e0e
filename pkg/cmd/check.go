package cmd

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

type checkOptions struct {
	*Factory
	scope
	colors
	output    string
	noHeaders bool
}

func newCheck(factory *Factory) *cobra.Command {
	o := &checkOptions{Factory: factory, scope: scope{next: true}}
	cmd := &cobra.Command{
		Use:                   "check",
		DisableFlagsInUseLine: true,
		Short:                 "Check whether a deploy would succeed, and say what to mend",
		Long: `
			Checks the host and the clusters of a fleet before a deploy: whether each
			answers and accepts its kubeconfig, whether its user may do there what deploy,
			delete and status do, whether it serves Flux's APIs in a version that is known,
			and whether Flux's controllers run. Nothing is changed anywhere.

			✔ is well. ✗ makes a deploy fail, or a delete after it. ! makes something else
			fail: nothing is synced without its controller. ? could not be asked, and - is
			not needed. TO-DO is how to mend it.

			With --app the clusters are those that the application is in, and those that it
			asks for now, and only the kinds of Flux objects count that it needs.
			Secrets and ConfigMaps, which --copy-refs copies, are not looked at.

			The exit code is 0 if a deploy would succeed everywhere, 1 if it would fail
			anywhere, and 3 if it is not known everywhere and would fail nowhere.`,
		Example: `
			# The only fleet there is
			kubectl fleetapp check

			# Another one, in another namespace
			kubectl fleetapp check --fleet prod -n team-a

			# What one application needs, in the clusters that it goes to
			kubectl fleetapp check --app shop

			# What there is to do, for a program
			kubectl fleetapp check -o json`,
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
	flags.StringVarP(&o.output, "output", "o", "", "Output format: json or yaml.")
	flags.BoolVar(&o.noHeaders, "no-headers", false, "Leave the column titles out.")
	return cmd
}

func (o *checkOptions) complete(args []string) error {
	if err := noNames(args); err != nil {
		return err
	}
	if err := validOutput(o.output, "json", "yaml"); err != nil {
		return err
	}
	return errors.Join(o.colors.validate(), o.completeOnHost(o.Factory))
}

func (o *checkOptions) run(ctx context.Context) error {
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	found, err := o.read(ctx, o.Factory, host)
	switch {
	case err == nil:
	case reason.Of(err) == reason.Forbidden: // which is what a check is to say more of
	default:
		return err
	}
	members := found.members
	onHost := slices.ContainsFunc(members, func(member fleet.Member) bool { return member.Kind == fleet.KindHost })
	if !onHost {
		members = slices.Insert(slices.Clone(members), 0, fleet.HostMember())
	}
	kinds := found.kinds()
	var checked []printer.Checked
	for result := range slices.Values(askEach(ctx, o.Factory, o.options(), members, func(ctx context.Context, member fleet.Member) (preflight.Report, error) {
		return o.check(ctx, host, member, o.needs(member, kinds, onHost)), nil
	})) {
		if result.Err != nil { // it was never begun
			result.Value = preflight.Unasked(result.Err, true, preflight.Needs{})
		}
		checked = append(checked, printer.Checked{
			Member: result.Item, OnlyHost: result.Item.Kind == fleet.KindHost && !onHost, Report: result.Value,
		})
	}
	if err := o.print(checked); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	printer.ClosingCheck(o.ErrOut, checked)
	return o.outcome(checked)
}

func (o *checkOptions) check(ctx context.Context, host *fleet.Client, member fleet.Member, needs preflight.Needs) preflight.Report {
	client, err := o.Connect(ctx, host, member)
	if err != nil {
		return preflight.Unasked(err, false, needs)
	}
	defer client.Close()
	return preflight.Check(ctx, client, needs)
}

// needs are what is needed of a member, which is the host, too, where something
// is deployed to that.
func (o *checkOptions) needs(member fleet.Member, kinds []plan.Identity, onHost bool) preflight.Needs {
	needs := preflight.Needs{Namespace: o.fleetNamespace, Kinds: kinds, Host: member.Kind == fleet.KindHost}
	if needs.Host && !onHost {
		needs.Kinds = nil
	}
	if from := member.Kubeconfig; from.Name != "" {
		needs.Secret = from.Namespace + "/" + from.Name
	}
	return needs
}

// kinds are those of the Flux objects that are needed: of an application, what
// it asks for and what is there of it, and else all.
func (s *scoped) kinds() []plan.Identity {
	needed := map[string]bool{}
	asked, _ := askedOf(s.record) // which would have been said
	for _, application := range []*appsv1alpha1.Application{s.application, asked} {
		if application == nil {
			continue
		}
		for _, kind := range plan.KindsOf(application) {
			needed[kind.Resource] = true
		}
	}
	if s.record != nil {
		for _, member := range s.record.Members() {
			for _, object := range member.Objects {
				needed[object.Resource] = true
			}
		}
	}
	if len(needed) == 0 {
		return plan.Kinds()
	}
	return slices.DeleteFunc(plan.Kinds(), func(kind plan.Identity) bool { return !needed[kind.Resource] })
}

func (o *checkOptions) print(checked []printer.Checked) error {
	if o.output != "" {
		return printer.PreflightReport(o.Out, o.output, checked)
	}
	return printer.Checks(o.Out, checked, o.on(o.Terminal()), o.noHeaders)
}

func (o *checkOptions) outcome(checked []printer.Checked) error {
	var all checkError
	for _, one := range checked {
		switch {
		case !one.IsKnown():
			all.unknown++
		case !one.Passes() && (!o.ignoreUnreachable || !one.IsAway()):
			all.failed++
		}
	}
	if all == (checkError{}) {
		return nil
	}
	return all
}
