package fault

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lines"
)

// The environment of a run of the harnesses: whether they do all that there is
// to do, and the file to which they add what they did.
const (
	fullVariable   = "FLEETAPP_FAULT"
	reportVariable = "FLEETAPP_FAULT_REPORT"
)

// Unreported lets what a run does not count, in whose environment it is: that of a
// plugin that is broken on purpose.
const Unreported = reportVariable + "="

// Full tells whether the harnesses are to do all that there is to do. It takes
// an hour, and is what make fault does.
func Full() bool { return os.Getenv(fullVariable) == "full" }

// Report is what one harness did.
type Report struct {
	What     string        `json:"what"`
	Did      int           `json:"did"`
	Failures int           `json:"failures"`
	Took     time.Duration `json:"took"`
}

// Count counts what a harness does, from several goroutines.
type Count struct {
	t     testing.TB
	what  string
	began time.Time

	mutex         sync.Mutex // guards the fields below
	did, failures int
}

// Bar is how much of one thing is to be done now; 0 where nothing is known of it.
func Bar(what string) int {
	for _, b := range bars() {
		switch {
		case b.what == what && Full():
			return b.full
		case b.what == what:
			return b.short
		}
	}
	return 0
}

// Begin begins to count. When the test ends, what was done is reported, and the
// test fails if that is less than it should be.
func Begin(t testing.TB, what string) *Count {
	t.Helper()
	least := Bar(what)
	if least == 0 {
		t.Fatalf("there is no bar for %q", what)
	}
	c := &Count{t: t, what: what, began: time.Now()}
	t.Cleanup(func() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		if t.Failed() { // of something that nobody counts
			c.failures = max(c.failures, 1)
		}
		t.Logf("%d %s; %d failed", c.did, c.what, c.failures)
		if c.did < least {
			t.Errorf("%d %s, which should be %d at least", c.did, c.what, least)
		}
		if err := report(Report{What: c.what, Did: c.did, Failures: c.failures, Took: time.Since(c.began)}); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Did counts one. What broke, if anything, fails the test.
func (c *Count) Did(broken ...string) {
	c.t.Helper()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.did++
	if len(broken) > 0 {
		c.failures++
		for _, text := range broken {
			c.t.Error(text)
		}
	}
}

// Add counts so many that went well.
func (c *Count) Add(many int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.did += many
}

// Failed is how many failed by now.
func (c *Count) Failed() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.failures
}

// report adds a line to the file that was asked for, if one was.
func report(did Report) error {
	path := os.Getenv(reportVariable)
	if path == "" {
		return nil
	}
	return lines.Append(path, did)
}
