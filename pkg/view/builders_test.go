package view_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

type object = map[string]any

// newMember is a member that answers with these, in order, and fails the test
// where it is asked too often or too seldom.
func newMember(t *testing.T, answers ...func(*http.Request) any) *fleet.Client {
	t.Helper()
	asked := 0
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > len(answers) {
			t.Errorf("unexpected request: %s", r.URL)
			http.Error(w, "", http.StatusTeapot)
			return
		}
		writeJSON(w, answers[asked-1](r))
	})
	t.Cleanup(func() {
		if asked < len(answers) {
			t.Errorf("%d of %d requests came", asked, len(answers))
		}
	})
	return client
}

// newPaths is a member that serves these paths, whatever else is asked of them,
// and says of others that it does not serve them. It fails the test where one
// is not asked for.
func newPaths(t *testing.T, paths map[string]any) *fleet.Client {
	t.Helper()
	var mutex sync.Mutex
	asked := map[string]bool{} // guarded by mutex
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		asked[r.URL.Path] = true
		mutex.Unlock()
		if body, ok := paths[r.URL.Path]; ok {
			writeJSON(w, body)
			return
		}
		http.Error(w, "404 page not found", http.StatusNotFound)
	})
	t.Cleanup(func() {
		for path := range paths {
			if !asked[path] {
				t.Errorf("nobody asked for %s", path)
			}
		}
	})
	return client
}

// writeJSON writes text as it is, and a Status with its own code.
func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if text, ok := body.(string); ok {
		_, _ = w.Write([]byte(text))
		return
	}
	if is, ok := body.(object); ok && is["kind"] == "Status" {
		if code, ok := is["code"].(int); ok {
			w.WriteHeader(code)
		}
	}
	_ = json.NewEncoder(w).Encode(body)
}

func newServer(t testing.TB, handler http.HandlerFunc) *fleet.Client {
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

func answer(body any) func(*http.Request) any { return func(*http.Request) any { return body } }

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

func status(code int, reason, message string) object {
	return object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": message}
}

// podList is a list as API servers encode those of their own types.
func podList(next string, items ...string) string {
	return `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1","continue":"` + next + `"},"items":[` + strings.Join(items, ",") + `]}`
}

// query asks for the pods of one namespace, but for what the change says.
func query(change ...func(*view.Query)) view.Query {
	q := view.Query{Wide: true, Asks: []view.Ask{{Type: "pods"}}, Namespace: "ns", ChunkSize: 500}
	for _, c := range change {
		c(&q)
	}
	return q
}

func in(form view.Form) func(*view.Query) { return func(q *view.Query) { q.Form = form } }

func everywhere(q *view.Query) { q.Namespace = "" }

func named(names ...string) func(*view.Query) {
	return func(q *view.Query) { q.Asks[0].Names = names }
}

func sortedBy(t *testing.T, expression string) func(*view.Query) {
	t.Helper()
	field, err := view.ParseField(expression)
	if err != nil {
		t.Fatal(err)
	}
	return func(q *view.Query) { q.SortBy = field }
}

// get collects all pages.
func get(ctx context.Context, client rest.Interface, q view.Query) ([]view.Page, error) {
	var pages []view.Page
	err := view.Get(ctx, client, q, func(page view.Page) error {
		pages = append(pages, page)
		return nil
	})
	return pages, err
}

func rowsOf(pages []view.Page) []view.Row {
	var rows []view.Row
	for _, page := range pages {
		rows = append(rows, page.Rows...)
	}
	return rows
}

func cellsOf(pages []view.Page) [][]string {
	var cells [][]string
	for _, row := range rowsOf(pages) {
		cells = append(cells, row.Cells)
	}
	return cells
}
