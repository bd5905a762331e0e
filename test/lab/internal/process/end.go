package process

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// poll is how often an ending process is looked at.
const poll = 20 * time.Millisecond

// killWait is how long a killed process may take to be gone: the kernel has to
// give back its memory first.
const killWait = 10 * time.Second

// End asks processes to end, all at once, and waits until they are gone. What
// is still there after the grace is killed. It returns how many had to be.
func End(ids []ID, grace time.Duration) (killed int, err error) {
	var errs []error
	for _, id := range ids {
		errs = append(errs, Signal(id, syscall.SIGTERM))
		// A paused process handles nothing before it goes on.
		errs = append(errs, Signal(id, syscall.SIGCONT))
	}
	left := waitGone(ids, grace)
	killed = len(left)
	for _, id := range left {
		errs = append(errs, Signal(id, syscall.SIGKILL))
	}
	for _, id := range waitGone(left, killWait) {
		errs = append(errs, fmt.Errorf("process %d is still there %v after it was killed", id.PID, killWait))
	}
	return killed, errors.Join(errs...)
}

// waitGone waits until the processes are gone or the time is over, and returns
// those that are left.
func waitGone(ids []ID, limit time.Duration) []ID {
	deadline := time.Now().Add(limit)
	for {
		var left []ID
		for _, id := range ids {
			if Of(id) != Gone {
				left = append(left, id)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		ids = left
		time.Sleep(poll)
	}
}
