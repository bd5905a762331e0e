// Package view asks one member for any resource, as the table that its API
// server makes of it.
package view

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	acceptTable = "application/json;as=Table;g=meta.k8s.io;v=v1"
	// pageSize is kubectl's own.
	pageSize = 500
	// What one member may answer: as many pages as a million objects take, and
	// as much text, in bytes, as is worth holding for a table.
	maxPages = 1_000_000 / pageSize
	maxSize  = 64 << 20
	// What a row and a cell take beside their text.
	rowSize, cellSize = 64, 16
)

// Query is what is asked of every member.
type Query struct {
	Resource Resource
	// Namespace is where to look; empty stands for all namespaces.
	Namespace string
	// LabelSelector is passed on as it is.
	LabelSelector string
}

// Column is one column of a member's table.
type Column struct {
	Name string
	// Priority is 0 for the columns that are always shown, and greater for
	// those that are shown with -o wide.
	Priority int32
}

// Table is what one member answered.
type Table struct {
	Columns []Column
	Rows    []Row
}

// Row is one object.
type Row struct {
	// Namespace is the object's, filled in only where all were asked for.
	Namespace string
	// Cells are in the order of the columns; null is empty, as kubectl has it.
	Cells []string
}

// Get reads a resource, page by page.
func Get(ctx context.Context, client rest.Interface, query Query) (Table, error) {
	var (
		all  Table
		next string
		size int
	)
	for range maxPages {
		page, err := query.page(ctx, client, next)
		if err != nil {
			return all, err
		}
		if all.Columns == nil {
			all.Columns = columns(page.ColumnDefinitions)
		}
		for i := range page.Rows {
			row, err := query.row(&page.Rows[i], len(all.Columns))
			if err != nil {
				return all, err
			}
			size += rowSize
			for _, cell := range row.Cells {
				size += cellSize + len(cell)
			}
			if size > maxSize {
				return all, reason.Errorf(reason.Failed, "its list of %s is larger than %d MiB", query.Resource, maxSize>>20)
			}
			all.Rows = append(all.Rows, row)
		}
		if page.Continue == "" {
			return all, nil
		}
		if page.Continue == next {
			break
		}
		next = page.Continue
	}
	return all, reason.Errorf(reason.Failed, "its list of %s has a next page without end", query.Resource)
}

func (q Query) page(ctx context.Context, client rest.Interface, next string) (*metav1.Table, error) {
	request := client.Get().AbsPath(q.Resource.path(q.Namespace)...).
		SetHeader("Accept", acceptTable).
		Param("limit", strconv.Itoa(pageSize)).
		Param("includeObject", string(q.include()))
	if q.LabelSelector != "" {
		request = request.Param("labelSelector", q.LabelSelector)
	}
	if next != "" {
		request = request.Param("continue", next)
	}
	result := request.Do(ctx)
	if err := result.Error(); err != nil {
		return nil, err
	}
	body, err := result.Raw()
	if err != nil {
		return nil, err
	}
	table := &metav1.Table{}
	if err := json.Unmarshal(body, table); err != nil || table.Kind != "Table" {
		return nil, reason.Errorf(reason.Failed, "its answer is not a table of %s", q.Resource)
	}
	return table, nil
}

// include asks for the rows' objects only where their namespace is shown: a
// pod's row is 136 bytes without, and 3.5 kB with its metadata.
func (q Query) include() metav1.IncludeObjectPolicy {
	if q.allNamespaces() {
		return metav1.IncludeMetadata
	}
	return metav1.IncludeNone
}

func (q Query) allNamespaces() bool { return q.Resource.Namespaced && q.Namespace == "" }

func (q Query) row(from *metav1.TableRow, width int) (Row, error) {
	if len(from.Cells) != width {
		return Row{}, reason.Errorf(reason.Failed, "its table of %s has a row of %d cells under %d columns", q.Resource, len(from.Cells), width)
	}
	row := Row{Cells: make([]string, width)}
	for i, cell := range from.Cells {
		row.Cells[i] = text(cell)
	}
	if !q.allNamespaces() {
		return row, nil
	}
	var object struct {
		Metadata struct {
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(from.Object.Raw, &object); err != nil {
		return Row{}, reason.Errorf(reason.Failed, "its table of %s has a row without its object's metadata", q.Resource)
	}
	row.Namespace = object.Metadata.Namespace
	return row, nil
}

func text(cell any) string {
	switch value := cell.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return fmt.Sprint(cell)
}

func columns(definitions []metav1.TableColumnDefinition) []Column {
	all := make([]Column, len(definitions))
	for i, definition := range definitions {
		all[i] = Column{Name: definition.Name, Priority: definition.Priority}
	}
	return all
}
