package e2e

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kurator-dev/kubectl-fleetapp/test/fake"
	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// swarm are many members, each with an API server of its own that is fast, and
// an address. Those that are dark have nobody who answers there.
type swarm struct {
	herd
	t         *testing.T
	server    *httptest.Server
	clusters  []*fake.Cluster
	listeners []net.Listener
	fillers   [][]net.Conn

	mutex sync.Mutex // guards the fields below
	// last is when the last write was carried out.
	last time.Time
}

// newSwarm makes a swarm of which every fifth member is dark.
func newSwarm(t *testing.T, many int) *swarm {
	t.Helper()
	c := &swarm{t: t}
	c.server = httptest.NewUnstartedServer(nil)
	c.server.EnableHTTP2 = true
	c.server.StartTLS()
	t.Cleanup(c.server.Close)
	c.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})
	for i := range many {
		flux := func(group, name, kind string) fake.Resource {
			return fake.Resource{Group: group, Versions: []string{"v1"}, Name: name, Kind: kind, Namespaced: true}
		}
		cluster, err := fake.New(fmt.Sprint("c", i), time.Now, flux("source.toolkit.fluxcd.io", "gitrepositories", "GitRepository"),
			flux("kustomize.toolkit.fluxcd.io", "kustomizations", "Kustomization"))
		if err != nil {
			t.Fatal(err)
		}
		var listener net.Listener
		var fillers []net.Conn
		if c.isDark(i) && i%10 == 0 {
			listener, fillers = c.full()
		} else if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		c.clusters, c.listeners, c.fillers = append(c.clusters, cluster), append(c.listeners, listener), append(c.fillers, fillers)
		c.addresses = append(c.addresses, "https://"+listener.Addr().String())
		if !c.isDark(i) {
			c.serve(i)
		}
	}
	return c
}

func (c *swarm) isDark(i int) bool { return i%5 == 0 }

// serve lets a member answer.
func (c *swarm) serve(i int) {
	for _, filler := range c.fillers[i] {
		filler.Close()
	}
	server := &http.Server{TLSConfig: c.server.TLS.Clone(), ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.clusters[i].ServeHTTP(w, r)
		if r.Method != http.MethodGet {
			c.mutex.Lock()
			defer c.mutex.Unlock()
			c.last = time.Now()
		}
	})}
	c.t.Cleanup(func() { server.Close() })
	go func() { _ = server.ServeTLS(c.listeners[i], "", "") }()
}

// full is a listener on which nobody gets through: its queue is full, so that
// connections are not even refused. What is in the queue goes when the fillers do.
func (c *swarm) full() (net.Listener, []net.Conn) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = syscall.Listen(fd, 0)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	listener, err := net.FileListener(file)
	if err != nil {
		c.t.Fatal(err)
	}
	var fillers []net.Conn
	for range 3 {
		filler, err := net.DialTimeout("tcp", listener.Addr().String(), 100*time.Millisecond)
		if err != nil {
			return listener, fillers
		}
		fillers = append(fillers, filler)
	}
	c.t.Fatal("its queue does not fill")
	return nil, nil
}

// took is how long after a moment the last write to a member was.
func (c *swarm) took(since time.Time) time.Duration {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.last.Sub(since)
}

// holding counts the members that have all that they should.
func (c *swarm) holding() int {
	n := 0
	for _, cluster := range c.clusters {
		if len(cluster.Objects(schema.GroupResource{Group: "source.toolkit.fluxcd.io", Resource: "gitrepositories"})) == 1 &&
			len(cluster.Objects(schema.GroupResource{Group: "kustomize.toolkit.fluxcd.io", Resource: "kustomizations"})) == 1 {
			n++
		}
	}
	return n
}

// Where a fifth of a fleet is dark, the others do not notice, the run ends when
// it has to, and one later run does the rest.
func TestDarkMembers(t *testing.T) {
	many := 100
	if fault.Full() {
		many = 1000
	}
	count := fault.Begin(t, fault.DarkMembers)
	s := newStage(t, newLags(t, 0), newClusters(t))
	defer s.end()
	for _, breach := range s.darkens(newSwarm(t, many)) {
		t.Error(breach)
	}
	count.Add(many / 5)
}

// A plugin in which members wait for each other is found out.
func TestWhoWaitsForDarkMembersIsSeen(t *testing.T) {
	s := newStage(t, newLags(t, 0), newClusters(t))
	defer s.end()
	s.binary = fault.Mutant(t, "pkg/fanout/fanout.go", "max(options.Limit, 1)", "min(options.Limit, 4)")
	seen(t, s.darkens(newSwarm(t, 100)), "the others were done after", "the run took")
}

// darkens deploys to a swarm of which a fifth is dark, and again when it is not, and
// tells which promises were broken.
func (s *stage) darkens(c *swarm) (breaches []string) {
	s.t.Helper()
	const deadline = 5 * time.Second
	breach := func(format string, args ...any) { breaches = append(breaches, fmt.Sprintf(format, args...)) }
	many := len(c.clusters)
	dark := many / 5
	s.herd(&c.herd)
	deploy := func(selector string, within time.Duration) (ended, time.Duration) {
		s.write("swarm.yaml", strings.ReplaceAll(swarmManifest, "SELECTOR", selector))
		began := time.Now()
		did := s.runs(func(*os.Process) {}, "deploy", "-f", s.dir+"/swarm.yaml", fmt.Sprintf("--member-timeout=%s", within))
		return did, c.took(began)
	}
	normal := time.Duration(0)
	for range 2 { // the first makes the namespaces, too
		did, took := deploy(`{"dark": "no"}`, 30*time.Second)
		if did.code != 0 {
			s.t.Fatal(did)
		}
		normal = took
	}
	did, took := deploy(`{}`, deadline)
	s.t.Logf("without the dark ones %s, with them %s and %s in all", normal, took, did.took)
	if did.code != 3 || c.holding() != many-dark {
		breach("%d members hold it, want %d: exit code %d\n%.2000s", c.holding(), many-dark, did.code, did.stderr)
	}
	slack := time.Second // beside so many other processes
	if fault.Full() {
		slack = 0
	}
	if most := normal*12/10 + slack; took > most {
		breach("the others were done after %s, want %s at most", took, most)
	}
	if most := deadline + 5*time.Second; did.took > most {
		breach("the run took %s, want %s at most", did.took, most)
	}
	record, err := s.record()
	if err != nil {
		s.t.Fatal(err)
	}
	listed := record.Listed()
	for i := range many {
		name := fmt.Sprintf("member-%04d", i)
		uid, isListed := listed[name+" Kustomization/app-0"]
		named := strings.Contains(did.stderr, name+": Timeout: ") || strings.Contains(did.stderr, name+": Unreachable: ")
		if !isListed || c.isDark(i) != named || c.isDark(i) != (uid == "") {
			breach("%s is listed %t with UID %q, and named %t", name, isListed, uid, named)
		}
		if c.isDark(i) {
			c.serve(i)
		}
	}
	if did, _ = deploy(`{}`, 30*time.Second); did.code != 0 || c.holding() != many {
		breach("%d members hold it after one later run, want %d: exit code %d\n%.2000s", c.holding(), many, did.code, did.stderr)
	}
	return breaches
}

// swarmManifest is an application for the members of the herd.
const swarmManifest = `apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    gitRepository: {interval: 10m, url: "https://127.0.0.1:1/nothing"}
  destination: {fleet: herd, clusterSelector: {matchLabels: SELECTOR}}
  syncPolicies:
  - kustomization: {interval: 10m, path: ./x, prune: true}
`
