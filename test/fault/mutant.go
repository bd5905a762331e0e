package fault

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Mutant builds a plugin that is broken on purpose, and returns the path of the
// program. See Overlay.
func Mutant(t testing.TB, file, old, replacement string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "kubectl-fleetapp")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-buildvcs=false", "-overlay", Overlay(t, file, old, replacement), "-o", program, "./cmd/kubectl-fleetapp")
	build.Dir = Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// Overlay is what go's -overlay takes to build from a source that is broken on
// purpose: in one file, by its path below the root of the repository, old is
// replaced. A harness that finds nothing wrong with what comes of it proves
// nothing. So the product needs no switches for that, and the test fails where
// what it breaks is no longer there.
func Overlay(t testing.TB, file, old, replacement string) string {
	t.Helper()
	path := filepath.Join(Root(t), file)
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if found := strings.Count(string(source), old); found != 1 {
		t.Fatalf("%s has %d times, and not once:\n%s", file, found, old)
	}
	dir := t.TempDir()
	broken := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(broken, []byte(strings.Replace(string(source), old, replacement, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	described := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(described, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	return described
}

// Root is the repository's folder.
func Root(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/kurator-dev/kubectl-fleetapp").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
