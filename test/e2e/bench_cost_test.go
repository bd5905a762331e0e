package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	kyaml "sigs.k8s.io/yaml"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// cost is what a process took.
type cost struct {
	code      int
	took, cpu time.Duration // cpu is that of its children, too
	resident  int64         // in bytes, at most
	said      string
}

// costOf runs a program to its end.
func costOf(t *testing.T, input []byte, name string, args ...string) cost {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- mostResident(cmd.Process.Pid, gone) }()
	_ = cmd.Wait()
	did := cost{code: cmd.ProcessState.ExitCode(), took: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), said: out.String()}
	close(gone)
	did.resident = <-peak
	return did
}

// program builds one of test/bench.
func program(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", path, "./test/bench/"+name)
	build.Dir = fault.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// follows has a program do what a script says.
func follows(t *testing.T, program string, script bench.Script) cost {
	t.Helper()
	input, err := json.Marshal(script)
	if err != nil {
		t.Fatal(err)
	}
	did := costOf(t, input, program)
	if did.code != 0 {
		t.Fatalf("%s: %.2000s", filepath.Base(program), did.said)
	}
	return did
}

// best is the least of what a figure was; noise only ever adds to it.
func best(costs []cost, figure func(cost) float64) float64 {
	least := figure(costs[0])
	for _, one := range costs {
		least = min(least, figure(one))
	}
	return least
}

// worst is the most of what a figure was: of memory, that is what is needed.
func worst(costs []cost, figure func(cost) float64) float64 {
	most := figure(costs[0])
	for _, one := range costs {
		most = max(most, figure(one))
	}
	return most
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func tookOf(c cost) float64                { return milliseconds(c.took) }
func cpuOf(c cost) float64                 { return milliseconds(c.cpu) }
func residentOf(c cost) float64            { return float64(c.resident) / 1e6 }

// median is of ratios, each of two runs one after the other.
func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// The program is one file, and not a large one.
func TestBenchmarkSize(t *testing.T) {
	file, err := os.Stat(plugin(t))
	if err != nil {
		t.Fatal(err)
	}
	bench.Report(t, bench.Figure{What: "the program", Unit: "MB", Ours: float64(file.Size()) / 1e6, Bar: 40})
}

// Most of what a plugin costs whoever types a command is its start.
func TestBenchmarkStart(t *testing.T) {
	ours, kubectl := []cost{}, []cost{}
	for range 20 {
		ours = append(ours, costOf(t, nil, plugin(t), "version", "--client"))
		kubectl = append(kubectl, costOf(t, nil, "kubectl", "version", "--client"))
	}
	bench.Report(t, bench.Figure{
		What: "start", Unit: "ms", Ours: best(ours, tookOf), Bar: 15, IsTime: true,
		Peers: map[string]float64{bench.Kubectl: best(kubectl, tookOf)},
	})
	bench.Report(t, bench.Figure{
		What: "start, CPU", Unit: "ms", Ours: best(ours, cpuOf), Bar: best(kubectl, cpuOf) / 2,
		Peers: map[string]float64{bench.Kubectl: best(kubectl, cpuOf)},
	})
	for _, one := range ours {
		if one.code != 0 || !strings.HasPrefix(one.said, "Client Version: ") {
			t.Fatalf("it says %q, exit code %d", one.said, one.code)
		}
	}
}

// asJSON is YAML as JSON.
func asJSON(t *testing.T, text string) []byte {
	t.Helper()
	data, err := kyaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
