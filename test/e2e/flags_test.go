package e2e

import (
	"os/exec"
	"regexp"
	"testing"
)

// option is one of the flags of a command, as its help has it.
type option struct{ letter, standard string }

// flagsOf reads the help of a kubectl command. Both programs write it in one form.
func flagsOf(t *testing.T, args ...string) map[string]option {
	t.Helper()
	help, err := exec.Command("kubectl", append(args, "--help")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]option{}
	for _, found := range regexp.MustCompile(`(?m)^ +(?:-(\w), )?--([a-z-]+)=(.*):$`).FindAllStringSubmatch(string(help), -1) {
		flags[found[2]] = option{found[1], found[3]}
	}
	return flags
}

// What kubectl's command of the same kind calls by a name or a letter is called so here,
// and nothing else is; without a flag, the same is meant.
func TestFlagsAreThoseOfKubectl(t *testing.T) {
	// These have another default: kubectl waits without end for what it deletes.
	others := map[string]bool{"deploy --timeout": true, "delete --timeout": true}
	for _, test := range []struct {
		ours, theirs string
		least        int
	}{
		{"get", "get", 18}, {"deploy", "apply", 7}, {"delete", "delete", 7},
	} {
		ours, theirs := flagsOf(t, "fleetapp", test.ours), flagsOf(t, test.theirs)
		letters := map[string]string{}
		for name, flag := range theirs {
			letters[flag.letter] = name
		}
		shared := 0
		for name, flag := range ours {
			if theirs, ok := theirs[name]; ok {
				shared++
				if flag.letter != theirs.letter || flag.standard != theirs.standard && !others[test.ours+" --"+name] {
					t.Errorf("%s: --%s is %v, and in kubectl %v", test.ours, name, flag, theirs)
				}
			}
			if other := letters[flag.letter]; flag.letter != "" && other != "" && other != name {
				t.Errorf("%s: -%s is --%s, and in kubectl --%s", test.ours, flag.letter, name, other)
			}
		}
		if shared < test.least {
			t.Errorf("%s has only %d of kubectl's flags", test.ours, shared)
		}
		t.Logf("%s: %d flags are kubectl's, of %d", test.ours, shared, len(ours))
	}
}
