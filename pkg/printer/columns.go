package printer

import (
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// Columns prints the columns that a user asks for, the cluster first. It is a
// Rows.
type Columns struct {
	columns []customColumn
	titles  []view.Column
	table   *FleetTable
	types   bool
}

// ColumnsOptions say how custom columns are printed.
type ColumnsOptions struct {
	// File says that the columns are in a file.
	File bool
	// NoHeaders leaves the titles out.
	NoHeaders bool
	// Window is as in TableOptions.
	Window int
	// Types makes an event of each object that is watched, and the paths are then
	// the event's.
	Types bool
}

// NewColumns makes a printer of columns, or of those in the file of that name.
func NewColumns(out io.Writer, spec string, options ColumnsOptions) (*Columns, error) {
	parse := parseColumns
	if options.File {
		parse = readColumns
	}
	columns, err := parse(spec)
	if err != nil {
		return nil, err
	}
	table := NewFleetTable(out, TableOptions{NoHeaders: options.NoHeaders, Window: options.Window, KeepCase: true})
	c := &Columns{columns: columns, table: table, types: options.Types}
	for _, column := range columns {
		c.titles = append(c.titles, view.Column{Name: column.title})
	}
	return c, nil
}

// Add implements Rows. Where a path does not fit an object, which is not to say
// that it is not there, its cell says so.
func (c *Columns) Add(member fleet.Member, page view.Page) error {
	return c.add(member, added, page, c.table.Add)
}

// AddEvent prints at once what became of the objects of a page.
func (c *Columns) AddEvent(member fleet.Member, event string, page view.Page) error {
	return c.add(member, event, page, func(member fleet.Member, page view.Page) error {
		return c.table.AddEvent(member, event, page)
	})
}

func (c *Columns) add(member fleet.Member, event string, page view.Page, add func(fleet.Member, view.Page) error) error {
	rows := view.Page{Columns: c.titles}
	left := each(member, page, func(object map[string]any) error {
		if c.types {
			object = map[string]any{"type": event, "object": object}
		}
		cells, err := c.cells(object)
		rows.Rows = append(rows.Rows, view.Row{Cells: cells})
		return err
	})
	if err := add(member, rows); err != nil {
		return err
	}
	return left
}

// cells are those of one object; the error tells of the first that failed.
func (c *Columns) cells(object map[string]any) ([]string, error) {
	var failed error
	cells := make([]string, len(c.columns))
	for i, column := range c.columns {
		cell, err := column.cell(object)
		if err != nil {
			cell = "<error>"
			if failed == nil {
				failed = &UnprintableError{Err: err}
			}
		}
		cells[i] = cell
	}
	return cells, failed
}

// Flush implements Rows.
func (c *Columns) Flush() error { return c.table.Flush() }

// Close implements Rows.
func (c *Columns) Close(outcomes []Outcome) error { return c.table.Close(outcomes) }
