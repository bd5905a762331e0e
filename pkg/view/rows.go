package view

import (
	"cmp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// maxColumns is far more than any table has.
const maxColumns = 1000

// decode decodes a table or a list, and hands over its rows on the way. Their
// metadata may come after them: objects that an API server does not know the
// type of are encoded in the order of the alphabet.
func (r *reader) decode(a *answer) (next string, err error) {
	var (
		seen     = map[string]bool{}
		kind     string
		metadata struct {
			Continue        string `json:"continue"`
			ResourceVersion string `json:"resourceVersion"`
		}
	)
	err = a.object(func(key string) error {
		switch key {
		case "kind", "metadata", "columnDefinitions", "rows", "items":
			if seen[key] {
				return errShape
			}
			seen[key] = true
		}
		table := r.query.Form == Rows && kind == "Table"
		switch {
		case key == "kind":
			return a.value(&kind)
		case key == "metadata":
			return a.value(&metadata)
		case key == "columnDefinitions" && r.query.Form == Rows:
			return r.columns(a)
		case key == "rows" && table && seen["columnDefinitions"]:
			return a.array(func() error { return r.row(a) })
		case key == "rows" && r.query.Form == Rows, key == "items" && table:
			return errShape
		case key == "items":
			return r.items(a)
		}
		return a.skip()
	})
	if err == nil {
		err = a.end()
	}
	isList := seen["items"] && strings.HasSuffix(kind, "List")
	isTable := r.query.Form == Rows && kind == "Table" && !seen["items"]
	if err == nil && !isList && !isTable {
		err = errShape
	}
	r.version = cmp.Or(r.version, metadata.ResourceVersion)
	return metadata.Continue, err
}

func (r *reader) columns(a *answer) error {
	r.page.Columns, r.shown = nil, nil
	return a.array(func() error {
		var column metav1.TableColumnDefinition
		if err := a.value(&column); err != nil {
			return err
		}
		if len(r.shown) == maxColumns {
			return reason.Errorf(reason.Failed, "its table of %s has more than %d columns", r.resource, maxColumns)
		}
		shown := column.Priority == 0 || r.query.Wide
		if r.shown = append(r.shown, shown); shown {
			r.page.Columns = append(r.page.Columns, Column{Name: column.Name, Format: column.Format, Priority: column.Priority})
		}
		return nil
	})
}

// tableRow is a row as it comes. What the cells take is used again for the next.
type tableRow struct {
	Cells []cell `json:"cells"`
	// Object points to what of the row's object is decoded.
	Object any `json:"object"`
}

func (r *reader) row(a *answer) error {
	var has struct {
		Metadata *struct {
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	r.raw = r.raw[:0]
	include, whole := r.include(), r.query.Labels || r.finder != nil || r.show != nil
	switch {
	case include == metav1.IncludeNone:
		r.table.Object = &struct{}{}
	case whole:
		r.table.Object = &r.raw
	default: // half the work, for an object is long
		r.table.Object = &has
	}
	r.table.Cells = r.table.Cells[:0]
	if err := a.value(&r.table); err != nil {
		return err
	}
	if have, width := len(r.table.Cells), len(r.shown); have != width {
		return reason.Errorf(reason.Failed, "its table of %s has a row of %d cells under %d columns", r.resource, have, width)
	}
	row := Row{Cells: make([]string, 0, len(r.page.Columns))}
	for i, cell := range r.table.Cells {
		if r.shown[i] {
			row.Cells = append(row.Cells, cell.text)
		}
	}
	switch {
	case include == metav1.IncludeNone:
	case whole:
		metadata, err := r.metadata(&row, r.raw)
		if err != nil {
			return r.bare()
		}
		row.Namespace = metadata.Namespace
	case has.Metadata == nil:
		return r.bare()
	default:
		row.Namespace = has.Metadata.Namespace
	}
	if !r.allNamespaces() {
		row.Namespace = ""
	}
	return r.add(row)
}

func (r *reader) bare() error {
	return reason.Errorf(reason.Failed, "its table of %s has a row without its object's metadata", r.resource)
}

// add takes one more row, and hands the page over where it is full.
func (r *reader) add(row Row) error {
	if r.rows++; r.rows > maxObjects {
		return reason.Errorf(reason.Failed, "its list of %s has more than %d objects", r.resource, maxObjects)
	}
	if r.show != nil && !r.show(r.is) {
		return nil
	}
	if r.page.Rows == nil {
		r.page.Rows = make([]Row, 0, min(r.rows, pageRows)) // few, or as many as before
	}
	r.page.Rows = append(r.page.Rows, row)
	if r.size += row.size(); r.size < pageBytes && len(r.page.Rows) < pageRows {
		return nil
	}
	return r.flush()
}

func (r *reader) flush() error {
	page := r.page
	page.Resource = r.resource
	r.page.Rows, r.size = nil, 0
	if len(page.Rows) == 0 {
		return nil
	}
	if r.crowded {
		r.held = append(r.held, page)
		return nil
	}
	return r.emit(page)
}
