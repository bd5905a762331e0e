package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const hash = "9a853af1e3b54c9f8f6b5cf2d1d4f6a7c8e9f001"

// flux is a member in which Flux is at work: what it answers for an object
// depends on how often it was asked. There is no network, so that time can be
// made to fly.
type flux struct {
	t *testing.T
	// source and syncs are the objects at each look, the last one from then on.
	source, syncs []object
	// fails, if set, may fail a request of a look itself.
	fails func(look int, r *http.Request) error

	looksAtSource, looks, connected atomic.Int32
}

func (f *flux) RoundTrip(r *http.Request) (*http.Response, error) {
	states, looks := f.source, &f.looksAtSource
	if strings.Contains(r.URL.Path, "/kustomizations/") {
		states, looks = f.syncs, &f.looks
	}
	look := int(looks.Add(1)) - 1
	if r.Method != http.MethodGet {
		f.t.Errorf("waiting changes something: %s %s", r.Method, r.URL)
	}
	if f.fails != nil {
		if err := f.fails(look, r); err != nil {
			return nil, err
		}
	}
	body, _ := json.Marshal(states[min(look, len(states)-1)])
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}

func (f *flux) connect() (*fleet.Client, error) {
	f.connected.Add(1)
	return fleet.NewHostClient(&rest.Config{Host: "http://member", Transport: f})
}

// at is an object of a generation with conditions, each "Type=Status/Reason".
func at(generation, observed int, revision string, conditions ...string) object {
	var all []object
	for _, c := range conditions {
		name, rest, _ := strings.Cut(c, "=")
		value, why, _ := strings.Cut(rest, "/")
		all = append(all, object{"type": name, "status": value, "reason": why, "message": "says Flux", "observedGeneration": generation})
	}
	return object{
		"metadata": object{"uid": "ours", "generation": generation},
		"spec":     object{"sourceRef": object{"kind": "GitRepository", "name": "src"}},
		"status": object{
			"observedGeneration": observed, "conditions": all,
			"artifact": object{"revision": revision}, "lastAppliedRevision": revision,
		},
	}
}

const (
	ready   = "Ready=True/Succeeded"
	failing = "Ready=False/BuildFailed"
	stalled = "Stalled=True/InvalidSpec"
)

// done is an object that is ready at a generation.
func done(generation int) object { return at(generation, generation, "master@sha1:"+hash, ready) }

// awaited are the objects of a member, applied at generation 1.
func awaited(name string) deploy.Awaited {
	applied := func(id plan.Identity) apply.Result {
		return apply.Result{Identity: id, State: apply.State{UID: "ours", Generation: 1}}
	}
	return deploy.Awaited{Owner: owner(), Member: attached(name), Objects: []apply.Result{applied(source("src")), applied(syncs("web"))}}
}

// wait waits for members, by name in the order given, and tells what became of
// each in a line, and how long it took.
func wait(ctx context.Context, t *testing.T, parallel int, names []string, members map[string]*flux) (lines []string, took time.Duration) {
	t.Helper()
	var all []deploy.Awaited
	for _, name := range names {
		all = append(all, awaited(name))
	}
	began := time.Now()
	deploy.Waiter{
		Parallel: parallel, MemberTimeout: 30 * time.Second,
		Connect: func(_ context.Context, m fleet.Member) (*fleet.Client, error) {
			if members[m.Name] == nil {
				return nil, reason.Errorf(reason.Unreachable, "no way to %s", m.Name)
			}
			return members[m.Name].connect()
		},
		Emit: func(w deploy.Waited) {
			line := w.Member.Name + ":"
			for _, revision := range w.Revisions {
				line += " " + revision
			}
			for _, err := range w.Errs {
				line += fmt.Sprintf(" %s: %s", reason.Of(err), reason.Message(err))
			}
			lines = append(lines, line)
		},
	}.Wait(ctx, all)
	return lines, time.Since(began)
}

func TestWaitLooksUntilAllIsSaid(t *testing.T) {
	const readyLine = "one: master@9a853af"
	another := done(1)
	another["metadata"] = object{"uid": "another", "generation": 1}
	for name, test := range map[string]struct {
		source, syncs []object
		want          string
		looks         int32
	}{
		"ready at once":   {[]object{done(1)}, []object{done(1)}, readyLine, 1},
		"ready by and by": {[]object{at(1, -1, ""), done(1)}, []object{at(1, -1, ""), at(1, -1, "", "Ready=Unknown/Progressing"), done(1)}, readyLine, 3},
		"failed, then ready": {[]object{done(1)}, []object{at(1, 1, "", failing), at(1, 1, "", failing), done(1)},
			readyLine, 3},
		"changed since by somebody":        {[]object{done(1)}, []object{at(2, 1, "", ready), done(2)}, readyLine, 2},
		"a state before the apply":         {[]object{done(0), done(1)}, []object{done(1)}, readyLine, 2},
		"stalled":                          {[]object{done(1)}, []object{at(1, 1, "", stalled)}, "one: NotReady: kustomization/web: InvalidSpec: says Flux", 1},
		"the source is stalled":            {[]object{at(1, 1, "", stalled)}, []object{at(1, 1, "", failing)}, "one: NotReady: gitrepository/src: InvalidSpec: says Flux", 1},
		"stalled until its source changes": {[]object{at(1, 1, "", failing), done(1)}, []object{at(1, 1, "", stalled), done(1)}, readyLine, 2},
		"another one of its name": {[]object{done(1)}, []object{another},
			"one: NotReady: kustomization/web: Replaced: somebody deleted it meanwhile and made another one of its name; deploy again", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				member := &flux{t: t, source: test.source, syncs: test.syncs}
				lines, took := wait(t.Context(), t, 8, []string{"one"}, map[string]*flux{"one": member})
				if len(lines) != 1 || lines[0] != test.want {
					t.Errorf("got %q, want %q", lines, test.want)
				}
				if got := member.looks.Load(); got != test.looks || took != time.Duration(test.looks-1)*time.Second {
					t.Errorf("%d looks in %s, want %d, a second apart", got, took, test.looks)
				}
				if member.connected.Load() != 1 {
					t.Errorf("%d connections", member.connected.Load())
				}
			})
		})
	}
}

// One fails once, one hangs, one never connects, one never is ready: nobody
// waits for them, and the order is that of the run.
func TestMembersDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var goodAt time.Duration
		began := time.Now()
		good := &flux{t: t, source: []object{done(1)}, syncs: []object{at(1, -1, ""), done(1)}}
		good.fails = func(look int, r *http.Request) error {
			if look == 1 && strings.Contains(r.URL.Path, "/kustomizations/") {
				goodAt = time.Since(began)
			}
			return nil
		}
		once := &flux{t: t, source: []object{done(1)}, syncs: []object{done(1)}, fails: func(look int, _ *http.Request) error {
			if look == 0 {
				return errors.New("reset by peer")
			}
			return nil
		}}
		hangs := &flux{t: t, source: []object{done(1)}, syncs: []object{at(1, -1, "")}, fails: func(look int, r *http.Request) error {
			if look == 0 {
				return nil
			}
			<-r.Context().Done()
			return r.Context().Err()
		}}
		never := &flux{t: t, source: []object{done(1)}, syncs: []object{at(1, -1, "", failing)}}
		panics := &flux{t: t, fails: func(int, *http.Request) error { panic("x") }}
		lines, took := wait(ctx, t, 8, []string{"hangs", "gone", "once", "never", "panics", "good"},
			map[string]*flux{"hangs": hangs, "once": once, "never": never, "good": good, "panics": panics})
		want := []string{
			"hangs: Timeout: no answer for 19s",
			"gone: Unreachable: no way to gone",
			"once: master@9a853af",
			"never: NotReady: kustomization/web: BuildFailed: says Flux",
			"panics: ",
			"good: master@9a853af",
		}
		for i, line := range lines {
			if !strings.HasPrefix(line, want[i]) {
				t.Errorf("got %q, want %q", line, want[i])
			}
		}
		if len(lines) != len(want) || took != 20*time.Second || goodAt != time.Second {
			t.Errorf("%d lines; it took %s, and the good one was ready after %s", len(lines), took, goodAt)
		}
		if once.connected.Load() != 2 {
			t.Errorf("the one that failed was connected to %d times", once.connected.Load())
		}
	})
}

func TestInterruptedWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2500*time.Millisecond, cancel)
		slow := &flux{t: t, source: []object{done(1)}, syncs: []object{at(1, -1, "", failing)}}
		hangs := &flux{t: t, fails: func(_ int, r *http.Request) error {
			<-r.Context().Done()
			return r.Context().Err()
		}}
		lines, took := wait(ctx, t, 8, []string{"slow", "hangs"}, map[string]*flux{"slow": slow, "hangs": hangs})
		want := "slow: NotReady: kustomization/web: BuildFailed: says Flux\nhangs: NotReady: no answer before the waiting ended"
		if got := strings.Join(lines, "\n"); got != want || took != 2500*time.Millisecond {
			t.Errorf("after %s got\n%s\nwant\n%s", took, got, want)
		}
	})
}

// A fleet that is larger than the window is looked at less often, by no more
// members at once, and no connection stays open in between.
func TestWaitForMoreThanTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const parallel, members = 4, 20
		var names []string
		all := map[string]*flux{}
		var running, most atomic.Int32
		for i := range members {
			name := fmt.Sprintf("m%02d", i)
			names = append(names, name)
			all[name] = &flux{t: t, source: []object{done(1)}, syncs: []object{at(1, -1, ""), done(1)}}
			all[name].fails = func(_ int, r *http.Request) error {
				if !strings.Contains(r.URL.Path, "/kustomizations/") {
					return nil
				}
				if now := running.Add(1); now > most.Load() {
					most.Store(now)
				}
				time.Sleep(100 * time.Millisecond)
				running.Add(-1)
				return nil
			}
		}
		lines, took := wait(t.Context(), t, parallel, names, all)
		for i, line := range lines {
			if line != names[i]+": master@9a853af" {
				t.Errorf("line %d is %q", i, line)
			}
			if got := all[names[i]].connected.Load(); got != 2 {
				t.Errorf("%s was connected to %d times for 2 looks", names[i], got)
			}
		}
		// Five windows of 0.1s, five seconds of pause, and again.
		if len(lines) != members || most.Load() != parallel || took < 5*time.Second || took > 7*time.Second {
			t.Errorf("%d lines, %d at once, %s", len(lines), most.Load(), took)
		}
	})
}

func TestWhatIsAwaited(t *testing.T) {
	result := func(id plan.Identity, action apply.Action, err error) apply.Result {
		return apply.Result{Identity: id, Action: action, Err: err}
	}
	for name, test := range map[string]struct {
		event deploy.Event
		want  string
	}{
		"what was applied": {deploy.Event{Objects: []apply.Result{
			result(source("src"), apply.Created, nil), result(syncs("web"), apply.Unchanged, nil), result(syncs("old"), apply.Deleted, nil),
			result(syncs("their"), apply.Released, nil), result(plan.Identity{Version: "v1", Kind: "Secret", Name: "key"}, apply.Created, nil),
		}}, "src web"},
		"nothing of a member that failed": {deploy.Event{
			Objects: []apply.Result{result(source("src"), apply.Created, nil), result(syncs("web"), "", io.EOF)}, Errs: []error{io.EOF},
		}, ""},
		"nothing where all was pruned": {deploy.Event{Objects: []apply.Result{result(syncs("old"), apply.Deleted, nil)}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			awaited, ok := test.event.Await(owner())
			var names []string
			for _, object := range awaited.Objects {
				names = append(names, object.Name)
			}
			if got := strings.Join(names, " "); ok != (test.want != "") || ok && got != test.want {
				t.Errorf("got %q (%t), want %q", got, ok, test.want)
			}
		})
	}
}
