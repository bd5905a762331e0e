package printer

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// quiet is for how long a run goes on before there is something to say of it, and
	// drawEvery how often that is said anew.
	quiet     = time.Second
	drawEvery = 100 * time.Millisecond
	// barWidth is that of a bar, in columns.
	barWidth = 20
)

// Progress says on a terminal, in one line that it writes over and over, how far a
// run is that takes more than a second. What else is printed there is printed by
// Print. The methods of a nil one do no more than that.
type Progress struct {
	out   io.Writer
	width func() int

	// These are counted while something is printed, which may take its time.
	done, failed atomic.Int64

	mutex         sync.Mutex
	what, of      string
	total         int
	began         time.Time
	shown         bool
	ended, joined chan struct{}
}

// NewProgress makes a line on a terminal that is as wide, in columns, as width
// says when asked; 0 stands for not known.
func NewProgress(out io.Writer, width func() int) *Progress {
	return &Progress{out: out, width: width}
}

// Begin begins to say of so many members how many are done: what is what is done to
// them, of what they are then, as in deploying and ready.
func (p *Progress) Begin(what, of string, total int) {
	if p == nil {
		return
	}
	p.what, p.of, p.total, p.began = what, of, total, time.Now()
	p.done.Store(0)
	p.failed.Store(0)
	p.ended, p.joined = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(p.joined)
		select {
		case <-p.ended:
			return
		case <-time.After(quiet):
		}
		ticker := time.NewTicker(drawEvery)
		defer ticker.Stop()
		for {
			p.Print(func() {})
			select {
			case <-p.ended:
				return
			case <-ticker.C:
			}
		}
	}()
}

// Done counts a member. It may be called by several goroutines at once.
func (p *Progress) Done(failed bool) {
	if p == nil {
		return
	}
	p.done.Add(1)
	if failed {
		p.failed.Add(1)
	}
}

// Print prints something else in the place of the line, which follows it.
func (p *Progress) Print(other func()) {
	if p == nil {
		other()
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.clear()
	other()
	took := time.Since(p.began)
	if p.ended == nil || took < quiet {
		return
	}
	width := p.width()
	if width <= 0 {
		width = usualWidth
	}
	if text := p.text(took, width-1); text != "" { // the last column stays free
		fmt.Fprint(p.out, toLineStart+text+eraseToEnd)
		p.shown = true
	}
}

// End erases the line.
func (p *Progress) End() {
	if p == nil || p.ended == nil {
		return
	}
	close(p.ended)
	<-p.joined
	p.ended = nil
	p.clear()
}

func (p *Progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, toLineStart+eraseToEnd)
		p.shown = false
	}
}

// text is the line, as much of it as the width has room for.
func (p *Progress) text(took time.Duration, width int) string {
	failed := int(p.failed.Load())
	done := int(p.done.Load())
	count := fmt.Sprintf("%d/%d", done, p.total)
	if p.of != "" {
		count = fmt.Sprintf("%d/%d %s", max(done-failed, 0), p.total, p.of)
	}
	if failed > 0 {
		count += fmt.Sprintf(" · %d failed", failed)
	}
	count += fmt.Sprintf(" · %ds", int(took.Seconds()))
	what := Escape(p.what)
	for _, text := range []string{what + "  " + bar(done, p.total) + "  " + count, what + "  " + count, count} {
		if widthOf(text) <= width {
			return text
		}
	}
	return ""
}

// bar is a line that is as full as much is done.
func bar(done, total int) string {
	full := min(barWidth*done/max(total, 1), barWidth)
	if full == barWidth {
		return strings.Repeat("━", barWidth)
	}
	return strings.Repeat("━", full) + "╸" + strings.Repeat("─", barWidth-full-1)
}
