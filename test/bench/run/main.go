// Command run runs all benchmarks, prints what they measured beside what it must
// not pass and what others need, and writes docs/performance.md. It ends with exit
// code 1 where a figure that is counted misses its bar. It needs what make build
// and make lab make, and half an hour of a machine that has nothing else to do.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

const (
	page = "docs/performance.md"
	plot = "docs/performance.svg"
	// The measured part of the page is between these lines.
	begin = "<!-- measured by make bench -->\n"
	end   = "<!-- end -->\n"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "fleetapp-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "reports")
	cmd := exec.Command("go", "test", "-count=1", "-timeout", "2h", "-run", "Benchmark|TestRoundTrips$", "./test/e2e")
	cmd.Env = append(os.Environ(), bench.Environment(path)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	failed := cmd.Run()
	figures, err := bench.Read(path)
	if err != nil {
		return err
	}
	if err := bench.Table(os.Stdout, figures); err != nil {
		return err
	}
	if failed != nil { // for what was not measured, not for a bar
		return failed
	}
	if err := write(figures); err != nil {
		return err
	}
	return bench.Check(figures)
}

// write puts the figures into the page, and draws the curves.
func write(figures []bench.Figure) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(old), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no place for what was measured", page)
	}
	var text, curves bytes.Buffer
	fmt.Fprintf(&text, "%s%sMeasured on %s, on %d cores, %s.\n\n", before, begin, time.Now().Format("2 January 2006"), runtime.NumCPU(), runtime.Version())
	bench.Markdown(&text, figures)
	fmt.Fprint(&text, end, after)
	bench.Plot(&curves, bench.GrowthOf(figures, "wall", "#1f77b4"), bench.GrowthOf(figures, "memory", "#d62728"))
	if err := os.WriteFile(plot, curves.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(page, text.Bytes(), 0o644)
}
