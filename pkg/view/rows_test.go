package view_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// What kubectl prints for the same cells, which it decodes to integers where
// they are such, and to floating point numbers else.
func TestCells(t *testing.T) {
	for in, want := range map[string]string{
		`"text"`: "text", `""`: "", `null`: "", `true`: "true", `false`: "false",
		`7`: "7", `-3`: "-3", `1234567`: "1234567", `9007199254740993`: "9007199254740993",
		`0.25`: "0.25", `1e6`: "1e+06", `1.0`: "1", `123456789.5`: "1.234567895e+08", `1e400`: "error", `12345678901234567890`: "1.2345678901234567e+19",
		`["a",1,null]`: "[a 1 <nil>]", `{"b":1,"a":"x"}`: "map[a:x b:1]", `[]`: "[]", `{}`: "map[]",
		`"first\nsecond"`: "first...", `"a\rb"`: "a...", `"a\fb"`: "a...", `"\n"`: "...", `["a\nb"]`: "[a...",
		`"tab\tand \u001b[31m"`: "tab\tand \x1b[31m", `"\u00e9\u4e16"`: "é世", "\"é世\"": "é世", `"\\\""`: `\"`,
		"\"\xff\"": "\uFFFD", `"\ud800"`: "\uFFFD",
	} {
		pages, err := get(t.Context(), newMember(t, answer(fmt.Sprintf(
			`{"kind":"Table","columnDefinitions":[{"name":"Value"}],"rows":[{"cells":["before"]},{"cells":[%s]}]}`, in))), query())
		got := ""
		if rows := rowsOf(pages); len(rows) == 2 {
			got = rows[1].Cells[0]
		}
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s became %q (%v), want %q", in, got, err, want)
		}
	}
}

func TestColumns(t *testing.T) {
	pages, err := get(t.Context(), newMember(t, answer(object{
		"kind": "Table", "columnDefinitions": []object{{"name": "Name", "format": "name", "type": "string"}, {"name": "IP", "priority": 1}},
		"rows": []object{row("a", "::1")},
	})), query())
	want := []view.Page{{
		Resource: view.Resource{Version: "v1", Name: "pods", Kind: "Pod", Namespaced: true},
		Columns:  []view.Column{{Name: "Name", Format: "name"}, {Name: "IP", Priority: 1}},
		Rows:     []view.Row{{Cells: []string{"a", "::1"}}},
	}}
	if err != nil || !reflect.DeepEqual(pages, want) {
		t.Errorf("got %+v, %v", pages, err)
	}
}

func TestWhatIsAsked(t *testing.T) {
	const (
		asTable   = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
		asNames   = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
		asName    = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
		asObjects = "application/json"
	)
	type change = func(*view.Query)
	of := func(typ string) change { return func(q *view.Query) { q.Asks[0].Type = typ } }
	selected := func(q *view.Query) { q.LabelSelector, q.FieldSelector = "a=b", "spec.nodeName=n" }
	subresource := func(q *view.Query) { q.Subresource = "status" }
	labels := func(q *view.Query) { q.Labels = true }
	chunk := func(size int) change { return func(q *view.Query) { q.ChunkSize = size } }
	bySpec, byName := sortedBy(t, ".spec.x"), sortedBy(t, "metadata.name")
	for _, test := range []struct {
		changes     []change
		url, accept string
	}{
		{nil, "/api/v1/namespaces/ns/pods?includeObject=None&limit=500", asTable},
		{[]change{everywhere}, "/api/v1/pods?includeObject=Metadata&limit=500", asTable},
		{[]change{labels}, "/api/v1/namespaces/ns/pods?includeObject=Metadata&limit=500", asTable},
		{[]change{byName}, "/api/v1/namespaces/ns/pods?includeObject=Metadata&limit=500", asTable},
		{[]change{bySpec}, "/api/v1/namespaces/ns/pods?includeObject=Object&limit=500", asTable},
		{[]change{of("nodes")}, "/api/v1/nodes?includeObject=None&limit=500", asTable},
		{[]change{of("nodes"), everywhere}, "/api/v1/nodes?includeObject=None&limit=500", asTable},
		{[]change{of("deploy"), chunk(0)}, "/apis/apps/v1/namespaces/ns/deployments?includeObject=None&limit=0", asTable},
		{[]change{of("deployments.v1.apps"), chunk(7)}, "/apis/apps/v1/namespaces/ns/deployments?includeObject=None&limit=7", asTable},
		{[]change{selected}, "/api/v1/namespaces/ns/pods?fieldSelector=spec.nodeName%3Dn&includeObject=None&labelSelector=a%3Db&limit=500", asTable},
		{[]change{named("a")}, "/api/v1/namespaces/ns/pods/a?includeObject=None", asTable},
		{[]change{named("a"), selected, subresource}, "/api/v1/namespaces/ns/pods/a/status?includeObject=None", asTable},
		{[]change{of("no"), named("a"), everywhere}, "/api/v1/nodes/a?includeObject=None", asTable},
		{[]change{in(view.Objects)}, "/api/v1/namespaces/ns/pods?limit=500", asObjects},
		{[]change{in(view.Objects), bySpec, everywhere, labels}, "/api/v1/pods?limit=500", asObjects},
		{[]change{in(view.Objects), named("a")}, "/api/v1/namespaces/ns/pods/a", asObjects},
		{[]change{in(view.Names)}, "/api/v1/namespaces/ns/pods?limit=500", asNames},
		{[]change{in(view.Names), byName}, "/api/v1/namespaces/ns/pods?limit=500", asNames},
		{[]change{in(view.Names), bySpec}, "/api/v1/namespaces/ns/pods?limit=500", asObjects},
		{[]change{in(view.Names), named("a")}, "/api/v1/namespaces/ns/pods/a", asName},
	} {
		q := query(test.changes...)
		client := newMember(t, func(r *http.Request) any {
			if r.URL.String() != test.url {
				t.Errorf("asked for\n  %s, want\n  %s", r.URL, test.url)
			}
			if got := r.Header.Get("Accept"); got != test.accept {
				t.Errorf("%s: Accept is %q", r.URL, got)
			}
			switch {
			case q.Form == view.Rows:
				return table("", []string{"Name"})
			case len(q.Asks[0].Names) > 0:
				return object{"kind": "Pod", "metadata": object{"name": "a"}}
			}
			return podList("")
		})
		if _, err := get(t.Context(), client, q); err != nil {
			t.Errorf("%s: %v", test.url, err)
		}
	}
}

func TestAnswersThatAreNoTable(t *testing.T) {
	const no = "its answer is not a table of pods"
	table := func(rest string) string {
		return `{"kind":"Table","columnDefinitions":[{"name":"A"},{"name":"B"}],` + rest
	}
	for name, test := range map[string]struct{ answer, want string }{
		"a number":                 {`7`, no},
		"null":                     {`null`, no},
		"nothing":                  {``, no},
		"text":                     {`hello`, no},
		"an array":                 {`[]`, no},
		"an object":                {`{}`, no},
		"a pod":                    {`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}`, no},
		"a status":                 {`{"kind":"Status","status":"Success"}`, no},
		"a kind of wrong type":     {`{"kind":["Table"],"rows":[]}`, no},
		"metadata of wrong type":   {table(`"metadata":7,"rows":[]}`), no},
		"a token of wrong type":    {table(`"metadata":{"continue":{}},"rows":[]}`), no},
		"rows of wrong type":       {table(`"rows":"x"}`), no},
		"a row of wrong type":      {table(`"rows":["x"]}`), no},
		"cells of wrong type":      {table(`"rows":[{"cells":"ab"}]}`), no},
		"a number out of range":    {table(`"rows":[{"cells":["a",1e999]}]}`), no},
		"columns of wrong type":    {`{"kind":"Table","columnDefinitions":{"name":"A"},"rows":[]}`, no},
		"a column of wrong type":   {`{"kind":"Table","columnDefinitions":["A"],"rows":[]}`, no},
		"a priority of wrong type": {`{"kind":"Table","columnDefinitions":[{"name":"A","priority":"high"}],"rows":[]}`, no},
		"a priority out of range":  {`{"kind":"Table","columnDefinitions":[{"name":"A","priority":4294967296}],"rows":[]}`, no},
		"rows before columns":      {`{"kind":"Table","rows":[{"cells":[]}],"columnDefinitions":[]}`, no},
		"rows before the kind":     {`{"columnDefinitions":[],"rows":[],"kind":"Table"}`, no},
		"rows without columns":     {`{"kind":"Table","rows":[]}`, no},
		"a table with items":       {table(`"items":[]}`), no},
		"items, then a table":      {`{"items":[],"kind":"Table"}`, no},
		"items of no list":         {`{"items":[],"kind":"Pod"}`, no},
		"items of no kind":         {`{"items":[]}`, no},
		"items without metadata":   {`{"kind":"PodList","items":[{}]}`, no},
		"items of wrong type":      {`{"kind":"PodList","items":{"a":{}}}`, no},
		"an item of wrong type":    {`{"kind":"PodList","items":["a"]}`, no},
		"rows twice":               {table(`"rows":[],"rows":[]}`), no},
		"columns twice":            {table(`"columnDefinitions":[]}`), no},
		"the kind twice":           {table(`"kind":"Table"}`), no},
		"cut off in a row":         {table(`"rows":[{"cells":["a"`), no},
		"cut off after a row":      {table(`"rows":[{"cells":["a","b"]}`), no},
		"cut off before its end":   {table(`"rows":[]`), no},
		"more after its end":       {table(`"rows":[]}{}`), no},
		"garbage after its end":    {table(`"rows":[]}]`), no},
		"deep rows":                {table(`"rows":` + strings.Repeat("[", 100_000)), no},
		"deep cells":               {table(`"rows":[{"cells":["a",` + strings.Repeat("[", 100_000)), no},
		"deep else":                {table(`"x":` + strings.Repeat(`{"x":`, 100_000)), no},
		"an object of wrong type":  {table(`"rows":[{"cells":["a","b"],"object":7}]}`), no},
		"a comma too many":         {table(`"rows":[{"cells":["a","b"]},]}`), no},
		"a short row":              {table(`"rows":[{"cells":["a"]}]}`), "its table of pods has a row of 1 cells under 2 columns"},
		"a long row":               {table(`"rows":[{"cells":["a","b","c"]}]}`), "its table of pods has a row of 3 cells under 2 columns"},
		"a row after a longer one": {table(`"rows":[{"cells":["a","b"]},{}]}`), "its table of pods has a row of 0 cells under 2 columns"},
		"a row of null":            {table(`"rows":[null]}`), "its table of pods has a row of 0 cells under 2 columns"},
		"cells of null":            {table(`"rows":[{"cells":null}]}`), "its table of pods has a row of 0 cells under 2 columns"},
		"no columns":               {`{"kind":"Table","columnDefinitions":null,"rows":[{"cells":["a"]}]}`, "its table of pods has a row of 1 cells under 0 columns"},
		"many columns":             {`{"kind":"Table","columnDefinitions":[{}` + strings.Repeat(",{}", 1000) + `],"rows":[]}`, "its table of pods has more than 1000 columns"},
		"a huge row":               {table(`"rows":[{"cells":["a","` + strings.Repeat("x", 5<<20) + `"]}]}`), "its answer has an object larger than 4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t.Context(), newMember(t, answer(test.answer)), query())
			if err == nil || err.Error() != test.want || reason.Of(err) != reason.Failed {
				t.Errorf("error is %v (%s), want %s", err, reason.Of(err), test.want)
			}
		})
	}
}

// What is wrong with an answer does not take what came before it away.
func TestWhatCameBeforeIsShown(t *testing.T) {
	pages, err := get(t.Context(), newMember(t, answer(`{"kind":"Table","columnDefinitions":[{"name":"A"}],"rows":[`+
		strings.Repeat(`{"cells":["a"]},`, 250)+`{"cells":[]}]}`)), query())
	if err == nil || len(rowsOf(pages)) != 200 {
		t.Errorf("got %d rows, %v", len(rowsOf(pages)), err)
	}
}

func TestUnknownFieldsArePassedBy(t *testing.T) {
	pages, err := get(t.Context(), newMember(t, answer(`{"kind":"Table","more":{"rows":[[{}],null,"}"]},"columnDefinitions":[{"name":"A","x":[1]}],`+
		`"rows":[{"conditions":[{"type":"Completed"}],"cells":["a"],"object":{"x":[{}]}}],"x":7,"items2":[] }`+"\n ")), query())
	if want := [][]string{{"a"}}; err != nil || !reflect.DeepEqual(cellsOf(pages), want) {
		t.Errorf("got %q, %v", cellsOf(pages), err)
	}
	if pages, err := get(t.Context(), newMember(t, answer(`{"kind":"Table","columnDefinitions":[],"rows":null}`)), query()); err != nil || len(pages) != 0 {
		t.Errorf("a table without rows is %v, %v", pages, err)
	}
}

func withObject(metadata object, cells ...any) object {
	return object{"cells": cells, "object": object{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}}
}

func TestNamespacesOfAllNamespaces(t *testing.T) {
	rows := []object{withObject(object{"namespace": "a"}, "x"), withObject(object{"namespace": "b"}, "x"), withObject(object{}, "x")}
	pages, err := get(t.Context(), newMember(t, answer(table("", []string{"Name"}, rows...))), query(everywhere))
	var got []string
	for _, row := range rowsOf(pages) {
		got = append(got, row.Namespace)
	}
	if want := []string{"a", "b", ""}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []object{row("x"), {"cells": []any{"x"}}, {"cells": []any{"x"}, "object": object{}}} {
		_, err := get(t.Context(), newMember(t, answer(table("", []string{"Name"}, rows[0], bad))), query(everywhere))
		if err == nil || err.Error() != "its table of pods has a row without its object's metadata" {
			t.Errorf("a row without its namespace passes as %v", err)
		}
	}
}

func TestLabelsOfRows(t *testing.T) {
	labels := func(q *view.Query) { q.Labels = true }
	pages, err := get(t.Context(), newMember(t, answer(table("", []string{"Name"},
		withObject(object{"namespace": "ns", "labels": object{"a": "b", "c": ""}}, "x"), withObject(object{}, "y")))), query(labels))
	want := []view.Row{{Cells: []string{"x"}, Labels: map[string]string{"a": "b", "c": ""}}, {Cells: []string{"y"}}}
	if err != nil || !reflect.DeepEqual(rowsOf(pages), want) {
		t.Errorf("got %+v, %v", rowsOf(pages), err)
	}
}

func TestKeysOfRows(t *testing.T) {
	pages, err := get(t.Context(), newMember(t, answer(table("", []string{"Name"},
		object{"cells": []any{"x"}, "object": object{"metadata": object{}, "spec": object{"replicas": 3}}},
		object{"cells": []any{"y"}, "object": object{"metadata": object{}, "spec": object{}}}))), query(sortedBy(t, "spec.replicas")))
	want := []view.Row{{Cells: []string{"x"}, Key: int64(3)}, {Cells: []string{"y"}}}
	if err != nil || !reflect.DeepEqual(rowsOf(pages), want) {
		t.Errorf("got %+v, %v", rowsOf(pages), err)
	}
}

// A server that has no tables answers with the objects themselves.
func TestServersWithoutTables(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func(q *view.Query) { q.Now = func() time.Time { return now } }
	item := func(name string, created any) object {
		return object{"metadata": object{"name": name, "namespace": "in", "creationTimestamp": created, "labels": object{"a": name}}, "usage": object{"cpu": "1"}}
	}
	columns := []view.Column{{Name: "Name", Format: "name"}, {Name: "Age"}}
	want := []view.Row{
		{Namespace: "in", Cells: []string{"a", "26h"}, Labels: map[string]string{"a": "a"}},
		{Namespace: "in", Cells: []string{"b", "<unknown>"}, Labels: map[string]string{"a": "b"}},
		{Namespace: "in", Cells: []string{"c...", "<unknown>"}, Labels: map[string]string{"a": "c\nd"}},
	}
	items := []object{item("a", now.Add(-26*time.Hour).Format(time.RFC3339)), item("b", nil), item("c\nd", "yesterday")}
	labels := func(q *view.Query) { q.Labels = true }
	for name, list := range map[string]any{
		"the kind first": object{"kind": "PodMetricsList", "items": items},
		"the kind last":  object{"an": "api", "items": items, "kind": "PodMetricsList"},
	} {
		pages, err := get(t.Context(), newMember(t, answer(list)), query(everywhere, clock, labels))
		if err != nil || len(pages) != 1 || !reflect.DeepEqual(pages[0].Rows, want) || !reflect.DeepEqual(pages[0].Columns, columns) {
			t.Errorf("%s: got %+v, %v", name, pages, err)
		}
	}
	pages, err := get(t.Context(), newMember(t, answer(object{"kind": "PodMetrics", "metadata": items[0]["metadata"]})), query(named("a"), clock))
	if want := [][]string{{"a", "26h"}}; err != nil || !reflect.DeepEqual(cellsOf(pages), want) || !reflect.DeepEqual(pages[0].Columns, columns) {
		t.Errorf("got %+v, %v", pages, err)
	}
}
