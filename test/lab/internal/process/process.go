// Package process starts programs that outlive their starter, and finds and
// ends exactly those again: a process is known by its id and its start time,
// so that a recycled id is never mistaken for it.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Marker is the environment variable by which a lab's processes can be found
// when no record of them was written; its value is the lab's folder.
const Marker = "FLEETLAB_DIR"

// ID identifies one process for as long as the machine runs.
type ID struct {
	PID int
	// Start is the time the process started, in clock ticks since boot
	// (proc_pid_stat(5), field 22).
	Start uint64
}

// State is what a process is doing.
type State string

// The states that a lab tells apart.
const (
	Running State = "running"
	// Paused is stopped by SIGSTOP: it holds its ports and answers nothing.
	Paused State = "paused"
	Gone   State = "gone"
)

// Spec is what to start.
type Spec struct {
	Path string
	Args []string
	// Env is the program's environment, besides what it inherits: of the
	// starter's variables only those that say where things are (see inherited).
	Env []string
	// Dir is the working directory.
	Dir string
	// Log is the file that takes the program's output, after what it holds.
	Log string
	// Owner is the value of Marker.
	Owner string
}

// Handle is a process that this program started.
type Handle struct {
	ID ID
	// Done is closed when the process has ended; Err then says how.
	Done <-chan struct{}

	err error
}

// Err says how the process ended; call it after Done.
func (h *Handle) Err() error {
	if h.err == nil {
		return errors.New("exit status 0")
	}
	return h.err
}

// Start runs a program in a session of its own, so that neither the end of
// its starter nor a Ctrl-C in the terminal reaches it, and with nothing of the
// starter's open: a pipe held open would make whoever reads it wait.
func Start(spec Spec) (*Handle, error) {
	if err := os.MkdirAll(filepath.Dir(spec.Log), 0o700); err != nil {
		return nil, fmt.Errorf("make the log folder: %w", err)
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()

	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Dir = spec.Dir
	cmd.Env = append(append(inherited(), spec.Env...), Marker+"="+spec.Owner)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Path, err)
	}
	// Nobody has waited for it yet, so that its entry is there even if it
	// ended at once.
	_, start, err := stat(cmd.Process.Pid)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("read the start time of %s: %w", spec.Path, err)
	}
	done := make(chan struct{})
	handle := &Handle{ID: ID{PID: cmd.Process.Pid, Start: start}, Done: done}
	go func() {
		handle.err = cmd.Wait()
		close(done)
	}()
	return handle, nil
}

// inherited is what a program takes over from its starter. The rest stays
// behind: a proxy, a debug switch or a kubeconfig in somebody's shell must not
// change what a lab does.
func inherited() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Of says what the process is doing. One that has ended and was not yet
// collected by its parent is gone.
func Of(id ID) State {
	if id.PID <= 0 {
		return Gone
	}
	code, start, err := stat(id.PID)
	if err != nil || start != id.Start {
		return Gone
	}
	switch code {
	case 'Z', 'X':
		return Gone
	case 'T', 't':
		return Paused
	}
	return Running
}

// Signal sends a signal to exactly this process; one that is gone is no error.
func Signal(id ID, signal syscall.Signal) error {
	if id.PID <= 0 {
		return nil
	}
	// The handle (a pidfd) is taken first and checked afterwards: from then on
	// it cannot come to mean another process.
	found, err := os.FindProcess(id.PID)
	if err != nil {
		return fmt.Errorf("find process %d: %w", id.PID, err)
	}
	defer func() { _ = found.Release() }()
	if Of(id) == Gone {
		return nil
	}
	if err := found.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %v to process %d: %w", signal, id.PID, err)
	}
	return nil
}

// Marked finds the processes whose environment names the owner, except this
// one: those a starter left without a record, and the children of others.
func Marked(owner string) ([]ID, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	want := []byte(Marker + "=" + owner)
	var found []ID
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		// Unreadable is another user's, or gone meanwhile: neither is ours.
		environ, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if err != nil || !contains(environ, want) {
			continue
		}
		if _, start, err := stat(pid); err == nil {
			found = append(found, ID{PID: pid, Start: start})
		}
	}
	return found, nil
}

func contains(environ, want []byte) bool {
	for variable := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.Equal(variable, want) {
			return true
		}
	}
	return false
}

// stat reads a process's state and start time. The second field, the name in
// parentheses, may hold anything, so that counting begins behind its end.
func stat(pid int) (state byte, start uint64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	// Fields 3 and 22 of all are these of the rest.
	const stateField, startField = 0, 19
	if end < 0 || len(fields) <= startField {
		return 0, 0, fmt.Errorf("process %d: /proc/%d/stat is not understood", pid, pid)
	}
	start, err = strconv.ParseUint(fields[startField], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("process %d: start time: %w", pid, err)
	}
	return fields[stateField][0], start, nil
}
