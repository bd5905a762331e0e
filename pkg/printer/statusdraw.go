package printer

import (
	"io"
	"slices"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// minMessage is how much room, in columns, a terminal must have for messages beside
// the rest of a row. Where it has less, they stand below.
const minMessage = 30

// statusTable prints rows, READY in colours. On a terminal the last column is cut
// off, or, if it is a message and there is no room for it, stands below its row,
// where the row is not as it should be.
func statusTable(out io.Writer, header []string, rows [][]string, options StatusOptions) error {
	ready, last := slices.Index(header, "READY"), len(header)-1
	widths := widen(nil, header)
	for i := range rows {
		rows[i] = escaped(rows[i])
		widths = widen(widths, rows[i])
	}
	width := options.Terminal.Width
	if options.Wide { // who asks for all of it gets it
		width = 0
	}
	room := width - 1
	for _, taken := range widths[:last] {
		room -= taken
	}
	below := width > 0 && room < minMessage && header[last] == "MESSAGE"
	var all [][]string
	for _, row := range rows {
		message := row[last]
		fine := row[ready] == string(status.True) && !strings.HasPrefix(message, differs)
		row[ready] = paintWord(options.Terminal.Colors, row[ready])
		switch {
		case below && fine:
			all = append(all, row[:last])
		case below:
			all = append(all, row[:last], []string{options.Terminal.Colors.Faint(fit("  "+message, width-1))})
		case width > 0:
			all = append(all, append(row[:last:last], fit(message, room)))
		default:
			all = append(all, row)
		}
	}
	if below {
		header = header[:last]
	}
	if options.NoHeaders {
		header = nil
	}
	return drawRows(out, widths, header, all)
}

// fit cuts text that is escaped off at a width.
func fit(text string, width int) string {
	switch {
	case widthOf(text) <= width:
		return text
	case width <= 0:
		return ""
	}
	var kept strings.Builder
	taken := 1 // the ellipsis
	for _, char := range text {
		if taken += widthOf(string(char)); taken > width {
			break
		}
		kept.WriteRune(char)
	}
	return kept.String() + "…"
}

func paintWord(colors Colors, word string) string {
	switch status.Word(word) {
	case status.True:
		return colors.Good(word)
	case status.False, status.Word(status.Stalled), status.Word(status.Missing):
		return colors.Bad(word)
	}
	return colors.Busy(word)
}
