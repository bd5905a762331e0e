package printer

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

const (
	none = "<none>"
	// maxColumns bounds the columns that are united; further ones are not shown.
	// The widest of Kubernetes' own tables has eleven: hundreds of them are there
	// to fill the memory.
	maxColumns = 200
)

// sheet is the table of one resource.
type sheet struct {
	options  *TableOptions
	resource view.Resource
	ask      int // the first that it answers
	columns  []column
	// widths are those of the columns; they only grow, so that what is printed
	// later stands below what was printed before.
	widths []int
	// rows are those that are not printed yet, one cell for each column, and
	// size is about what they take, in bytes.
	rows [][]string
	size int
	// header is how many columns the header had that was printed last.
	header int
	// from are the columns of the page that was added last, and at says where
	// among our columns each of them is; -1 for those that are not shown.
	from []view.Column
	at   []int
}

// column is one of the united columns: its name, and which of the columns of
// this name in a member's table, for a table may have two.
type column struct {
	name       string
	occurrence int
	ours       bool // and no member's, whatever its name is
}

func newSheet(options *TableOptions, page view.Page) *sheet {
	s := &sheet{options: options, resource: page.Resource, ask: page.Ask}
	for _, title := range s.lead() {
		s.columns = append(s.columns, column{name: title, ours: true})
	}
	for _, label := range options.LabelColumns {
		s.columns = append(s.columns, column{name: label[strings.LastIndexByte(label, '/')+1:], ours: true})
	}
	if options.ShowLabels {
		s.columns = append(s.columns, column{name: "Labels", ours: true})
	}
	s.widths = slices.Repeat([]int{minWidth}, len(s.columns))
	return s
}

// lead are the titles of the columns before the member's own.
func (s *sheet) lead() []string {
	titles := []string{"Cluster"}
	if s.options.Events {
		titles = append(titles, "Event")
	}
	if s.namespaces() {
		titles = append(titles, "Namespace")
	}
	return titles
}

func (s *sheet) namespaces() bool { return s.options.Namespaces && s.resource.Namespaced }

// add adds the rows of a page, and the columns that only it has.
func (s *sheet) add(cluster, event string, page view.Page) {
	if len(page.Rows) == 0 {
		return
	}
	if !slices.Equal(page.Columns, s.from) {
		s.from, s.at = page.Columns, s.unite(page.Columns)
	}
	name := -1
	if (s.options.ShowKind || page.Mixed) && page.Resource.Kind != "" {
		name = slices.IndexFunc(page.Columns, func(c view.Column) bool { return c.Format == "name" })
	}
	lead := []string{Escape(cluster)}
	if s.options.Events {
		lead = append(lead, Escape(fmt.Sprintf("%-8s", event))) // MODIFIED is the longest that there is
	}
	s.size += page.Size()
	for _, row := range page.Rows {
		cells := append(make([]string, 0, len(s.columns)), lead...)
		if s.namespaces() {
			cells = append(cells, Escape(row.Namespace))
		}
		for len(cells) < len(s.columns) {
			cells = append(cells, none)
		}
		for i, cell := range row.Cells[:min(len(row.Cells), len(s.at))] {
			if i == name {
				cell = page.Resource.Prefix() + "/" + cell
			}
			if s.at[i] >= 0 {
				cells[s.at[i]] = Escape(cell)
			}
		}
		s.labels(cells, row.Labels)
		s.rows = append(s.rows, cells)
	}
}

// labels fills in the last cells. As kubectl has it, a label that an object does
// not have is empty.
func (s *sheet) labels(cells []string, of map[string]string) {
	at := len(cells)
	if s.options.ShowLabels {
		at--
		cells[at] = Escape(labels.FormatLabels(of))
	}
	at -= len(s.options.LabelColumns)
	for i, label := range s.options.LabelColumns {
		cells[at+i] = Escape(of[label])
	}
}

// unite says where among the columns a member's are. Those that are missing
// are inserted after the one that precedes them in the member's table.
func (s *sheet) unite(columns []view.Column) []int {
	indexes := make([]int, len(columns))
	keys := make([]column, len(columns))
	seen := map[string]int{}
	next := len(s.lead())
	for i, definition := range columns {
		keys[i] = column{name: definition.Name, occurrence: seen[definition.Name]}
		seen[definition.Name]++
		at := slices.Index(s.columns, keys[i])
		switch {
		case at >= 0:
			next = at + 1
		case definition.Priority != 0 && !s.options.Wide || len(s.columns) >= maxColumns:
			continue
		default:
			s.insert(next, keys[i])
			next++
		}
	}
	for i, key := range keys { // not before, because an insertion moves what follows
		indexes[i] = slices.Index(s.columns, key)
	}
	return indexes
}

// insert makes a new column, which is empty in the rows that are there.
func (s *sheet) insert(at int, key column) {
	s.columns = slices.Insert(s.columns, at, key)
	s.widths = slices.Insert(s.widths, at, minWidth)
	for i, row := range s.rows {
		s.rows[i] = slices.Insert(row, at, none)
	}
}

// empty tells whether there never was a row.
func (s *sheet) empty() bool { return len(s.rows) == 0 && s.header == 0 }

// full tells whether the rows are as many as are held.
func (s *sheet) full() bool {
	return s.options.Window > 0 && (len(s.rows) >= s.options.Window || s.size >= maxWindow)
}

// write prints the rows that are held, and lets go of them. Where there are new
// columns, there is a new header.
func (s *sheet) write(out io.Writer) error {
	if len(s.rows) == 0 {
		return nil
	}
	var header []string
	if s.header != len(s.columns) {
		if s.header > 0 && !s.options.NoHeaders {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		s.header = len(s.columns)
		header = s.titles()
	}
	s.widths = widen(s.widths, header)
	for _, row := range s.rows {
		s.widths = widen(s.widths, row)
	}
	if err := drawRows(out, s.widths, header, s.rows); err != nil {
		return err
	}
	s.rows, s.size = nil, 0
	return nil
}

// titles are nil where none are to be printed.
func (s *sheet) titles() []string {
	if s.options.NoHeaders {
		return nil
	}
	titles := make([]string, len(s.columns))
	for i, column := range s.columns {
		title := column.name
		if column.ours || !s.options.KeepCase {
			title = strings.ToUpper(title)
		}
		titles[i] = Escape(title)
	}
	return titles
}
