package view

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// newAnswering is a member that serves these tables and nothing else, and of
// which the names are known that the lookup finds.
func newAnswering(t *testing.T, tables map[string]string, found map[string][]Resource) member {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cell, ok := tables[r.URL.Path]
		if !ok {
			http.Error(w, "404 page not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"kind":"Table","columnDefinitions":[{"name":"Name"}],"rows":[{"cells":[%q]}]}`, cell)
	}))
	t.Cleanup(server.Close)
	client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return member{client: client, query: Query{Namespace: "ns"}, lookup: func(_ context.Context, name string) ([]Resource, error) {
		if resources, ok := found[name]; ok {
			return resources, nil
		}
		return nil, &reason.Error{Reason: reason.NotFound, Err: &UnknownTypeError{Type: name}}
	}}
}

func TestTypesThatAreLookedUp(t *testing.T) {
	release := Resource{Group: "helm.toolkit.fluxcd.io", Version: "v2beta2", Name: "helmreleases", Kind: "HelmRelease", Namespaced: true}
	pod := Resource{Version: "v1", Name: "pods", Kind: "Pod", Namespaced: true}
	gone := Resource{Group: "gone", Version: "v1", Name: "gones", Kind: "Gone"}
	asked := newAnswering(t, map[string]string{
		"/apis/helm.toolkit.fluxcd.io/v2beta2/namespaces/ns/helmreleases":   "release",
		"/apis/helm.toolkit.fluxcd.io/v2beta2/namespaces/ns/helmreleases/a": "a",
		"/api/v1/namespaces/ns/pods":                                        "pod",
	}, map[string][]Resource{"hr": {release}, "all": {release, gone, pod}, "gones": {gone}})
	for _, test := range []struct {
		wanted want
		cells  []string
		err    string
	}{
		{want{typ: "po"}, []string{"pod"}, ""},
		{want{typ: "hr"}, []string{"release"}, ""},
		{want{typ: "hr", name: "a"}, []string{"a"}, ""},
		{want{typ: "all"}, []string{"release", "pod"}, "the server could not find the requested resource (get gones)"},
		{want{typ: "all", name: "a"}, nil, `"all" stands for 3 types, so that none of their objects can be named; name one type`},
		{want{typ: "gones"}, nil, "the server could not find the requested resource (get gones)"},
		{want{typ: "ks"}, nil, `the server doesn't have a resource type "ks"`},
		{want{typ: "foos"}, nil, `the server doesn't have a resource type "foos"`},
	} {
		var cells []string
		err := asked.get(t.Context(), test.wanted, func(page Page) error {
			for _, row := range page.Rows {
				cells = append(cells, row.Cells...)
			}
			return nil
		})
		if got := fmt.Sprint(err); !reflect.DeepEqual(cells, test.cells) || got != test.err && (test.err != "" || err != nil) {
			t.Errorf("%v: got %v, %v, want %v, %s", test.wanted, cells, err, test.cells, test.err)
		}
	}
}
