package printer

import (
	"fmt"
	"slices"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// Sorted holds the rows of all members, and hands them on in the order of their
// keys once all have answered. It is a Rows.
type Sorted struct {
	next  Rows
	field string
	rows  []sortable
	// held is about what the rows take, in bytes.
	held int
	// found is set once a row has a key.
	found bool
	// resources are pages without rows, one for each resource, in the order in
	// which they were met.
	resources []memberPage
}

// sortable is one row of a page.
type sortable struct {
	of  *memberPage
	row int
}

func (s sortable) key() any { return s.of.page.Rows[s.row].Key }

type memberPage struct {
	member fleet.Member
	page   view.Page
}

// NewSorted makes a printer that hands the rows to the next, sorted. The field
// is what the user wants to sort them by, for the error where no object has it.
func NewSorted(next Rows, field string) *Sorted { return &Sorted{next: next, field: field} }

// Add implements Rows.
func (s *Sorted) Add(member fleet.Member, page view.Page) error {
	if s.held += page.Size(); s.held > maxHeld {
		return tooMuch()
	}
	if !slices.ContainsFunc(s.resources, func(of memberPage) bool { return of.page.Resource == page.Resource }) {
		s.resources = append(s.resources, memberPage{member, view.Page{Resource: page.Resource, Columns: page.Columns, Ask: page.Ask, Mixed: page.Mixed}})
	}
	of := &memberPage{member, page}
	for i, row := range page.Rows {
		s.rows = append(s.rows, sortable{of, i})
		s.found = s.found || row.Key != nil
	}
	return nil
}

// Flush implements Rows. Nothing is printed before the last row is known.
func (s *Sorted) Flush() error { return nil }

// Close implements Rows.
func (s *Sorted) Close(outcomes []Outcome) error {
	if len(s.rows) > 0 && !s.found {
		return fmt.Errorf("nothing to sort by: no object has %q (--sort-by)", s.field)
	}
	slices.SortStableFunc(s.rows, func(a, b sortable) int { return view.Compare(a.key(), b.key()) })
	for _, of := range s.resources { // so that their tables come in the order asked for
		if err := s.next.Add(of.member, of.page); err != nil {
			return err
		}
	}
	for len(s.rows) > 0 {
		run := s.run()
		if err := Unprintable(outcomes, run.member, s.next.Add(run.member, run.page)); err != nil {
			return err
		}
	}
	return s.next.Close(outcomes)
}

// run takes off the first rows that are of one page.
func (s *Sorted) run() memberPage {
	of := s.rows[0].of
	run := memberPage{of.member, of.page}
	run.page.Rows = nil
	for len(s.rows) > 0 && s.rows[0].of == of {
		run.page.Rows = append(run.page.Rows, of.page.Rows[s.rows[0].row])
		s.rows = s.rows[1:]
	}
	return run
}
