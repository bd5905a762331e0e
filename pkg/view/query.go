package view

import (
	"encoding/json"
	"time"
)

// Form is what of an object is asked for.
type Form int

// The forms there are.
const (
	Rows    Form = iota // its row in the table that the API server makes
	Objects             // the whole object
	Names               // no more than its name and namespace
)

// Ask is one type that a user asks for, and which of its objects.
type Ask struct {
	// Type is as kubectl takes it: pods, po, deployments.apps,
	// deployments.v1.apps, or a category such as all.
	Type string
	// Names are those of the objects; none stands for all.
	Names []string
}

// Query is what is asked of every member.
type Query struct {
	Asks []Ask
	// Namespace is where to look; empty stands for all namespaces.
	Namespace string
	// LabelSelector and FieldSelector are passed on as they are.
	LabelSelector, FieldSelector string
	// Subresource is asked for in the place of the objects themselves, which
	// must be named then.
	Subresource string
	// ChunkSize is how many objects a page has at most; 0 asks for all at once.
	ChunkSize int
	// Form is what of each object is asked for.
	Form Form
	// Wide keeps the columns of lower priority, which take up half of a pod's row.
	Wide bool
	// Labels fills in each row's labels.
	Labels bool
	// SortBy fills in each row's key; it may be nil.
	SortBy *Field
	// ManagedFields keeps them in whole objects.
	ManagedFields bool
	// Now is the clock that tells an object's age where the member makes no
	// table of it; nil is time.Now.
	Now func() time.Time
}

// Page is a part of what a member answers: at least one object, and all of one
// resource.
type Page struct {
	Resource Resource
	// Ask is which of Query.Asks it answers, and Mixed tells whether the member
	// has several resources that answer them.
	Ask   int
	Mixed bool
	// Columns are those of a table, in the form Rows.
	Columns []Column
	Rows    []Row
}

// Column is one column of a member's table.
type Column struct {
	Name string
	// Format is "name" for the column that holds the object's name.
	Format string
	// Priority is 0 for the columns that are always shown, and greater for
	// those that are there with Query.Wide alone.
	Priority int32
}

// Row is one object.
type Row struct {
	// Namespace is the object's; of a row of a table only where all namespaces
	// were asked for.
	Namespace string
	// Name is the object's, in the forms Objects and Names.
	Name string
	// Cells are in the order of the columns and as many, in the form Rows: one
	// line of text each, null is empty, as kubectl has it.
	Cells []string
	// Labels are the object's, where Query.Labels asks for them.
	Labels map[string]string
	// Object is the whole object in JSON, in the form Objects, with its kind and
	// apiVersion, which objects in lists lack.
	Object json.RawMessage
	// Key is what Query.SortBy found in the object, for Compare; nil where it
	// found nothing.
	Key any
}

// What a row and a cell take beside their text, in bytes.
const rowSize, cellSize = 128, 16

// Size is about what the page takes in memory, in bytes.
func (p Page) Size() int {
	size := rowSize
	for i := range p.Rows {
		size += p.Rows[i].size()
	}
	return size
}

func (r *Row) size() int {
	size := rowSize + len(r.Namespace) + len(r.Name) + len(r.Object)
	for _, cell := range r.Cells {
		size += cellSize + len(cell)
	}
	for key, value := range r.Labels {
		size += 2*cellSize + len(key) + len(value)
	}
	if text, ok := r.Key.(string); ok {
		size += cellSize + len(text)
	}
	return size
}
