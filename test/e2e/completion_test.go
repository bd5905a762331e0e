package e2e

import (
	"net"
	"testing"
	"time"
)

// Who presses a key waits for 300 ms at most, also for a host that never answers, and
// is told nothing then.
func TestCompletionIsThereInTime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // nobody takes its connections
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	hanging := "https://" + listener.Addr().String()
	for _, line := range [][]string{
		{"delete", "-s", hanging, ""}, {"get", "-s", hanging, "flow"}, {"get", "-s", hanging, "configmaps", ""}, {"clusters", "-s", hanging, "--fleet", ""},
	} {
		var runs []cost
		for range 5 {
			did := costOf(t, nil, plugin(t), append([]string{"__complete"}, line...)...)
			if did.code != 0 || did.said != ":4\nCompletion ended with directive: ShellCompDirectiveNoFileComp\n" {
				t.Errorf("%q: exit code %d, %q", line, did.code, did.said)
			}
			runs = append(runs, did)
		}
		took := best(runs, tookOf)
		if took > 300 || took < milliseconds(100*time.Millisecond) {
			t.Errorf("%q takes %.0f ms", line, took)
		}
		t.Logf("%q takes %.0f ms", line, took)
	}
}
