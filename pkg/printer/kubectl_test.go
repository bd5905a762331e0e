package printer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// shape is a table as an API server answers it.
type shape struct {
	resource view.Resource
	// columns are the titles: of lower priority with a plus before, and the
	// object's name with a star.
	columns string
	rows    [][]any
	labels  []map[string]string // of the first rows
}

func (s shape) names() []string { return strings.Split(s.columns, "|") }

// table is the shape as kubectl decodes it.
func (s shape) table() *metav1.Table {
	table := &metav1.Table{}
	for _, name := range s.names() {
		definition := metav1.TableColumnDefinition{Name: strings.Trim(name, "+*"), Type: "string"}
		if strings.HasPrefix(name, "+") {
			definition.Priority = 1
		}
		if strings.HasPrefix(name, "*") {
			definition.Format = "name"
		}
		table.ColumnDefinitions = append(table.ColumnDefinitions, definition)
	}
	for i, cells := range s.rows {
		object := &metav1.PartialObjectMetadata{}
		if s.resource.Namespaced {
			object.Namespace = fmt.Sprintf("team-%d", i)
		}
		if i < len(s.labels) {
			object.Labels = s.labels[i]
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: append([]any{}, cells...), Object: runtime.RawExtension{Object: object}})
	}
	return table
}

// page is the shape as pkg/view hands it over.
func (s shape) page() view.Page {
	page := view.Page{Resource: s.resource}
	for _, definition := range s.table().ColumnDefinitions {
		page.Columns = append(page.Columns, view.Column{Name: definition.Name, Format: definition.Format, Priority: definition.Priority})
	}
	for _, from := range s.table().Rows {
		row := view.Row{}
		if object, ok := from.Object.Object.(*metav1.PartialObjectMetadata); ok {
			row.Namespace, row.Labels = object.Namespace, object.Labels
		}
		for _, cell := range from.Cells {
			text := ""
			if cell != nil {
				text = fmt.Sprint(cell)
			}
			if line, _, more := strings.Cut(text, "\n"); more {
				text = line + "..."
			}
			row.Cells = append(row.Cells, text)
		}
		page.Rows = append(page.Rows, row)
	}
	return page
}

// shapes are ten kinds of tables, each with something that the others have not.
// Left out is where versions of kubectl differ: from v1.37 on it makes a column
// as wide as a cell's bytes, uncut, which is wider than what is seen of it where
// the cell is cut or not in ASCII.
func shapes() map[string]shape {
	many := shape{resource: view.Resource{Name: "pods", Version: "v1", Kind: "Pod", Namespaced: true}, columns: "*Name|Ready|Status|Restarts|Age|+IP|+Node|+Nominated Node|+Readiness Gates"}
	for i := range 250 {
		many.rows = append(many.rows, []any{strings.Repeat("x", 1+i%40), "1/1", "Running", fmt.Sprintf("%d (3h ago)", i), "5d17h", "10.0.0.1", nil, "<none>", "<none>"})
	}
	return map[string]shape{
		"many rows": many,
		"one row, one column": {
			resource: view.Resource{Name: "things", Version: "v1", Kind: "Thing"}, columns: "*Name", rows: [][]any{{"a"}},
		},
		"numbers": {
			resource: view.Resource{Group: "apps", Name: "deployments", Version: "v1", Kind: "Deployment", Namespaced: true},
			columns:  "*Name|Ready|Up-to-date|Available|Age|+Containers|+Images|+Selector",
			rows:     [][]any{{"shop", "3/3", int64(3), int64(12), "5d", "app", "nginx:1", "app=shop"}, {"a", "0/1", 0, -1, "3s", "app,sidecar", "a:1,b:2", "<none>"}},
			labels:   []map[string]string{{"app": "shop", "example.com/team": "a", "b": ""}, {"app": ""}},
		},
		"empty cells in between and last": {
			resource: view.Resource{Group: "kustomize.toolkit.fluxcd.io", Name: "kustomizations", Version: "v1", Kind: "Kustomization", Namespaced: true},
			columns:  "*Name|Age|Ready|Status",
			rows:     [][]any{{"a", "1d", nil, nil}, {"longer", "", "True", "Applied revision: main@sha1:0123"}, {"", nil, "", "x"}},
			labels:   []map[string]string{nil, {"example.com/team": "b"}},
		},
		"all last cells empty": {
			resource: view.Resource{Name: "namespaces", Version: "v1", Kind: "Namespace"}, columns: "*Name|Note", rows: [][]any{{"a", nil}, {"b", ""}},
		},
		"long cells": {
			resource: view.Resource{Group: "apiextensions.k8s.io", Name: "customresourcedefinitions", Version: "v1", Kind: "CustomResourceDefinition"},
			columns:  "*Name|Created At", rows: [][]any{{strings.Repeat("long.", 100), "2026-01-02T03:04:05Z"}, {"a", strings.Repeat("z", 300)}},
		},
		"cut at its first line": {
			resource: view.Resource{Name: "events", Version: "v1", Kind: "Event", Namespaced: true},
			columns:  "Last Seen|Type|Reason|Object|+Subobject|+Source|Message|+First Seen|+Count|+*Name",
			rows:     [][]any{{"3m", "Warning", "Failed", "pod/a", "", "kubelet", "one\ntwo", "5m", 7, "a.1"}, {"1s", "Normal", "Pulled", "pod/longer", nil, "", "Pulled  two  spaces ", "1s", 1, "b.2"}},
		},
		"spaces and minus": {
			resource: view.Resource{Name: "services", Version: "v1", Kind: "Service", Namespaced: true}, columns: "*Name|Type|Cluster-IP|Port(s)",
			rows: [][]any{{" leads", "ClusterIP", "None", "80/TCP,443/TCP"}, {"trails ", "<none>", "-", "  "}},
		},
		"booleans and fractions": {
			resource: view.Resource{Group: "storage.k8s.io", Name: "storageclasses", Version: "v1", Kind: "StorageClass"}, columns: "*Name|Default|Share",
			rows: [][]any{{"fast", true, 0.5}, {"slow", false, 12}},
		},
		"titles longer than cells, two of one name": {
			resource: view.Resource{Group: "example.com", Name: "widgets", Version: "v1", Kind: "Widget", Namespaced: true}, columns: "*Name|Ready|Ready|A Very Long Title|+Cluster|Namespace",
			rows: [][]any{{"a", "1", "2", "3", "4", "5"}},
		},
	}
}

// paste puts a column in front of what kubectl printed.
func paste(cluster, text string, headers int) string {
	var out strings.Builder
	for i, line := range strings.SplitAfter(text, "\n") {
		first := cluster
		if i < headers {
			first = "CLUSTER"
		}
		if line != "" {
			fmt.Fprintf(&out, "%-*s%s", max(len(cluster), len("CLUSTER"))+3, first, line)
		}
	}
	return out.String()
}

func TestFleetTableIsKubectlsWithAColumnInFront(t *testing.T) {
	variants := map[string]struct {
		kubectl printers.PrintOptions
		ours    printer.TableOptions
	}{
		"plain":         {},
		"wide":          {printers.PrintOptions{Wide: true}, printer.TableOptions{Wide: true}},
		"no headers":    {printers.PrintOptions{NoHeaders: true}, printer.TableOptions{NoHeaders: true}},
		"labels":        {printers.PrintOptions{ShowLabels: true}, printer.TableOptions{ShowLabels: true}},
		"label columns": {printers.PrintOptions{ColumnLabels: []string{"app", "example.com/team"}}, printer.TableOptions{LabelColumns: []string{"app", "example.com/team"}}},
		"namespaces":    {printers.PrintOptions{WithNamespace: true}, printer.TableOptions{Namespaces: true}},
		"kind":          {printers.PrintOptions{WithKind: true}, printer.TableOptions{ShowKind: true}},
		"everything": {
			printers.PrintOptions{Wide: true, ShowLabels: true, ColumnLabels: []string{"b", "app"}, WithNamespace: true, WithKind: true, NoHeaders: true},
			printer.TableOptions{Wide: true, ShowLabels: true, LabelColumns: []string{"b", "app"}, Namespaces: true, ShowKind: true, NoHeaders: true},
		},
	}
	for name, shape := range shapes() {
		for variant, test := range variants {
			t.Run(name+"/"+variant, func(t *testing.T) {
				test.kubectl.Kind = schema.GroupKind{Group: shape.resource.Group, Kind: shape.resource.Kind}
				test.kubectl.WithNamespace = test.kubectl.WithNamespace && shape.resource.Namespaced // as kubectl get has it
				var theirs, ours bytes.Buffer
				writer := printers.GetNewTabWriter(&theirs)
				if err := printers.NewTablePrinter(test.kubectl).PrintObj(shape.table(), writer); err != nil {
					t.Fatal(err)
				}
				if err := writer.Flush(); err != nil {
					t.Fatal(err)
				}
				headers := 1
				if test.kubectl.NoHeaders {
					headers = 0
				}
				test.ours.Window = 1000
				printTable(t, &ours, test.ours, func(table *printer.FleetTable) {
					add(t, table, "kurator-member1", shape.page())
				})
				if want := paste("kurator-member1", theirs.String(), headers); ours.String() != want {
					t.Errorf("got\n%s\nwant\n%s", &ours, want)
				}
			})
		}
	}
}

// A watch prints its rows one by one, in columns that only grow.
func TestEventsAreKubectlsWithAColumnInFront(t *testing.T) {
	var theirs, ours bytes.Buffer
	writer := printers.GetNewTabWriter(&theirs)
	kubectl := printers.NewTablePrinter(printers.PrintOptions{})
	table := printer.NewFleetTable(&ours, printer.TableOptions{Events: true, Window: 1000})
	for _, event := range []struct {
		of   string
		name string
	}{{"ADDED", "a"}, {"MODIFIED", "a"}, {"ADDED", strings.Repeat("b", 30)}, {"DELETED", "a"}, {"ERROR", "a"}, {"OTHER AND LONG", "c"}} {
		shape := shape{columns: "*Name|Age", rows: [][]any{{event.name, "5s"}}}
		if err := kubectl.PrintObj(&metav1.WatchEvent{Type: event.of, Object: runtime.RawExtension{Object: shape.table()}}, writer); err != nil {
			t.Fatal(err)
		}
		if err := writer.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := table.AddEvent(fleet.Member{Name: "member1"}, event.of, shape.page()); err != nil {
			t.Fatal(err)
		}
		if want := paste("member1", theirs.String(), 1); ours.String() != want {
			t.Fatalf("after %s got\n%s\nwant\n%s", event.of, &ours, want)
		}
	}
}
