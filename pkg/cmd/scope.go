package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/labels"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// readParallel is how many members are asked at once. With more, what they
// answer waits in memory for its turn, and no table is done sooner.
const readParallel = 128

// scope is which members a command looks at, and how.
type scope struct {
	allClusters       bool
	fleet             string
	app               string
	clusters          []string
	labels            string
	includeHost       bool
	fleetNamespace    string
	ignoreUnreachable bool
	parallel          int
	memberTimeout     time.Duration

	// everything is set where all clusters of the namespace are meant by default,
	// and not those of its only fleet.
	everything bool
	// next is set where the clusters of an application are also those that the
	// next deploy of it goes to.
	next     bool
	selector labels.Selector
	// given tells whether a flag was given, with whatever value.
	given func(flag string) bool
}

func (s *scope) addFlags(flags *pflag.FlagSet) {
	s.given = flags.Changed
	flags.BoolVar(&s.allClusters, "all-clusters", false, "Ask every AttachedCluster and Cluster in the fleet namespace.")
	flags.StringVar(&s.fleet, "fleet", "", "Ask the clusters of this fleet. Default is the only fleet that there is.")
	flags.StringVar(&s.app, "app", "", "Ask the clusters that this application is deployed to.")
	flags.StringSliceVarP(&s.clusters, "clusters", "C", nil, "Only these clusters; the others are left out.")
	flags.StringVar(&s.labels, "cluster-selector", "", "Only clusters whose labels match; the others are left out.")
	flags.BoolVar(&s.includeHost, "include-host", false, "Ask the host too; it is shown as cluster host.")
	flags.StringVar(&s.fleetNamespace, "fleet-namespace", "", "Namespace of fleets, clusters and applications on the host. Default is the context's.")
	flags.BoolVar(&s.ignoreUnreachable, "ignore-unreachable", false, "Exit with 0 where nothing failed but clusters that do not answer (Unreachable, Timeout).")
	flags.IntVar(&s.parallel, "parallel", readParallel, "How many clusters are asked at once.")
	flags.DurationVar(&s.memberTimeout, "member-timeout", 30*time.Second, "How long a cluster may take to answer, connecting included.")
}

// complete fills in what the context says, and checks the rest.
func (s *scope) complete(factory *Factory) (err error) {
	if err := s.validate(); err != nil {
		return err
	}
	if s.fleetNamespace == "" {
		if s.fleetNamespace, err = factory.ContextNamespace(); err != nil {
			return err
		}
	}
	return plan.CheckNamespace(s.fleetNamespace)
}

// completeOnHost is complete for a command that is about the host's own objects,
// whose namespace kubectl's -n names, too.
func (s *scope) completeOnHost(factory *Factory) error {
	namespace, explicit, err := factory.Namespace()
	if err != nil {
		return err
	}
	if explicit {
		if s.fleetNamespace != "" && s.fleetNamespace != namespace {
			return fmt.Errorf("-n %s and --fleet-namespace %s name two namespaces: here both are that of fleets, clusters and applications", namespace, s.fleetNamespace)
		}
		s.fleetNamespace = namespace
	}
	return s.complete(factory)
}

// narrows tells whether flags choose some of the clusters.
func (s *scope) narrows() bool {
	return s.allClusters || s.fleet != "" || s.app != "" || len(s.clusters) > 0 || s.labels != ""
}

func (s *scope) validate() error {
	var wide []string
	for _, flag := range []string{"all-clusters", "fleet", "app"} {
		if s.given(flag) {
			wide = append(wide, "--"+flag)
		}
	}
	if len(wide) > 1 {
		return fmt.Errorf("%s exclude each other", strings.Join(wide, " and "))
	}
	// An empty value is a variable that a script forgot to set.
	for flag, value := range map[string]string{
		"fleet": s.fleet, "app": s.app, "clusters": strings.Join(s.clusters, ""), "cluster-selector": strings.TrimSpace(s.labels), "fleet-namespace": s.fleetNamespace,
	} {
		if s.given(flag) && value == "" {
			return fmt.Errorf("--%s is empty: give a value, or leave the flag out", flag)
		}
	}
	if s.app != "" {
		if err := plan.CheckName(s.app); err != nil {
			return err
		}
	}
	selector, err := parseSelector("--cluster-selector", s.labels)
	s.selector = selector
	return errors.Join(err, validBounds(s.parallel, s.memberTimeout))
}

// options are those of a fan-out over the members.
func (s *scope) options() fanout.Options {
	return fanout.Options{Limit: s.parallel, Timeout: s.memberTimeout}
}

// memberKey tells a member from all others of its host.
type memberKey struct{ kind, name string }

// scoped is what a scope finds on the host.
type scoped struct {
	snapshot *fleet.Snapshot
	members  []fleet.Member
	// record and application are those of --app, as far as there are any.
	record      *inventory.Inventory
	application *appsv1alpha1.Application
}

// members reads the host, in one round trip, and lists the members: in the
// order of the fleet, or by name, the host before all others.
func (s *scope) members(ctx context.Context, factory *Factory, host *fleet.Client) ([]fleet.Member, error) {
	found, err := s.read(ctx, factory, host)
	return found.members, err
}

// read is members, and what else it finds. What is to be read of the host
// besides is done in the same round trip.
func (s *scope) read(ctx context.Context, factory *Factory, host *fleet.Client, besides ...func() error) (found scoped, err error) {
	var reads errgroup.Group
	for _, read := range besides {
		reads.Go(read)
	}
	reads.Go(func() (err error) {
		found.snapshot, err = fleet.Read(ctx, host, s.fleetNamespace)
		return err
	})
	s.readApp(ctx, factory, host, &reads, &found.record, &found.application)
	if err := reads.Wait(); err != nil {
		return scoped{}, unreachable(err)
	}
	members, err := s.wide(found.snapshot, found.record, found.application)
	if err != nil {
		return scoped{}, err
	}
	found.members, err = s.narrow(s.withHost(members))
	return found, err
}

func (s *scope) withHost(members []fleet.Member) []fleet.Member {
	if s.includeHost && !slices.ContainsFunc(members, func(m fleet.Member) bool { return m.Kind == fleet.KindHost }) {
		return slices.Insert(members, 0, fleet.HostMember())
	}
	return members
}

// choose lists the members that flags choose, of all that there are and those that
// something is deployed to, which may be there no more: for who asks the latter. The
// host is one of them, but where a fleet is named, or an application that does not
// go there.
func (s *scope) choose(ctx context.Context, factory *Factory, host *fleet.Client, snapshot *fleet.Snapshot, deployed []fleet.Member) ([]fleet.Member, error) {
	members := append([]fleet.Member{fleet.HostMember()}, snapshot.All()...)
	for _, member := range deployed {
		if !slices.ContainsFunc(members, func(other fleet.Member) bool { return other.Kind == member.Kind && other.Name == member.Name }) {
			members = append(members, member)
		}
	}
	if s.fleet != "" || s.app != "" {
		var (
			record      *inventory.Inventory
			application *appsv1alpha1.Application
			reads       errgroup.Group
			err         error
		)
		s.readApp(ctx, factory, host, &reads, &record, &application)
		if err := reads.Wait(); err != nil {
			return nil, unreachable(err)
		}
		if members, err = s.wide(snapshot, record, application); err != nil {
			return nil, err
		}
	}
	return s.narrow(s.withHost(members))
}

// wide lists the members before any is left out.
func (s *scope) wide(snapshot *fleet.Snapshot, record *inventory.Inventory, application *appsv1alpha1.Application) ([]fleet.Member, error) {
	switch {
	case s.app != "":
		return s.membersOf(snapshot, record, application)
	case s.everything && s.fleet == "":
		return snapshot.Everything(), nil
	case s.allClusters, len(s.clusters) > 0 && s.fleet == "":
		return snapshot.All(), nil
	}
	fleets := snapshot.Fleets()
	switch {
	case len(fleets) == 0:
		return nil, fmt.Errorf("there is no fleet in namespace %q on the host; --fleet-namespace names another, and --all-clusters asks clusters of no fleet", s.fleetNamespace)
	case s.fleet != "":
		return snapshot.Fleet(s.fleet)
	case len(fleets) > 1:
		return nil, fmt.Errorf("which clusters? Name a fleet with --fleet, or ask --all-clusters%s", fleet.ThereIs(fleets))
	}
	return snapshot.Fleet(fleets[0])
}

// narrow leaves out what is not selected.
func (s *scope) narrow(members []fleet.Member) ([]fleet.Member, error) {
	var names []string
	for _, member := range members {
		names = append(names, member.Name)
	}
	for _, name := range s.clusters {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("--clusters: no cluster %q%s", name, fleet.ThereIsLike(name, names))
		}
	}
	var selected []fleet.Member
	for _, member := range members {
		named := len(s.clusters) == 0 || slices.Contains(s.clusters, member.Name)
		// What does not exist has no label, not even none of a kind.
		matches := s.selector.Matches(labels.Set(member.Labels)) && (!member.Missing || s.selector.Empty())
		if named && matches || s.includeHost && member.Kind == fleet.KindHost {
			selected = append(selected, member)
		}
	}
	switch {
	case len(members) == 0:
		return nil, fmt.Errorf("there is no cluster to ask in namespace %q on the host", s.fleetNamespace)
	case len(selected) == 0:
		return nil, fmt.Errorf("no cluster matches --cluster-selector %q", s.labels)
	}
	return selected, nil
}
