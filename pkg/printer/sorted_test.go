package printer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// recorder is a Rows that writes down what it is told.
type recorder struct {
	told []string
	err  error
}

func (r *recorder) Add(member fleet.Member, page view.Page) error {
	var names []string
	for _, row := range page.Rows {
		names = append(names, row.Name)
	}
	r.told = append(r.told, fmt.Sprintf("%s %s %d columns: %s", member.Name, page.Resource, len(page.Columns), strings.Join(names, " ")))
	return r.err
}

func (r *recorder) Flush() error {
	r.told = append(r.told, "flush")
	return r.err
}

func (r *recorder) Close(outcomes []printer.Outcome) error {
	r.told = append(r.told, fmt.Sprintf("close with %d outcomes", len(outcomes)))
	return r.err
}

// keyed is a page of rows that have keys: "name=key", or no more than "name".
func keyed(page view.Page, rows ...string) view.Page {
	page.Rows = nil
	for _, row := range rows {
		name, key, found := strings.Cut(row, "=")
		added := view.Row{Name: name}
		if found {
			added.Key = key
		}
		page.Rows = append(page.Rows, added)
	}
	return page
}

func TestSorted(t *testing.T) {
	var next recorder
	sorted := printer.NewSorted(&next, "{.metadata.name}")
	few, more := page(pods(), "Name"), page(pods(), "Name Ready")
	add(t, sorted, "member1", keyed(few, "b=b", "c=c", "e=e"))
	if err := sorted.Flush(); err != nil {
		t.Fatal(err)
	}
	add(t, sorted, "member1", keyed(page(deployments(), "Name"), "d=d"))
	add(t, sorted, "member2", keyed(more, "none", "a=a", "c2=c"))
	add(t, sorted, "member3", keyed(few))
	if len(next.told) > 0 {
		t.Errorf("too early: %q", next.told)
	}
	if err := sorted.Close(make([]printer.Outcome, 3)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"member1 pods 1 columns: ", "member1 deployments.apps 1 columns: ", // the order of the tables
		"member2 pods 2 columns: none a",
		"member1 pods 1 columns: b c",
		"member2 pods 2 columns: c2",
		"member1 deployments.apps 1 columns: d",
		"member1 pods 1 columns: e",
		"close with 3 outcomes",
	}
	if !slices.Equal(next.told, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(next.told, "\n"), strings.Join(want, "\n"))
	}
}

// Rows with the same key stay in the order of their members.
func TestSortedIsStable(t *testing.T) {
	var next recorder
	sorted := printer.NewSorted(&next, ".x")
	for i := range 50 {
		add(t, sorted, fmt.Sprintf("member%02d", i), keyed(named(pods()), fmt.Sprintf("first%d=same", i), fmt.Sprintf("second%d=same", i)))
	}
	if err := sorted.Close(nil); err != nil {
		t.Fatal(err)
	}
	if told := next.told[1:51]; !slices.IsSorted(told) {
		t.Errorf("not in order: %q", told)
	}
}

func TestSortedWithoutKeys(t *testing.T) {
	for name, test := range map[string]struct {
		page view.Page
		want string
		told int
	}{
		"no row has it": {keyed(named(pods()), "a", "b"), `nothing to sort by: no object has "{.spec.x}" (--sort-by)`, 0},
		"no row at all": {named(pods()), "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			var next recorder
			sorted := printer.NewSorted(&next, "{.spec.x}")
			add(t, sorted, "member1", test.page)
			got := ""
			if err := sorted.Close(nil); err != nil {
				got = err.Error()
			}
			if got != test.want || len(next.told) != test.told {
				t.Errorf("got %q, and told %q", got, next.told)
			}
		})
	}
}

func TestSortedHoldsNoMoreThanItSays(t *testing.T) {
	sorted := printer.NewSorted(&recorder{}, ".x")
	large := named(pods(), strings.Repeat("x", 30<<20))
	for i := range 20 {
		if err := sorted.Add(fleet.Member{Name: "member1"}, large); err != nil {
			if i < 8 || !strings.Contains(err.Error(), "one type at a time") {
				t.Errorf("after %d pages: %v", i, err)
			}
			return
		}
	}
	t.Error("600 MiB are held")
}

func TestSortedSaysThatTheNextFailed(t *testing.T) {
	broken := errors.New("broken pipe")
	sorted := printer.NewSorted(&recorder{err: broken}, ".x")
	add(t, sorted, "member1", keyed(named(pods()), "a=1"))
	if err := sorted.Close(nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
