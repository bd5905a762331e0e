package printer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// terminal is one line of a terminal.
type terminal struct {
	t      *testing.T
	line   []rune
	cursor int
	writes int
}

func (s *terminal) Write(data []byte) (int, error) {
	s.writes++
	for text := string(data); text != ""; {
		if rest, found := strings.CutPrefix(text, "\x1b[K"); found {
			s.line, text = s.line[:min(s.cursor, len(s.line))], rest
			continue
		}
		char := []rune(text)[0]
		text = text[len(string(char)):]
		switch {
		case char == '\r':
			s.cursor = 0
		case char < ' ':
			s.t.Errorf("%q is written", char)
		default:
			s.line = append(append([]rune{}, s.line[:s.cursor]...), append([]rune{char}, s.line[min(s.cursor+1, len(s.line)):]...)...)
			s.cursor++
		}
	}
	return len(data), nil
}

func TestWaiting(t *testing.T) {
	few := []string{"kurator-member2", "shop-eu-7"}
	many := few
	for i := range 4 {
		many = append(many, fmt.Sprintf("member-of-a-long-name-%d", i))
	}
	for name, test := range map[string]struct {
		names []string
		total int
		width int
		want  string
	}{
		"one of one":       {few[:1], 1, 80, "waiting for kurator-member2"},
		"one":              {few[:1], 50, 80, "waiting for kurator-member2 of 50 clusters"},
		"two":              {few, 50, 80, "waiting for kurator-member2 and shop-eu-7 of 50 clusters"},
		"all":              {many[:4], 50, 120, "waiting for kurator-member2, shop-eu-7, member-of-a-long-name-0 and member-of-a-long-name-1 of 50 clusters"},
		"more than fit":    {many, 50, 80, "waiting for kurator-member2, shop-eu-7 and 4 more of 50 clusters"},
		"width not known":  {many, 50, 0, "waiting for kurator-member2, shop-eu-7 and 4 more of 50 clusters"},
		"exactly":          {few[:1], 50, 43, "waiting for kurator-member2 of 50 clusters"},
		"one too narrow":   {few[:1], 50, 42, "waiting for 1 of 50 clusters"},
		"far too narrow":   {few[:1], 50, 28, ""},
		"nobody":           {nil, 50, 80, ""},
		"escaped":          {[]string{"evil\x1b[2J\u202e\n"}, 2, 80, `waiting for evil\x1b[2J\u202e\n of 2 clusters`},
		"wide characters":  {[]string{"日本語"}, 2, 33, "waiting for 日本語 of 2 clusters"},
		"they take double": {[]string{"日本語"}, 2, 32, "waiting for 1 of 2 clusters"},
	} {
		t.Run(name, func(t *testing.T) {
			screen := &terminal{t: t}
			line := printer.NewWaiting(screen, func() int { return test.width })
			line.Show(test.names, test.total)
			if got := string(screen.line); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			line.Clear()
			if len(screen.line) > 0 || screen.cursor != 0 {
				t.Errorf("%q is left, and the cursor at %d", string(screen.line), screen.cursor)
			}
		})
	}
}

// A line that stays the same is not written again, and what is shorter leaves
// nothing of what was longer.
func TestWaitingIsWrittenOver(t *testing.T) {
	screen := &terminal{t: t}
	width := 80
	line := printer.NewWaiting(screen, func() int { return width })
	step := func(wantWrites int, want string) {
		t.Helper()
		if got := string(screen.line); got != want || screen.writes != wantWrites {
			t.Errorf("got %q with %d writes, want %q with %d", got, screen.writes, want, wantWrites)
		}
	}
	line.Clear()
	step(0, "")
	line.Show([]string{"a", "b"}, 3)
	step(1, "waiting for a and b of 3 clusters")
	line.Show([]string{"a", "b"}, 3)
	step(1, "waiting for a and b of 3 clusters")
	line.Show([]string{"b"}, 3)
	step(2, "waiting for b of 3 clusters")
	width = 5 // the user made the terminal smaller
	line.Show([]string{"b"}, 3)
	step(3, "")
	line.Show([]string{"b"}, 3)
	step(3, "")
	width = 80
	line.Show([]string{"b"}, 3)
	step(4, "waiting for b of 3 clusters")
	line.Show(nil, 3)
	step(5, "")
	line.Clear()
	step(5, "")
	line.Show([]string{"b"}, 3)
	step(6, "waiting for b of 3 clusters")
}

// However many are waited for, and however wide the terminal is, the line stays
// on it.
func TestWaitingFits(t *testing.T) {
	var names []string
	for i := range 30 {
		names = append(names, strings.Repeat("x", 1+i%17))
		for width := 1; width < 200; width++ {
			var got bytes.Buffer
			printer.NewWaiting(&got, func() int { return width }).Show(names, 5000)
			if text := strings.TrimSuffix(strings.TrimPrefix(got.String(), "\r"), "\x1b[K"); len(text) >= width {
				t.Fatalf("%d columns for %q", width, text)
			}
		}
	}
}

// Where nobody would see it, there is none.
func TestNoWaiting(*testing.T) {
	var none *printer.Waiting
	none.Show([]string{"a"}, 2)
	none.Show(nil, 2)
	none.Clear()
}
