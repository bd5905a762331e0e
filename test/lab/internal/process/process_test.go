package process

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start runs a shell command as a lab's process, and ends it with the test.
func start(t *testing.T, owner, command string) *Handle {
	t.Helper()
	handle, err := Start(Spec{
		Path: "/bin/sh", Args: []string{"-c", command}, Env: []string{"GREETING=hello"},
		Log: filepath.Join(t.TempDir(), "logs", "sh.log"), Owner: owner,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := End([]ID{handle.ID}, 0); err != nil {
			t.Error(err)
		}
	})
	return handle
}

func TestStartDetachesAndLogs(t *testing.T) {
	t.Setenv("KUBECONFIG", "/somebody/else")
	log := filepath.Join(t.TempDir(), "logs", "sh.log")
	handle, err := Start(Spec{
		Path: "/bin/sh", Log: log, Owner: "/a/lab", Env: []string{"GREETING=hello"},
		// Field 6 of stat is the session; the shell leads its own.
		Args: []string{"-c", `echo "$GREETING,$KUBECONFIG,$FLEETLAB_DIR"; set -- $(cat /proc/$$/stat); [ "$6" = $$ ] && echo leads; exit 7`},
	})
	if err != nil {
		t.Fatal(err)
	}
	<-handle.Done
	if err := handle.Err(); err == nil || err.Error() != "exit status 7" {
		t.Errorf("it ended with %v, want exit status 7", err)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(data), "hello,,/a/lab\nleads\n"; got != want {
		t.Errorf("the log is %q, want %q", got, want)
	}
	if now := Of(handle.ID); now != Gone {
		t.Errorf("it is %s, want gone", now)
	}
}

func TestARecycledIDIsAnotherProcess(t *testing.T) {
	handle := start(t, "/a/lab", "exec sleep 60")
	if now := Of(handle.ID); now != Running {
		t.Fatalf("it is %s, want running", now)
	}
	other := ID{PID: handle.ID.PID, Start: handle.ID.Start - 1}
	if now := Of(other); now != Gone {
		t.Errorf("the same id with another start time is %s, want gone", now)
	}
	if killed, err := End([]ID{other}, time.Second); err != nil || killed != 0 {
		t.Errorf("ending the other: killed %d, error %v", killed, err)
	}
	if now := Of(handle.ID); now != Running {
		t.Errorf("ending another process made this one %s", now)
	}
}

func TestEnd(t *testing.T) {
	for name, test := range map[string]struct {
		command string
		pause   bool
		killed  int
	}{
		"one that ends on request":    {command: "exec sleep 60"},
		"one that ignores requests":   {command: `trap "" TERM; echo ready; while :; do sleep 0.05; done`, killed: 1},
		"one that is paused":          {command: "exec sleep 60", pause: true},
		"one that has ended already":  {command: "exit 0"},
		"one that ends with an error": {command: `trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done`},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "sh.log")
			handle, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", test.command}, Log: log, Owner: "/a/lab"})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(test.command, "echo ready") {
				await(t, "the trap", func() bool { return Tail(log, 1) == "ready" })
			}
			if test.pause {
				if err := Signal(handle.ID, syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
				await(t, "the pause", func() bool { return Of(handle.ID) == Paused })
			}
			killed, err := End([]ID{handle.ID}, 500*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if killed != test.killed {
				t.Errorf("%d had to be killed, want %d", killed, test.killed)
			}
			if now := Of(handle.ID); now != Gone {
				t.Errorf("it is %s, want gone", now)
			}
		})
	}
}

func TestMarkedFindsALabsProcessesAndTheirChildren(t *testing.T) {
	owner := t.TempDir()
	mine := start(t, owner, "sleep 60 & wait")
	start(t, owner+"-other", "exec sleep 60")
	await(t, "the child", func() bool {
		found, err := Marked(owner)
		if err != nil {
			t.Fatal(err)
		}
		return len(found) == 2 && slices.Contains(found, mine.ID)
	})
	found, err := Marked(owner)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := End(found, time.Second); err != nil {
		t.Fatal(err)
	}
	if left, err := Marked(owner); err != nil || len(left) != 0 {
		t.Errorf("left are %v, error %v", left, err)
	}
}

func TestNoProcessIsGone(t *testing.T) {
	if now := Of(ID{}); now != Gone {
		t.Errorf("it is %s, want gone", now)
	}
	if err := Signal(ID{}, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

func TestStartSaysWhatCannotBeStarted(t *testing.T) {
	_, err := Start(Spec{Path: "/nowhere/kube", Log: filepath.Join(t.TempDir(), "x.log")})
	if err == nil || !strings.Contains(err.Error(), "/nowhere/kube") {
		t.Errorf("the error is %v, want one that names the program", err)
	}
}

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	if got := Tail(path, 3); got != "" {
		t.Errorf("the tail of nothing is %q", got)
	}
	content := strings.Repeat("a long line before\n", 5000) + "one\ntwo\nthree\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Tail(path, 2); got != "two\nthree" {
		t.Errorf("got %q, want the last two lines", got)
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}
