package e2e

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// What hostile members may cost.
const (
	// memberTime is what a member gets, and maxOver how much longer a run may take.
	memberTime = 10 * time.Second
	maxOver    = 30 * time.Second
	// maxResident is how much memory a run may take, in bytes, and maxSaid how much
	// it may say of a member.
	maxResident = 384 << 20
	maxSaid     = 12 << 10
)

// asks are the commands that are run over hostile members.
func asks() []string {
	if !fault.Full() {
		return []string{"get pods --no-headers", "deploy"}
	}
	return []string{
		"get pods --no-headers", "get pods -A -l stage", "get pods -o yaml", "get all", "get pods -w", "deploy", "get gitrepositories/app",
		"status app", "status app --tree -o json", "clusters -o wide", "check", "deploy -o json", "delete app",
	}
}

// Whatever a member answers, it costs a bounded amount of time and memory, leads
// nowhere else, and changes nothing for the others or on the terminal.
func TestHostileMembers(t *testing.T) {
	count := fault.Begin(t, fault.HostileMembers)
	crowd := newCrowd(t, nil)
	defer crowd.end()
	for _, command := range asks() {
		for _, breach := range crowd.breaches(command) {
			t.Errorf("%s: %s", command, breach)
		}
	}
	t.Logf("%d behaviours, each met by %d commands", len(crowd.behaviours), len(asks()))
	count.Add(len(crowd.behaviours))
}

// crowd is a fleet of members that misbehave, between healthy ones.
type crowd struct {
	*stage
	traps      *traps
	behaviours []behaviour
	names      []string
	deploy     []string
}

// newCrowd makes one of those behaviours that are wanted, by their names; of all
// where none are.
func newCrowd(t *testing.T, wanted *regexp.Regexp) *crowd {
	t.Helper()
	s := newStage(t, direct{}, newClusters(t))
	s.populate()
	c := &crowd{stage: s, traps: newTraps(t)}
	server := httptest.NewUnstartedServer(c.elsewhere())
	server.StartTLS()
	t.Cleanup(server.Close)
	certificate := server.TLS.Certificates[0]
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	plain := c.traps.listen("where a member redirected to")
	for _, all := range [][]behaviour{
		redirects(server.URL+"/"+canary, plain), bodies(), shapesOf(), words(), failures(), headers(plain), pages(), hoards(), overHTTP1(), overHTTP2(), overTLS(stranger(t)),
	} {
		c.behaviours = append(c.behaviours, all...)
	}
	c.behaviours = slices.DeleteFunc(c.behaviours, func(b behaviour) bool { return wanted != nil && !wanted.MatchString(b.what) })
	// Some come out of maps, and are to be the same third each time.
	slices.SortStableFunc(c.behaviours, func(a, b behaviour) int { return strings.Compare(a.what, b.what) })
	if wanted == nil && !fault.Full() {
		c.behaviours = everyThird(c.behaviours)
	}
	kubeconfigs := make([][]byte, len(c.behaviours))
	for i, b := range c.behaviours {
		kubeconfigs[i] = fmt.Appendf(nil, "%s# %d", strings.Replace(string(kubeconfigFor(c.address(b, certificate), authority, nil, nil)), "user: {", "user: {token: "+canary+", ", 1), i)
	}
	c.names = s.recruit("crowd", kubeconfigs)
	c.deploy = s.application(policy{name: "a", path: "./a"})
	s.replace(c.deploy[2], "fleet: all", "fleet: crowd")
	return c
}

// everyThird is some of each sort.
func everyThird(all []behaviour) []behaviour {
	var some []behaviour
	for i := 0; i < len(all); i += 3 {
		some = append(some, all[i])
	}
	return some
}

// elsewhere is where members redirect to. Nobody is to come.
func (c *crowd) elsewhere() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.traps.spring("a redirect was followed, %s %.100s, with Authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
	})
}

// address is that of a server which behaves so.
func (c *crowd) address(b behaviour, certificate tls.Certificate) string {
	c.t.Helper()
	switch {
	case b.speak == nil:
		addresses, _ := listens(c.t, b.member())
		return addresses[0]
	case b.protocol != "":
		return raw(c.t, b.protocol, certificate, b.speak)
	}
	listener, err := (&net.ListenConfig{}).Listen(c.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	accept(listener, b.speak)
	c.t.Cleanup(func() { listener.Close() })
	return "https://" + listener.Addr().String()
}

// aReason is one from the list, as a run names it.
var aReason = regexp.MustCompile(`\b(Unreachable|Timeout|TLS|Unauthorized|Forbidden|BadKubeconfig|NoFlux|Conflict|Invalid|NotFound|NotReady|Failed)\b`)

// breaches runs a command over the fleet, and tells which promises it broke.
func (c *crowd) breaches(command string) []string {
	c.t.Helper()
	listed := c.listed(command)
	did := c.observe(c.interrupt(command), c.arguments(command, "crowd", memberTime, c.deploy)...)
	c.t.Logf("%s: exit code %d in %s, %d MB, %d KB of stderr", command, did.code, did.took.Round(time.Millisecond), did.resident>>20, len(did.stderr)>>10)
	breaches := append(c.traps.breaches(), did.leaks()...)
	breaches = append(breaches, c.costs(command, did)...)
	said := did.about()
	for i, b := range c.behaviours {
		switch about := said[c.names[i]]; {
		case listed != nil && !listed[c.names[i]]: // a member that refused has nothing to be deleted
		case b.mustFail(command) && !aReason.MatchString(about) && !did.names(c.names[i]):
			breaches = append(breaches, fmt.Sprintf("%s (%s) is not named with a reason: %.300q", c.names[i], b.what, about))
		case !strings.Contains(did.stdout+did.stderr, c.names[i]) && !strings.HasPrefix(command, "de"):
			breaches = append(breaches, fmt.Sprintf("%s (%s) is not named at all", c.names[i], b.what))
		case len(about) > maxSaid && !strings.HasPrefix(command, "get"):
			breaches = append(breaches, fmt.Sprintf("%s (%s): %d KB are said of it", c.names[i], b.what, len(about)>>10))
		}
	}
	return append(breaches, c.differences(command, did)...)
}

// listed are the members in the inventory, where the command is about those alone;
// nil, where it is about all.
func (c *crowd) listed(command string) map[string]bool {
	c.t.Helper()
	if !strings.HasPrefix(command, "delete") {
		return nil
	}
	record, err := c.record()
	if err != nil || record == nil {
		c.t.Fatal("there is no inventory to delete by: ", err)
	}
	listed := map[string]bool{}
	for _, member := range record.Members {
		listed[member.Name] = len(member.Objects) > 0
	}
	return listed
}

// interrupt is when a command is to be, if it does not end by itself.
func (c *crowd) interrupt(command string) time.Duration {
	if strings.HasSuffix(command, " -w") {
		return memberTime + maxOver
	}
	return 0
}
