package fleet

import (
	"slices"
	"testing"
)

func inNamespaces(kind string, namespacedNames ...[2]string) map[string]any {
	var items []any
	for _, one := range namespacedNames {
		items = append(items, map[string]any{"metadata": map[string]any{"namespace": one[0], "name": one[1]}})
	}
	return map[string]any{"kind": kind + "List", "items": items}
}

// A cluster is of the fleets of its own namespace, whatever has the same name in
// another one.
func TestReadAll(t *testing.T) {
	host := newHost(t, map[string]any{
		"/apis/fleet.kurator.dev/v1alpha1/fleets":             inNamespaces("Fleet", [2]string{"a", "f"}, [2]string{"b", "g"}),
		"/apis/cluster.kurator.dev/v1alpha1/attachedclusters": inNamespaces("AttachedCluster", [2]string{"a", "one"}, [2]string{"c", "one"}),
		"/apis/cluster.kurator.dev/v1alpha1/clusters":         inNamespaces("Cluster", [2]string{"a", "two"}),
		"/apis/apps.kurator.dev/v1alpha1/applications":        inNamespaces("Application", [2]string{"b", "shop"}),
	})
	all, err := ReadAll(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	for namespace, want := range map[string][]string{"a": {"one", "two"}, "b": nil, "c": {"one"}} {
		var names []string
		for _, member := range all[namespace].All() {
			names = append(names, member.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("namespace %s has %q, want %q", namespace, names, want)
		}
	}
	if len(all) != 3 || !slices.Equal(all["b"].Fleets(), []string{"g"}) {
		t.Errorf("got %v", all)
	}
	applications, err := Applications(t.Context(), host, "")
	if err != nil || len(applications) != 1 || applications[0].Name != "shop" {
		t.Errorf("applications %v, %v", applications, err)
	}
}
