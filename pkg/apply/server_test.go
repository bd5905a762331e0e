package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// object is anything that is sent as JSON.
type object = map[string]any

// server is a member's API server. It answers what a test expects, in that
// order, and fails the test on everything else; also where something that was
// expected is never asked for.
type server struct {
	apply.Member

	t     *testing.T
	began time.Time
	// panicAt is a path whose requests panic in the client.
	panicAt string

	mutex   sync.Mutex // guards the fields below
	answers map[string][]http.HandlerFunc
	log     []request
}

// request is one that the server saw.
type request struct {
	// call is the method and the path; a watch's is WATCH and the object's path.
	call   string
	query  url.Values
	header http.Header
	body   []byte
	// at is when it came, after the test began.
	at time.Duration
}

// withServer runs a test in a bubble of its own, where time passes only while
// everybody waits, and takes no time at all.
func withServer(t *testing.T, test func(*testing.T, *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &server{t: t, began: time.Now(), answers: map[string][]http.HandlerFunc{}}
		listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		httpServer := &http.Server{Handler: s}
		go func() { _ = httpServer.Serve(listener) }()
		transport := &http.Transport{DialContext: listener.dial}
		client, err := fleet.NewHostClient(&rest.Config{Host: "http://member.test", Transport: bomb{transport, s}})
		if err != nil {
			t.Fatal(err)
		}
		s.Member = apply.Member{
			Client: client, Owner: owner(), Now: time.Now,
			StillHeld: func(context.Context, ...plan.Identity) error { return nil },
		}
		t.Cleanup(func() {
			transport.CloseIdleConnections()
			_ = httpServer.Close()
			s.mutex.Lock()
			defer s.mutex.Unlock()
			for call, left := range s.answers {
				if len(left) > 0 {
					t.Errorf("%s: %d times fewer than expected", call, len(left))
				}
			}
		})
		test(t, s)
	})
}

// on expects a call as often as there are answers.
func (s *server) on(call string, answers ...http.HandlerFunc) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.answers[call] = append(s.answers[call], answers...)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := r.Method + " " + r.URL.Path
	if name, ok := strings.CutPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name="); ok && r.URL.Query().Get("watch") == "true" {
		call = "WATCH " + r.URL.Path + "/" + name
	}
	s.mutex.Lock()
	s.log = append(s.log, request{call, r.URL.Query(), r.Header, body, time.Since(s.began)})
	expected := s.answers[call]
	if len(expected) > 0 {
		s.answers[call] = expected[1:]
	}
	s.mutex.Unlock()
	if len(expected) == 0 {
		s.t.Errorf("unexpected request: %s %s", r.Method, r.URL)
		refuse(http.StatusInternalServerError, "InternalError", "unexpected", nil)(w, r)
		return
	}
	expected[0](w, r)
}

// requests are those of one call, in the order in which they came.
func (s *server) requests(call string) []request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var all []request
	for _, r := range s.log {
		if r.call == call {
			all = append(all, r)
		}
	}
	return all
}

// pipes is a network of one server, in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.closed) }); return nil }

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "member", Net: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, errors.New("connection refused")
	}
}

// bomb is a transport in which one path panics.
type bomb struct {
	next   http.RoundTripper
	server *server
}

func (b bomb) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == b.server.panicAt {
		panic("boom")
	}
	return b.next.RoundTrip(r)
}

func answer(code int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// refuse answers with a Status, as kube-apiserver spells one.
func refuse(code int, why, message string, details object) http.HandlerFunc {
	return answer(code, object{
		"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Failure",
		"message": message, "reason": why, "details": details, "code": code,
	})
}

func notFound(resource, name string) http.HandlerFunc {
	return refuse(http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", resource, name), object{"name": name, "kind": resource})
}

// plainNotFound is what kube-apiserver says of a path that it does not serve.
func plainNotFound(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "404 page not found", http.StatusNotFound)
}

// after answers late.
func after(d time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(d)
		next(w, r)
	}
}

// hang answers nothing, until the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// event is one of a watch, after a pause.
type event struct {
	after  time.Duration
	kind   string
	object object
}

// stream is a watch that ends after these events; it stays open where the last
// one has no kind.
func stream(events ...event) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush()
		for _, e := range events {
			select {
			case <-time.After(e.after):
			case <-r.Context().Done():
				return
			}
			if e.kind == "" {
				hang(w, r)
				return
			}
			_ = json.NewEncoder(w).Encode(object{"type": e.kind, "object": e.object})
			_ = http.NewResponseController(w).Flush()
		}
	}
}
