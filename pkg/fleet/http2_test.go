package fleet

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// A window that overflows must end the request, and above all let it end: the
// HTTP/2 that is in Go 1.26 holds a lock then that it waits for.
func TestAWindowThatOverflowsEndsTheRequest(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate
	defer server.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go overflow(conn)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	client := mustConnect(t, kubeconfig{server: "https://" + listener.Addr().String(), cluster: authority(server)})
	ended := make(chan error, 1)
	go func() { ended <- client.Post().AbsPath("api").Do(ctx).Error() }()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(10 * time.Second):
		t.Error("it hangs, whatever its deadline")
	}
}

// overflow makes each request's window larger than may be.
func overflow(conn net.Conn) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	frames := http2.NewFramer(conn, conn)
	for frames.WriteSettings() == nil {
		frame, err := frames.ReadFrame()
		if err != nil {
			return
		}
		if asked, ok := frame.(*http2.HeadersFrame); ok {
			_ = frames.WriteWindowUpdate(asked.StreamID, 1<<31-1)
		}
	}
}
