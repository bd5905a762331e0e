package printer

import (
	"io"
	"slices"
	"strings"
)

// noted is a row, and what there is to say about it.
type noted struct {
	cells, notes []string
}

// indent is before a note that stands below its row.
const indent = "  "

// notedTable prints rows with their notes in a last column: the first beside its
// row, the others in lines of their own. On a terminal that has no room for that
// they stand below their row. The cells are painted.
func notedTable(out io.Writer, titles []string, rows []noted, terminal Terminal, noHeaders bool, paint func(column int, cell string) string) error {
	var header []string
	if !noHeaders {
		header = escaped(titles)
	}
	last := len(titles) - 1
	widths := widen(nil, header[:min(last, len(header))])
	longest := 0
	for i := range rows {
		rows[i] = noted{escaped(rows[i].cells), escaped(rows[i].notes)}
		widths = widen(widths, rows[i].cells)
		for _, note := range rows[i].notes {
			longest = max(longest, widthOf(note))
		}
	}
	room := terminal.Width
	for _, taken := range widths {
		room -= taken
	}
	below := terminal.Width > 0 && longest > room
	var lines [][]string
	for _, row := range rows {
		cells := make([]string, len(row.cells), len(titles))
		for i, cell := range row.cells {
			cells[i] = paint(i, cell)
		}
		if below {
			lines = append(lines, cells)
			for _, note := range row.notes {
				lines = append(lines, folded(note, terminal.Width)...)
			}
			continue
		}
		notes := row.notes
		if len(notes) == 0 {
			notes = []string{""}
		}
		for _, note := range notes {
			lines = append(lines, append(slices.Clone(cells), note))
			cells = make([]string, len(cells))
		}
	}
	if below && !noHeaders {
		header = header[:last]
	}
	return drawRows(out, widths, header, lines)
}

// folded is a note in lines that fit a width, as long as its words do.
func folded(note string, width int) [][]string {
	var lines [][]string
	line := indent
	for _, word := range strings.Split(note, " ") {
		if len(line) > len(indent) && widthOf(line)+widthOf(word) >= width {
			lines = append(lines, []string{strings.TrimSuffix(line, " ")})
			line = indent + indent
		}
		line += word + " "
	}
	return append(lines, []string{strings.TrimSuffix(line, " ")})
}
