package fault

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// all is a file of reports in which each harness did so much of what it should.
func all(t *testing.T, of float64, failures int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reports")
	t.Setenv(reportVariable, path)
	for _, bar := range bars() {
		for range 2 { // two parts count together
			if err := report(Report{What: bar.what, Did: int(of * float64(bar.full) / 2), Failures: failures}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return path
}

func TestTable(t *testing.T) {
	for _, test := range []struct {
		name     string
		of       float64
		failures int
		ok       bool
	}{{"all that there is", 1, 0, true}, {"too little", 0.9, 0, false}, {"one failed", 1, 1, false}} {
		t.Run(test.name, func(t *testing.T) {
			reports, err := Read(all(t, test.of, test.failures))
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := Table(&out, reports); (err == nil) != test.ok {
				t.Errorf("the error is %v\n%s", err, out.String())
			}
		})
	}
}

func TestTableOfNothing(t *testing.T) {
	reports, err := Read(filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if Table(&out, reports) == nil {
		t.Error("it is no error")
	}
	if lines := strings.Count(out.String(), "\n"); lines != len(bars())+1 {
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
}

// What is broken on purpose has to be there to be broken.
func TestOverlay(t *testing.T) {
	overlay, err := os.ReadFile(Overlay(t, "go.mod", "module github.com/kurator-dev/kubectl-fleetapp\n", "module x\n"))
	if err != nil || !strings.Contains(string(overlay), "go.mod") {
		t.Errorf("%s, %v", overlay, err)
	}
}
