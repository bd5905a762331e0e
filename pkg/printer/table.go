// Package printer turns values into what a user sees: tables, lines, progress.
// It is the only package that knows the table writer, and all text from
// outside passes Escape here.
package printer

import (
	"bufio"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// kubectl's columns stand three spaces apart and are at least six wide, the
// gap included.
const (
	gap      = 3
	minWidth = 6
	// maxWidth is what one cell can make all others of its column as wide as.
	maxWidth = 1000
)

// Table writes rows in kubectl's own layout. Without a header it leaves that
// line out.
func Table(out io.Writer, header []string, rows [][]string) error {
	var widths []int
	header = escaped(header)
	all := make([][]string, len(rows))
	for i, row := range rows {
		all[i] = escaped(row)
		widths = widen(widths, all[i])
	}
	return draw(out, widen(widths, header), header, all)
}

func escaped(texts []string) []string {
	if texts == nil {
		return nil
	}
	harmless := make([]string, len(texts))
	for i, text := range texts {
		harmless[i] = Escape(text)
	}
	return harmless
}

// widthOf is how many columns of a terminal a text takes. ASCII, which is nearly
// all, takes as many as it has bytes; the table writer knows the rest, slowly. What
// is wide in the East only, such as the lines of a tree, is narrow in the terminals
// of today.
func widthOf(text string) int {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return twwidth.Display(&runewidth.Condition{StrictEmojiNeutral: true}, text)
		}
	}
	return len(text)
}

// widen makes columns as wide as a row's cells need them, the gap included.
func widen(widths []int, cells []string) []int {
	for i, cell := range cells {
		if i == len(widths) {
			widths = append(widths, minWidth)
		}
		widths[i] = max(widths[i], min(widthOf(cell), maxWidth)+gap)
	}
	return widths
}

// draw writes rows, whose cells are escaped, in columns of these widths. The
// table writer is told to stream: it neither holds the rows then, nor remembers
// their texts, however long, with their widths.
func draw(out io.Writer, widths []int, header []string, rows [][]string) error {
	lines := bufio.NewWriter(out)
	rendition := tw.Rendition{
		Borders:   tw.BorderNone,
		Settings:  tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		Streaming: true,
	}
	fixed := tw.NewMapper[int, int]()
	for i, width := range widths {
		fixed.Set(i, width)
	}
	table := tablewriter.NewTable(lines,
		tablewriter.WithRenderer(&layout{Renderer: renderer.NewBlueprint(rendition), out: lines, widths: widths}),
		tablewriter.WithStreaming(tw.StreamConfig{Enable: true, StrictColumns: true}),
		tablewriter.WithColumnWidths(fixed),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
	)
	if err := table.Start(); err != nil {
		return err
	}
	if header != nil {
		table.Header(header)
	}
	for _, row := range rows {
		if err := table.Append(row); err != nil {
			return err
		}
	}
	if err := table.Close(); err != nil {
		return err
	}
	return lines.Flush()
}

// drawRows is draw without the table writer, which makes 6 KB of garbage for a
// row: that of a whole fleet must be small.
func drawRows(out io.Writer, widths []int, header []string, rows [][]string) error {
	lines := bufio.NewWriter(out)
	layout := &layout{out: lines, widths: widths}
	if header != nil {
		layout.Row(header, tw.Formatting{})
	}
	for _, row := range rows {
		layout.Row(row, tw.Formatting{})
	}
	return lines.Flush()
}

// layout renders the table writer's lines as kubectl has them: every cell is
// filled up to the width of its column, but for the last one, after which
// nothing stands. The table writer's own renderer fills that up, too, and takes
// three times as long.
type layout struct {
	tw.Renderer
	out    *bufio.Writer
	widths []int
	line   []byte
}

// Header implements tw.Renderer.
func (l *layout) Header(lines [][]string, formatting tw.Formatting) {
	for _, line := range lines {
		l.Row(line, formatting)
	}
}

// Row implements tw.Renderer.
func (l *layout) Row(cells []string, _ tw.Formatting) {
	l.line = l.line[:0]
	for i, cell := range cells {
		l.line = append(l.line, cell...)
		if i < len(cells)-1 {
			l.line = append(l.line, strings.Repeat(" ", max(l.widths[i]-widthOf(cell), gap))...)
		}
	}
	_, _ = l.out.Write(append(l.line, '\n')) // which fails again when it is flushed
}
