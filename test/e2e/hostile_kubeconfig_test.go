package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// What hostile kubeconfigs may cost.
const (
	// maxExtra is how much more memory they may take, in bytes, than as many that
	// are refused at a glance, and maxTime how long a run over all of them may take
	// beside the members' time.
	maxExtra = 64 << 20
	maxTime  = 30 * time.Second
	// itsTime is what a member gets.
	itsTime = 10 * time.Second
)

// A kubeconfig comes from who may write a Secret. Whatever stands in it, nothing
// is started, opened or reached here that it should not be.
func TestHostileKubeconfigs(t *testing.T) {
	count := fault.Begin(t, fault.HostileKubeconfigs)
	company := newLured(t, func(lure) bool { return true })
	defer company.end()
	commands := []string{"get pods"}
	if fault.Full() {
		commands = []string{"get pods", "clusters", "check", "deploy", "status app", "status app --tree", "delete app"}
	}
	for _, command := range commands {
		for _, breach := range company.breaches(command) {
			t.Errorf("%s: %s", command, breach)
		}
	}
	count.Add(company.refused)
	for _, breach := range company.memory() {
		t.Error(breach)
	}
}

// lured is a fleet of members with hostile kubeconfigs, between healthy ones.
type lured struct {
	*stage
	traps   *traps
	lures   []lure
	names   []string
	deploy  []string
	rows    []string // of the healthy members
	refused int
}

// newLured makes one of the lures that are wanted.
func newLured(t *testing.T, wanted func(lure) bool) *lured {
	t.Helper()
	s := newStage(t, direct{}, newClusters(t))
	s.populate()
	traps := newTraps(t)
	addresses, authority := listens(t, &decent{objects: map[string]object{}})
	l := &lured{stage: s, traps: traps, lures: newLures(traps, addresses[0], authority).all}
	l.lures = slices.DeleteFunc(l.lures, func(lure lure) bool { return !wanted(lure) })
	t.Setenv("HTTPS_PROXY", "http://"+traps.listen("the proxy of the environment"))
	kubeconfigs := make([][]byte, len(l.lures))
	for i, lure := range l.lures {
		kubeconfigs[i] = lure.text
		if lure.outcome == refused {
			l.refused++
		}
	}
	l.names = s.recruit("lured", kubeconfigs)
	l.deploy = s.application(policy{name: "a", path: "./a"})
	s.replace(l.deploy[2], "fleet: all", "fleet: lured")
	if l.rows = s.observe(0, s.arguments("get pods", "all", itsTime, nil)...).rows(); len(l.rows) != len(members) {
		t.Fatalf("the healthy members' rows are %q", l.rows)
	}
	return l
}

// breaches runs a command over the fleet, and tells which promises it broke.
func (l *lured) breaches(command string) []string {
	l.t.Helper()
	did := l.observe(0, l.arguments(command, "lured", itsTime, l.deploy)...)
	l.t.Logf("%s: exit code %d in %s, %d MB", command, did.code, did.took.Round(time.Millisecond), did.resident>>20)
	breaches := append(l.traps.breaches(), did.leaks()...)
	if did.took > maxTime+itsTime {
		breaches = append(breaches, fmt.Sprintf("it took %s", did.took))
	}
	said := did.about()
	for i, lure := range l.lures {
		if breach := lure.breach(command, said[l.names[i]]); breach != "" {
			breaches = append(breaches, fmt.Sprintf("%s (%s): %s: %.300q", l.names[i], lure.what, breach, said[l.names[i]]))
		}
	}
	var rows []string
	if command == "get pods" {
		rows = l.rows
	}
	return append(breaches, did.unwell(rows)...)
}

// breach is what is wrong with what was said of a member.
func (l lure) breach(command, said string) string {
	isRefused := strings.Contains(said, "BadKubeconfig: ")
	named := slices.ContainsFunc(l.named, func(name string) bool { return strings.Contains(said, name) })
	switch {
	case command == "delete app" && l.outcome != harmless:
		return "" // it is not even asked: nothing came there
	case l.outcome == refused && !isRefused:
		return "it was not refused"
	case l.outcome == refused && !named:
		return fmt.Sprintf("it was refused, but not by the name of %q", l.named)
	case l.outcome == harmless && isRefused:
		return "it was refused, though all that counts in it is good"
	case l.outcome == harmless && command == "get pods" && !strings.Contains(said, "web-1-a"):
		return "it was not asked"
	case said == "" && command == "get pods":
		return "nothing was said of it"
	}
	return ""
}

// memory compares a run to one over as many members that are refused at once.
func (l *lured) memory() []string {
	l.t.Helper()
	plain := kubeconfigFor("http://127.0.0.1:1", nil, nil, nil)
	kubeconfigs := slices.Repeat([][]byte{plain}, len(l.lures))
	l.recruit("plain", kubeconfigs)
	least := l.observe(0, l.arguments("get pods", "plain", itsTime, nil)...)
	did := l.observe(0, l.arguments("get pods", "lured", itsTime, nil)...)
	l.t.Logf("%d kubeconfigs, %d of them refused: %d MB, %d MB where all are refused at once", len(l.lures), l.refused, did.resident>>20, least.resident>>20)
	if extra := did.resident - least.resident; extra > maxExtra {
		return []string{fmt.Sprintf("it took %d MB more memory than refusing as many at once, want %d at most", extra>>20, maxExtra>>20)}
	}
	return nil
}
