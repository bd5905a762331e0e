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

	columns []column
	blocks  []block
}

// column is one of the united columns: its name, and which of the columns of
// this name in a member's table, for a table may have two.
type column struct {
	name       string
	occurrence int
}

// block is the table of one member.
type block struct {
	cluster string
	rows    []view.Row
	// at says, for each of the united columns, where it is in the rows; -1 for
	// those that this member does not have. It may be shorter than the columns.
	at []int
}

// Add adds the table of one member.
func (t *FleetTable) Add(cluster string, table view.Table) {
	added := block{cluster: cluster, rows: table.Rows}
	seen := map[string]int{}
	for i, definition := range table.Columns {
		key := column{definition.Name, seen[definition.Name]}
		seen[definition.Name]++
		if definition.Priority != 0 && !t.Wide {
			continue
		}
		united := slices.Index(t.columns, key)
		if united < 0 {
			united = len(t.columns)
			t.columns = append(t.columns, key)
		}
		for len(added.at) <= united {
			added.at = append(added.at, -1)
		}
		added.at[united] = i
	}
	t.blocks = append(t.blocks, added)
}

// Empty tells whether there is no row.
func (t *FleetTable) Empty() bool {
	return !slices.ContainsFunc(t.blocks, func(b block) bool { return len(b.rows) > 0 })
}

// Print writes the table.
func (t *FleetTable) Print(out io.Writer) error {
	var header []string
	if !t.NoHeaders {
		header = t.lead("CLUSTER", "NAMESPACE")
		for _, column := range t.columns {
			header = append(header, strings.ToUpper(column.name))
		}
	}
	var rows [][]string
	for _, block := range t.blocks {
		for _, row := range block.rows {
			rows = append(rows, append(t.lead(block.cluster, row.Namespace), t.cells(block, row)...))
		}
	}
	return Table(out, header, rows)
}

func (t *FleetTable) cells(block block, row view.Row) []string {
	cells := make([]string, len(t.columns))
	for i := range cells {
		cells[i] = "<none>"
		if i < len(block.at) && block.at[i] >= 0 {
			cells[i] = row.Cells[block.at[i]]
		}
	}
	return cells
}

func (t *FleetTable) lead(cluster, namespace string) []string {
	if t.Namespaces {
		return []string{cluster, namespace}
	}
	return []string{cluster}
}
