package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// canary is part of all that must not be repeated: credentials, what files hold,
// and what a refused field says.
const canary = "canary-7f3a9c"

// traps are what hostile kubeconfigs lead to. Whoever steps into one is found
// out.
type traps struct {
	t   *testing.T
	dir string
	// script leaves a mark when it is started.
	script, mark string
	closed       atomic.Bool

	mutex  sync.Mutex // guards the rest
	sprung []string
}

func newTraps(t *testing.T) *traps {
	t.Helper()
	traps := &traps{t: t, dir: t.TempDir()}
	traps.script, traps.mark = filepath.Join(traps.dir, "plugin-"+canary), filepath.Join(traps.dir, "mark")
	traps.file(traps.script, fmt.Sprintf("#!/bin/sh\necho \"$0 $*\" >>%s\n", traps.mark), 0o700)
	return traps
}

func (traps *traps) file(path, content string, mode os.FileMode) {
	traps.t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		traps.t.Fatal(err)
	}
}

// fifo is a named pipe. Opening it hangs unless somebody holds its other end; the
// one who does that here goes on only when somebody opens it.
func (traps *traps) fifo(name string) string {
	traps.t.Helper()
	path := filepath.Join(traps.dir, name+"-"+canary)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		traps.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			end, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil || traps.closed.Load() {
				end.Close()
				return
			}
			traps.spring("a file was opened: the one that %s names", name)
			end.Close()
		}
	}()
	traps.t.Cleanup(func() {
		traps.closed.Store(true)
		if end, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			<-ended
			end.Close()
		}
	})
	return path
}

// listen is an address that nobody is to connect to.
func (traps *traps) listen(what string) string {
	traps.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(traps.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		traps.t.Fatal(err)
	}
	traps.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			traps.spring("a connection was made to %s", what)
			connection.Close()
		}
	}()
	return listener.Addr().String()
}

func (traps *traps) spring(format string, args ...any) {
	traps.mutex.Lock()
	defer traps.mutex.Unlock()
	traps.sprung = append(traps.sprung, fmt.Sprintf(format, args...))
}

// breaches are the traps that were stepped into since the last time.
func (traps *traps) breaches() []string {
	traps.mutex.Lock()
	defer traps.mutex.Unlock()
	found := traps.sprung
	traps.sprung = nil
	if started, err := os.ReadFile(traps.mark); err == nil {
		found = append(found, fmt.Sprintf("a process was started: %.200s", started))
		os.Remove(traps.mark)
	}
	return found
}
