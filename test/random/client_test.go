package random

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/cmd"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// A request may be carried out after its sender gave it up: one that makes an
// object, and would do so at any time, within late. All others are for one object
// alone, and may come much later.
const (
	late     = 5 * time.Second
	muchLate = 2 * time.Minute
)

// client is one process that runs the plugin. What happens to it is in the
// dice.
type client struct {
	world *world
	name  string
	// isCalm tells one to which nothing happens.
	isCalm bool
	// killAt is the request at which it is killed, 0 for none; before that is
	// carried out, or after.
	killAt       int
	killedBefore bool
	// body is a process, of which others can see whether it is alive; nil where
	// they cannot.
	body *os.Process
	// cutFrom and cutTo are when it is cut off from the clusters in cut.
	cut            []string
	cutFrom, cutTo time.Time

	kill     context.CancelFunc
	mutex    sync.Mutex // guards the fields below
	requests int
	asked    map[string]int
	isDead   bool
}

// run runs a command line to its end, and returns its exit code and what it
// printed.
func (c *client) run(stdin string, args ...string) (int, string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.kill, c.asked = cancel, map[string]int{}
	var out bytes.Buffer
	var printing sync.Mutex
	connect := func(_ context.Context, _ *fleet.Client, member fleet.Member) (*fleet.Client, error) {
		return c.connect(member.Name)
	}
	factory := &cmd.Factory{
		IOStreams:        genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &locked{&printing, &out}, ErrOut: &locked{&printing, &out}},
		Host:             func() (*fleet.Client, error) { return c.connect("host") },
		Namespace:        func() (string, bool, error) { return namespace, true, nil },
		ContextNamespace: func() (string, error) { return namespace, nil },
		Connect:          connect,
		Interactive:      func() bool { return false },
		Waiting:          func() *printer.Waiting { return nil },
		Progress:         func() *printer.Progress { return nil },
		Terminal:         func() printer.Terminal { return printer.Terminal{} },
		Now:              time.Now,
		Holder:           c.holder,
	}
	code := cmd.Run(ctx, cmd.New(factory, cmd.NewHostFlags()), args)
	printing.Lock()
	defer printing.Unlock()
	return code, out.String()
}

// holder is what the inventory says of who holds it. Where nobody can see whether
// its process is alive, all is by the lease.
func (c *client) holder() inventory.Run {
	run := inventory.Run{Holder: c.name, PID: 1}
	if c.body != nil {
		run.PID, run.Machine = c.body.Pid, "the same"
	}
	return run
}

// embody gives the client a process, and returns what ends it.
func (c *client) embody() (func(), error) {
	program, err := exec.LookPath("sleep")
	if err != nil {
		return nil, err
	}
	c.body, err = os.StartProcess(program, []string{"sleep", "600"}, &os.ProcAttr{})
	return c.leaveBody, err
}

func (c *client) leaveBody() {
	if c.body != nil {
		_ = c.body.Kill()
		_, _ = c.body.Wait()
	}
}

type locked struct {
	*sync.Mutex
	out io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.out.Write(p)
}

func (c *client) connect(cluster string) (*fleet.Client, error) {
	return fleet.NewHostClient(&rest.Config{Host: "http://" + cluster, Transport: line{c, cluster}})
}

// line is a client's connection to a cluster.
type line struct {
	*client
	cluster string
}

// goneError is the error of a request of a client that is dead, or cut off.
type goneError struct{ why string }

func (e goneError) Error() string { return e.why }

// RoundTrip carries a request to its cluster, if nothing happens to it.
func (l line) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readAll(r)
	if err != nil {
		return nil, err
	}
	word := l.wordsFor(r)
	// No two leave at the same time, so that their order is that of the seed.
	time.Sleep(l.world.dice.upTo(time.Millisecond, word, "leaves"))
	number, err := l.count()
	if err != nil {
		return nil, err
	}
	if number == l.killAt && l.killedBefore {
		l.die(word)
		return nil, goneError{"it was killed"}
	}
	if err := l.travel(r, body, word, "there"); err != nil {
		return nil, err
	}
	if refusal := l.refusal(r, word); refusal != nil {
		return refusal, nil
	}
	response := l.carryOut(r, body, word)
	if err := l.back(r, number, word); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// back brings an answer back, if nothing happens to it.
func (l line) back(r *http.Request, number int, word string) error {
	if number == l.killAt {
		l.die(word)
		return goneError{"it was killed"}
	}
	if err := l.travel(r, nil, word, "back"); err != nil {
		return err
	}
	if !l.isCalm && l.world.dice.oneIn(60, word, "is lost") {
		l.say("lost the answer to %s", word)
		return goneError{"the connection was reset"}
	}
	return nil
}

func readAll(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// count numbers a request of a client that is alive.
func (l line) count() (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.isDead {
		return 0, goneError{"it is dead"}
	}
	l.requests++
	return l.requests, nil
}

// wordsFor are the words for a request, which are the same whenever the seed is.
func (l line) wordsFor(r *http.Request) string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	word := fmt.Sprintf("%s: %s %s %s", l.name, l.cluster, r.Method, r.URL.Path)
	if isWatch(r) { // those of two objects may leave at the same time, in any order
		word += "?watch " + r.URL.Query().Get("fieldSelector")
	}
	l.asked[word]++
	return fmt.Sprintf("%s #%d", word, l.asked[word])
}

func (c *client) die(word string) {
	c.mutex.Lock()
	c.isDead = true
	c.mutex.Unlock()
	c.leaveBody()
	c.say("killed at %s", word)
	c.kill()
}

func (c *client) say(format string, args ...any) {
	c.world.gate.Lock()
	defer c.world.gate.Unlock()
	c.world.note(format, args...)
}

// travel takes the time that a request or an answer does. A request whose
// sender gives it up meanwhile may arrive all the same.
func (l line) travel(r *http.Request, body []byte, word, way string) error {
	dice := l.world.dice
	takes := dice.upTo(40*time.Millisecond, word, way)
	if !l.isCalm && dice.oneIn(l.world.slowness, word, way, "is slow") {
		takes = dice.upTo(40*time.Second, word, way)
	}
	if wait := time.Until(l.cutTo); slices.Contains(l.cut, l.cluster) && wait > 0 && !time.Now().Before(l.cutFrom) {
		takes += wait
	}
	select {
	case <-time.After(takes):
		return nil
	case <-r.Context().Done():
	}
	if way == "there" && r.Method != http.MethodGet && dice.oneIn(2, word, "arrives late") {
		longest, way := muchLate, &l.world.toMembers
		if r.Method == http.MethodPost || bytes.Contains(body, []byte(`"resourceVersion":"1"`)) {
			longest = late
		}
		if l.cluster == "host" {
			way = &l.world.toHost
		}
		way.Go(func() {
			time.Sleep(dice.upTo(longest, word, "late"))
			l.carryOut(r, body, word+" late")
			l.world.passed()
		})
	}
	return r.Context().Err()
}

// refusal is what a server or what stands before it says instead of carrying a
// request out; nil mostly.
func (l line) refusal(r *http.Request, word string) *http.Response {
	dice := l.world.dice
	if l.isCalm || !dice.oneIn(40, word, "is refused") {
		return nil
	}
	isWrite := r.Method != http.MethodGet
	for _, answer := range []struct {
		code   int
		reason string
		header http.Header
		fits   bool
	}{
		{http.StatusTooManyRequests, "TooManyRequests", http.Header{"Retry-After": {"1"}}, true},
		{http.StatusInternalServerError, "InternalError", nil, true},
		{http.StatusServiceUnavailable, "ServiceUnavailable", nil, true},
		{http.StatusGatewayTimeout, "Timeout", nil, true},
		{http.StatusConflict, "Conflict", nil, isWrite && l.cluster != "host"},
		{http.StatusForbidden, "Forbidden", nil, isWrite},
	}[dice.below(6, word, "refusal"):] {
		if answer.fits {
			l.say("%d for %s", answer.code, word)
			w := httptest.NewRecorder()
			maps.Copy(w.Header(), answer.header)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer.code)
			fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"admission webhook \"x\" denied the request"}`, answer.reason, answer.code)
			response := w.Result()
			response.Request = r
			return response
		}
	}
	return nil
}

// carryOut has the cluster answer a request, and checks the law after it.
func (l line) carryOut(r *http.Request, body []byte, word string) *http.Response {
	out := r.Clone(context.WithoutCancel(r.Context()))
	out.Body = io.NopCloser(bytes.NewReader(body))
	if isWatch(r) {
		return watched(l.world.clusters[l.cluster], r)
	}
	w := httptest.NewRecorder()
	l.world.gate.Lock()
	defer l.world.gate.Unlock()
	l.world.clusters[l.cluster].ServeHTTP(w, out)
	l.world.note("%d %s", w.Code, word)
	if r.Method != http.MethodGet {
		l.world.check(word)
	}
	response := w.Result()
	response.Request = r
	return response
}

func isWatch(r *http.Request) bool { return r.URL.Query().Get("watch") == "true" }

// watched is the answer to a watch, which goes on until its sender ends it.
func watched(cluster http.Handler, r *http.Request) *http.Response {
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		defer cancel()
		cluster.ServeHTTP(stream{writer, http.Header{}}, r.Clone(ctx))
		_ = writer.Close()
	}()
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{"Content-Type": {"application/json"}},
		Body: ends{reader, cancel}, Request: r,
	}
}

type stream struct {
	*io.PipeWriter
	header http.Header
}

func (s stream) Header() http.Header { return s.header }
func (s stream) WriteHeader(int)     {}

// ends ends a watch when its body is closed.
type ends struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (e ends) Close() error {
	e.cancel()
	return e.PipeReader.Close()
}
