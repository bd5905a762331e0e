package lab

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

func portOf(t *testing.T, server *httptest.Server) int {
	t.Helper()
	parsed, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(parsed.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// one is the state of the only program of a lab.
func one(t *testing.T, dir string) Program {
	t.Helper()
	programs, phase, err := Status(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) != 1 || phase != state.Up {
		t.Fatalf("got %d programs in phase %s", len(programs), phase)
	}
	return programs[0]
}

func TestStatusFollowsAProgram(t *testing.T) {
	dir := newDir(t)
	store := running(t, dir, ok)
	name := []string{"a/etcd"}
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error { return nil }, "running"},
		{func() error { return Pause(dir, name, quiet) }, "paused"},
		{func() error { return Resume(dir, name, quiet) }, "running"},
		{func() error { return Stop(dir, name, quiet) }, Stopped},
		{func() error { return Start(t.Context(), dir, []string{"a"}, time.Minute, quiet) }, "running"},
		{func() error { return Start(t.Context(), dir, name, time.Minute, quiet) }, "running"},
	}
	for i, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		deadline := time.Now().Add(5 * time.Second)
		for one(t, dir).State != step.want && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		got := one(t, dir)
		if got.State != step.want || got.OK() != (step.want == "running") {
			t.Fatalf("step %d: it is %s (OK: %v), want %s", i, got.State, got.OK(), step.want)
		}
	}
	if store.Lab().Processes[0].PID == one(t, dir).PID {
		t.Error("after stop and start it has the same process id")
	}
}

func TestARunningProgramThatIsNotReady(t *testing.T) {
	dir := newDir(t)
	running(t, dir, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	got := one(t, dir)
	if got.OK() || got.NotReady == nil || !strings.Contains(got.NotReady.Error(), "a/etcd is not ready") {
		t.Errorf("it is %s, and not ready because of %v", got.State, got.NotReady)
	}
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(dir string, store *state.Store) error
		want []string
	}{
		"killed": {
			func(_ string, store *state.Store) error {
				_, err := process.End([]process.ID{store.Lab().Processes[0].ID()}, 0)
				return err
			},
			[]string{"a/etcd (process ", "has ended", "etcd.log", "fleetlab down --dir"},
		},
		"stopped": {
			func(dir string, _ *state.Store) error { return Stop(dir, []string{"a"}, quiet) },
			[]string{"a/etcd was stopped", "fleetlab start --dir"},
		},
		"paused": {
			func(_ string, store *state.Store) error {
				return process.Signal(store.Lab().Processes[0].ID(), syscall.SIGSTOP)
			},
			[]string{"a/etcd is paused", "fleetlab resume --dir"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			store := running(t, dir, ok)
			lab := store.Lab()
			if err := verify(t.Context(), dir, lab, lab.Shape); err != nil {
				t.Fatalf("before anything happened: %v", err)
			}
			if err := test.do(dir, store); err != nil {
				t.Fatal(err)
			}
			store, err := state.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			deadline := time.Now().Add(5 * time.Second)
			for stateOf(store.Lab().Processes[0]) == "running" && time.Now().Before(deadline) {
				time.Sleep(10 * time.Millisecond)
			}
			err = verify(t.Context(), dir, store.Lab(), lab.Shape)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestVerifyRefusesAnotherLab(t *testing.T) {
	dir := newDir(t)
	lab := running(t, dir, ok).Lab()
	asked := lab.Shape
	asked.Members = []string{"x"}
	if err := verify(t.Context(), dir, lab, asked); err == nil || !strings.Contains(err.Error(), "another one") {
		t.Errorf("the error is %v", err)
	}
}

func TestChoose(t *testing.T) {
	processes := []state.Process{
		{Cluster: "a", Program: "etcd"}, {Cluster: "a", Program: "kwok"}, {Cluster: "b", Program: "etcd"},
	}
	for name, test := range map[string]struct {
		names []string
		want  string
		err   string
	}{
		"one":             {names: []string{"b/etcd"}, want: "b/etcd"},
		"a cluster":       {names: []string{"a"}, want: "a/etcd a/kwok"},
		"in order, once":  {names: []string{"b", "a/kwok", "a"}, want: "a/etcd a/kwok b/etcd"},
		"one not there":   {names: []string{"a", "c"}, err: `no program or cluster "c"; it has a/etcd, a/kwok, b/etcd`},
		"half of a name":  {names: []string{"etcd"}, err: `"etcd"`},
		"other's program": {names: []string{"b/kwok"}, err: `"b/kwok"`},
	} {
		t.Run(name, func(t *testing.T) {
			chosen, err := choose(processes, test.names)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("the error is %v, want %q in it", err, test.err)
				}
				return
			}
			var names []string
			for _, p := range chosen {
				names = append(names, p.Name())
			}
			if got := strings.Join(names, " "); err != nil || got != test.want {
				t.Errorf("got %s (error %v), want %s", got, err, test.want)
			}
		})
	}
}
