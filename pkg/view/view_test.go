package view_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// newMember is a member that answers with the pages, in order, and fails the
// test where it is asked too often or too seldom.
func newMember(t *testing.T, pages ...func(*http.Request) any) *fleet.Client {
	t.Helper()
	asked := 0
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > len(pages) {
			t.Errorf("unexpected request: %s", r.URL)
			http.Error(w, "", http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(pages[asked-1](r))
	})
	t.Cleanup(func() {
		if asked < len(pages) {
			t.Errorf("%d of %d requests came", asked, len(pages))
		}
	})
	return client
}

func newServer(t *testing.T, handler http.HandlerFunc) *fleet.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

type object = map[string]any

// table is a Table of these columns, as an API server answers it.
func table(next string, columns []string, rows ...object) object {
	var definitions []object
	for i, name := range columns {
		definitions = append(definitions, object{"name": name, "type": "string", "priority": i / 2})
	}
	return object{
		"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": object{"continue": next},
		"columnDefinitions": definitions, "rows": rows,
	}
}

func row(cells ...any) object { return object{"cells": cells, "object": nil} }

func answer(body any) func(*http.Request) any { return func(*http.Request) any { return body } }

func pods() view.Resource {
	return view.Resource{Version: "v1", Name: "pods", Namespaced: true}
}

func cellsOf(t view.Table) [][]string {
	var all [][]string
	for _, row := range t.Rows {
		all = append(all, row.Cells)
	}
	return all
}

func TestCells(t *testing.T) {
	columns := []string{"Name", "Value", "Wide"}
	client := newMember(t, answer(table("", columns,
		row("text", nil, true), row("int", 7, false), row("float", 0.25, 1e6), row("large", 1234567, -3), row("", "", "a\x1bb"))))
	got, err := view.Get(t.Context(), client, view.Query{Resource: pods(), Namespace: "ns"})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"text", "", "true"}, {"int", "7", "false"}, {"float", "0.25", "1000000"}, {"large", "1234567", "-3"}, {"", "", "a\x1bb"},
	}
	if !reflect.DeepEqual(cellsOf(got), want) {
		t.Errorf("got %q, want %q", cellsOf(got), want)
	}
	if want := []view.Column{{Name: "Name"}, {Name: "Value"}, {Name: "Wide", Priority: 1}}; !reflect.DeepEqual(got.Columns, want) {
		t.Errorf("columns are %v", got.Columns)
	}
}

func TestWhatIsAsked(t *testing.T) {
	deployments := view.Resource{Group: "apps", Version: "v1", Name: "deployments", Namespaced: true}
	nodes := view.Resource{Version: "v1", Name: "nodes"}
	for want, query := range map[string]view.Query{
		"/api/v1/namespaces/ns/pods?includeObject=None&limit=500":                                  {Resource: pods(), Namespace: "ns"},
		"/api/v1/pods?includeObject=Metadata&limit=500":                                            {Resource: pods()},
		"/api/v1/nodes?includeObject=None&limit=500":                                               {Resource: nodes, Namespace: "ns"},
		"/apis/apps/v1/namespaces/ns/deployments?includeObject=None&labelSelector=a%3Db&limit=500": {Resource: deployments, Namespace: "ns", LabelSelector: "a=b"},
	} {
		client := newMember(t, func(r *http.Request) any {
			if r.URL.String() != want {
				t.Errorf("asked for\n  %s, want\n  %s", r.URL, want)
			}
			if got := r.Header.Get("Accept"); got != "application/json;as=Table;g=meta.k8s.io;v=v1" {
				t.Errorf("Accept is %q", got)
			}
			return table("", []string{"Name"})
		})
		if got, err := view.Get(t.Context(), client, query); err != nil || len(got.Rows) != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

func TestPages(t *testing.T) {
	next := func(token string, body any) func(*http.Request) any {
		return func(r *http.Request) any {
			if got := r.URL.Query().Get("continue"); got != token {
				t.Errorf("continues at %q, want %q", got, token)
			}
			if got := r.URL.Query().Get("labelSelector"); got != "a=b" {
				t.Errorf("the selector became %q", got)
			}
			return body
		}
	}
	columns := []string{"Name"}
	client := newMember(t,
		next("", table("one", columns, row("a"))), next("one", table("two", columns, row("b"), row("c"))), next("two", table("", columns)))
	got, err := view.Get(t.Context(), client, view.Query{Resource: pods(), Namespace: "ns", LabelSelector: "a=b"})
	if want := [][]string{{"a"}, {"b"}, {"c"}}; err != nil || !reflect.DeepEqual(cellsOf(got), want) {
		t.Errorf("got %q, %v, want %q", cellsOf(got), err, want)
	}
}

// The API's own documentation: a page may be empty where all of it was
// filtered out, and only the continue field tells whether there are more.
func TestAnEmptyPageIsNotTheLast(t *testing.T) {
	columns := []string{"Name"}
	client := newMember(t, answer(table("one", columns)), answer(table("", columns, row("a"))))
	got, err := view.Get(t.Context(), client, view.Query{Resource: pods(), Namespace: "ns"})
	if err != nil || len(got.Rows) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEndlessPagesAreStopped(t *testing.T) {
	for name, token := range map[string]func(int) string{
		"the same": func(int) string { return "again" },
		"others":   func(i int) string { return fmt.Sprint(i) },
		"in turn":  func(i int) string { return fmt.Sprint(i % 2) },
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				page := int(asked.Add(1))
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(table(token(page), []string{"Name"}, row(strings.Repeat("x", 16<<20))))
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := view.Get(ctx, client, view.Query{Resource: pods(), Namespace: "ns"})
			if err == nil || reason.Of(err) != reason.Failed {
				t.Errorf("after %d pages of 16 MiB: %v", asked.Load(), err)
			}
		})
	}
}

func TestAnswersThatAreNoTable(t *testing.T) {
	columns := []string{"Name", "Age"}
	for name, test := range map[string]struct {
		answer any
		want   string
	}{
		"a list":             {object{"kind": "PodList", "apiVersion": "v1", "items": []any{}}, "its answer is not a table of pods"},
		"a number":           {7, "its answer is not a table of pods"},
		"null":               {nil, "its answer is not a table of pods"},
		"rows of wrong type": {object{"kind": "Table", "rows": "x"}, "its answer is not a table of pods"},
		"short row":          {table("", columns, row("a")), "its table of pods has a row of 1 cells under 2 columns"},
		"long row":           {table("", columns, row("a", "b", "c")), "its table of pods has a row of 3 cells under 2 columns"},
		"no columns":         {table("", nil, row("a")), "its table of pods has a row of 1 cells under 0 columns"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := view.Get(t.Context(), newMember(t, answer(test.answer)), view.Query{Resource: pods(), Namespace: "ns"})
			if err == nil || err.Error() != test.want || reason.Of(err) != reason.Failed {
				t.Errorf("error is %v (%s), want %s", err, reason.Of(err), test.want)
			}
		})
	}
}

func TestErrorsOfTheServerPass(t *testing.T) {
	client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "no"})
	})
	if _, err := view.Get(t.Context(), client, view.Query{Resource: pods()}); err == nil || err.Error() != "no" || reason.Of(err) != reason.Forbidden {
		t.Errorf("error is %v", err)
	}
}

func TestNamespacesOfAllNamespaces(t *testing.T) {
	in := func(namespace string) object {
		return object{"cells": []any{"x"}, "object": object{"kind": "PartialObjectMetadata", "metadata": object{"namespace": namespace}}}
	}
	client := newMember(t, answer(table("", []string{"Name"}, in("a"), in("b"))))
	got, err := view.Get(t.Context(), client, view.Query{Resource: pods()})
	if err != nil || len(got.Rows) != 2 || got.Rows[0].Namespace != "a" || got.Rows[1].Namespace != "b" {
		t.Errorf("got %+v, %v", got, err)
	}
	client = newMember(t, answer(table("", []string{"Name"}, object{"cells": []any{"x"}})))
	if _, err := view.Get(t.Context(), client, view.Query{Resource: pods()}); err == nil {
		t.Error("a row without its object passes, and would show no namespace")
	}
}

func TestWellKnown(t *testing.T) {
	for want, names := range map[string][]string{
		"pods":                        {"po", "pod", "pods", "PO", "Pods"},
		"deployments.apps":            {"deploy", "deployment", "deployments", "deployments.apps", "Deploy.apps"},
		"services":                    {"svc"},
		"nodes":                       {"no"},
		"namespaces":                  {"ns"},
		"ingresses.networking.k8s.io": {"ing", "ingresses.networking.k8s.io"},
		"customresourcedefinitions.apiextensions.k8s.io": {"crd", "crds"},
		"kustomizations.kustomize.toolkit.fluxcd.io":     {"ks", "kustomization"},
		"helmreleases.helm.toolkit.fluxcd.io":            {"hr"},
		"gitrepositories.source.toolkit.fluxcd.io":       {"gitrepo"},
	} {
		for _, name := range names {
			if got, err := view.WellKnown(name); err != nil || got.String() != want {
				t.Errorf("%s is %q, %v, want %s", name, got, err, want)
			}
		}
	}
	for _, name := range []string{"", ".", "pods.apps", "deployments.extensions", "pods/x", "../pods"} {
		if got, err := view.WellKnown(name); err == nil || err.Error() != fmt.Sprintf("resource type %q is not known", name) {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
}
