package view_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// says answers every request with the same, in pieces of a size that meets
// tokens and characters in their middle.
type says []byte

func (s says) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(&halting{bytes.NewReader(s)}),
	}, nil
}

type halting struct{ *bytes.Reader }

func (h *halting) Read(p []byte) (int, error) { return h.Reader.Read(p[:min(len(p), 7)]) }

// Whatever a member answers, it ends in pages that hold together or in an error
// that says what is wrong with it.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7","continue":"more"},"columnDefinitions":[{"name":"Name","format":"name","priority":0},{"name":"X","priority":1}],` +
			`"rows":[{"cells":["a",1],"object":{"kind":"PartialObjectMetadata","metadata":{"name":"a","namespace":"ns","labels":{"a":"b"}}}},{"cells":["b\nc",null],"object":{"metadata":{}}}]}`,
		`{"kind":"Table","columnDefinitions":[],"rows":null}`,
		`{"kind":"Table","columnDefinitions":[{}],"rows":[{"cells":["a"],"cells":[{"a":[1.5,true]}],"object":null}]}`,
		podList("", `{"metadata":{"name":"a","managedFields":[{}]},"spec":{"x":["10"]}}`, `{"metadata":{"name":"b","creationTimestamp":"2026-01-02T03:04:05Z"}}`),
		`{"apiVersion":"x/v1","items":[{"metadata":{"name":"a"}}],"kind":"FooList","metadata":{}}`,
		`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"x":"1e999999999"}}`,
		`{"kind":"Status","status":"Success"}`, `null`, `[[[[`, `{"a":{"b":[`, "{\"kind\":\"\xff\"}",
	} {
		for form := range 3 {
			f.Add([]byte(seed), uint8(form))
			f.Add([]byte(seed), uint8(form+8*7))
		}
	}
	field, err := view.ParseField(".spec.x[0]")
	if err != nil {
		f.Fatal(err)
	}
	known := []string{
		"its answer is not a table of pods", "its answer is not a list of pods", "its answer for pods/a is not an object",
		"its table of pods has a row of ", "its table of pods has a row without its object's metadata",
		"its list of pods has a next page without end", "its table of pods has more than ",
	}
	f.Fuzz(func(t *testing.T, body []byte, how uint8) {
		client, err := fleet.NewHostClient(&rest.Config{Host: "http://member", Transport: says(body)})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		q := query(in(view.Form(how % 3)))
		q.Labels = how&8 != 0
		if how&16 != 0 {
			q.SortBy = field
		}
		switch {
		case how&32 != 0:
			q.Namespace = ""
		case how&64 != 0:
			q.Asks[0].Names = []string{"a"}
		}
		pages, err := get(t.Context(), client, q)
		if err != nil && (reason.Of(err) != reason.Failed || !slices.ContainsFunc(known, func(text string) bool { return strings.HasPrefix(err.Error(), text) })) {
			t.Errorf("error is %v", err)
		}
		for _, page := range pages {
			if len(page.Rows) == 0 || len(page.Rows) > 100 {
				t.Errorf("a page has %d rows", len(page.Rows))
			}
			for _, row := range page.Rows {
				checkRow(t, q.Form, page.Columns, row)
			}
		}
	})
}

func checkRow(t *testing.T, form view.Form, columns []view.Column, row view.Row) {
	t.Helper()
	if len(row.Cells) != len(columns) || form != view.Rows && len(columns) != 0 {
		t.Errorf("%d cells under %d columns", len(row.Cells), len(columns))
	}
	for _, cell := range row.Cells {
		if strings.ContainsAny(cell, "\f\n\r") {
			t.Errorf("a cell has many lines: %q", cell)
		}
	}
	if form == view.Objects {
		var object map[string]any
		if err := json.Unmarshal(row.Object, &object); err != nil || object["kind"] == nil && !bytes.Contains(row.Object, []byte(`"kind":null`)) {
			t.Errorf("%s is no object: %v", row.Object, err)
		}
	}
	if view.Compare(row.Key, row.Key) != 0 {
		t.Errorf("%v is not itself", row.Key)
	}
}
