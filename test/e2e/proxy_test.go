package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// mishap is what happens to one request of a run.
type mishap int

const (
	// killedBefore: the run is killed before the request is forwarded.
	killedBefore mishap = iota + 1
	// killedAfter: the run is killed after the request was carried out, and before
	// the answer is passed on.
	killedAfter
	// interruptedBefore: the run is interrupted before the request is forwarded,
	// which then is.
	interruptedBefore
	// answerLost: the request is carried out, and its answer never comes.
	answerLost
	// answerCut: the request is carried out, and its connection reset in the
	// middle of the answer.
	answerCut
	// busyAfter: the write is carried out, and answered with an error and the request
	// to try again; what tries that is refused.
	busyAfter
)

func (m mishap) String() string {
	return [...]string{"", "killed before", "killed after", "interrupted before", "answer lost of", "answer cut of", "busy after"}[m]
}

// kills tells what ends the run.
func (m mishap) kills() bool { return m == killedBefore || m == killedAfter }

// ofWrites tells what comes to writes alone: a read carries nothing out.
func (m mishap) ofWrites() bool { return m == killedAfter || m == busyAfter }

// wire is all connections of the plugin: a proxy in front of the host and one
// in front of each member, which number all requests of one run together.
type wire struct {
	t      *testing.T
	fronts map[string]*front

	// gate is held for reading while a request is carried out, and for writing
	// while the law is checked: nothing of ours happens meanwhile.
	gate sync.RWMutex
	// written counts the writes; one check covers all that were carried out
	// before it.
	written atomic.Int64
	covered int64 // guarded by gate

	mutex sync.Mutex // guards the fields below
	run   *tapped
	count int
}

// tapped is one run of the plugin on the wire.
type tapped struct {
	generation int
	// at is the request to which something happens, and what that is.
	at   int
	what mishap
	// signal is called where the run is killed or interrupted.
	signal func()
	// delay is for how long each request is held up.
	delay time.Duration
	// carriedOut, if set, is called after writes, before any of them is answered,
	// while nothing else is carried out.
	carriedOut func(request string)

	began   time.Time
	seen    []string
	writes  int
	hit     string // the request to which it happened
	isDead  bool
	refused string // what is answered with an error from now on
	pending sync.WaitGroup
}

// slowHost is by how much the inventory is written later than the members could
// be: whoever does not wait for it is found out.
const slowHost = 50 * time.Millisecond

// front is the proxy in front of one cluster.
type front struct {
	wire     *wire
	cluster  string
	server   *httptest.Server
	upstream *url.URL
	next     http.RoundTripper
}

// generationKey is the context key of the run that opened a connection: what
// still comes from one that is dead is never carried out. connectionKey is that
// of the connection.
type (
	generationKey struct{}
	connectionKey struct{}
)

func newWire(t *testing.T) *wire {
	t.Helper()
	return wireTo(t, labSite())
}

func wireTo(t *testing.T, at site) *wire {
	t.Helper()
	w := &wire{t: t, fronts: map[string]*front{}, run: &tapped{}}
	for cluster, path := range at {
		config := configOf(t, path+".fleetapp.kubeconfig")
		next, err := rest.TransportFor(config)
		if err != nil {
			t.Fatal(err)
		}
		upstream, err := url.Parse(config.Host)
		if err != nil {
			t.Fatal(err)
		}
		f := &front{wire: w, cluster: cluster, upstream: upstream, next: next}
		f.server = httptest.NewUnstartedServer(f)
		f.server.EnableHTTP2 = true
		f.server.Config.ErrorLog = log.New(io.Discard, "", 0) // processes that are killed do not say goodbye
		f.server.Config.ConnContext = func(ctx context.Context, connection net.Conn) context.Context {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			return context.WithValue(context.WithValue(ctx, connectionKey{}, connection), generationKey{}, w.run.generation)
		}
		f.server.StartTLS()
		t.Cleanup(f.server.Close)
		w.fronts[cluster] = f
	}
	return w
}

// kubeconfig is one that leads to a cluster through its proxy.
func (w *wire) kubeconfig(cluster string) []byte {
	server := w.fronts[cluster].server
	return kubeconfigFor(server.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), nil, nil)
}

// kubeconfigFor is a self-contained kubeconfig.
func kubeconfigFor(server string, ca, cert, key []byte) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`, server, base(ca), base(cert), base(key))
}

// begin makes the wire's next run one that is cut off as it says.
func (w *wire) begin(run *tapped) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.count++
	run.generation = w.count
	run.began = time.Now()
	w.run = run
}

// enter numbers a request, and tells what happens to it. Of a run that is dead
// nothing comes through any more.
func (w *wire) enter(r *http.Request, cluster string) (run *tapped, request string, happens mishap) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.run.isDead || r.Context().Value(generationKey{}) != w.run.generation {
		panic(http.ErrAbortHandler)
	}
	run = w.run
	request = fmt.Sprintf("%s %s %s", cluster, r.Method, r.URL.Path)
	if isWatch(r) {
		request += "?watch"
	}
	run.seen = append(run.seen, fmt.Sprintf("%4d ms %s", time.Since(run.began).Milliseconds(), request))
	number := len(run.seen)
	if isWrite := r.Method != http.MethodGet; isWrite {
		run.writes++
	}
	if run.what.ofWrites() {
		number = run.writes
	}
	if number == run.at && run.hit == "" {
		happens = run.what
		run.hit = fmt.Sprintf("%s %s", happens, request)
		run.isDead = happens == killedBefore
	}
	if !run.isDead {
		run.pending.Add(1)
	}
	return run, request, happens
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	run, request, happens := f.wire.enter(r, f.cluster)
	switch happens {
	case killedBefore:
		run.signal()
		panic(http.ErrAbortHandler)
	case interruptedBefore:
		run.signal()
	}
	if f.refuses(run, request, happens) {
		run.pending.Done()
		http.Error(w, "refused", http.StatusForbidden)
		return
	}
	time.Sleep(run.delay)
	if f.cluster == "host" && r.Method != http.MethodGet {
		time.Sleep(slowHost)
	}
	response, err := f.carryOut(run, r, request)
	if happens == killedAfter {
		f.wire.mutex.Lock()
		run.isDead = true
		f.wire.mutex.Unlock()
		run.signal()
	}
	if happens == killedAfter || happens == answerLost || err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	if happens == busyAfter {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	if happens == answerCut {
		half := make([]byte, max(response.ContentLength/2, 1))
		n, _ := io.ReadFull(response.Body, half)
		_, _ = flushed{w}.Write(half[:n])
		reset(r)
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(flushed{w}, response.Body)
}

// refuses tells whether a request is one that was carried out before, and begins to
// refuse one that will be.
func (f *front) refuses(run *tapped, request string, happens mishap) bool {
	f.wire.mutex.Lock()
	defer f.wire.mutex.Unlock()
	if happens == busyAfter {
		run.refused = request
		return false
	}
	return request == run.refused
}

// reset ends a request's connection, and with it whatever else is on it.
func reset(r *http.Request) {
	connection, _ := r.Context().Value(connectionKey{}).(*tls.Conn)
	if connection == nil {
		return
	}
	if plain, ok := connection.NetConn().(*net.TCPConn); ok {
		_ = plain.SetLinger(0)
	}
	_ = connection.NetConn().Close()
}

// carryOut sends a request on, whether its sender lives on or not, and reads
// the answer; a watch ends with its sender.
func (f *front) carryOut(run *tapped, r *http.Request, request string) (*http.Response, error) {
	defer run.pending.Done()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if !isWatch(r) {
		ctx = context.WithoutCancel(ctx)
	}
	out := r.Clone(ctx)
	out.RequestURI, out.Host = "", f.upstream.Host
	out.URL.Scheme, out.URL.Host = f.upstream.Scheme, f.upstream.Host
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out.Header.Del("Authorization")
	if isWatch(r) {
		return f.next.RoundTrip(out)
	}
	response, err := f.send(out)
	if err == nil && r.Method != http.MethodGet && run.carriedOut != nil {
		f.wire.watch(run, request)
	}
	return response, err
}

// watch has a write checked before its answer is passed on.
func (w *wire) watch(run *tapped, request string) {
	write := w.written.Add(1)
	w.gate.Lock()
	defer w.gate.Unlock()
	if w.covered < write {
		w.covered = w.written.Load()
		run.carriedOut(request)
	}
}

func (f *front) send(out *http.Request) (*http.Response, error) {
	f.wire.gate.RLock()
	defer f.wire.gate.RUnlock()
	response, err := f.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
	return response, err
}

func isWatch(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "watch=true") }

// flushed passes on what it gets at once.
type flushed struct{ http.ResponseWriter }

func (f flushed) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if flusher, ok := f.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	return n, err
}
