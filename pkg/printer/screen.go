package printer

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
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

// Show shows text that is escaped and may be painted, and below it what is said
// beside it. Lines are cut off at the width of the terminal. What does not fit into
// its height is left out, which a line in its place says: rows before what is said
// beside them, and of that the last line, which sums all up, never.
func (s *Screen) Show(text, beside []byte, terminal Terminal) error {
	lines, below := linesOf(text), linesOf(beside)
	// The cursor stands on a line of its own below.
	if room := terminal.Height - 1; terminal.Height > 1 && len(lines)+len(below) > room {
		below = leaveOut(below, max(room-len(lines), room/2, 1), 1)
		lines = leaveOut(lines, room-len(below), 0)
	}
	lines = append(lines, below...)
	var all bytes.Buffer
	if s.lines > 0 {
		fmt.Fprintf(&all, toLineStart+upLines, s.lines)
	}
	all.WriteString(eraseBelow)
	for _, line := range lines {
		all.WriteString(fitPainted(line, terminal.Width))
		all.WriteByte('\n')
	}
	s.lines = len(lines)
	_, err := s.out.Write(all.Bytes())
	return err
}

func linesOf(text []byte) []string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// leaveOut leaves out what is too many before the last lines, and says so.
func leaveOut(lines []string, most, last int) []string {
	if len(lines) <= most {
		return lines
	}
	first := max(most-last-1, 0)
	end := len(lines) - min(last, most)
	if most <= last { // no room even to say so
		return lines[end:]
	}
	said := fmt.Sprintf("… %d more lines", end-first)
	return slices.Concat(lines[:first], []string{said}, lines[end:])
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
		left -= widthOf(piece)
		kept.WriteString(piece + text[at[0]:at[1]])
		text = text[at[1]:]
	}
	return kept.String()
}
