package inventory

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// zombie is the state of a process that is dead and that its parent did not
// take notice of yet. Source: SZOMB of sys/proc.h.
const zombie = 5

// machine names this machine and its boot; empty if unknown.
func machine() string {
	boot, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil || boot == "" {
		return ""
	}
	host, _ := os.Hostname() // machines made of one snapshot share all the rest
	return fingerprint(boot, host)
}

// exists tells whether there is such a process.
func exists(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	process, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	return err != nil || process.Proc.P_stat != zombie
}

// born is when a process began; empty if it cannot be seen.
func born(pid int) string {
	process, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return ""
	}
	at := process.Proc.P_starttime
	return fmt.Sprintf("%d.%06d", at.Sec, at.Usec)
}
