// Package printer turns values into what a user sees: tables, lines, progress.
// It is the only package that knows the table writer, and all text from
// outside passes Escape here.
package printer

import (
	"bytes"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// kubectl's columns stand three spaces apart and are at least six wide, the
// gap included.
const (
	gap      = "   "
	minWidth = 3
)

// Table writes rows in kubectl's own layout. Without a header it leaves that
// line out.
func Table(out io.Writer, header []string, rows [][]string) error {
	lines := &trimmer{out: out}
	table := tablewriter.NewTable(lines,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithPadding(tw.Padding{Right: gap, Overwrite: true}),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
	)
	if header != nil {
		table.Header(cells(header))
	}
	for _, row := range rows {
		if err := table.Append(cells(row)); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	return lines.err // which the table writer does not pass on
}

func cells(texts []string) []string {
	escaped := make([]string, len(texts))
	for i, text := range texts {
		escaped[i] = Escape(text)
		if short := minWidth - len(escaped[i]); short > 0 {
			escaped[i] += strings.Repeat(" ", short)
		}
	}
	return escaped
}

// trimmer drops the padding at the end of each line.
type trimmer struct {
	out  io.Writer
	line []byte
	err  error
}

func (t *trimmer) Write(data []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	t.line = append(t.line, data...)
	for {
		end := bytes.IndexByte(t.line, '\n')
		if end < 0 {
			return len(data), nil
		}
		line := append(bytes.TrimRight(t.line[:end], " "), '\n')
		if _, t.err = t.out.Write(line); t.err != nil {
			return 0, t.err
		}
		t.line = t.line[end+1:]
	}
}
