package printer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// rowsOf is a printer with kubectl's defaults.
func rowsOf(t *testing.T, out *bytes.Buffer, output string) printer.Rows {
	t.Helper()
	rows, form, err := printer.NewRows(out, printer.RowsOptions{Output: output, AllowMissingTemplateKeys: true})
	if err != nil {
		t.Fatal(err)
	}
	if form != view.Objects {
		t.Errorf("it asks for form %d", form)
	}
	return rows
}

// What kubectl prints of the same objects, we do, but for the cluster.
func TestFormatsAreKubectls(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/kubectl.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var list unstructured.UnstructuredList
	if err := json.Unmarshal(archive.Files[0].Data, &list); err != nil {
		t.Fatal(err)
	}
	var page view.Page
	for _, item := range list.Items {
		raw, err := item.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		page.Rows = append(page.Rows, view.Row{Object: raw})
	}
	for _, file := range archive.Files {
		t.Run(file.Name, func(t *testing.T) {
			var out bytes.Buffer
			rows := rowsOf(t, &out, file.Name)
			if err := errors.Join(rows.Add(attached("eu-1"), page), rows.Close(outcomes(attached("eu-1")))); err != nil {
				t.Fatal(err)
			}
			if got, want := withoutCluster(file.Name, out.String()), string(file.Data); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// withoutCluster takes away what kubectl does not print.
func withoutCluster(format, text string) string {
	switch format {
	case "json":
		text = strings.Replace(text, "    \"members\": [\n        {\n            \"cluster\": \"eu-1\",\n            \"kind\": \"AttachedCluster\"\n        }\n    ],\n", "", 1)
	case "yaml":
		text = strings.Replace(text, "members:\n- cluster: eu-1\n  kind: AttachedCluster\n", "", 1)
	case "kyaml":
		text = strings.Replace(text, "  members: [{\n    cluster: \"eu-1\",\n    kind: \"AttachedCluster\",\n  }],\n", "", 1)
	}
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(format, "custom-columns") {
			line = line[len("CLUSTER   "):]
		}
		if !strings.Contains(line, printer.ClusterAnnotation) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hostileObjects tries to reach the terminal with all it has.
func hostileObjects() view.Page {
	return objects(configMap("a", `{"esc\u001b[2J":"\u001b]0;x\u0007","bidi":"\u202ex\u2066\nnext\tcell\r\u009b2J\u007f"}`))
}

func TestTemplates(t *testing.T) {
	const annotation = `{.metadata.annotations['fleetapp\.kurator\.dev/cluster']}`
	for name, options := range map[string]printer.RowsOptions{
		"jsonpath":              {Output: `jsonpath={range .items[*]}` + annotation + ` {.metadata.name}{"\n"}{end}`},
		"jsonpath-members":      {Output: `jsonpath={range .members[*]}{.cluster} {.errors[*].reason}{"\n"}{end}`, AllowMissingTemplateKeys: true},
		"jsonpath-by-template":  {Output: "jsonpath", Template: `{.items[*].metadata.name}`},
		"jsonpath-file":         {Output: "jsonpath-file=" + write(t, `{.items[0].data}`)},
		"jsonpath-as-json":      {Output: "jsonpath-as-json={.items[*].data}"},
		"go-template":           {Output: `go-template={{range .items}}{{.metadata.name}} {{.data}}{{"\n"}}{{end}}`},
		"go-template-file":      {Output: "go-template-file=" + write(t, `{{len .items}} {{.none}} {{exists . "items" 0 "data" "bidi"}}`), AllowMissingTemplateKeys: true},
		"templatefile":          {Output: "templatefile", Template: write(t, `{{.kind}}`)},
		"go-template-ranges":    {Output: `go-template={{range $i, $v := .items}}{{$i}}{{$v.kind}}{{else}}none{{end}}{{range .nothing}}x{{else}}none{{end}}{{range 3}}{{.}}{{if .}}{{break}}{{end}}{{end}}{{range (index .items 0).data}}{{.}}{{end}}{{$n := 0}}{{range $n = .items}}.{{end}}`, AllowMissingTemplateKeys: true},
		"template-alone":        {Template: `{{.apiVersion}} {{(index .members 1).errors}}`},
		"go-template-of-halves": {Output: `go-template={{with (index .items 0).data.bidi}}{{slice . 0 1}}{{slice . 1 2}}{{slice . 2 3}} {{slice . 0 2}}{{end}}`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			rows, form, err := printer.NewRows(&out, options)
			if err != nil || form != view.Objects {
				t.Fatal(form, err)
			}
			if err := errors.Join(
				rows.Add(attached("eu-1"), hostileObjects()), rows.Flush(),
				rows.Add(attached("us-1"), objects(configMap("b", `{}`))),
				rows.Close([]printer.Outcome{{Member: attached("eu-1")}, {Member: attached("us-2"), Errs: []error{reason.Errorf(reason.Timeout, "slow")}}}),
			); err != nil {
				t.Fatal(err)
			}
			golden(t, "template-"+name, out.Bytes())
			if other := foreign(out.String()); other != "" {
				t.Errorf("%q is in it", other)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	for name, options := range map[string]printer.RowsOptions{
		"plain":      {Output: `custom-columns=Name:.metadata.name,CLUSTER:.metadata.annotations.fleetapp\.kurator\.dev/cluster,Bidi:data.bidi,ALL:.data`},
		"no-headers": {Output: "custom-columns=NAME:.metadata.name,KIND:kind", NoHeaders: true},
		"file":       {Output: "custom-columns-file=" + write(t, "NAME \tOf-Kind\r\n.metadata.name {kind}\nmore\n")},
		"template":   {Output: "custom-columns", Template: "N:.metadata.name"},
		"window":     {Output: "custom-columns=NAME:.metadata.name,KIND:kind", Window: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			rows, form, err := printer.NewRows(&out, options)
			if err != nil || form != view.Objects {
				t.Fatal(form, err)
			}
			if err := errors.Join(
				rows.Add(attached("eu-1"), hostileObjects()), rows.Flush(),
				rows.Add(attached("us-1"), objects(configMap("a-long-name-of-b", `{}`))), rows.Close(nil),
			); err != nil {
				t.Fatal(err)
			}
			golden(t, "columns-"+name, out.Bytes())
			if other := foreign(strings.ReplaceAll(out.String(), "\t", "\x00")); other != "" {
				t.Errorf("%q is in it", other)
			}
		})
	}
}

// A path that does not fit an object of one member is that member's error, and
// all the others are printed.
func TestColumnsThatDoNotFit(t *testing.T) {
	var out bytes.Buffer
	rows := rowsOf(t, &out, `custom-columns=NAME:.metadata.name,READY:.data.conditions[?(@.type=="Ready")].status,ALSO:.data[0]`)
	err := rows.Add(attached("eu-1"), objects(configMap("odd", `{"conditions":"`+strings.Repeat("x", 5000)+`"}`)))
	results := outcomes(attached("eu-1"), attached("eu-2"))
	if err = printer.Unprintable(results, attached("eu-1"), err); err != nil {
		t.Fatal(err)
	}
	if len(results[0].Errs) != 1 || len(results[1].Errs) > 0 {
		t.Fatalf("got %v", results)
	}
	if message := results[0].Errs[0].Error(); !strings.Contains(message, "READY") || len(message) > 2000 {
		t.Errorf("got %s", message)
	}
	if err := errors.Join(rows.Add(attached("eu-2"), objects(`{"metadata":{"name":"good"},"data":[{"conditions":0}]}`)), rows.Close(results)); err != nil {
		t.Fatal(err)
	}
	const want = "CLUSTER   NAME   READY     ALSO\neu-1      odd    <error>   <error>\neu-2      good   <none>    map[conditions:0]\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

func TestUnprintable(t *testing.T) {
	bad := &printer.UnprintableError{Resource: view.Resource{Name: "pods"}, Err: errors.New("why")}
	host := fleet.Member{Name: "host", Kind: fleet.KindAttachedCluster}
	results := outcomes(fleet.HostMember(), host)
	for _, err := range []error{bad, bad, fmt.Errorf("wrapped: %w", bad)} {
		if err := printer.Unprintable(results, host, err); err != nil {
			t.Error(err)
		}
	}
	if len(results[0].Errs) != 0 || len(results[1].Errs) != 2 {
		t.Errorf("got %v", results)
	}
	other := errors.New("broken pipe")
	if err := printer.Unprintable(results, host, other); !errors.Is(err, other) {
		t.Errorf("got %v", err)
	}
	if err := printer.Unprintable(results, host, nil); err != nil {
		t.Error(err)
	}
}

// What is sorted is printed last, and what cannot be is told even then.
func TestSortedObjectsThatCannotBePrinted(t *testing.T) {
	var out bytes.Buffer
	rows := printer.NewSorted(rowsOf(t, &out, "json"), ".spec.rank")
	page := objects(`{"a":1e400}`, configMap("good", "{}"))
	page.Rows[0].Key = int64(1)
	results := outcomes(attached("eu-1"), attached("eu-2"))
	if err := errors.Join(rows.Add(attached("eu-2"), page), rows.Close(results)); err != nil {
		t.Fatal(err)
	}
	if len(results[0].Errs) != 0 || len(results[1].Errs) != 1 {
		t.Errorf("got %v", results)
	}
	read := readBack(t, "json", out.Bytes())
	members, ok := read["members"].([]any)
	if !ok || len(members) != 2 || !strings.Contains(fmt.Sprint(members[1]), "cannot be printed") || strings.Contains(fmt.Sprint(members[0]), "errors") {
		t.Errorf("got %s", &out)
	}
}

func TestTemplatesThatFail(t *testing.T) {
	for output, want := range map[string]string{
		`jsonpath={.items[0].nothing}`:     "nothing is not found",
		`jsonpath={.items[9].metadata}`:    "array index out of bounds: index 9, length 1",
		`go-template={{.nothing}}`:         `template: template:1:2: executing "template" at <.nothing>: map has no entry for key "nothing"`,
		`go-template={{base64decode "%"}}`: `template: template:1:2: executing "template" at <base64decode "%">: error calling base64decode: illegal base64 data at input byte 0`,
		`go-template={{define "x"}}{{if true}}{{range $x := .}}{{with 1}}{{else}}a{{end}}{{end}}{{end}}{{end}}{{template "x" (index .items 0).data.most}}`: `template: template:1:33: executing "x" at <rangeOver>: error calling rangeOver: 9223372036854775807 is more than a template counts to`,
		`jsonpath={.items[0].data[?(@.x=="y")].name}`: "map[most:",
	} {
		t.Run(output, func(t *testing.T) {
			var out bytes.Buffer
			rows, _, err := printer.NewRows(&out, printer.RowsOptions{Output: output})
			if err != nil {
				t.Fatal(err)
			}
			if err := rows.Add(attached("eu-1"), objects(configMap("a", `{"most":9223372036854775807,"x":"`+strings.Repeat("y", 5000)+`"}`))); err != nil {
				t.Fatal(err)
			}
			err = rows.Close(nil)
			if err == nil || !strings.HasPrefix(err.Error(), want) || len(err.Error()) > 2000 {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A watch prints each object by itself.
func TestWatches(t *testing.T) {
	for name, options := range map[string]printer.RowsOptions{
		"name":           {Output: "name"},
		"table":          {},
		"json":           {Output: "json"},
		"jsonpath":       {Output: `jsonpath={range .metadata.annotations.*}{@}{end} {.metadata.name}{"\n"}`},
		"go-template":    {Output: `go-template={{.type}} {{.object.metadata.name}}{{"\n"}}`, WatchEvents: true},
		"custom-columns": {Output: "custom-columns=TYPE:type,NAME:.object.metadata.name", WatchEvents: true},
		"columns":        {Output: "custom-columns=TYPE:type,NAME:.metadata.name"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			options.Watch = true
			rows, _, err := printer.NewRows(&out, options)
			if err != nil {
				t.Fatal(err)
			}
			watched, ok := rows.(printer.Watched)
			if !ok {
				t.Fatalf("%T is no printer of a watch", rows)
			}
			page := objects(configMap("a", "{}"))
			page.Columns, page.Rows[0].Cells, page.Rows[0].Name = []view.Column{{Name: "Name", Format: "name"}}, []string{"a"}, "a"
			if err := errors.Join(watched.Add(attached("eu-1"), page), watched.Flush()); err != nil {
				t.Fatal(err)
			}
			for _, event := range []string{"MODIFIED", "DELETED"} {
				before := out.Len()
				if err := watched.AddEvent(attached("eu-1"), event, page); err != nil {
					t.Fatal(err)
				}
				if out.Len() == before {
					t.Errorf("%s is not printed yet", event)
				}
			}
			if err := watched.Close(outcomes(attached("eu-1"))); err != nil {
				t.Fatal(err)
			}
			golden(t, "watch-"+name, out.Bytes())
		})
	}
}

func TestNewRows(t *testing.T) {
	const known = "allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml"
	missing := filepath.Join(t.TempDir(), "missing")
	for _, test := range []struct {
		output, template string
		want             any
		form             view.Form
		err              string
	}{
		{"", "", &printer.FleetTable{}, view.Rows, ""},
		{"wide", "", &printer.FleetTable{}, view.Rows, ""},
		{"name", "", &printer.Names{}, view.Names, ""},
		{"json", "", &printer.List{}, view.Objects, ""},
		{"YAML", "", &printer.List{}, view.Objects, ""},
		{"kyaml", "{{.}}", &printer.List{}, view.Objects, ""},
		{"", "{{.}}", &printer.Template{}, view.Objects, ""},
		{"jsonpath={.kind}", "", &printer.Template{}, view.Objects, ""},
		{"custom-columns=A:b", "", &printer.Columns{}, view.Objects, ""},
		{"foo", "", nil, 0, `unable to match a printer suitable for the output format "foo", ` + known},
		{"json=", "", nil, 0, `unable to match a printer suitable for the output format "json=", ` + known},
		{"jsonpath", "", nil, 0, "--output jsonpath needs a template: jsonpath=TEMPLATE, or --template"},
		{"go-template=", "", nil, 0, "--output go-template needs a template: go-template=TEMPLATE, or --template"},
		{"jsonpath={", "", nil, 0, "--output jsonpath: unclosed action"},
		{"go-template={{", "", nil, 0, "--output go-template: template: template:1: unclosed action"},
		{"go-template={{none}}", "", nil, 0, `--output go-template: template: template:1: function "none" not defined`},
		{"jsonpath={.kind}", "{.kind}", nil, 0, "--output jsonpath=… and --template exclude each other"},
		{"jsonpath-file=" + missing, "", nil, 0, "--output jsonpath-file: open " + missing + ": no such file or directory"},
		{"custom-columns", "", nil, 0, "--output custom-columns needs columns: custom-columns=NAME:.metadata.name, or custom-columns-file=FILE"},
		{"custom-columns=A", "", nil, 0, `--output custom-columns: "A" is not a column such as NAME:.metadata.name`},
		{"custom-columns=A:b,", "", nil, 0, `--output custom-columns: "" is not a column such as NAME:.metadata.name`},
		{"custom-columns=A:", "", nil, 0, `--output custom-columns: column "A": "" is not a path such as .metadata.name`},
		{"custom-columns=A:{.b}{.c}", "", nil, 0, `--output custom-columns: column "A": "{.b}{.c}" is not a path such as .metadata.name`},
		{"custom-columns=A:b[", "", nil, 0, `--output custom-columns: column "A": "b[": unterminated array`},
		{"custom-columns-file=" + missing, "", nil, 0, "--output custom-columns-file: open " + missing + ": no such file or directory"},
		{"custom-columns-file=" + write(t, "A B\n.a\n"), "", nil, 0, "2 column titles, but 1 paths"},
		{"custom-columns-file=" + write(t, "A B"), "", nil, 0, "not a line of column titles and one of their paths"},
		{"custom-columns-file=" + write(t, "A B\n.a {b\n"), "", nil, 0, `column "B": "{b" is not a path such as .metadata.name`},
	} {
		t.Run(test.output+test.template, func(t *testing.T) {
			rows, form, err := printer.NewRows(&bytes.Buffer{}, printer.RowsOptions{Output: test.output, Template: test.template})
			switch {
			case test.err != "":
				if err == nil || !strings.HasSuffix(err.Error(), test.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got error %v, want %s", err, test.err)
				}
			case err != nil, form != test.form, reflect.TypeOf(rows) != reflect.TypeOf(test.want):
				t.Errorf("got %T, %d, %v", rows, form, err)
			}
		})
	}
}

// Whatever members answer, a template or a path ends in text or in an error.
func TestTemplatesOfAnything(t *testing.T) {
	random := randomObjects{rand.New(rand.NewPCG(7, 8))}
	paths := []string{
		".spec", ".spec.*", "..", ".spec[*]", ".spec[0]", ".spec[-1:]", ".spec[1:3]", ".spec[::2]", `.spec[?(@.a)]`, `.spec[?(@.a==1)]`, `.spec[?(@=="a")]`, `.spec[?(@.*>0.5)]`, `.spec[?(@<@)]`,
		".spec[0,1]", ".spec..a", ".spec.a.b", "..a.*", ".spec[*][*]", ".kind[0]", ".kind[*]", `..[?(@.a!="b")]`,
	}
	var formats []string
	for _, path := range paths {
		formats = append(formats, "custom-columns=A:"+strings.Split(path, "[0,")[0], "jsonpath={.items[*]"+path+"}",
			"jsonpath={range .items[*]"+path+"}{@}{.a}{end}", "jsonpath-as-json={.items[*]"+path+"}")
	}
	formats = append(formats, "go-template={{range .items}}{{range .spec}}{{.}}{{end}}{{index .spec 0}}{{end}}", `go-template={{range .items}}{{exists .spec 0 "a"}}{{len .spec}}{{slice .kind 1}}{{end}}`)
	for range 20 {
		object, err := json.Marshal(map[string]any{"kind": random.text(), "spec": random.value(5)})
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range formats {
			var out bytes.Buffer
			rows := rowsOf(t, &out, format)
			if err := printer.Unprintable(nil, attached("eu-1"), rows.Add(attached("eu-1"), objects(string(object)))); err != nil {
				t.Fatal(err)
			}
			_ = rows.Close(nil) // it may fail
			if other := foreign(out.String()); other != "" {
				t.Fatalf("%s: %q is in\n%s", format, other, &out)
			}
		}
	}
}

// What a template is made of is held, and that is bounded.
func TestTemplateHoldsNoMoreThanItSays(t *testing.T) {
	rows := rowsOf(t, &bytes.Buffer{}, "jsonpath={.kind}")
	page := view.Page{Rows: slices.Repeat([]view.Row{{Object: bytes.Repeat([]byte(" "), 1<<20)}}, 257)}
	if err := rows.Add(attached("eu-1"), page); err == nil || !strings.Contains(err.Error(), "256 MiB") {
		t.Errorf("got %v", err)
	}
}
