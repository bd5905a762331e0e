// Package bench is what the benchmarks share: the figures that they measure, what
// each must not pass, and the table that make bench prints.
//
// Round trips, connections, bytes, CPU time and memory are counted. Wall time means
// little on a machine that does other things as well, and so is only ever a ratio
// to somebody who did the same at the same time.
package bench

import (
	"os"

	"github.com/kurator-dev/kubectl-fleetapp/test/lines"
)

// The environment of a run of the benchmarks: whether they do all that there is to
// do, and the file to which they add what they measured.
const (
	fullVariable   = "FLEETAPP_BENCH"
	reportVariable = "FLEETAPP_BENCH_REPORT"
)

// Full tells whether the benchmarks are to do all that there is to do, which is
// what make bench does.
func Full() bool { return os.Getenv(fullVariable) == "full" }

// Environment makes the benchmarks do all that there is to do, and add what they
// measured to a file.
func Environment(reports string) []string {
	return []string{fullVariable + "=full", reportVariable + "=" + reports}
}

// Figure is one that was measured.
type Figure struct {
	// What was measured, and in what: "ms", "MB"; "x" for a ratio.
	What string  `json:"what"`
	Unit string  `json:"unit"`
	Ours float64 `json:"ours"`
	// Bar is what ours must not be more than; 0 where there is none.
	Bar float64 `json:"bar"`
	// IsLeast tells that it must not be less.
	IsLeast bool `json:"isLeast"`
	// IsTime tells that it was measured by a clock: that it misses its bar is shown,
	// and fails nothing.
	IsTime bool `json:"isTime"`
	// Peers are the same figure of others, by who they are.
	Peers map[string]float64 `json:"peers,omitempty"`
}

// The peers.
const (
	Bare     = "bare client"
	Kubectl  = "kubectl"
	Defaults = "client-go's defaults"
)

// Missed tells whether the figure is on the wrong side of its bar.
func (f Figure) Missed() bool {
	switch {
	case f.Bar == 0:
		return false
	case f.IsLeast:
		return f.Ours < f.Bar
	}
	return f.Ours > f.Bar
}

// Reporter is a benchmark: a *testing.T, which has no place in the programs that
// use this package beside the plugin.
type Reporter interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Report adds a figure to the table that make bench checks. Where there is none,
// it fails the benchmark if the figure is counted and misses its bar.
func Report(t Reporter, figure Figure) {
	t.Helper()
	t.Logf("%s: %.4g %s (bar %.4g), %v", figure.What, figure.Ours, figure.Unit, figure.Bar, figure.Peers)
	if path := os.Getenv(reportVariable); path != "" {
		if err := lines.Append(path, figure); err != nil {
			t.Errorf("%v", err)
		}
		return
	}
	if figure.Missed() && !figure.IsTime {
		t.Errorf("%s: %.4g %s, and the bar is %.4g", figure.What, figure.Ours, figure.Unit, figure.Bar)
	}
}
