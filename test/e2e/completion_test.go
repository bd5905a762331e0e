package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who presses a key waits for 300 ms at most where kubectl takes 80 ms to start, also
// for a host that never answers, and is told nothing then.
func TestCompletionIsThereInTime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // nobody takes its connections
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	hanging := "https://" + listener.Addr().String()
	dir := t.TempDir()
	t.Setenv("PATH", strings.Join([]string{dir, filepath.Dir(plugin(t)), os.Getenv("PATH")}, ":"))
	if did := costOf(t, nil, plugin(t), "completion", "install-shim", "--dir", dir); did.code != 0 {
		t.Fatal(did.said)
	}
	const runs = 5
	fastest := func(program string, args ...string) (took float64, last cost) {
		var all []cost
		for range runs {
			last = costOf(t, nil, program, args...)
			all = append(all, last)
		}
		return best(all, tookOf), last
	}
	for _, line := range [][]string{
		{"delete", "-s", hanging, ""}, {"get", "-s", hanging, "flow"}, {"get", "-s", hanging, "configmaps", ""}, {"clusters", "-s", hanging, "--fleet", ""},
	} {
		starts, _ := fastest("kubectl", "fleetapp", "version", "--client") // kubectl, and then the plugin
		took, did := fastest("kubectl", append([]string{"__complete", "fleetapp"}, line...)...)
		if did.code != 0 || !strings.HasSuffix(did.said, ":4\nCompletion ended with directive: ShellCompDirectiveNoFileComp\n") || strings.Contains(did.said, "rror") {
			t.Errorf("%q: exit code %d, %q", line, did.code, did.said)
		}
		if waited := took - starts; waited > 240 || waited < 100 {
			t.Errorf("%q waits for %.0f ms", line, waited)
		}
		t.Logf("%q takes %.0f ms, to start %.0f", line, took, starts)
	}
}
