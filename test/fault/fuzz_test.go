package fault

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Each fuzz target finds what is broken on purpose, with its seeds alone. The short
// form leaves all but one to the full one.
func TestFuzzTargetsFindWhatIsBroken(t *testing.T) {
	mutants := []struct{ target, file, old, replacement string }{
		{"FuzzKubeconfig", "pkg/fleet/kubeconfig.go", `user.TokenFile != ""`, "false"},
		{"FuzzRecord", "pkg/inventory/record.go", "slices.ContainsFunc(outcome.Gone, e.SameObject) ||", `e.UID == "" ||`},
		{"FuzzParse", "pkg/manifest/manifest.go", `"%s: document %d"`, `"%s, document %d"`},
		{"FuzzBuild", "pkg/plan/validate.go", `field.NewPath("spec") }`, `field.NewPath("specs") }`},
		{"FuzzAnswer", "pkg/view/cell.go", `"\f\n\r"`, `"\f\r"`},
		{"FuzzEvents", "pkg/view/cell.go", `"\f\n\r"`, `"\f\r"`},
		{"FuzzJudge", "pkg/status/treehealth.go", "n.Level = Working", "n.Level = \"\""},
	}
	if !Full() {
		mutants = mutants[:1]
	}
	for _, mutant := range mutants {
		t.Run(mutant.target, func(t *testing.T) {
			folder := mutant.file[:strings.LastIndex(mutant.file, "/")]
			run := exec.Command("go", "test", "-count=1", "-run", "^"+mutant.target+"$", "-overlay", Overlay(t, mutant.file, mutant.old, mutant.replacement), "./"+folder)
			run.Dir = Root(t)
			run.Env = append(os.Environ(), Unreported)
			if out, err := run.CombinedOutput(); err == nil || !strings.Contains(string(out), "--- FAIL: "+mutant.target) {
				t.Errorf("nothing was found to be broken: %v\n%s", err, out)
			}
		})
	}
}
