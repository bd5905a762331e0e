// Command recording makes a moving picture of a terminal: it reads what is printed
// there from standard input, as it comes, and writes an SVG to standard output.
// make recording has it look at the demo.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// last is where the demo goes on with what is of one machine alone.
const last = "# Done"

func main() {
	lines, err := record(os.Stdin, time.Now)
	if err == nil {
		err = draw(os.Stdout, lines)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

// line is one that was printed, and when, from the first one on.
type line struct {
	text string
	at   time.Duration
}

// record reads lines as they come, up to the last one that is of interest; the rest
// is read, too, so that whoever prints it is not ended. Nobody wants to look at a
// picture in which nothing happens: a pause of more than patience is cut short.
func record(from io.Reader, now func() time.Time) ([]line, error) {
	const patience = 2 * time.Second
	var (
		lines  []line
		at     time.Duration
		before = now()
		done   bool
	)
	input := bufio.NewScanner(from)
	for input.Scan() {
		if done = done || strings.HasPrefix(input.Text(), last); done {
			continue
		}
		came := now()
		if len(lines) > 0 {
			at += min(came.Sub(before), patience)
		}
		before = came
		lines = append(lines, line{text: input.Text(), at: at})
	}
	if err := input.Err(); err != nil {
		return nil, err
	}
	if !done {
		return nil, fmt.Errorf("the end, a line that begins with %q, did not come", last)
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1].text) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines, nil
}
