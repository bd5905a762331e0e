package printer

import (
	"io"
	"slices"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// FleetTable is the tables of many members in one: the cluster first, then the
// columns that the members' API servers make. Members of different versions
// may differ in columns; they are united by name.
type FleetTable struct {
	// Wide shows the columns of lower priority too.
	Wide bool
	// Namespaces shows each object's namespace.
	Namespaces bool
	// NoHeaders leaves the titles out.
	NoHeaders bool

	columns []string
	rows    []fleetRow
}

type fleetRow struct {
	cluster, namespace string
	cells              map[string]string
}

// Add adds the table of one member.
func (t *FleetTable) Add(cluster string, table view.Table) {
	for _, column := range table.Columns {
		if t.shown(column) && !slices.Contains(t.columns, column.Name) {
			t.columns = append(t.columns, column.Name)
		}
	}
	for _, row := range table.Rows {
		cells := make(map[string]string, len(table.Columns))
		for i, column := range table.Columns {
			if t.shown(column) {
				cells[column.Name] = row.Cells[i]
			}
		}
		t.rows = append(t.rows, fleetRow{cluster, row.Namespace, cells})
	}
}

// Empty tells whether there is no row.
func (t *FleetTable) Empty() bool { return len(t.rows) == 0 }

// Print writes the table.
func (t *FleetTable) Print(out io.Writer) error {
	var header []string
	if !t.NoHeaders {
		header = t.lead("CLUSTER", "NAMESPACE")
		for _, column := range t.columns {
			header = append(header, strings.ToUpper(column))
		}
	}
	rows := make([][]string, len(t.rows))
	for i, row := range t.rows {
		rows[i] = t.lead(row.cluster, row.namespace)
		for _, column := range t.columns {
			cell, ok := row.cells[column]
			if !ok {
				cell = "<none>"
			}
			rows[i] = append(rows[i], cell)
		}
	}
	return Table(out, header, rows)
}

func (t *FleetTable) shown(column view.Column) bool { return column.Priority == 0 || t.Wide }

func (t *FleetTable) lead(cluster, namespace string) []string {
	if t.Namespaces {
		return []string{cluster, namespace}
	}
	return []string{cluster}
}
