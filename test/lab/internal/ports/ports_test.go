package ports

import (
	"net"
	"testing"
)

func TestPickGivesDifferentFreePorts(t *testing.T) {
	picked, err := Pick(40)
	if err != nil {
		t.Fatal(err)
	}
	if len(picked) != 40 {
		t.Fatalf("got %d ports, want 40", len(picked))
	}
	seen := map[int]bool{}
	for _, port := range picked {
		if seen[port] {
			t.Errorf("port %d was picked twice", port)
		}
		seen[port] = true
		if port < first || port >= ephemeralStart() {
			t.Errorf("port %d is not between %d and the kernel's own, from %d", port, first, ephemeralStart())
		}
		if !Free(port) {
			t.Errorf("port %d is not free", port)
		}
	}
}

func TestFreeSeesAListener(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("%v is no TCP address", listener.Addr())
	}
	port := address.Port
	if Free(port) {
		t.Errorf("port %d is said to be free while something listens on it", port)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if !Free(port) {
		t.Errorf("port %d is said to be in use after its listener was closed", port)
	}
}

func TestConsecutive(t *testing.T) {
	got, err := Consecutive(21000, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0] != 21000 || got[2] != 21002 {
		t.Errorf("got %v, want 21000 to 21002", got)
	}
	for _, base := range []int{-1, 0, 65534, 70000} {
		if _, err := Consecutive(base, 3); err == nil {
			t.Errorf("base port %d for 3 ports was accepted", base)
		}
	}
}
