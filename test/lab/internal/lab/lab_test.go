package lab

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// quiet takes progress that a test does not look at.
func quiet(string, string) {}

// fakeBin makes a folder that holds everything a lab wants, with a shell
// script in the place of every program.
func fakeBin(t *testing.T, script string) string {
	t.Helper()
	bin := t.TempDir()
	for _, dir := range []string{"examples", "podinfo", "kwok-stages", "rbac.yaml", "crds/flux", "crds/kurator"} {
		if err := os.MkdirAll(filepath.Join(bin, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range []string{
		"kube", "kwok", "content", "source-controller", "kustomize-controller", "helm-controller-standin",
	} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// newDir makes a lab's folder, and ends with the test whatever runs in it.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := Resolve(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := endAll(dir, nil, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// running records and starts one program, a sleep, in a lab that is up; its
// health check is the handler.
func running(t *testing.T, dir string, health http.HandlerFunc) *state.Store {
	t.Helper()
	server := httptest.NewServer(health)
	t.Cleanup(server.Close)
	unlock, err := state.Lock(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	p := state.Process{
		Cluster: "a", Program: "etcd", Path: "/bin/sleep", Args: []string{"60"},
		Log: filepath.Join(dir, "a", "logs", "etcd.log"), Health: server.URL,
	}
	store, err := state.Create(dir, state.Lab{Phase: state.Up, Processes: []state.Process{p}})
	if err != nil {
		t.Fatal(err)
	}
	handle, err := launch(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Started(p.Name(), handle.ID); err != nil {
		t.Fatal(err)
	}
	return store
}

func ok(http.ResponseWriter, *http.Request) {}

func noneLeft(t *testing.T, dir string) {
	t.Helper()
	left, err := process.Marked(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

func TestUpThatFailsShowsTheLogAndLeavesNothing(t *testing.T) {
	dir := newDir(t)
	bin := fakeBin(t, `case "$1" in etcd) echo "etcd cannot"; exit 3;; esac; exec sleep 60`)
	_, err := Up(t.Context(), Options{Dir: dir, Bin: bin, Members: []string{"a"}, Timeout: time.Minute}, quiet)
	if err == nil {
		t.Fatal("it is up")
	}
	for _, want := range []string{"/etcd ended (exit status 3)", filepath.Join("logs", "etcd.log"), "etcd cannot"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %q, want %q in it", err, want)
		}
	}
	noneLeft(t, dir)
	if _, err := state.Open(dir); !errors.Is(err, state.ErrNone) {
		t.Errorf("the record: %v, want none", err)
	}
}

func TestUpThatTakesTooLongSaysWhatItWaitedFor(t *testing.T) {
	dir := newDir(t)
	bin := fakeBin(t, `echo "not yet"; exec sleep 60`)
	options := Options{Dir: dir, Bin: bin, Members: []string{"a"}, Timeout: 500 * time.Millisecond}
	_, err := Up(t.Context(), options, quiet)
	if err == nil || !strings.Contains(err.Error(), "is not ready") ||
		!strings.Contains(err.Error(), "--timeout") || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("the error is %v", err)
	}
	noneLeft(t, dir)
}

func TestUpEndsWhatAKilledOneLeft(t *testing.T) {
	dir := newDir(t)
	store := running(t, dir, ok)
	if err := store.SetPhase(state.Starting); err != nil {
		t.Fatal(err)
	}
	var said []string
	options := Options{Dir: dir, Bin: filepath.Join(dir, "nothing"), Members: []string{"a"}, Timeout: time.Minute}
	_, err := Up(t.Context(), options, func(_, message string) { said = append(said, message) })
	if err == nil || !strings.Contains(err.Error(), "run make lab") {
		t.Errorf("the error is %v, want that the programs are missing", err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "ending that first") {
		t.Errorf("it said %q", said)
	}
	noneLeft(t, dir)
}

func TestUpRefusesAFolderOfSomethingElse(t *testing.T) {
	dir := newDir(t)
	mine := filepath.Join(dir, "examples")
	if err := os.Mkdir(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Up(t.Context(), Options{Dir: dir, Bin: fakeBin(t, "exit 1"), Members: []string{"a"}, Timeout: time.Minute}, quiet)
	if err == nil || !strings.Contains(err.Error(), "not a lab") {
		t.Errorf("the error is %v", err)
	}
	if _, err := Down(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Errorf("what was there before is gone: %v", err)
	}
}

func TestUpNamesThePortInUseAndWhoWantsIt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(ok))
	defer server.Close()
	taken := state.Process{Cluster: "a", Program: "etcd", Ports: []state.Port{{Use: "client", Port: portOf(t, server)}}}
	err := checkPorts(taken)
	if err == nil || !strings.Contains(err.Error(), "is in use, and a/etcd wants it (client)") {
		t.Errorf("the error is %v", err)
	}
}

func TestDown(t *testing.T) {
	dir := newDir(t)
	running(t, dir, ok)
	for _, path := range []string{"a/pki/ca.crt", "a/data/etcd/wal", "a.kubeconfig", "a.fleetapp.kubeconfig", "examples/x.yaml", "mine.kubeconfig"} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{1, 0} {
		ended, err := Down(dir)
		if err != nil {
			t.Fatal(err)
		}
		if ended != want {
			t.Errorf("%d processes ended, want %d", ended, want)
		}
	}
	noneLeft(t, dir)
	var left []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			left = append(left, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{".fleetlab", "a/logs/etcd.log", "mine.kubeconfig"}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

func TestDownWithoutAReadableRecord(t *testing.T) {
	dir := newDir(t)
	running(t, dir, ok)
	if err := os.WriteFile(filepath.Join(dir, "lab.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ended, err := Down(dir); err != nil || ended != 1 {
		t.Errorf("%d processes ended, error %v; want the one that carries the lab's mark", ended, err)
	}
	noneLeft(t, dir)
}
