package printer_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

func pods() view.Resource {
	return view.Resource{Version: "v1", Name: "pods", Kind: "Pod", Namespaced: true}
}

func nodes() view.Resource { return view.Resource{Version: "v1", Name: "nodes", Kind: "Node"} }

func deployments() view.Resource {
	return view.Resource{Group: "apps", Version: "v1", Name: "deployments", Kind: "Deployment", Namespaced: true}
}

// page is a page of a resource: the first cell of each row is a name, and with
// "+" before its title a column is of lower priority.
func page(resource view.Resource, columns string, rows ...string) view.Page {
	page := view.Page{Resource: resource}
	for i, name := range strings.Fields(columns) {
		column := view.Column{Name: strings.TrimPrefix(name, "+")}
		if i == 0 {
			column.Format = "name"
		}
		if column.Name != name {
			column.Priority = 1
		}
		page.Columns = append(page.Columns, column)
	}
	for _, row := range rows {
		page.Rows = append(page.Rows, view.Row{Namespace: "default", Cells: strings.Fields(row)})
	}
	return page
}

func add(t testing.TB, rows printer.Rows, member string, page view.Page) {
	t.Helper()
	if err := rows.Add(fleet.Member{Name: member}, page); err != nil {
		t.Fatal(err)
	}
}

// printTable prints a table to out.
func printTable(t testing.TB, out io.Writer, options printer.TableOptions, fill func(*printer.FleetTable)) {
	t.Helper()
	table := printer.NewFleetTable(out, options)
	fill(table)
	if err := table.Close(nil); err != nil {
		t.Fatal(err)
	}
}

func TestFleetTable(t *testing.T) {
	united := func(table *printer.FleetTable) {
		add(t, table, "member1", page(pods(), "Name Ready +IP", "a 1/1 10.0.0.1"))
		add(t, table, "member\u202e2", page(pods(), "Name Ready +IP", "b\x1b 0/1 <none>"))
		add(t, table, "nothing", page(pods(), "Name Nothing"))
		add(t, table, "member3", page(pods(), "Name Status Ready", "c Running 2/2"))
		add(t, table, "member4", page(pods(), "New Name Ready Cluster", "new d 2/2 its-own"))
	}
	flushed := func(each int) func(*printer.FleetTable) {
		return func(table *printer.FleetTable) {
			for i, columns := range []string{"Name Ready", "Name Ready", "Name", "Name Status Ready", "Name Ready", "Ready Name"} {
				add(t, table, fmt.Sprintf("member%d", i), page(pods(), columns, strings.Repeat("x", i+1)+" 1 2", "y 3 4"))
				if i%each == 0 {
					if err := table.Flush(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	several := func(table *printer.FleetTable) {
		add(t, table, "member1", page(pods(), "Name Ready", "a 1/1"))
		add(t, table, "member1", page(nodes(), "Name Age", "n 5d"))
		add(t, table, "member1", page(view.Resource{Name: "none"}, "Name"))
		add(t, table, "member1", page(deployments(), "Name Ready", "d 1/1"))
		older := deployments()
		older.Version, older.Kind = "v1beta1", "Deployment"
		add(t, table, "member2", page(older, "Name Ready Age", "longer 1/1 7d"))
		add(t, table, "member2", page(pods(), "Name Ready", "b 1/1"))
		add(t, table, "member2", page(nodes(), "Name Age", "m 4d"))
	}
	labelled := func(table *printer.FleetTable) {
		first, second := page(pods(), "Name Ready", "a 1/1", "b 1/1"), page(pods(), "Name Labels Ready", "c its-own 1/1")
		first.Rows[0].Labels = map[string]string{"z": "1", "example.com/team": "shop", "a": ""}
		second.Rows[0].Labels = map[string]string{"evil\x1b": "\u202e"}
		add(t, table, "member1", first)
		add(t, table, "member2", second)
	}
	for name, test := range map[string]struct {
		options printer.TableOptions
		fill    func(*printer.FleetTable)
	}{
		"plain":                 {printer.TableOptions{}, united},
		"wide":                  {printer.TableOptions{Wide: true}, united},
		"namespaces":            {printer.TableOptions{Namespaces: true}, united},
		"no-headers":            {printer.TableOptions{Namespaces: true, NoHeaders: true}, united},
		"kind":                  {printer.TableOptions{ShowKind: true}, united},
		"window":                {printer.TableOptions{Window: 1}, united},
		"window-no-headers":     {printer.TableOptions{Window: 1, NoHeaders: true}, united},
		"flushed":               {printer.TableOptions{Window: 1000}, flushed(1)},
		"flushed-now-and-then":  {printer.TableOptions{Window: 1000}, flushed(2)},
		"several":               {printer.TableOptions{ShowKind: true, Namespaces: true, Window: 1}, several},
		"several-without-first": {printer.TableOptions{Window: 1}, func(table *printer.FleetTable) { add(t, table, "a", page(nodes(), "Name")); several(table) }},
		"several-no-headers":    {printer.TableOptions{NoHeaders: true, Window: 1}, several},
		"labels":                {printer.TableOptions{ShowLabels: true, LabelColumns: []string{"example.com/team", "a", "x/evil\x1b"}}, labelled},
		"wide-characters": {printer.TableOptions{}, func(table *printer.FleetTable) {
			add(t, table, "größe", page(pods(), "Name Ready", "日本語 1/1", "🚀 1/1", "e\u0301 1/1", "plain-name 1/1"))
		}},
		"nothing": {printer.TableOptions{}, func(table *printer.FleetTable) {
			add(t, table, "member1", page(pods(), "Name"))
		}},
		"rows-that-do-not-fit": {printer.TableOptions{}, func(table *printer.FleetTable) {
			add(t, table, "member1", page(pods(), "Name Ready", "a", "b 1/1 more and-more"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			printTable(t, &got, test.options, test.fill)
			golden(t, "fleettable-"+name, got.Bytes())
		})
	}
}

// Custom resources may have two columns of one name, and kubectl shows both.
func TestColumnsOfOneNameAreBothShown(t *testing.T) {
	var got bytes.Buffer
	printTable(t, &got, printer.TableOptions{}, func(table *printer.FleetTable) {
		add(t, table, "one", page(pods(), "Name Ready Ready", "a first second"))
		add(t, table, "two", page(pods(), "Name Ready", "b third"))
	})
	const want = "CLUSTER   NAME   READY   READY\none       a      first   second\ntwo       b      third   <none>\n"
	if got.String() != want {
		t.Errorf("got\n%s, want\n%s", &got, want)
	}
}

// What a window holds is printed once it is full, by rows or by size.
func TestWindow(t *testing.T) {
	var got bytes.Buffer
	table := printer.NewFleetTable(&got, printer.TableOptions{Window: 3})
	lines := func(want int) {
		t.Helper()
		if got := strings.Count(got.String(), "\n"); got != want {
			t.Errorf("%d lines, want %d", got, want)
		}
	}
	add(t, table, "member1", page(pods(), "Name", "a", "b"))
	lines(0)
	add(t, table, "member1", page(pods(), "Name", "c"))
	lines(4)
	add(t, table, "member1", page(deployments(), "Name", "a", "b", "c", "d"))
	lines(4)
	add(t, table, "member1", page(pods(), "Name", strings.Repeat("x", 5<<20)))
	lines(5)
	if err := table.Close(nil); err != nil {
		t.Fatal(err)
	}
	lines(11)
}

func TestFleetTableHoldsNoMoreThanItSays(t *testing.T) {
	large := page(pods(), "Name", "a")
	large.Rows[0].Object = make([]byte, 30<<20) // it is counted, but costs no time
	for name, test := range map[string]struct {
		window int
		first  view.Page
	}{
		"all until the end": {0, page(pods(), "Name")},
		"a second resource": {1, page(deployments(), "Name", "a")},
	} {
		t.Run(name, func(t *testing.T) {
			table := printer.NewFleetTable(io.Discard, printer.TableOptions{Window: test.window})
			add(t, table, "member1", test.first)
			for i := range 20 {
				if err := table.Add(fleet.Member{Name: "member1"}, large); err != nil {
					if i < 8 || !strings.Contains(err.Error(), "one type at a time") {
						t.Errorf("after %d pages: %v", i, err)
					}
					return
				}
			}
			t.Error("600 MiB are held")
		})
	}
}

// A member cannot fill the memory with columns either.
func TestFleetTableBoundsItsColumns(t *testing.T) {
	var columns strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&columns, "c%d ", i)
	}
	var got bytes.Buffer
	printTable(t, &got, printer.TableOptions{}, func(table *printer.FleetTable) {
		add(t, table, "member1", page(pods(), columns.String(), columns.String()))
	})
	if lines := strings.Split(got.String(), "\n"); len(strings.Fields(lines[0])) != 200 || len(strings.Fields(lines[1])) != 200 {
		t.Errorf("%d columns", len(strings.Fields(lines[0])))
	}
}

// As many rows as there are: what is printed is let go of.
func TestFleetTableHoldsAWindow(t *testing.T) {
	table := printer.NewFleetTable(io.Discard, printer.TableOptions{Window: 1000})
	inUse := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := inUse()
	for member := range 200 {
		add(t, table, fmt.Sprintf("member%d", member), manyPods(500, member))
	}
	if after := inUse(); after > before+2<<20 {
		t.Errorf("100,000 rows keep %d KiB", (after-before)>>10)
	}
	if err := table.Close(nil); err != nil { // not before, so that it is still in use
		t.Fatal(err)
	}
}

func manyPods(count, seed int) view.Page {
	page := page(pods(), "Name Ready Status Restarts Age +IP")
	for i := range count {
		page.Rows = append(page.Rows, view.Row{Cells: []string{
			fmt.Sprintf("deployment-%d-65fd49f8b7-%05d", seed, i), "1/1", "Running", "0", "5d17h", fmt.Sprintf("10.0.%d.%d", seed, i),
		}})
	}
	return page
}

// Whatever text comes from outside, it stays on its line and is seen.
func TestNothingHarmfulIsPrinted(t *testing.T) {
	for char := rune(0); char <= unicode.MaxRune; char++ {
		if !unicode.In(char, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			continue
		}
		evil := "a" + string(char) + "b"
		resource := view.Resource{Group: evil, Version: evil, Name: evil, Kind: evil, Namespaced: true}
		table := view.Page{
			Resource: resource,
			Columns:  []view.Column{{Name: evil, Format: "name"}, {Name: evil}},
			Rows:     []view.Row{{Name: evil, Namespace: evil, Cells: []string{evil, evil}, Labels: map[string]string{evil: evil}}},
		}
		options := printer.TableOptions{Namespaces: true, ShowKind: true, ShowLabels: true, LabelColumns: []string{evil}, Events: true}
		var got bytes.Buffer
		printTable(t, &got, options, func(fleetTable *printer.FleetTable) {
			if err := fleetTable.AddEvent(fleet.Member{Name: evil}, evil, table); err != nil {
				t.Fatal(err)
			}
		})
		names := printer.NewNames(&got)
		add(t, names, evil, table)
		if err := names.Close(nil); err != nil {
			t.Fatal(err)
		}
		printer.NewWaiting(&got, func() int { return 80 }).Show([]string{evil}, 2)
		text := strings.Replace(strings.Replace(got.String(), "\r", "", 1), "\x1b[K", "", 1) // the line's own
		if strings.Count(text, "\n") != 3 || !visible(strings.ReplaceAll(text, "\n", "")) {
			t.Fatalf("%U: %q", char, text)
		}
	}
}

func TestFleetTableSaysThatItCouldNotBeWritten(t *testing.T) {
	table := printer.NewFleetTable(brokenPipe{}, printer.TableOptions{Window: 1})
	if err := table.Add(fleet.Member{}, page(pods(), "Name", "a")); err == nil {
		t.Error("no error")
	}
}

func BenchmarkFleetTable(b *testing.B) {
	page := manyPods(500, 1)
	table := printer.NewFleetTable(io.Discard, printer.TableOptions{Window: 1000})
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		add(b, table, "kurator-member1", page)
		rows += len(page.Rows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}
