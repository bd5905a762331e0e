package inventory

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

type object = map[string]any

const (
	collectionPath = "/api/v1/namespaces/default/secrets"
	secretPath     = collectionPath + "/fleetapp.v1.shop"
)

// host is an API server that keeps one Secret, with the checks that
// kube-apiserver makes, and fails the test on every other request.
type host struct {
	t      *testing.T
	client *fleet.Client
	// before, if set, is called before a write is carried out, and answers
	// itself where it returns false; after, once it was.
	before, after func(http.ResponseWriter, *http.Request) bool

	mutex   sync.Mutex // guards the fields below
	secret  *secret
	version int
	log     []sent
}

// sent is one request.
type sent struct {
	method, query string
	body          []byte
}

// withHost runs a test in a bubble of its own, where time passes only while
// everybody waits.
func withHost(t *testing.T, test func(*testing.T, *host)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newHost(t)) })
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t}
	listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.dial}
	var err error
	if h.client, err = fleet.NewHostClient(&rest.Config{Host: "http://host.test", Transport: transport}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mutex.Lock()
	h.log = append(h.log, sent{r.Method, r.URL.RawQuery, body})
	h.mutex.Unlock()
	write := r.Method != http.MethodGet
	if write && h.before != nil && !h.before(w, r) {
		return
	}
	h.mutex.Lock()
	code, answer := h.carryOut(r, body)
	h.mutex.Unlock()
	if write && h.after != nil && !h.after(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}

// loses is what somebody else's deletion does.
func (h *host) loses() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.secret = nil
}

func (h *host) carryOut(r *http.Request, body []byte) (int, any) {
	switch r.Method + " " + r.URL.Path {
	case "GET " + secretPath:
		if h.secret == nil {
			return status(http.StatusNotFound, "NotFound", `secrets "fleetapp.v1.shop" not found`)
		}
		return http.StatusOK, h.secret
	case "POST " + collectionPath:
		if h.secret != nil {
			return status(http.StatusConflict, "AlreadyExists", `secrets "fleetapp.v1.shop" already exists`)
		}
		return http.StatusCreated, h.store(body, types.UID(fmt.Sprintf("uid-%d", h.version+1)))
	case "PUT " + secretPath:
		return h.replace(body)
	case "DELETE " + secretPath:
		return h.remove(body)
	}
	h.t.Errorf("unexpected request: %s %s", r.Method, r.URL)
	return status(http.StatusInternalServerError, "InternalError", "unexpected")
}

func (h *host) store(body []byte, uid types.UID) *secret {
	h.version++
	h.secret = &secret{}
	if err := json.Unmarshal(body, h.secret); err != nil {
		h.t.Error(err)
	}
	h.secret.Metadata.UID, h.secret.Metadata.ResourceVersion = uid, strconv.Itoa(h.version)
	return h.secret
}

func (h *host) replace(body []byte) (int, any) {
	var next secret
	_ = json.Unmarshal(body, &next)
	switch {
	case h.secret == nil && next.Metadata.UID != "":
		return status(http.StatusConflict, "Conflict", "Precondition failed: UID in precondition: "+string(next.Metadata.UID)+", UID in object meta: ")
	case h.secret == nil:
		return status(http.StatusNotFound, "NotFound", `secrets "fleetapp.v1.shop" not found`)
	case next.Metadata.UID != h.secret.Metadata.UID, next.Metadata.ResourceVersion != h.secret.Metadata.ResourceVersion:
		return status(http.StatusConflict, "Conflict", "the object has been modified; please apply your changes to the latest version and try again")
	}
	return http.StatusOK, h.store(body, h.secret.Metadata.UID)
}

func (h *host) remove(body []byte) (int, any) {
	var options struct {
		Preconditions struct {
			UID             types.UID
			ResourceVersion string
		}
	}
	_ = json.Unmarshal(body, &options)
	switch is := options.Preconditions; {
	case h.secret == nil:
		return status(http.StatusNotFound, "NotFound", `secrets "fleetapp.v1.shop" not found`)
	case is.UID != h.secret.Metadata.UID || is.ResourceVersion != h.secret.Metadata.ResourceVersion:
		return status(http.StatusConflict, "Conflict", "Precondition failed")
	}
	h.secret = nil
	return http.StatusOK, object{"kind": "Status", "apiVersion": "v1", "status": "Success"}
}

func status(code int, why, message string) (int, any) {
	return code, object{
		"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Failure",
		"message": message, "reason": why, "code": code,
	}
}

// methods are those of all requests so far.
func (h *host) methods() string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	all := make([]string, len(h.log))
	for i, one := range h.log {
		all[i] = one.method
	}
	return strings.Join(all, " ")
}

// last is the last request's body.
func (h *host) last() []byte {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.log[len(h.log)-1].body
}

// record is what the host holds.
func (h *host) record() *Record {
	h.t.Helper()
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.secret == nil {
		return nil
	}
	record, err := decode(h.secret.Data[secretKey])
	if err != nil {
		h.t.Fatal(err)
	}
	return record
}

// holds puts a record there, as an earlier run left it.
func (h *host) holds(record *Record) {
	h.t.Helper()
	data, err := encode(record)
	if err != nil {
		h.t.Fatal(err)
	}
	h.stores(secretType, base64.StdEncoding.EncodeToString(data))
}

func (h *host) stores(kind, data string) {
	body, err := json.Marshal(object{"type": kind, "data": object{secretKey: data}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.store(body, "uid-before")
}

// read reads the record as a run does.
func (h *host) read() *Inventory {
	h.t.Helper()
	i, err := Read(h.t.Context(), h.client, "default", "shop", time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

// intends reads the record and takes hold of it, as a run of that process.
func (h *host) intends(pid int) (*Inventory, error) { return h.takes(run(pid)) }

func (h *host) takes(run Run) (*Inventory, error) {
	i := h.read()
	if err := i.PassOver(h.t.Context(), run, func(Run, time.Duration) {}); err != nil {
		return i, err
	}
	return i, i.Intend(h.t.Context(), run, nil, []Placement{place("one", "a")})
}

func (h *host) mustIntend(pid int) *Inventory {
	h.t.Helper()
	i, err := h.intends(pid)
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

func run(pid int) Run { return Run{Verb: "deployed", Holder: "ana@laptop-12", PID: pid} }

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("error\n  %v, want\n  %s", err, want)
	}
}

// lose drops the connection after a write was carried out, so many times.
func lose(times int) func(http.ResponseWriter, *http.Request) bool {
	return func(http.ResponseWriter, *http.Request) bool {
		if times--; times >= 0 {
			panic(http.ErrAbortHandler)
		}
		return true
	}
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

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "host", Net: "pipe"} }

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
