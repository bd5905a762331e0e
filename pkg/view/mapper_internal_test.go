package view

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"
)

// clientGo finds names by client-go's own finders, which kubectl uses. They are
// not part of the program: with them come all types of Kubernetes.
type clientGo struct {
	discovery.DiscoveryInterfaceWithContext // nil: what the finders do not call
	*served
	finder meta.RESTMapperWithContext
}

func newClientGo(t *testing.T, served *served) clientGo {
	t.Helper()
	c := clientGo{served: served}
	resources, err := restmapper.GetAPIGroupResourcesWithContext(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	c.finder = restmapper.NewShortcutExpanderWithContext(restmapper.NewDiscoveryRESTMapperWithContext(resources), c, nil)
	return c
}

func (c clientGo) ServerGroupsAndResourcesWithContext(context.Context) ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	var groups []*metav1.APIGroup
	for i := range c.groups {
		groups = append(groups, &c.groups[i])
	}
	return groups, c.lists, nil
}

func (c clientGo) kindFor(t *testing.T, name schema.GroupVersionResource) string {
	t.Helper()
	kind, err := c.finder.KindForWithContext(t.Context(), name)
	if err == nil && strings.HasSuffix(kind.Kind, "List") { // it guesses those, which nobody serves
		return "none"
	}
	return kindOr(kind, err)
}

func kindOr(kind schema.GroupVersionKind, err error) string {
	if err != nil {
		return "none"
	}
	return kind.String()
}

func (c clientGo) inCategory(t *testing.T, name string) []Resource {
	t.Helper()
	var found []Resource
	all, _ := restmapper.NewDiscoveryCategoryExpanderWithContext(c).ExpandWithContext(t.Context(), name)
	for _, one := range all {
		if resource, ok := c.listed[one]; ok && !slices.Contains(found, resource) {
			found = append(found, resource)
		}
	}
	return found
}

// anyServed is what some server might serve, with few names, so that they meet.
func anyServed(dice *rand.Rand) *served {
	pick := func(of ...string) string { return of[dice.IntN(len(of))] }
	some := func(of ...string) (chosen []string) {
		for _, one := range of {
			if dice.IntN(3) == 0 {
				chosen = append(chosen, one)
			}
		}
		return chosen
	}
	lists := map[schema.GroupVersion]*metav1.APIResourceList{}
	found := &served{all: map[schema.GroupVersionResource]Resource{}, listed: map[schema.GroupResource]Resource{}}
	for _, name := range append([]string{""}, some("apps", "apps.example", "ap", "batch")...) {
		group := metav1.APIGroup{Name: name}
		for _, version := range append([]string{"v1"}, some("v2", "v1beta1")...) {
			id := schema.GroupVersion{Group: name, Version: version}
			group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{GroupVersion: id.String(), Version: version})
			if dice.IntN(8) == 0 {
				continue // it could not be looked into
			}
			lists[id] = &metav1.APIResourceList{GroupVersion: id.String()}
			for _, kind := range some("Pod", "Deploy", "Po", "Sheep", "Policy") {
				lists[id].APIResources = append(lists[id].APIResources, metav1.APIResource{
					Name: pick(strings.ToLower(kind)+"s", strings.ToLower(kind)), Kind: kind, Namespaced: dice.IntN(2) == 0,
					SingularName: pick("", strings.ToLower(kind)), ShortNames: some("po", "pod", "d", "sheep"), Categories: some("all", "pods"),
					Verbs: some("list", "get"),
				})
			}
		}
		group.PreferredVersion = group.Versions[dice.IntN(len(group.Versions))]
		found.groups = append(found.groups, group)
	}
	found.index(lists)
	found.mapper = newMapper(found.groups, lists)
	return found
}

func TestNamesAreFoundAsByClientGo(t *testing.T) {
	const servers = 300
	met := 0
	for seed := range uint64(servers) {
		served := anyServed(rand.New(rand.NewPCG(seed, seed)))
		kubectl := newClientGo(t, served)
		for _, group := range []string{"", "apps", "ap", "app", "apps.example", "batch", "b", "none"} {
			for _, version := range []string{"", "v1", "v2", "v3"} {
				for _, name := range []string{"pods", "pod", "po", "pos", "d", "deploy", "deploys", "sheep", "sheeps", "policy", "policies", "policys", "none"} {
					asked := schema.GroupVersionResource{Group: group, Version: version, Resource: name}
					want := kubectl.kindFor(t, asked)
					if got := kindOr(served.mapper.KindFor(served.expand(asked))); got != want {
						t.Errorf("seed %d: %s is %s, and by client-go %s", seed, asked, got, want)
					}
					if want != "none" {
						met++
					}
				}
			}
		}
		for _, category := range []string{"all", "pods", "none"} {
			if got, want := fmt.Sprint(served.inCategory(category)), fmt.Sprint(kubectl.inCategory(t, category)); got != want {
				t.Errorf("seed %d: category %s is %s, and by client-go %s", seed, category, got, want)
			}
		}
	}
	if met < 10*servers {
		t.Errorf("only %d names were of something", met)
	}
	t.Logf("%d names were of something", met)
}
