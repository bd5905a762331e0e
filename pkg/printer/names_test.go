package printer_test

import (
	"bytes"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

func named(resource view.Resource, names ...string) view.Page {
	page := view.Page{Resource: resource}
	for _, name := range names {
		page.Rows = append(page.Rows, view.Row{Namespace: "default", Name: name})
	}
	return page
}

func TestNames(t *testing.T) {
	var got bytes.Buffer
	names := printer.NewNames(&got)
	add(t, names, "kurator-member1", named(pods(), "a", "b"))
	add(t, names, "kurator-member1", named(deployments(), "a"))
	add(t, names, "nothing", named(pods()))
	if got.Len() > 0 {
		t.Error("it is not held until it is flushed")
	}
	if err := names.Flush(); err != nil || bytes.Count(got.Bytes(), []byte("\n")) != 3 {
		t.Errorf("after Flush: %v\n%s", err, &got)
	}
	add(t, names, "kurator-member\u202e2", named(view.Resource{Group: "Example.com", Name: "widgets", Kind: "WidGet"}, "evil\x1b"))
	if err := names.Close(nil); err != nil {
		t.Fatal(err)
	}
	const want = `kurator-member1 pod/a
kurator-member1 pod/b
kurator-member1 deployment.apps/a
kurator-member\u202e2 widget.Example.com/evil\x1b
`
	if got.String() != want {
		t.Errorf("got\n%s, want\n%s", &got, want)
	}
}

func TestNamesSaysThatItCouldNotBeWritten(t *testing.T) {
	names := printer.NewNames(brokenPipe{})
	add(t, names, "member1", named(pods(), "a"))
	if err := names.Close(nil); err == nil {
		t.Error("no error")
	}
}
