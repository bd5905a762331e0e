package bench

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/kurator-dev/kubectl-fleetapp/test/lines"
)

// Read reads the figures that were added to a file.
func Read(path string) ([]Figure, error) { return lines.Read[Figure](path) }

// errMissed is the error of a figure that is counted and misses its bar.
var errMissed = errors.New("a figure that is counted misses its bar, or none was measured")

// Check is an error where a figure that is counted misses its bar.
func Check(figures []Figure) error {
	missed := func(f Figure) bool { return f.Missed() && !f.IsTime }
	if len(figures) == 0 || slices.ContainsFunc(figures, missed) {
		return errMissed
	}
	return nil
}

// header are the columns of the table.
func header() []string { return []string{"WHAT", "OURS", "BAR", "", Bare, Kubectl, Defaults} }

// cells are a figure's.
func (f Figure) cells() []string {
	bar, mark := "", ""
	switch {
	case f.Bar == 0:
	case f.IsLeast:
		bar = "≥ " + shown(f.Bar, f.Unit)
	default:
		bar = "≤ " + shown(f.Bar, f.Unit)
	}
	switch {
	case f.Bar != 0 && f.Missed():
		mark = "✗"
	case f.Bar != 0:
		mark = "✔"
	}
	cells := []string{f.What, shown(f.Ours, f.Unit), bar, mark}
	for _, peer := range []string{Bare, Kubectl, Defaults} {
		cell := ""
		if value, ok := f.Peers[peer]; ok {
			cell = shown(value, f.Unit)
		}
		cells = append(cells, cell)
	}
	return cells
}

// shown is a number with three digits that mean something.
func shown(value float64, unit string) string {
	digits := 2
	switch {
	case value == float64(int(value)) || value >= 100:
		digits = 0
	case value >= 10:
		digits = 1
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", digits, value, unit))
}

// Table prints the figures for a terminal.
func Table(out io.Writer, figures []Figure) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, strings.Join(header(), "\t"))
	for _, figure := range figures {
		fmt.Fprintln(table, strings.Join(figure.cells(), "\t"))
	}
	return table.Flush()
}

// Markdown prints the figures for a page.
func Markdown(out io.Writer, figures []Figure) {
	fmt.Fprintf(out, "| %s |\n|%s\n", strings.Join(header(), " | "), strings.Repeat("---|", len(header())))
	for _, figure := range figures {
		fmt.Fprintf(out, "| %s |\n", strings.Join(figure.cells(), " | "))
	}
}
