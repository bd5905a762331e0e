// Package random runs the plugin's own commands again and again, in a world of
// fakes where whatever can go wrong does: several clients at once, killed or cut
// off at any moment; requests that are late, lost or refused. All time in it is
// made up, and all chance comes from a seed, so that each failure replays.
package random

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// seedVariable names one seed to play again, with all that happens in it, and
// runsVariable how many runs there are to be.
const (
	seedVariable = "FLEETAPP_SEED"
	runsVariable = "FLEETAPP_RUNS"
)

// enough failures are told of.
const enough = 3

// policy is one Kustomization of an application.
type policy struct {
	name, path string
	ring       string // that of the members that get it, all where there is none
	onHost     bool
}

// in are the clusters that get it.
func (p policy) in(members []string) []string {
	switch {
	case p.onHost:
		return []string{"host"}
	case p.ring == "":
		return members
	}
	return []string{"member" + p.ring}
}

// variants are what the application may be, the first none at all.
func variants() [][]policy {
	return [][]policy{
		nil,
		{{name: "one", path: "./1"}},
		{{name: "one", path: "./2"}, {name: "two", path: "./1"}},
		{{name: "one", path: "./1", ring: "1"}, {name: "two", path: "./2", ring: "2"}},
		{{name: "three", path: "./1", ring: "2"}},
		{{name: "one", path: "./3", onHost: true}},
	}
}

func manifest(policies []policy) string {
	text := `apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    gitRepository: {interval: 10m, url: "https://example.com/app"}
  syncPolicies:
`
	for _, p := range policies {
		text += fmt.Sprintf("  - name: %s\n    kustomization: {interval: 10m, path: %s, prune: true}\n", p.name, p.path)
		switch {
		case p.onHost:
		case p.ring == "":
			text += "    destination: {fleet: all}\n"
		default:
			text += fmt.Sprintf("    destination: {fleet: all, clusterSelector: {matchLabels: {ring: %q}}}\n", p.ring)
		}
	}
	return text
}

// does runs what brings about a variant.
func (c *client) does(variant int) (int, string) {
	if variant > 0 {
		return c.run(manifest(variants()[variant]), "deploy", "-f", "-")
	}
	if c.world.dice.oneIn(4, c.name, "orphans") {
		return c.run("", "delete", "app", "--cascade=orphan")
	}
	return c.run("", "delete", "app")
}

// play plays one seed, and returns what was broken and all that happened.
func play(t *testing.T, seed uint64) (broken, log []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer nameSeed(seed)
		w := newWorld(t, seed, 3)
		if before := w.dice.below(len(variants()), "before"); before > 0 {
			w.calm("before", before)
		}
		var clients sync.WaitGroup
		all := make([]*client, 2+w.dice.below(2, "clients"))
		for i := range all {
			all[i] = w.wild(fmt.Sprintf("client%d", i))
			clients.Go(func() {
				defer nameSeed(seed)
				w.unleash(all[i])
			})
		}
		clients.Wait()
		w.toHost.Wait()
		time.Sleep(w.dice.upTo(late, "rest"))
		w.gate.Lock()
		w.isLast = true
		w.gate.Unlock()
		last := w.pick("last")
		w.calm("last", last)
		w.toHost.Wait()
		w.toMembers.Wait()
		w.flux.Wait()
		if w.hasPassed() {
			// What came only now may have changed an object or deleted it, but not made
			// one: another run mends that.
			w.calm("again", last)
			w.flux.Wait()
		}
		w.gate.Lock()
		defer w.gate.Unlock()
		if err := w.holds(variants()[last]...); err != nil {
			w.breach("in the end: %v", err)
		}
		broken, log = w.broken, w.log
	})
	return broken, log
}

// pick picks a variant: none every other time.
func (w *world) pick(who string) int {
	if w.dice.oneIn(2, who, "deletes") {
		return 0
	}
	return w.dice.below(len(variants()), who, "does")
}

// unleash has a wild client do something, some time.
func (w *world) unleash(c *client) {
	within := []time.Duration{time.Second, 10 * time.Second, 40 * time.Second}[w.dice.below(3, "hurry")]
	time.Sleep(w.dice.upTo(within, c.name, "begins"))
	if w.dice.oneIn(3, "they are on one machine") {
		leave, err := c.embody()
		if err != nil {
			w.t.Error(err)
			return
		}
		defer leave()
	}
	code, said := c.does(w.pick(c.name))
	c.say("%s ended with %d: %s", c.name, code, said)
}

// wild is a client to which something may happen.
func (w *world) wild(name string) *client {
	c := &client{world: w, name: name}
	if w.dice.oneIn(2, name, "is killed") {
		c.killAt, c.killedBefore = 1+w.dice.below([]int{12, 20, 60}[w.dice.below(3, name, "life")], name, "at"), w.dice.oneIn(2, name, "before")
	}
	if w.dice.oneIn(3, name, "is cut off") {
		c.cutFrom = time.Now().Add(w.dice.upTo(40*time.Second, name, "from"))
		c.cutTo = c.cutFrom.Add(w.dice.upTo(50*time.Second, name, "for"))
		for _, cluster := range append([]string{"host"}, w.members...) {
			if w.dice.oneIn(2, name, cluster) {
				c.cut = append(c.cut, cluster)
			}
		}
	}
	return c
}

// calm brings about a variant while nothing happens: that must go well.
func (w *world) calm(name string, variant int) {
	c := &client{world: w, name: name, isCalm: true}
	code, said := c.does(variant)
	w.gate.Lock()
	defer w.gate.Unlock()
	w.note("%s ended with %d: %s", name, code, said)
	if isGone := variant == 0 && code == 1 && strings.Contains(said, `application "app" not found`); code != 0 && !isGone {
		w.breach("%s ended with %d: %s", name, code, said)
	}
}

// Whatever happens, no object is ever where the inventory does not list it, and
// one plain run brings about what it is asked for.
func TestRandomRuns(t *testing.T) {
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		broken, log := play(t, seed)
		t.Logf("%s", strings.Join(log, "\n"))
		if len(broken) > 0 {
			t.Error(strings.Join(broken, "\n"))
		}
		return
	}
	count := fault.Begin(t, fault.RandomRuns)
	var seeds atomic.Uint64
	begin := uint64(time.Now().UnixNano())
	runs := uint64(fault.Bar(fault.RandomRuns))
	most := enough
	if text := os.Getenv(runsVariable); text != "" {
		var err error
		most = 1 // of what is broken on purpose one is enough
		if runs, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	for worker := range 4 {
		t.Run(fmt.Sprint(worker), func(t *testing.T) {
			t.Parallel()
			for n := seeds.Add(1); n <= runs && count.Failed() < most; n = seeds.Add(1) {
				broken := playAndTell(t, begin+n)
				if len(broken) > 0 {
					broken = []string{fmt.Sprintf("%s\n%s=%d plays it again", strings.Join(slices.Compact(broken), "\n"), seedVariable, begin+n)}
				}
				count.Did(broken...)
			}
		})
	}
}

// playAndTell is play that names its seed also where it does not come to an end.
func playAndTell(t *testing.T, seed uint64) []string {
	t.Helper()
	slow := time.AfterFunc(time.Minute, func() { tell("a run takes longer than a minute", seed) })
	defer slow.Stop()
	ended := false
	defer func() {
		if !ended {
			tell("a run did not end", seed)
		}
	}()
	broken, _ := play(t, seed)
	ended = true
	return broken
}

// nameSeed names the seed where what it is deferred in panics, which ends the
// process.
func nameSeed(seed uint64) {
	if what := recover(); what != nil {
		tell("a run panicked", seed)
		panic(what)
	}
}

func tell(what string, seed uint64) {
	fmt.Fprintf(os.Stderr, "%s: %s=%d plays it again\n", what, seedVariable, seed)
}

// A seed plays again just as it did, be it a thousand lines long.
func TestASeedPlaysAgain(t *testing.T) {
	const seeds = 40
	for seed := range uint64(seeds) {
		_, first := play(t, seed)
		_, again := play(t, seed)
		if at := differ(first, again); at >= 0 {
			t.Errorf("seed %d: line %d of %d is not what it was:\n%s\n%s", seed, at, len(first), first[min(at, len(first)-1)], again[min(at, len(again)-1)])
		}
	}
}

// differ is the first line in which two logs do, but for the real processes that
// stand for the clients; negative where none is.
func differ(one, other []string) int {
	pid := regexp.MustCompile(`pid \d+`)
	for i := range max(len(one), len(other)) {
		if i >= len(one) || i >= len(other) || pid.ReplaceAllString(one[i], "") != pid.ReplaceAllString(other[i], "") {
			return i
		}
	}
	return -1
}

// Plugins that are broken on purpose are found out, some of them only by chance
// once in thousands of runs: so there are far more, of which the first that is found
// is the last. The short form leaves those to the full one.
func TestRandomRunsFindWhatIsBroken(t *testing.T) {
	const many = "30000"
	type mutant struct{ name, file, old, replacement string }
	mutants := []mutant{
		{"members are touched before the inventory is written", "pkg/deploy/member.go", "case <-r.intended:\n", "default:\n"},
		{"the inventory is written over another run's", "pkg/inventory/secret.go", "UID: i.uid, ResourceVersion: i.resourceVersion,", "UID: i.uid,"},
		{"what was not seen is taken for gone", "pkg/inventory/record.go", "slices.ContainsFunc(outcome.Gone, e.SameObject) ||\n\t\t\t\te.fresh", "e.UID == \"\" ||\n\t\t\t\te.fresh"},
	}
	if fault.Full() {
		mutants = append(mutants, []mutant{
			{"an apply does not say onto which object", "pkg/apply/apply.go", "body = object.Body(object.UID)", `body = object.Body("")`},
			{"nobody waits for a create that is late", "pkg/apply/delete.go", "lateLooks = 5", "lateLooks = 0"},
			{"a run that may be alive is passed over", "pkg/inventory/takeover.go", "end := i.readAt.Add(lease)", "end := i.readAt"},
		}...)
	}
	for _, test := range mutants {
		t.Run(test.name, func(t *testing.T) {
			run := exec.Command("go", "test", "-count=1", "-timeout", "2h", "-run", "^TestRandomRuns$", "-overlay", fault.Overlay(t, test.file, test.old, test.replacement), "./test/random")
			run.Dir = fault.Root(t)
			run.Env = append(os.Environ(), runsVariable+"="+many, fault.Unreported)
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), seedVariable+"=") {
				t.Errorf("nothing was found to be broken: %v\n%s", err, out)
			}
			t.Logf("%.600s", out)
		})
	}
}
