package fleet

import (
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	clusterv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/cluster/v1alpha1"
	fleetv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/fleet/v1alpha1"
)

func attachedCluster(name string, labels map[string]string) clusterv1alpha1.AttachedCluster {
	var c clusterv1alpha1.AttachedCluster
	c.Name, c.Labels = name, labels
	c.Spec.Kubeconfig = clusterv1alpha1.SecretKeyRef{Name: name, Key: "config"}
	return c
}

func madeCluster(name, secret string) clusterv1alpha1.Cluster {
	var c clusterv1alpha1.Cluster
	c.Name = name
	c.Status.KubeconfigSecretRef = secret
	return c
}

func newFleet(name string, clusters ...fleetv1alpha1.ClusterReference) fleetv1alpha1.Fleet {
	var f fleetv1alpha1.Fleet
	f.Name = name
	f.Spec.Clusters = clusters
	return f
}

func refer(kind, name string) fleetv1alpha1.ClusterReference {
	return fleetv1alpha1.ClusterReference{Kind: kind, Name: name}
}

// aSnapshot has a fleet "all" that lists, out of order and one twice, what
// there is and one cluster that there is not.
func aSnapshot() *Snapshot {
	return newSnapshot("default",
		[]fleetv1alpha1.Fleet{
			newFleet("all", refer("AttachedCluster", "west"), refer("Cluster", "made"), refer("AttachedCluster", "east"),
				refer("AttachedCluster", "west"), refer("AttachedCluster", "lost")),
			newFleet("empty"),
		},
		[]clusterv1alpha1.AttachedCluster{
			attachedCluster("east", map[string]string{"env": "test", "region": "east"}),
			attachedCluster("west", map[string]string{"env": "dev"}),
		},
		[]clusterv1alpha1.Cluster{madeCluster("made", "made-kubeconfig")},
	)
}

func names(members []Member) []string {
	var all []string
	for _, m := range members {
		name := m.Kind + "/" + m.Name
		if m.Missing {
			name += "?"
		}
		all = append(all, name)
	}
	return all
}

func to(fleet string, selector *metav1.LabelSelector) *appsv1alpha1.ApplicationDestination {
	return &appsv1alpha1.ApplicationDestination{Fleet: fleet, ClusterSelector: selector}
}

func where(key string, operator metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
}

func TestResolve(t *testing.T) {
	everything := []string{"AttachedCluster/west", "Cluster/made", "AttachedCluster/east", "AttachedCluster/lost?"}
	for name, test := range map[string]struct {
		destination *appsv1alpha1.ApplicationDestination
		want        []string
	}{
		"none is the host":      {nil, []string{"Host/host"}},
		"fleet's order, once":   {to("all", nil), everything},
		"empty selector":        {to("all", &metav1.LabelSelector{}), everything},
		"matchLabels":           {to("all", &metav1.LabelSelector{MatchLabels: map[string]string{"env": "test"}}), []string{"AttachedCluster/east"}},
		"all labels must match": {to("all", &metav1.LabelSelector{MatchLabels: map[string]string{"env": "dev", "region": "east"}}), nil},
		"In":                    {to("all", where("env", "In", "dev", "test")), []string{"AttachedCluster/west", "AttachedCluster/east"}},
		"Exists":                {to("all", where("region", "Exists")), []string{"AttachedCluster/east"}},
		// A cluster that is not there has no labels that could be told to differ.
		"NotIn":        {to("all", where("env", "NotIn", "dev")), []string{"Cluster/made", "AttachedCluster/east"}},
		"DoesNotExist": {to("all", where("env", "DoesNotExist")), []string{"Cluster/made"}},
		"no match":     {to("all", where("env", "In", "prod")), nil},
		"empty fleet":  {to("empty", nil), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := aSnapshot().Resolve(test.destination)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(names(got), test.want) {
				t.Errorf("got %q, want %q", names(got), test.want)
			}
		})
	}
}

func TestResolveFails(t *testing.T) {
	for name, test := range map[string]struct {
		snapshot    *Snapshot
		destination *appsv1alpha1.ApplicationDestination
		want        string
	}{
		"operator": {aSnapshot(), to("all", where("env", "Like", "x")), `clusterSelector: "Like" is not a valid label selector operator`},
		"fleet":    {aSnapshot(), to("al", nil), `fleet "al" not found in namespace "default" (there are "all", "empty")`},
		"one fleet": {
			newSnapshot("ns", []fleetv1alpha1.Fleet{newFleet("quickstart")}, nil, nil), to("quickstat", nil),
			`fleet "quickstat" not found in namespace "ns" (there is "quickstart")`,
		},
		"many fleets": {
			newSnapshot("ns", manyFleets(), nil, nil), to("prod-us-9", nil),
			`fleet "prod-us-9" not found in namespace "ns" (there are "prod-us-0", "prod-us-1", "prod-us-2", "prod-eu-0", "prod-eu-1" and 4 more)`,
		},
		"no fleet": {newSnapshot("ns", nil, nil, nil), to("x", nil), `fleet "x" not found in namespace "ns" (there is none)`},
		"kind": {
			newSnapshot("ns", []fleetv1alpha1.Fleet{newFleet("f", refer("CustomCluster", "c"))}, nil, nil), to("f", nil),
			`fleet "f" lists "c" of kind "CustomCluster": only AttachedCluster and Cluster are known`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.snapshot.Resolve(test.destination)
			if err == nil || err.Error() != test.want {
				t.Errorf("error\n  %v, want\n  %s", err, test.want)
			}
		})
	}
}

func manyFleets() []fleetv1alpha1.Fleet {
	var all []fleetv1alpha1.Fleet
	for _, place := range []string{"dev", "prod-eu", "prod-us"} {
		for i := range 3 {
			all = append(all, newFleet(fmt.Sprintf("%s-%d", place, i)))
		}
	}
	return all
}

func TestThereIsStaysALine(t *testing.T) {
	for want, names := range map[string][]string{
		` (there is none)`:                                nil,
		` (there are "a", "b")`:                           {"a", "b"},
		` (there are "a", "b", "c", "d", "e")`:            {"a", "b", "c", "d", "e"},
		` (there are "a", "b", "c", "d", "e" and 2 more)`: {"a", "b", "c", "d", "e", "f", "g"},
	} {
		if got := ThereIs(names); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAReferenceWithoutKindIsACluster(t *testing.T) {
	s := newSnapshot("ns", []fleetv1alpha1.Fleet{newFleet("f", refer("", "made"), refer("Cluster", "made"))}, nil,
		[]clusterv1alpha1.Cluster{madeCluster("made", "s")})
	got, err := s.Fleet("f")
	if err != nil || !slices.Equal(names(got), []string{"Cluster/made"}) {
		t.Errorf("got %q, %v", names(got), err)
	}
}

func TestWhereTheKubeconfigIs(t *testing.T) {
	withoutKey := attachedCluster("a", nil)
	withoutKey.Spec.Kubeconfig.Key = ""
	byCredential := madeCluster("a", "")
	byCredential.Spec.Credential = &clusterv1alpha1.CredentialConfig{SecretRef: "credential"}
	both := madeCluster("a", "status")
	both.Spec.Credential = byCredential.Spec.Credential
	for name, test := range map[string]struct {
		attached []clusterv1alpha1.AttachedCluster
		made     []clusterv1alpha1.Cluster
		want     SecretKey
	}{
		"attached":             {attached: []clusterv1alpha1.AttachedCluster{attachedCluster("a", nil)}, want: SecretKey{"ns", "a", "config"}},
		"attached without key": {attached: []clusterv1alpha1.AttachedCluster{withoutKey}, want: SecretKey{"ns", "a", "value"}},
		"status":               {made: []clusterv1alpha1.Cluster{madeCluster("a", "status")}, want: SecretKey{"ns", "status", "value"}},
		"credential":           {made: []clusterv1alpha1.Cluster{byCredential}, want: SecretKey{"ns", "credential", "value"}},
		"status before it":     {made: []clusterv1alpha1.Cluster{both}, want: SecretKey{"ns", "status", "value"}},
		"not made yet":         {made: []clusterv1alpha1.Cluster{madeCluster("a", "")}, want: SecretKey{"ns", "", "value"}},
	} {
		t.Run(name, func(t *testing.T) {
			all := newSnapshot("ns", nil, test.attached, test.made).All()
			if len(all) != 1 || all[0].Kubeconfig != test.want {
				t.Errorf("got %+v, want %+v", all, test.want)
			}
		})
	}
}

func TestMember(t *testing.T) {
	s := aSnapshot()
	for want, key := range map[string][2]string{
		"Host/host":             {KindHost, "host"},
		"AttachedCluster/east":  {KindAttachedCluster, "east"},
		"Cluster/east?":         {KindCluster, "east"},
		"AttachedCluster/gone?": {KindAttachedCluster, "gone"},
	} {
		if got := names([]Member{s.Member(key[0], key[1])})[0]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestEverythingAndWhoListsIt(t *testing.T) {
	snapshot := newSnapshot("default",
		[]fleetv1alpha1.Fleet{
			newFleet("bad", refer("CustomCluster", "c"), refer("", "z"), refer("AttachedCluster", "late")),
			newFleet("one", refer("AttachedCluster", "west"), refer("AttachedCluster", "lost"), refer("AttachedCluster", "west")),
			newFleet("two", refer("", "made"), refer("AttachedCluster", "west")),
		},
		[]clusterv1alpha1.AttachedCluster{attachedCluster("alone", nil), attachedCluster("west", nil)},
		[]clusterv1alpha1.Cluster{madeCluster("made", "")},
	)
	want := []string{
		"AttachedCluster/west", "AttachedCluster/lost?", "Cluster/made", "AttachedCluster/alone", "AttachedCluster/late?", "Cluster/z?",
	}
	if got := names(snapshot.Everything()); !slices.Equal(got, want) {
		t.Errorf("everything is %q, want %q", got, want)
	}
	for _, test := range []struct {
		member Member
		want   []string
	}{
		{Member{Kind: KindAttachedCluster, Name: "west"}, []string{"one", "two"}},
		{Member{Kind: KindCluster, Name: "made"}, []string{"two"}},
		{Member{Kind: KindAttachedCluster, Name: "lost"}, []string{"one"}},
		{Member{Kind: KindAttachedCluster, Name: "late"}, []string{"bad"}},
		{Member{Kind: KindAttachedCluster, Name: "alone"}, nil},
		{HostMember(), nil},
	} {
		if got := snapshot.FleetsOf(test.member); !slices.Equal(got, test.want) {
			t.Errorf("%s is listed by %q, want %q", test.member.Name, got, test.want)
		}
	}
}
