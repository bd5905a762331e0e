package printer

import (
	"fmt"
	"io"
	"slices"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

const (
	// maxHeld bounds what is held until every member has answered, in bytes.
	maxHeld = 256 << 20
	// maxWindow bounds what is held of a table that is printed as it comes, in
	// bytes, however few rows that is.
	maxWindow = 4 << 20
)

// TableOptions say what a FleetTable shows.
type TableOptions struct {
	// Wide shows the columns of lower priority too.
	Wide bool
	// Namespaces shows each object's namespace, where objects have one.
	Namespaces bool
	// NoHeaders leaves the titles out.
	NoHeaders bool
	// KeepCase shows the titles of columns as they are given.
	KeepCase bool
	// ShowKind puts each object's kind before its name: deployment.apps/x.
	ShowKind bool
	// LabelColumns are the labels that have a column of their own.
	LabelColumns []string
	// ShowLabels shows all labels in the last column.
	ShowLabels bool
	// Events shows what happened to each object, in a column after the cluster.
	Events bool
	// Window is how many rows are held, for the width of their columns, before
	// they are printed; 0 holds all of them until all members have answered.
	Window int
}

// FleetTable prints the tables of many members as one: the cluster first, then
// the columns that the members' API servers make. Members of different versions
// may differ in columns; they are united by name. Each resource has a table of
// its own, in the order asked for: the first is printed as it comes, the others
// once all members have answered. It is a Rows.
type FleetTable struct {
	options TableOptions
	out     io.Writer
	// sheets are in the order of what they answer, and then in that in which
	// their resources were first met.
	sheets []*sheet
}

// NewFleetTable makes a table that is printed to out.
func NewFleetTable(out io.Writer, options TableOptions) *FleetTable {
	return &FleetTable{options: options, out: out}
}

// Add implements Rows.
func (t *FleetTable) Add(member fleet.Member, page view.Page) error {
	of := t.sheet(page)
	of.add(member.Name, added, page) // kubectl, too, watches from there
	if of == t.first() && of.full() {
		return of.write(t.out)
	}
	held := 0
	for _, of := range t.sheets {
		held += of.size
	}
	if held > maxHeld {
		return tooMuch()
	}
	return nil
}

// AddEvent adds objects to which something happened, such as "ADDED", and prints
// them at once. It is for one resource.
func (t *FleetTable) AddEvent(member fleet.Member, event string, page view.Page) error {
	of := t.sheet(page)
	of.add(member.Name, event, page)
	return of.write(t.out)
}

// tooMuch is the error of what must be held until all members have answered.
func tooMuch() error {
	return fmt.Errorf("there is more than %d MiB to hold until all clusters have answered: ask for one type at a time, or for fewer objects with -n, -l or -C", maxHeld>>20)
}

// sheet is the table of a resource, in whatever version a member has it.
func (t *FleetTable) sheet(page view.Page) *sheet {
	at := slices.IndexFunc(t.sheets, func(s *sheet) bool {
		return s.resource.Group == page.Resource.Group && s.resource.Name == page.Resource.Name
	})
	if at < 0 {
		at = len(t.sheets)
		for at > 0 && t.sheets[at-1].ask > page.Ask {
			at--
		}
		t.sheets = slices.Insert(t.sheets, at, newSheet(&t.options, page))
	}
	return t.sheets[at]
}

// first is the table that is printed as it comes: that of what was asked for
// first; nil where none has come yet.
func (t *FleetTable) first() *sheet {
	if len(t.sheets) == 0 || t.sheets[0].ask > 0 || t.options.Window == 0 {
		return nil
	}
	return t.sheets[0]
}

// Flush implements Rows.
func (t *FleetTable) Flush() error {
	if first := t.first(); first != nil {
		return first.write(t.out)
	}
	return nil
}

// Close implements Rows. What became of the members is not for a table to say.
func (t *FleetTable) Close([]Outcome) error {
	first := true
	for _, of := range t.sheets {
		if of.empty() {
			continue
		}
		if !first && !t.options.NoHeaders {
			if _, err := fmt.Fprintln(t.out); err != nil {
				return err
			}
		}
		if err := of.write(t.out); err != nil {
			return err
		}
		first = false
	}
	return nil
}
