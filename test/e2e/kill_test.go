package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/dynamic"
)

// actors is how many stages are played on at once.
const actors = 3

// first is what is deployed at first, and second what replaces it: one policy
// is removed, one taken from a member, one changed, one added.
var (
	first  = []policy{{name: "changed", path: "./one"}, {name: "narrowed", path: "./n"}, {name: "removed", path: "./r"}}
	second = []policy{{name: "changed", path: "./two"}, {name: "narrowed", path: "./n", ring: "1"}, {name: "added", path: "./a"}}
)

// play is a run that is killed, on a stage that was prepared for it.
type play struct {
	name    string
	prepare func(*stage)
	args    func(*stage) []string
	want    []policy
	// requests and writes are how many of them such a run sends at the least:
	// those that its work cannot be done without.
	requests, writes int
}

func plays() []play {
	deployed := func(s *stage) { s.must(s.application(first...)...) }
	return []play{
		{"deploy", func(*stage) {}, func(s *stage) []string { return s.application(first...) }, first, 22, 12},
		{"change", deployed, func(s *stage) []string { return s.application(second...) }, second, 22, 12},
		{"delete", deployed, func(*stage) []string { return []string{"delete", "app"} }, nil, 20, 10},
		{"orphan", deployed, func(*stage) []string { return []string{"delete", "app", "--cascade=orphan"} }, nil, 26, 16},
	}
}

// The process is killed at each request, before it is carried out and after.
// One plain run of the same then ends in exactly the wanted state; and at every
// instant the inventory lists whatever is there.
func TestKilledAtEveryRequest(t *testing.T) {
	clusters := newClusters(t)
	for _, p := range plays() {
		for _, when := range []moment{before, after} {
			t.Run(fmt.Sprintf("%s %s", p.name, when), func(t *testing.T) { p.playAll(t, clusters, when) })
		}
	}
}

// playAll plays for each request that there is to be killed at, on some stages
// at once.
func (p play) playAll(t *testing.T, clusters map[string]dynamic.Interface, when moment) {
	var (
		all      sync.WaitGroup
		next     atomic.Int64
		killed   atomic.Int64
		finished atomic.Bool
	)
	for range actors {
		w := newWire(t)
		all.Go(func() {
			for !finished.Load() {
				if p.playOn(t, w, clusters, int(next.Add(1)), when) {
					killed.Add(1)
				} else {
					finished.Store(true)
				}
			}
		})
	}
	all.Wait()
	least := p.requests
	if when == after { // a read carries nothing out
		least = p.writes
	}
	if at := int(killed.Load()); at < least {
		t.Errorf("killed at %d requests, of at least %d that there are", at, least)
	}
	t.Logf("killed at %d requests", killed.Load())
}

// playOn plays once, and tells whether there was such a request to be killed at.
func (p play) playOn(t *testing.T, w *wire, clusters map[string]dynamic.Interface, at int, when moment) bool {
	s := newStage(t, w, clusters)
	defer s.end()
	p.prepare(s)
	var broken []string
	killed, plain := s.watched(&broken), s.watched(&broken)
	killed.at, killed.when = at, when
	did := s.plugin(killed, p.args(s)...)
	if err := s.law(); err != nil {
		broken = append(broken, "when it was killed: "+err.Error())
	}
	isGone := len(p.want) == 0 && s.holds() == nil // only the answer was lost
	again := ended{}
	if did.cut != "" {
		again = s.plugin(plain, p.args(s)...)
	} else if did.code != 0 {
		broken = append(broken, "it was not killed, and failed")
	}
	saysGone := again.code == 1 && strings.Contains(again.stderr, `application "app" not found`)
	if again.code != 0 && (!isGone || !saysGone) {
		broken = append(broken, "the plain run failed")
	}
	if err := s.holds(p.want...); err != nil {
		broken = append(broken, "in the end: "+err.Error())
	}
	if len(broken) > 0 {
		t.Errorf("%s, %s request %d\n%s\nthe run that was killed: %s\n  %s\nthe plain run: %s\n  %s", p.name, when, at,
			strings.Join(broken, "\n"), did, strings.Join(killed.seen, "\n  "), again, strings.Join(plain.seen, "\n  "))
	} else if did.cut != "" {
		t.Logf("killed %s; the next took %s", did.cut, again.took)
	}
	return did.cut != ""
}

// watched is a run during which each breach of the law is noted.
func (s *stage) watched(broken *[]string) *tapped {
	return &tapped{carriedOut: func(request string) {
		if err := s.law(); err != nil {
			*broken = append(*broken, fmt.Sprintf("after %s: %s", request, err))
		}
	}}
}

// A run that is interrupted ends by itself and says so, and how to go on.
func TestInterrupted(t *testing.T) {
	clusters, w := newClusters(t), newWire(t)
	for _, at := range []int{1, 7, 9, 12, 16, 20, 24} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			s := newStage(t, w, clusters)
			defer s.end()
			s.must(s.application(first...)...)
			var broken []string
			tap := s.watched(&broken)
			tap.at, tap.when, tap.goesOn = at, before, true
			args := s.application(second...)
			did := s.plugin(tap, args...)
			const says = "error: interrupted; what was begun is in the inventory: run the same again to go on, or delete to undo it\n"
			switch {
			case did.cut == "":
				t.Errorf("it was not interrupted: %s\n  %s", did, strings.Join(tap.seen, "\n  "))
			case did.code == 0 && s.holds(second...) == nil: // it was as good as done
			case did.stderr == "error: interrupted: nothing was changed\n" && s.holds(first...) == nil:
			case did.code != 1 && did.code != 3 || strings.Count(did.stderr, says) != 1:
				t.Errorf("it does not say so: %s\n  %s", did, strings.Join(tap.seen, "\n  "))
			}
			t.Logf("interrupted %s: %s\n%s", did.cut, did, strings.Join(tap.seen, "\n"))
			if again := s.plugin(s.watched(&broken), args...); again.code != 0 {
				t.Errorf("the plain run: %s", again)
			}
			if err := s.holds(second...); err != nil || len(broken) > 0 {
				t.Errorf("in the end: %v\n%s", err, strings.Join(broken, "\n"))
			}
		})
	}
}
