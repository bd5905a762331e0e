package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

type object = map[string]any

// terminal is a command line with its streams, in a world where nothing may be
// asked for but what a test allows.
type terminal struct {
	*Factory
	root     *cobra.Command
	flags    *HostFlags
	out, err *bytes.Buffer
}

// newTerminal is one whose host must not be called.
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	term := &terminal{flags: NewHostFlags(), out: &bytes.Buffer{}, err: &bytes.Buffer{}}
	term.Factory = &Factory{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: term.out, ErrOut: term.err},
		Host: func() (*fleet.Client, error) {
			t.Error("the host is called")
			return newClient(t, func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("unexpected request to the host: %s %s", r.Method, r.URL)
			})
		},
		Namespace: func() (string, bool, error) {
			if named := term.flags.overrides.Context.Namespace; named != "" {
				return named, true, nil
			}
			return "default", false, nil
		},
		ContextNamespace: func() (string, error) { return "default", nil },
		Connect: func(context.Context, *fleet.Client, fleet.Member) (*fleet.Client, error) {
			t.Error("a member is called")
			return nil, io.ErrUnexpectedEOF
		},
		Interactive: func() bool { return false },
		Progress:    func() *printer.Progress { return nil },
		Now:         func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Holder:      func() inventory.Run { return inventory.Run{Holder: "ana@laptop-12", PID: 4711} },
	}
	term.root = New(term.Factory, term.flags)
	return term
}

func (term *terminal) run(ctx context.Context, args ...string) int {
	return Run(ctx, term.root, args)
}

// check compares all that was printed, and the exit code.
func (term *terminal) check(t *testing.T, code, wantCode int, out, err string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exit code %d, want %d", code, wantCode)
	}
	if got := term.out.String(); got != out {
		t.Errorf("stdout\n%s\nwant\n%s", got, out)
	}
	if got := term.err.String(); got != err {
		t.Errorf("stderr\n%s\nwant\n%s", got, err)
	}
}

func newClient(t *testing.T, handler http.HandlerFunc) (*fleet.Client, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return fleet.NewHostClient(&rest.Config{Host: server.URL})
}

// fakeServer answers with the JSON of these calls (a method and a path), fails
// the test on any other request, and logs those that write. A value of nil is
// a 404.
type fakeServer struct {
	t       *testing.T
	answers map[string]any

	mutex sync.Mutex // guards the fields below
	wrote []string
}

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + r.URL.Path
	body, ok := s.answers[call]
	if !ok {
		s.t.Errorf("unexpected request: %s", call)
	}
	s.mutex.Lock()
	if r.Method != http.MethodGet {
		s.wrote = append(s.wrote, call)
	}
	s.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if body == nil {
		w.WriteHeader(http.StatusNotFound)
		body = object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": http.StatusNotFound}
	}
	_ = json.NewEncoder(w).Encode(body)
}

// writes are the requests that wrote, in the order in which they came.
func (s *fakeServer) writes() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return strings.Join(s.wrote, "\n")
}

func (s *fakeServer) client() (*fleet.Client, error) { return newClient(s.t, s.ServeHTTP) }
