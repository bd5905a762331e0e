package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
)

func newLab() Lab {
	return Lab{
		Phase: Starting,
		Shape: Shape{Members: []string{"a"}, Flux: true, Bin: "/bin/lab"},
		Processes: []Process{
			{Cluster: "host", Program: "etcd", Ports: []Port{{Use: "client", Port: 21001}}},
			{Cluster: "a", Program: "etcd"},
		},
	}
}

func TestWhatIsRecordedIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	store, err := Create(dir, newLab())
	if err != nil {
		t.Fatal(err)
	}
	id := process.ID{PID: 4711, Start: 123456789}
	for _, err := range []error{store.Started("a/etcd", id), store.SetPhase(Up)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	read, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	lab := read.Lab()
	if lab.Phase != Up || lab.Processes[1].ID() != id || lab.Processes[0].PID != 0 || lab.Processes[0].Ports[0].Port != 21001 {
		t.Errorf("read %+v", lab)
	}
	if err := read.Stopped("a/etcd"); err != nil {
		t.Fatal(err)
	}
	if p := read.Lab().Processes[1]; !p.Stopped || p.PID != 0 {
		t.Errorf("after Stopped it is %+v", p)
	}
	if err := read.Started("b/etcd", id); err == nil || !strings.Contains(err.Error(), `"b/etcd"`) {
		t.Errorf("recording an unknown program: %v", err)
	}
}

func TestTheRecordIsPrivate(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(dir, newLab()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %o, want 600", info.Mode().Perm())
	}
}

func TestNoRecordAndABadOne(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, ErrNone) {
		t.Errorf("opening nothing: %v, want ErrNone", err)
	}
	path := filepath.Join(dir, fileName)
	if err := os.WriteFile(path, []byte(`{"phase":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || errors.Is(err, ErrNone) || !strings.Contains(err.Error(), path) {
		t.Errorf("opening half a record: %v, want an error that names it", err)
	}
	for range 2 {
		if err := Remove(dir); err != nil {
			t.Error(err)
		}
	}
}

func TestLockIsForOneAndComesBack(t *testing.T) {
	dir := t.TempDir()
	if IsLab(dir) {
		t.Error("an empty folder is taken for a lab")
	}
	unlock, err := Lock(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !IsLab(dir) {
		t.Error("a locked folder is not taken for a lab")
	}
	if _, err := Lock(dir, 0); !errors.Is(err, ErrBusy) {
		t.Errorf("a second lock: %v, want ErrBusy", err)
	}
	time.AfterFunc(3*lockPoll, unlock)
	unlock, err = Lock(dir, 10*time.Second)
	if err != nil {
		t.Fatalf("a lock that waits: %v", err)
	}
	unlock()
}

func TestShapeEqual(t *testing.T) {
	running := Shape{Members: []string{"a", "b"}, Flux: true, BasePort: 21000, Bin: "/bin/lab"}
	for name, test := range map[string]struct {
		change func(*Shape)
		want   bool
	}{
		"the same":        {func(*Shape) {}, true},
		"any ports":       {func(s *Shape) { s.BasePort = 0 }, true},
		"other ports":     {func(s *Shape) { s.BasePort = 22000 }, false},
		"other members":   {func(s *Shape) { s.Members = []string{"a"} }, false},
		"another order":   {func(s *Shape) { s.Members = []string{"b", "a"} }, false},
		"without Flux":    {func(s *Shape) { s.Flux = false }, false},
		"other CRDs":      {func(s *Shape) { s.HostCRDs = "/crds" }, false},
		"other programs":  {func(s *Shape) { s.Bin = "/other" }, false},
		"helm-controller": {func(s *Shape) { s.HelmController = "/helm" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			asked := running
			test.change(&asked)
			if got := running.Equal(asked); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
