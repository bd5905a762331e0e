package view_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

func TestObjects(t *testing.T) {
	const managed = `"managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{}}}]`
	keep := func(q *view.Query) { q.ManagedFields = true }
	for name, test := range map[string]struct {
		item, want string
		changes    []func(*view.Query)
	}{
		"its kind is added": {
			`{"metadata":{"name":"a"},"spec":{"x":1}}`,
			`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"x":1}}`, nil,
		},
		"its own kind is left": {
			`{"apiVersion":"x/v2","kind":"Other","metadata":{"name":"a"}}`,
			`{"apiVersion":"x/v2","kind":"Other","metadata":{"name":"a"}}`, nil,
		},
		"numbers are left": {
			`{"metadata":{"name":"a","generation":9007199254740993},"x":[1e400,1.0,-0]}`,
			`{"apiVersion":"v1","kind":"Pod","metadata":{"generation":9007199254740993,"name":"a"},"x":[1e400,1.0,-0]}`, nil,
		},
		"managed fields are dropped": {
			`{"metadata":{"name":"a",` + managed + `,"uid":"u"},"managedFields":[]}`,
			`{"apiVersion":"v1","kind":"Pod","managedFields":[],"metadata":{"name":"a","uid":"u"}}`, nil,
		},
		"managed fields are kept": {
			`{"metadata":{"name":"a",` + managed + `}}`,
			`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a",` + managed + `}}`, []func(*view.Query){keep},
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := query(append(test.changes, in(view.Objects))...)
			pages, err := get(t.Context(), newMember(t, answer(podList("", test.item))), q)
			if rows := rowsOf(pages); err != nil || len(rows) != 1 || string(rows[0].Object) != test.want || rows[0].Name != "a" {
				t.Errorf("got %+v, %v", rows, err)
			}
			q = query(append(test.changes, in(view.Objects), named("a"))...)
			pages, err = get(t.Context(), newMember(t, answer(test.item)), q)
			if rows := rowsOf(pages); err != nil || len(rows) != 1 || string(rows[0].Object) != test.want {
				t.Errorf("by its name: got %+v, %v", rows, err)
			}
		})
	}
}

func TestKindsOfObjectsOfAGroup(t *testing.T) {
	client := newMember(t, answer(`{"kind":"DeploymentList","items":[{"metadata":{"name":"a"}}]}`))
	pages, err := get(t.Context(), client, query(in(view.Objects), func(q *view.Query) { q.Asks[0].Type = "deploy" }))
	if rows := rowsOf(pages); err != nil || len(rows) != 1 || string(rows[0].Object) != `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}}` {
		t.Errorf("got %+v, %v", rows, err)
	}
}

func TestRowsOfObjectsAndNames(t *testing.T) {
	items := []string{
		`{"metadata":{"name":"a","namespace":"x","labels":{"l":"1"}},"spec":{"n":"10"}}`,
		`{"metadata":{"name":"b","namespace":"y"},"spec":{"n":"word"}}`,
	}
	labels := func(q *view.Query) { q.Labels = true }
	for _, form := range []view.Form{view.Objects, view.Names} {
		pages, err := get(t.Context(), newMember(t, answer(podList("", items...))), query(in(form), everywhere, labels, sortedBy(t, ".spec.n")))
		rows := rowsOf(pages)
		if err != nil || len(rows) != 2 || view.Compare(rows[0].Key, rows[1].Key) >= 0 {
			t.Fatalf("got %+v, %v", rows, err)
		}
		for i := range rows {
			if (rows[i].Object != nil) != (form == view.Objects) {
				t.Errorf("the object is %s", rows[i].Object)
			}
			rows[i].Object, rows[i].Key = nil, nil
		}
		if want := []view.Row{{Name: "a", Namespace: "x", Labels: map[string]string{"l": "1"}}, {Name: "b", Namespace: "y"}}; !reflect.DeepEqual(rows, want) {
			t.Errorf("got %+v", rows)
		}
	}
}

func TestAnswersThatAreNoList(t *testing.T) {
	const no = "its answer is not a list of pods"
	list := func(rest string) string { return `{"kind":"PodList","apiVersion":"v1",` + rest }
	for name, test := range map[string]struct{ answer, want string }{
		"null":                 {`null`, no},
		"nothing":              {``, no},
		"a table":              {`{"kind":"Table","columnDefinitions":[],"rows":[]}`, no},
		"a pod":                {`{"kind":"Pod","metadata":{"name":"a"}}`, no},
		"no items":             {list(`"metadata":{}}`), no},
		"items of wrong type":  {list(`"items":7}`), no},
		"items twice":          {list(`"items":[],"items":[]}`), no},
		"an item of null":      {list(`"items":[null]}`), no},
		"an item of text":      {list(`"items":["a"]}`), no},
		"no metadata":          {list(`"items":[{"spec":{}}]}`), no},
		"metadata of null":     {list(`"items":[{"metadata":null}]}`), no},
		"metadata of text":     {list(`"items":[{"metadata":"a"}]}`), no},
		"a name of wrong type": {list(`"items":[{"metadata":{"name":7}}]}`), no},
		"labels of wrong type": {list(`"items":[{"metadata":{"name":"a","labels":{"a":1}}}]}`), no},
		"cut off":              {list(`"items":[{"metadata":{"name":"a"}}`), no},
		"garbage":              {list(`"items":[]}x`), no},
		"deep":                 {list(`"items":[{"metadata":{"name":"a"},"x":` + strings.Repeat("[", 100_000)), no},
		"a huge item":          {list(`"items":[{"metadata":{"name":"` + strings.Repeat("x", 5<<20) + `"}}]}`), "its answer has an object larger than 4 MiB"},
	} {
		for _, form := range []view.Form{view.Objects, view.Names} {
			_, err := get(t.Context(), newMember(t, answer(test.answer)), query(in(form), func(q *view.Query) { q.Labels = true }))
			if err == nil || err.Error() != test.want || reason.Of(err) != reason.Failed {
				t.Errorf("%s: error is %v (%s), want %s", name, err, reason.Of(err), test.want)
			}
		}
	}
	if _, err := get(t.Context(), newMember(t, answer(podList("", `{"metadata":{}}`))), query(in(view.Names))); err == nil || err.Error() != no {
		t.Errorf("an object without a name passes as %v", err)
	}
}

func TestObjectsByName(t *testing.T) {
	item := func(name string) object {
		return object{"kind": "Pod", "apiVersion": "v1", "metadata": object{"name": name, "namespace": "ns"}}
	}
	const at = "/api/v1/namespaces/ns/pods/"
	client := newPaths(t, map[string]any{
		at + "c": item("c"), at + "a": item("a"), at + "b": status(http.StatusNotFound, "NotFound", `pods "b" not found`),
		at + "d": status(http.StatusForbidden, "Forbidden", "no"), at + "e": "[]", at + "f": `{"kind":"Pod"}`, at + "g": `{"metadata":`,
	})
	pages, err := get(t.Context(), client, query(in(view.Names), named("c", "b", "a", "d", "e", "f", "g")))
	if want := []view.Row{{Namespace: "ns", Name: "c"}, {Namespace: "ns", Name: "a"}}; !reflect.DeepEqual(rowsOf(pages), want) {
		t.Errorf("got %+v", rowsOf(pages))
	}
	want := "pods \"b\" not found\nno\nits answer for pods/e is not an object\nits answer for pods/f is not an object\nits answer for pods/g is not an object"
	if err == nil || err.Error() != want {
		t.Errorf("errors are %v", err)
	}
}

func TestATableOfOneName(t *testing.T) {
	client := newMember(t, answer(table("", []string{"Name", "Ready"}, row("a", "1/1"))))
	pages, err := get(t.Context(), client, query(named("a")))
	if want := [][]string{{"a", "1/1"}}; err != nil || !reflect.DeepEqual(cellsOf(pages), want) {
		t.Errorf("got %q, %v", cellsOf(pages), err)
	}
}

// A name is one segment of a path, and nothing else.
func TestNamesThatAreNone(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"../../secrets/a", `invalid resource name "../../secrets/a": [may not contain '/']`},
		{"..", `invalid resource name "..": [may not be '..']`},
		{"a%2fb", `invalid resource name "a%2fb": [may not contain '%']`},
	} {
		for _, form := range []view.Form{view.Rows, view.Objects, view.Names} {
			_, err := get(t.Context(), newMember(t), query(in(form), named(test.name)))
			if err == nil || err.Error() != test.want || reason.Of(err) != reason.Invalid {
				t.Errorf("%s: error is %v (%s)", test.name, err, reason.Of(err))
			}
		}
	}
	_, err := get(t.Context(), newMember(t), query(everywhere, named("a")))
	if err == nil || err.Error() != "pods/a cannot be asked for in all namespaces at once; name its namespace" || reason.Of(err) != reason.Invalid {
		t.Errorf("error is %v", err)
	}
	client := newPaths(t, map[string]any{"/api/v1/namespaces/ns/pods/what?x#y": object{"kind": "Pod", "metadata": object{"name": "odd"}}})
	if pages, err := get(t.Context(), client, query(in(view.Names), named("what?x#y"))); err != nil || len(pages) != 1 {
		t.Errorf("got %v, %v", pages, err)
	}
}

// What is handed over can be kept: nothing of it is written to again.
func TestPagesMayBeKept(t *testing.T) {
	var items []string
	for range 300 {
		items = append(items, `{"metadata":{"name":"a"},"x":`+string(must(json.Marshal(strings.Repeat("y", len(items)))))+`}`)
	}
	pages, err := get(t.Context(), newMember(t, answer(podList("", items...))), query(in(view.Objects)))
	rows := rowsOf(pages)
	if err != nil || len(rows) != 300 {
		t.Fatalf("got %d, %v", len(rows), err)
	}
	for i, row := range rows {
		if want := `{"apiVersion":"v1","kind":"Pod",` + items[i][1:]; string(row.Object) != want {
			t.Errorf("%d is %s, want %s", i, row.Object, want)
		}
	}
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}
