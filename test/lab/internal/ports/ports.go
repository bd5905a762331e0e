// Package ports finds TCP ports on the loopback address for programs that are
// yet to start.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
)

// first is where the search for free ports begins: below it live the ports
// that other software expects for itself.
const first = 20000

// defaultEphemeral is the start of Linux's default ip_local_port_range.
const defaultEphemeral = 32768

// Addr is the loopback address of a port.
func Addr(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// Free asks the kernel whether nothing listens on the port.
func Free(port int) bool {
	listener, err := net.Listen("tcp4", Addr(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// Pick returns n different free ports. They lie below the range from which
// the kernel takes the ports of outgoing connections: a port from within that
// range (as one gets by listening on port 0) can be taken by any client in the
// time before its program listens, or while that program is stopped.
func Pick(n int) ([]int, error) {
	end := ephemeralStart()
	if end-first < 4*n {
		return nil, fmt.Errorf("find %d free ports: only %d to %d are not the kernel's own; give --base-port", n, first, end-1)
	}
	var picked []int
	offset, span := rand.IntN(end-first), end-first
	for i := 0; i < span && len(picked) < n; i++ {
		if port := first + (offset+i)%span; Free(port) {
			picked = append(picked, port)
		}
	}
	if len(picked) < n {
		return nil, fmt.Errorf("find %d free ports: only %d are free between %d and %d", n, len(picked), first, end-1)
	}
	return picked, nil
}

// Consecutive returns the n ports from base on, free or not: the caller knows
// who wants each, and can say so.
func Consecutive(base, n int) ([]int, error) {
	if base < 1 || base+n-1 > 65535 {
		return nil, fmt.Errorf("base port %d: the lab needs the %d ports from there on, and ports are 1 to 65535", base, n)
	}
	consecutive := make([]int, n)
	for i := range consecutive {
		consecutive[i] = base + i
	}
	return consecutive, nil
}

// ephemeralStart returns the first port that the kernel gives to outgoing
// connections (ip(7), ip_local_port_range).
func ephemeralStart() int {
	data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return defaultEphemeral
	}
	fields := strings.Fields(string(data))
	if len(fields) == 0 {
		return defaultEphemeral
	}
	start, err := strconv.Atoi(fields[0])
	if err != nil {
		return defaultEphemeral
	}
	return start
}
