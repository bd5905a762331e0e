package printer_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

func TestProgress(t *testing.T) {
	for name, test := range map[string]struct {
		width        int
		of           string
		done, failed int
		want         string
	}{
		"nothing yet":   {100, "", 0, 0, "deploying default/shop  ╸───────────────────  0/50 · 2s"},
		"some":          {100, "", 36, 1, "deploying default/shop  ━━━━━━━━━━━━━━╸─────  37/50 · 1 failed · 2s"},
		"all":           {100, "", 50, 0, "deploying default/shop  ━━━━━━━━━━━━━━━━━━━━  50/50 · 2s"},
		"ready":         {100, "ready", 36, 1, "deploying default/shop  ━━━━━━━━━━━━━━╸─────  36/50 ready · 1 failed · 2s"},
		"not so wide":   {50, "", 36, 1, "deploying default/shop  37/50 · 1 failed · 2s"},
		"narrow":        {25, "", 36, 1, "37/50 · 1 failed · 2s"},
		"too narrow":    {10, "", 36, 1, ""},
		"width unknown": {0, "", 36, 1, "deploying default/shop  ━━━━━━━━━━━━━━╸─────  37/50 · 1 failed · 2s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				screen := &terminal{t: t}
				progress := printer.NewProgress(screen, func() int { return test.width })
				progress.Begin("deploying default/shop", test.of, 50)
				for range test.done {
					progress.Done(false)
				}
				for range test.failed {
					progress.Done(true)
				}
				time.Sleep(999 * time.Millisecond)
				progress.Print(func() {
					if screen.writes > 0 {
						t.Errorf("within a second %q is written", string(screen.line))
					}
				})
				time.Sleep(time.Second + 50*time.Millisecond)
				synctest.Wait()
				if got := string(screen.line); got != test.want {
					t.Errorf("got  %q\nwant %q", got, test.want)
				}
				progress.End()
				if len(screen.line) > 0 {
					t.Errorf("in the end there is %q", string(screen.line))
				}
			})
		})
	}
}

// What is printed meanwhile stands on lines of its own.
func TestPrintingBesideProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		progress := printer.NewProgress(&out, func() int { return 80 })
		progress.Begin("deploying a/b", "", 2)
		time.Sleep(1050 * time.Millisecond)
		progress.Print(func() { out.WriteString("one created\n") })
		progress.End()
		const line = "\rdeploying a/b  ╸───────────────────  0/2 · 1s\x1b[K"
		if want := line + "\r\x1b[Kone created\n" + line + "\r\x1b[K"; out.String() != want {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
	})
}

func TestNoProgress(t *testing.T) {
	var none *printer.Progress
	none.Begin("deploying", "", 1)
	none.Done(true)
	printed := false
	none.Print(func() { printed = true })
	none.End()
	if !printed {
		t.Error("nothing was printed")
	}
}
