package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/dynamic"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// actors is how many stages are played on at once.
const actors = 3

// stride is, of the requests of most scenarios, to which one a mishap comes in
// the short form of the test.
const stride = 6

// Something happens to each request of each scenario. One plain run of the same
// then ends in exactly the wanted state; and at every instant the inventory
// lists whatever is there.
func TestMishapAtEveryRequest(t *testing.T) {
	count := fault.Begin(t, fault.KillPoints)
	sites := map[bool]site{false: labSite(), true: olderSite(t)}
	for i, p := range scenarios() {
		for _, what := range []mishap{killedBefore, killedAfter, answerLost, answerCut, busyAfter} {
			every := 1
			if !fault.Full() && (p.name != "everything changes" || !what.kills()) {
				every = stride
			}
			t.Run(fmt.Sprintf("%s/%s", p.name, what), func(t *testing.T) {
				p.playAll(t, count, sites[p.older], what, 1+i%every, every)
			})
		}
	}
}

// playAll plays for each request that there is for something to happen to, or
// for every so manieth, on some stages at once.
func (p scenario) playAll(t *testing.T, count *fault.Count, at site, what mishap, from, every int) {
	t.Helper()
	var (
		all      sync.WaitGroup
		next     atomic.Int64
		hit      atomic.Int64
		finished atomic.Bool
	)
	clusters := clustersAt(t, at)
	for range actors {
		w := wireTo(t, at)
		all.Go(func() {
			for !finished.Load() {
				request := from + every*int(next.Add(1)-1)
				did := p.playOn(t, plugin(t), w, clusters, request, what)
				if did.hit == "" {
					finished.Store(true)
				}
				if did.hit != "" || len(did.broken) > 0 {
					hit.Add(1)
					count.Did(did.broken...)
				}
			}
		})
	}
	all.Wait()
	if least := p.writes / every; int(hit.Load()) < least {
		t.Errorf("it happened to %d requests, of at least %d that there are", hit.Load(), least)
	}
	t.Logf("it happened to %d requests", hit.Load())
}

// played is how one play ended.
type played struct {
	hit    string   // what happened to which request; empty if nothing did
	broken []string // the promises that were
}

// playOn plays once.
func (p scenario) playOn(t *testing.T, binary string, w *wire, clusters map[string]dynamic.Interface, at int, what mishap) played {
	s := newStage(t, w, clusters)
	defer s.clear()
	s.older = p.older
	p.prepare(s)
	s.binary = binary
	var broken []string
	disturbed, plain := s.watched(&broken), s.watched(&broken)
	disturbed.at, disturbed.what = at, what
	args := p.args(s)
	did := s.plugin(disturbed, args...)
	if err := s.law(); err != nil {
		broken = append(broken, "when it ended: "+err.Error())
	}
	if did.code == p.code {
		if err := s.holds(p.want...); err != nil {
			broken = append(broken, "it says that it is done: "+err.Error())
		}
	} else if did.hit == "" {
		broken = append(broken, "nothing happened to it, and it failed")
	}
	isGone := len(p.want) == 0 && s.holds() == nil // only the answer was lost
	code, again := p.code, ended{code: p.code}
	if did.hit != "" {
		record, err := s.record()
		if err != nil {
			broken = append(broken, err.Error())
		}
		code = p.codeAfter(record.Listed())
		again = s.plugin(plain, args...)
	}
	saysGone := again.code == 1 && strings.Contains(again.stderr, `application "app" not found`)
	if again.code != code && (!isGone || !saysGone) {
		broken = append(broken, "the plain run failed")
	}
	if err := s.holds(p.want...); err != nil {
		broken = append(broken, "in the end: "+err.Error())
	}
	if len(broken) > 0 {
		broken = []string{fmt.Sprintf("%s, %s request %d\n%s\nthe run: %s\n  %s\nthe plain run: %s\n  %s", p.name, what, at,
			strings.Join(broken, "\n"), did, strings.Join(disturbed.seen, "\n  "), again, strings.Join(plain.seen, "\n  "))}
	} else if did.hit != "" {
		t.Logf("%s; the next took %s", did.hit, again.took)
	}
	return played{did.hit, broken}
}

// watched is a run during which each breach of the law is noted.
func (s *stage) watched(broken *[]string) *tapped {
	return &tapped{carriedOut: func(request string) {
		if err := s.law(); err != nil {
			*broken = append(*broken, fmt.Sprintf("after %s: %s", request, err))
		}
	}}
}

// A plugin that does not wait for the inventory before it touches a member is
// found out, and so is one that strikes off what it did not see to be gone, and one
// that takes what it is told of a second attempt for what became of the first.
func TestMishapsFindWhatIsBroken(t *testing.T) {
	clusters := newClusters(t)
	w := newWire(t)
	for _, test := range []struct {
		name, scenario, file, old, replacement string

		at   int
		what mishap
	}{
		{
			"members are touched before the inventory is written", "deploy",
			"pkg/deploy/deploy.go", "defer close(r.intended)\n", "close(r.intended)\n		time.Sleep(time.Second)\n",
			12, killedAfter,
		},
		{
			"what is deleted is taken for gone", "everything changes",
			"pkg/inventory/record.go", "slices.ContainsFunc(outcome.Gone, e.SameObject) ||\n				e.fresh", "e.UID != \"\" ||\n				e.fresh",
			12, killedAfter,
		},
		{
			"an apply is sent again", "deploy",
			"pkg/apply/request.go", ".MaxRetries(0).Do(ctx)", ".Do(ctx)",
			3, busyAfter,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			binary := fault.Mutant(t, test.file, test.old, test.replacement)
			for _, p := range scenarios() {
				if p.name != test.scenario {
					continue
				}
				if did := p.playOn(t, binary, w, clusters, test.at, test.what); len(did.broken) == 0 {
					t.Error("nothing was found to be broken")
				} else {
					t.Logf("%.300s", did.broken[0])
				}
			}
		})
	}
}

// A run that is interrupted ends by itself and says so, and how to go on.
func TestInterrupted(t *testing.T) {
	clusters := newClusters(t)
	w := newWire(t)
	for _, at := range []int{1, 7, 9, 12, 16, 20, 24} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			s := newStage(t, w, clusters)
			defer s.end()
			s.must(s.application(first...)...)
			var broken []string
			tap := s.watched(&broken)
			tap.at, tap.what = at, interruptedBefore
			args := s.application(second...)
			did := s.plugin(tap, args...)
			const says = "error: interrupted; what was begun is in the inventory: run the same again to go on\n"
			switch {
			case did.hit == "":
				t.Errorf("it was not interrupted: %s\n  %s", did, strings.Join(tap.seen, "\n  "))
			case did.code == 0 && s.holds(second...) == nil: // it was as good as done
			case did.stderr == "error: interrupted: nothing was changed\n" && s.holds(first...) == nil:
			case did.code != 1 && did.code != 3 || strings.Count(did.stderr, says) != 1:
				t.Errorf("it does not say so: %s\n  %s", did, strings.Join(tap.seen, "\n  "))
			}
			t.Logf("%s: %s\n%s", did.hit, did, strings.Join(tap.seen, "\n"))
			if again := s.plugin(s.watched(&broken), args...); again.code != 0 {
				t.Errorf("the plain run: %s", again)
			}
			if err := s.holds(second...); err != nil || len(broken) > 0 {
				t.Errorf("in the end: %v\n%s", err, strings.Join(broken, "\n"))
			}
		})
	}
}
