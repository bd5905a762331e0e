package e2e

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// moment is when, of a request's life, something happens.
type moment int

const (
	// before it is forwarded.
	before moment = iota + 1
	// after it was carried out, and before the answer is passed on.
	after
)

func (m moment) String() string { return [...]string{"", "before", "after"}[m] }

// wire is all connections of the plugin: a proxy in front of the host and one
// in front of each member, which number all requests of one run together.
type wire struct {
	t      *testing.T
	fronts map[string]*front

	// gate is held for reading while a request is carried out, and for writing
	// while the law is checked: nothing of ours happens meanwhile.
	gate sync.RWMutex
	// written counts the writes to members; one check covers all that were
	// carried out before it.
	written atomic.Int64
	covered int64 // guarded by gate

	mutex sync.Mutex // guards the fields below
	run   *tapped
	count int
}

// tapped is one run of the plugin on the wire.
type tapped struct {
	generation int
	// at is the request at which the run is cut off; when is the moment in it.
	// What comes after counts writes alone: a read carries nothing out.
	at   int
	when moment
	cut  func(request string)
	// goesOn is set where the run is not cut off, but told something.
	goesOn bool
	// delay is for how long each request is held up.
	delay time.Duration
	// carriedOut, if set, is called after writes to members, before any of them is
	// answered, while nothing else is carried out.
	carriedOut func(request string)

	began   time.Time
	seen    []string
	writes  int
	isCut   bool
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
// still comes from one that is dead is never carried out.
type generationKey struct{}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{t: t, fronts: map[string]*front{}, run: &tapped{}}
	for _, cluster := range append([]string{"host"}, members[:]...) {
		config := labConfig(t, cluster)
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
		f.server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			return context.WithValue(ctx, generationKey{}, w.run.generation)
		}
		f.server.StartTLS()
		t.Cleanup(f.server.Close)
		w.fronts[cluster] = f
	}
	return w
}

func labConfig(t *testing.T, cluster string) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(os.Getenv("LAB"), cluster+".kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
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

// enter numbers a request, and tells when it is cut off. Of a run that was,
// nothing comes through any more.
func (w *wire) enter(r *http.Request, cluster string) (run *tapped, request string, cut moment) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.run.isCut || r.Context().Value(generationKey{}) != w.run.generation {
		panic(http.ErrAbortHandler)
	}
	run = w.run
	request = fmt.Sprintf("%s %s %s", cluster, r.Method, r.URL.Path)
	if isWatch(r) {
		request += "?watch"
	}
	run.seen = append(run.seen, fmt.Sprintf("%4d ms %s", time.Since(run.began).Milliseconds(), request))
	isWrite := r.Method != http.MethodGet
	if isWrite {
		run.writes++
	}
	switch {
	case run.when == before && run.at == len(run.seen):
		if cut = before; !run.goesOn {
			run.isCut = true
			return run, request, before
		}
	case run.when == after && run.at == run.writes && isWrite:
		cut = after
	}
	run.pending.Add(1)
	return run, request, cut
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	run, request, cut := f.wire.enter(r, f.cluster)
	if cut == before {
		run.cut("before " + request)
		if !run.goesOn {
			panic(http.ErrAbortHandler)
		}
	}
	time.Sleep(run.delay)
	if f.cluster == "host" && r.Method != http.MethodGet {
		time.Sleep(slowHost)
	}
	response, err := f.carryOut(run, r, request)
	if cut == after {
		f.wire.mutex.Lock()
		run.isCut = true
		f.wire.mutex.Unlock()
		run.cut("after " + request)
	}
	if cut == after || err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(flushed{w}, response.Body)
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
	if err == nil && r.Method != http.MethodGet && f.cluster != "host" && run.carriedOut != nil {
		f.wire.watch(run, request)
	}
	return response, err
}

// watch has a write to a member checked before its answer is passed on.
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
	response.Body = io.NopCloser(bytes.NewReader(answer))
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
