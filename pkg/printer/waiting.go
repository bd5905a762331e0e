package printer

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// toLineStart moves the cursor to the first column of its line, and toLineEnd
// erases what stands from there on. Source: ECMA-48, CR and EL.
const (
	toLineStart = "\r"
	eraseToEnd  = "\x1b[K"
)

// usualWidth is taken for the width of a terminal that does not tell it.
const usualWidth = 80

// Waiting says on a terminal, in one line that it writes over and over, which
// members are being waited for. Whoever prints something else there clears it
// before. The methods of a nil one do nothing.
type Waiting struct {
	out   io.Writer
	width func() int
	shown string
}

// NewWaiting makes a line on a terminal that is as wide, in columns, as width
// says when asked; 0 stands for not known.
func NewWaiting(out io.Writer, width func() int) *Waiting {
	return &Waiting{out: out, width: width}
}

// Show says that these members, of so many, are being waited for. The line is
// not written where it says so already.
func (w *Waiting) Show(names []string, total int) {
	if w == nil || len(names) == 0 {
		w.Clear()
		return
	}
	width := w.width()
	if width <= 0 {
		width = usualWidth
	}
	// The last column stays free: some terminals go to the next line with it.
	switch text := waitingFor(names, total, width-1); text {
	case w.shown:
	case "":
		w.Clear()
	default:
		fmt.Fprint(w.out, toLineStart+text+eraseToEnd)
		w.shown = text
	}
}

// Clear erases the line, if there is one.
func (w *Waiting) Clear() {
	if w != nil && w.shown != "" {
		fmt.Fprint(w.out, toLineStart+eraseToEnd)
		w.shown = ""
	}
}

// waitingFor names as many members as the width has room for; it is empty where
// there is not even room for their number.
func waitingFor(names []string, total, width int) string {
	of := ""
	if total > 1 {
		of = " of " + clusters(total)
	}
	text := ""
	for named := range len(names) + 1 {
		longer := "waiting for " + naming(names, named) + of
		if widthOf(longer) > width {
			break
		}
		text = longer
	}
	return text
}

// naming is a list of so many of the names: a, b and 4 more.
func naming(names []string, named int) string {
	parts := make([]string, 0, named+1)
	for _, name := range names[:named] {
		parts = append(parts, Escape(name))
	}
	switch more := len(names) - named; {
	case named == 0:
		return strconv.Itoa(more)
	case more > 0:
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
