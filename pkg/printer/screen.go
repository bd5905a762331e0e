package printer

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// upLines moves the cursor up, and eraseBelow erases all from there on. Source:
// ECMA-48, CUU and ED.
const (
	upLines    = "\x1b[%dA"
	eraseBelow = "\x1b[J"
)

// Screen shows text on a terminal in the place of what it showed before.
type Screen struct {
	out io.Writer
	// lines are how many were written last.
	lines int
}

// NewScreen makes a screen on a terminal.
func NewScreen(out io.Writer) *Screen { return &Screen{out: out} }

// Show shows text that is escaped and may be painted. Lines are cut off at the
// width of the terminal; what does not fit into its height is left out, which the
// last line says.
func (s *Screen) Show(text []byte, terminal Terminal) error {
	lines := bytes.SplitAfter(text, []byte("\n"))
	if last := len(lines) - 1; len(lines[last]) == 0 {
		lines = lines[:last]
	}
	// The cursor stands on a line of its own below.
	if room := terminal.Height - 1; terminal.Height > 1 && len(lines) > room {
		more := len(lines) - room + 1
		lines = append(lines[:room-1:room-1], fmt.Appendf(nil, "… %d more lines\n", more))
	}
	var all bytes.Buffer
	if s.lines > 0 {
		fmt.Fprintf(&all, toLineStart+upLines, s.lines)
	}
	all.WriteString(eraseBelow)
	for _, line := range lines {
		all.WriteString(fitPainted(strings.TrimSuffix(string(line), "\n"), terminal.Width))
		all.WriteByte('\n')
	}
	s.lines = len(lines)
	_, err := s.out.Write(all.Bytes())
	return err
}

// fitPainted is fit for text with renditions, which take no room; without a width
// it is as it was.
func fitPainted(text string, width int) string {
	renditions := regexp.MustCompile("\x1b\\[[0-9;]*m")
	if width <= 0 {
		return text
	}
	var kept strings.Builder
	left := width
	for len(text) > 0 {
		at := renditions.FindStringIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		piece := fit(text[:at[0]], left)
		left -= twwidth.WidthNoCache(piece)
		kept.WriteString(piece + text[at[0]:at[1]])
		text = text[at[1]:]
	}
	return kept.String()
}
