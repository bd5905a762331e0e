package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	fleetv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/fleet/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

// Resolve returns the members that a destination stands for, in the fleet's
// order: the fleet's clusters whose labels match, or the host where there is
// no destination. A cluster that the fleet lists and that does not exist comes
// back as Missing where nothing selects; a selector cannot match it.
func (s *Snapshot) Resolve(destination *appsv1alpha1.ApplicationDestination) ([]Member, error) {
	if destination == nil {
		return []Member{HostMember()}, nil
	}
	members, err := s.Fleet(destination.Fleet)
	if err != nil || destination.ClusterSelector == nil {
		return members, err
	}
	selector, err := metav1.LabelSelectorAsSelector(destination.ClusterSelector)
	if err != nil {
		return nil, fmt.Errorf("clusterSelector: %w", err)
	}
	var matched []Member
	for _, member := range members {
		if selector.Matches(labels.Set(member.Labels)) && (!member.Missing || selector.Empty()) {
			matched = append(matched, member)
		}
	}
	return matched, nil
}

// Fleet returns the members of one fleet, in its order, each once.
func (s *Snapshot) Fleet(name string) ([]Member, error) {
	for _, candidate := range s.fleets {
		if candidate.Name == name {
			return s.membersOf(candidate)
		}
	}
	return nil, fmt.Errorf("fleet %q not found in namespace %q%s", name, s.Namespace, ThereIsLike(name, s.Fleets()))
}

// Fleets returns the names of all fleets of the namespace.
func (s *Snapshot) Fleets() []string {
	names := make([]string, len(s.fleets))
	for i, candidate := range s.fleets {
		names[i] = candidate.Name
	}
	return names
}

// All returns every AttachedCluster and Cluster of the namespace, by name
// within its kind.
func (s *Snapshot) All() []Member {
	members := make([]Member, len(s.order))
	for i, key := range s.order {
		members[i] = s.clusters[key]
	}
	return members
}

// Everything returns all clusters of the namespace in the order of InOrder,
// and those that a fleet lists and that do not exist, which are Missing.
func (s *Snapshot) Everything() []Member {
	all := s.All()
	for key := range s.listedBy {
		if key.known() && s.Member(key.kind, key.name).Missing {
			all = append(all, s.Member(key.kind, key.name))
		}
	}
	slices.SortStableFunc(all[len(s.order):], func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return s.InOrder(all)
}

// FleetsOf returns the names of the fleets that list a member.
func (s *Snapshot) FleetsOf(member Member) []string {
	return s.listedBy[clusterKey{member.Kind, member.Name}]
}

// InOrder returns members in the order of the fleets that list them, then the
// others by name within their kind, each once. The host comes first.
func (s *Snapshot) InOrder(members []Member) []Member {
	place := map[clusterKey]int{{KindHost, hostName}: 0}
	add := func(member Member) {
		key := clusterKey{member.Kind, member.Name}
		if _, ok := place[key]; !ok {
			place[key] = len(place)
		}
	}
	for _, f := range s.fleets {
		listed, err := s.membersOf(f)
		if err != nil {
			continue // it lists what is no cluster; its others are below
		}
		for _, member := range listed {
			add(member)
		}
	}
	for _, member := range s.All() {
		add(member)
	}
	for _, member := range members {
		add(member)
	}
	ordered := slices.SortedFunc(slices.Values(members), func(a, b Member) int {
		return place[clusterKey{a.Kind, a.Name}] - place[clusterKey{b.Kind, b.Name}]
	})
	return slices.CompactFunc(ordered, func(a, b Member) bool { return a.Kind == b.Kind && a.Name == b.Name })
}

// Member returns one cluster; where it does not exist, it is Missing.
func (s *Snapshot) Member(kind, name string) Member {
	if kind == KindHost {
		return HostMember()
	}
	if member, ok := s.clusters[clusterKey{kind, name}]; ok {
		return member
	}
	return Member{Kind: kind, Name: name, Missing: true}
}

func (s *Snapshot) membersOf(f fleetv1alpha1.Fleet) ([]Member, error) {
	var members []Member
	seen := map[clusterKey]bool{}
	for _, reference := range f.Spec.Clusters {
		key := keyOf(reference)
		if !key.known() {
			return nil, fmt.Errorf("fleet %q lists %q of kind %q: only AttachedCluster and Cluster are known", f.Name, key.name, key.kind)
		}
		if !seen[key] {
			seen[key] = true
			members = append(members, s.Member(key.kind, key.name))
		}
	}
	return members, nil
}

// keyOf is the cluster that a fleet lists.
func keyOf(reference fleetv1alpha1.ClusterReference) clusterKey {
	if reference.Kind == "" {
		return clusterKey{KindCluster, reference.Name} // as Kurator's fleet manager reads it
	}
	return clusterKey{reference.Kind, reference.Name}
}

func (k clusterKey) known() bool { return k.kind == KindCluster || k.kind == KindAttachedCluster }

// ThereIs names, in an error, what could have been meant, as long as that
// stays a line.
func ThereIs(names []string) string {
	const most = 5
	switch {
	case len(names) == 0:
		return " (there is none)"
	case len(names) == 1:
		return fmt.Sprintf(" (there is %q)", names[0])
	case len(names) > most:
		return fmt.Sprintf(" (there are %s and %d more)", quoted(names[:most]), len(names)-most)
	}
	return fmt.Sprintf(" (there are %s)", quoted(names))
}

// ThereIsLike is ThereIs with those names first that were most likely meant.
func ThereIsLike(name string, names []string) string {
	distance := make(map[string]int, len(names))
	for _, other := range names {
		distance[other] = strict.Distance(name, other)
	}
	return ThereIs(slices.SortedStableFunc(slices.Values(names), func(a, b string) int { return distance[a] - distance[b] }))
}

func quoted(names []string) string {
	return `"` + strings.Join(names, `", "`) + `"`
}
