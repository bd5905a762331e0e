package fleet

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// A connection that broke is opened anew, also one that never took a request.
func TestABrokenConnectionIsOpenedAnew(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, nil) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	broken := *server.TLS.Clone()
	server.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		opened.Add(1)
		return &broken, nil
	}
	member := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	defer member.Close()
	for i := range int32(3) {
		if _, err := get(t.Context(), member); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
		if opened.Load() != i+1 {
			t.Errorf("%d connections for %d that broke", opened.Load(), i)
		}
		server.CloseClientConnections()
		time.Sleep(50 * time.Millisecond) // until the client has noticed: a write before that is lost
	}
}

func TestNothingIsSentAfterClose(t *testing.T) {
	server := newMember(t, true, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	member := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	member.Close()
	if _, err := get(t.Context(), member); !errors.Is(err, errClosed) {
		t.Errorf("error is %v", err)
	}
}

// What fails before the handshake is over was not sent to anybody.
func TestAHandshakeThatFailsIsNotSent(t *testing.T) {
	server := newMember(t, true, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	var notSent *reason.NotSentError
	if _, err := get(t.Context(), mustConnect(t, kubeconfig{server: server.URL})); !errors.As(err, &notSent) || reason.Of(err) != reason.TLS {
		t.Errorf("error is %v", err)
	}
}

// muteConn is a server's end of a connection on which nothing is heard any more.
type muteConn struct {
	net.Conn
	mute *atomic.Bool
}

func (c muteConn) Write(p []byte) (int, error) {
	if c.mute.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

type muteListener struct {
	net.Listener
	mute *atomic.Bool
}

func (l muteListener) Accept() (net.Conn, error) {
	plain, err := l.Listener.Accept()
	return muteConn{plain, l.mute}, err
}

// Who waits for an answer on a connection on which nothing is heard any more waits
// no longer than a ping may take, and is told why.
func TestALostConnectionIsNoticed(t *testing.T) {
	var mute atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/waits" {
			mute.Store(true)
			<-r.Context().Done()
		}
	}))
	server.Listener = muteListener{server.Listener, &mute}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c, err := newConnection(endpoint{ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.pingAfter, c.pingTimeout = 20*time.Millisecond, 200*time.Millisecond
	ask := func(path string) error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := c.RoundTrip(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		_, err = io.ReadAll(response.Body)
		return err
	}
	began := time.Now()
	for range 10 {
		if err := ask("/"); err != nil {
			t.Fatalf("while it is heard: %v", err)
		}
		time.Sleep(2 * c.pingAfter)
	}
	if time.Since(began) < c.pingTimeout {
		t.Error("no ping could have been missed")
	}
	if err := ask("/waits"); !errors.Is(err, errLost) || reason.Of(err) != reason.Timeout {
		t.Errorf("error is %v, want %v", err, errLost)
	}
	mute.Store(false)
	if err := ask("/"); err != nil {
		t.Errorf("the next request: %v", err)
	}
}

// A server that asks its clients to come again on another connection is heeded, and
// none of their requests fails for that.
func TestAServerThatSaysGoodbye(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close") // which Go's server makes a GOAWAY of
		answerJSON(w, http.StatusOK, nil)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	member := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	defer member.Close()
	for i := range int32(3) {
		if _, err := get(t.Context(), member); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if opened.Load() < 2 {
		t.Error("all were asked on one connection")
	}
}

// Over HTTP/1.1, which has one request on a connection at a time, what is to be done
// does not wait for a watch of it.
func TestNothingWaitsForAWatch(t *testing.T) {
	done := make(chan struct{})
	server := newMember(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			close(done)
		}
		<-done
		answerJSON(w, http.StatusOK, nil)
	})
	member := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	defer member.Close()
	var watch sync.WaitGroup
	watch.Go(func() {
		if _, err := get(t.Context(), member); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(50 * time.Millisecond) // so that the watch has the connection
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := member.Delete().AbsPath("api").Do(ctx).Error(); err != nil {
		t.Error(err)
	}
	watch.Wait()
}

// However many answers a member is asked for, and however large they are, what it
// may send before somebody reads is bounded for all of them together.
func TestWhatIsSentAheadIsBounded(t *testing.T) {
	for answers, want := range map[int]int64{1: maxAhead, 8: allAhead, 50: allAhead, 64: allAhead} {
		t.Run(strconv.Itoa(answers), func(t *testing.T) {
			var sent atomic.Int64
			piece := make([]byte, 1<<10)
			server := newMember(t, true, func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					n, err := w.Write(piece)
					if err != nil || http.NewResponseController(w).Flush() != nil {
						return
					}
					sent.Add(int64(n))
				}
			})
			c, err := newConnection(endpoint{ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})})
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var all sync.WaitGroup
			for range answers {
				all.Go(func() {
					request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
					if err != nil {
						t.Error(err)
						return
					}
					response, err := c.RoundTrip(request)
					if err != nil {
						t.Error(err)
						return
					}
					t.Cleanup(func() { response.Body.Close() })
				})
			}
			all.Wait()
			for was := int64(-1); sent.Load() != was; time.Sleep(200 * time.Millisecond) {
				was = sent.Load()
			}
			if got := sent.Load(); got > want || got < want/2 {
				t.Errorf("%d bytes were sent, want %d at most", got, want)
			}
		})
	}
}
