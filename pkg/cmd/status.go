package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

type statusOptions struct {
	*Factory
	scope
	colors
	name          string
	allNamespaces bool
	output        string
	noHeaders     bool
	watch         bool
	tree          bool
}

func newStatus(factory *Factory) *cobra.Command {
	o := &statusOptions{Factory: factory}
	cmd := &cobra.Command{
		Use:                   "status [NAME]",
		Aliases:               []string{"list"},
		DisableFlagsInUseLine: true,
		Short:                 "Show whether applications are healthy, and where they are not",
		Long: `
			Shows the applications of a namespace, a row each, or one application, a row
			for each cluster and policy. All clusters are asked now: of one that does not
			answer nothing is shown but that, and never an earlier state.

			READY is in Flux's words: True, False where the last attempt failed and is
			made again, Reconciling while Flux is at work, Waiting where it is yet to see
			or to come to what is asked for, Stalled, Suspended. Beside these, Missing is
			not there, Unknown could not be asked, and Leftover and Deleting are not
			wanted there any more; an application that no cluster matches is Nowhere. A
			revision or an image that most of the clusters shown have another one of is
			marked with an exclamation mark. The source of an application has a row where it is not
			ready; with -o wide always.

			MANAGER tells applications that were deployed from here (fleetapp) from those
			that Kurator's own controller distributes (kurator), whose state is what
			Kurator says of them, and from those that are nowhere but on the host (-).

			--tree shows of one application also what Flux says that it applied, and the
			pods of that, with kstatus' words for the health of each object. What is
			Current and has no pods is folded into one line, and so are many pods of one
			workload; -o wide folds nothing, and shows the images.

			The exit code is 0 if all is ready in all clusters, and 3 if not, or if with
			--tree something that Flux applied is not Current or could not be asked.
			An interrupt shows what had answered by then, and the exit code is 1.`,
		Example: `
			# All applications of the namespace
			kubectl fleetapp status

			# One application, cluster by cluster
			kubectl fleetapp status shop

			# Those of all namespaces
			kubectl fleetapp status -A

			# In some clusters, with the sources and the images
			kubectl fleetapp status shop -C eu-1,eu-2 -o wide

			# What Flux applied for it, down to the pods
			kubectl fleetapp status shop --tree -C eu-1

			# Follow a rollout
			kubectl fleetapp status shop --watch

			# Is it healthy everywhere, but for clusters that are off? The exit code says
			kubectl fleetapp status shop --ignore-unreachable

			# For a program
			kubectl fleetapp status shop -o json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: atMostOne(completing{factory}.applications()),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.name = args[0]
			}
			if err := o.complete(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func (o *statusOptions) addFlags(flags *pflag.FlagSet) {
	o.scope.addFlags(flags)
	o.colors.addFlags(flags)
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "Show the objects of all namespaces.")
	flags.StringVarP(&o.output, "output", "o", "", "Output format: wide, name, json or yaml.")
	flags.BoolVar(&o.noHeaders, "no-headers", false, "Leave the column titles out.")
	flags.BoolVar(&o.tree, "tree", false, "Show one application as a tree: below its objects what Flux applied, and the pods of that.")
	flags.BoolVarP(&o.watch, "watch", "w", false, "After the table, go on with what changes, until interrupted.")
}

func (o *statusOptions) complete() error {
	if err := validOutput(o.output, "wide", "name", "json", "yaml"); err != nil {
		return err
	}
	switch {
	case o.tree && o.name == "":
		return errors.New("--tree shows one application: name it")
	case o.tree && o.output == "name":
		return errors.New("--tree and -o name exclude each other")
	case o.watch && o.output == "name":
		return errors.New("--watch and -o name exclude each other: names do not change")
	case o.allNamespaces && o.name != "":
		return errors.New("an application cannot be named across all namespaces: leave out its name, or -A")
	case o.allNamespaces && o.narrows():
		return errors.New("-A and flags that choose clusters exclude each other: a cluster is of one namespace, which -n names")
	}
	if o.name != "" {
		if err := plan.CheckName(o.name); err != nil {
			return err
		}
	}
	if err := errors.Join(o.colors.validate(), o.completeOnHost(o.Factory)); err != nil {
		return err
	}
	if o.allNamespaces {
		o.fleetNamespace = ""
	}
	return nil
}

func (o *statusOptions) run(ctx context.Context) error {
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	if o.watch {
		return o.follow(ctx, host)
	}
	each := o.asTheyCome()
	looked, err := o.look(ctx, host, each)
	if looked == nil {
		return err
	}
	if each != nil {
		looked.sum(o)
	} else if err := looked.print(o, o.Terminal()); err != nil {
		return err
	}
	if err != nil {
		return errors.Join(looked.unread, err)
	}
	return looked.err(o.ignoreUnreachable)
}

// looked is one look at the applications.
type looked struct {
	all []printer.Judged
	// unread is why some inventories could not be read.
	unread error
}

// look reads the host, and then asks all members side by side. What is seen in a
// member goes to each, where that is not nil, as it comes. Where it is interrupted
// meanwhile, it returns what there is, and errInterrupted.
func (o *statusOptions) look(ctx context.Context, host *fleet.Client, each func(*status.Seen) error) (*looked, error) {
	found, unread := o.readApplications(ctx, host, o.fleetNamespace, o.name)
	if found == nil {
		return nil, unread
	}
	surveys := found.surveys()
	if o.name != "" && len(surveys) == 0 {
		return nil, fmt.Errorf("application %q not found in namespace %q on the host%s", o.name, o.fleetNamespace, listsAll)
	}
	if o.one() && len(surveys) > 1 { // what was deployed from here, which tells of the conflict
		surveys = surveys[:1]
	}
	if o.narrows() {
		var err error
		if surveys, err = o.among(ctx, host, found.snapshot(o.fleetNamespace), surveys); err != nil {
			return nil, err
		}
	}
	interrupted := o.askMembers(ctx, host, surveys, each)
	if interrupted != nil && !errors.Is(interrupted, errInterrupted) {
		return nil, interrupted
	}
	for _, survey := range surveys {
		if each == nil || survey.Manager == status.ByFleetapp {
			continue
		}
		for i := range survey.Seen { // of which nobody was asked
			if err := each(&survey.Seen[i]); err != nil {
				return nil, err
			}
		}
	}
	looked := &looked{unread: unread}
	for _, survey := range surveys {
		looked.all = append(looked.all, printer.Judged{Application: survey, Verdict: survey.Judge()})
	}
	return looked, interrupted
}

// among leaves out what is not in the clusters that flags choose.
func (o *statusOptions) among(ctx context.Context, host *fleet.Client, snapshot *fleet.Snapshot, surveys []*status.Application) ([]*status.Application, error) {
	var deployed []fleet.Member
	for _, survey := range surveys {
		deployed = append(deployed, membersIn(survey)...)
	}
	chosen, err := o.choose(ctx, o.Factory, host, snapshot, deployed)
	if err != nil {
		return nil, err
	}
	surveys = slices.DeleteFunc(surveys, func(survey *status.Application) bool {
		survey.Seen = slices.DeleteFunc(survey.Seen, func(seen status.Seen) bool {
			return !slices.ContainsFunc(chosen, func(m fleet.Member) bool { return m.Kind == seen.Member.Kind && m.Name == seen.Member.Name })
		})
		return len(survey.Seen) == 0
	})
	if len(surveys) == 0 && o.one() {
		return nil, fmt.Errorf("application %q is in none of the clusters that are chosen (--fleet, --app, --clusters, --cluster-selector)", o.name)
	}
	return surveys, nil
}

// one tells whether one application is shown, and not a list of them.
func (o *statusOptions) one() bool { return o.name != "" }

// document tells whether a document for programs is printed.
func (o *statusOptions) document() bool { return o.output == "json" || o.output == "yaml" }
