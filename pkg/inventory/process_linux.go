package inventory

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// machine names this machine, its boot, and the namespaces in which its
// processes are numbered and their time counted; empty where /proc does not
// show them as this process sees them.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	self, err := os.Readlink("/proc/self")
	if err != nil || self != strconv.Itoa(os.Getpid()) { // another namespace's
		return ""
	}
	pids, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	times, _ := os.Readlink("/proc/self/ns/time") // older kernels have none
	host, _ := os.Hostname()                      // machines made of one snapshot share all the rest
	return fingerprint(string(boot), pids, times, host)
}

// exists tells whether there is such a process. One that is dead and that its
// parent did not take notice of yet is none.
func exists(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	fields := stat(pid)
	return len(fields) == 0 || fields[0] != "Z" && fields[0] != "X"
}

// born is when a process began, in clock ticks since the boot; empty if it
// cannot be seen.
func born(pid int) string {
	const startTime = 22 - 3
	if fields := stat(pid); len(fields) > startTime {
		return fields[startTime]
	}
	return ""
}

// stat is what /proc says of a process, from its state on, which is field 3.
// The name before it may hold anything. Source: proc_pid_stat(5).
func stat(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
}
