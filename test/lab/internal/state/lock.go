package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockName also marks a folder as a lab's: it stays when the lab is down.
const lockName = ".fleetlab"

// ErrBusy says that another fleetlab is changing the lab.
var ErrBusy = errors.New("another fleetlab is at work on this lab")

// lockPoll is how often a taken lock is tried again.
const lockPoll = 50 * time.Millisecond

// Lock takes the lab's folder for one change, and waits so long for another
// change to end; the kernel gives the lock back if its holder dies.
func Lock(dir string, patience time.Duration) (unlock func(), err error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(lockPoll) {
		unlock, err = tryLock(dir)
		if !errors.Is(err, ErrBusy) || time.Now().After(deadline) {
			return unlock, err
		}
	}
}

func tryLock(dir string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the lab: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w in %s; wait for it, or end it", ErrBusy, dir)
		}
		return nil, fmt.Errorf("lock the lab in %s: %w", dir, err)
	}
	return func() { _ = file.Close() }, nil
}

// IsLab says whether a folder is, or has been, a lab's.
func IsLab(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, lockName))
	return err == nil
}
