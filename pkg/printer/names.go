package printer

import (
	"bufio"
	"fmt"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// Names prints a line for each object: its cluster, and its name as kubectl's
// -o name has it. It is a Rows.
type Names struct {
	out *bufio.Writer
}

// NewNames makes a printer of names to out.
func NewNames(out io.Writer) *Names { return &Names{bufio.NewWriter(out)} }

// Add implements Rows.
func (n *Names) Add(member fleet.Member, page view.Page) error {
	before := Escape(member.Name + " " + page.Resource.Prefix() + "/")
	for _, row := range page.Rows {
		if _, err := fmt.Fprintf(n.out, "%s%s\n", before, Escape(row.Name)); err != nil {
			return err
		}
	}
	return nil
}

// AddEvent implements Watched: kubectl's names do not say what happened.
func (n *Names) AddEvent(member fleet.Member, _ string, page view.Page) error {
	if err := n.Add(member, page); err != nil {
		return err
	}
	return n.Flush()
}

// Flush implements Rows.
func (n *Names) Flush() error { return n.out.Flush() }

// Close implements Rows.
func (n *Names) Close([]Outcome) error { return n.out.Flush() }
