package main

import (
	"fmt"
	"html"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// The terminal's measures: lines, and pixels.
const (
	rows     = 26
	charWide = 8.43 // of 14 pixels in any of the fonts below
	lineHigh = 20
	margin   = 16
	// rest is how long the end is shown before it begins anew.
	rest = 5 * time.Second
)

const style = `
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d0d7de; white-space: pre }
.said { fill: #8b949e }
.typed { fill: #7ee787; font-weight: bold }
.page, .cover { fill: #0d1117 }
@media (prefers-reduced-motion: reduce) { .scroll, .cover { animation: none } }
`

// draw writes the picture. All lines are in it, below each other; what moves is
// where one looks, and a cover over those that are yet to come. Where nothing
// moves, one sees the end.
func draw(to io.Writer, lines []line) error {
	if len(lines) == 0 {
		return fmt.Errorf("there is nothing to draw")
	}
	var out strings.Builder
	widest := 0
	for _, line := range lines {
		widest = max(widest, utf8.RuneCountInString(line.text))
	}
	width, height := int(float64(widest)*charWide)+2*margin, rows*lineHigh+2*margin
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="A terminal: the demo of kubectl fleetapp">`, width, height)
	fmt.Fprintf(&out, "\n<style>%s%s</style>\n", style, moves(lines))
	fmt.Fprintf(&out, `<rect class="page" width="%d" height="%d" rx="8"/>`+"\n", width, height)
	fmt.Fprintf(&out, `<svg y="%d" width="%d" height="%d"><g class="scroll">`+"\n", margin, width, rows*lineHigh)
	for i, line := range lines {
		if line.text != "" {
			fmt.Fprintf(&out, `<text%s x="%d" y="%d" xml:space="preserve">%s</text>`+"\n", class(line.text), margin, i*lineHigh+15, html.EscapeString(line.text))
		}
	}
	fmt.Fprintf(&out, `<rect class="cover" y="%d" width="%d" height="%d"/>`+"\n</g></svg>\n</svg>\n", 0, width, len(lines)*lineHigh)
	_, err := io.WriteString(to, out.String())
	return err
}

// class tells what is typed and what is said about it from what is printed.
func class(text string) string {
	switch {
	case strings.HasPrefix(text, "# "):
		return ` class="said"`
	case strings.HasPrefix(text, "$ "):
		return ` class="typed"`
	}
	return ""
}

// moves are the two motions, in steps: one for each moment at which something is
// printed.
func moves(lines []line) string {
	whole := lines[len(lines)-1].at + rest
	var scroll, cover strings.Builder
	for i, line := range lines {
		if i+1 < len(lines) && lines[i+1].at == line.at {
			continue
		}
		at := 100 * float64(line.at) / float64(whole)
		fmt.Fprintf(&scroll, "%.3f%% { transform: translateY(%dpx) }\n", at, -above(i+1))
		fmt.Fprintf(&cover, "%.3f%% { transform: translateY(%dpx) }\n", at, (i+1)*lineHigh)
	}
	seconds := whole.Seconds()
	return fmt.Sprintf(`.scroll { animation: scroll %.1[1]fs step-end infinite; transform: translateY(%[2]dpx) }
.cover { animation: cover %.1[1]fs step-end infinite; transform: translateY(%[3]dpx) }
@keyframes scroll {
%[4]s}
@keyframes cover {
%[5]s}
`, seconds, -above(len(lines)), len(lines)*lineHigh, scroll.String(), cover.String())
}

// above is how much of so many lines is above the screen.
func above(lines int) int { return max(0, lines-rows) * lineHigh }
