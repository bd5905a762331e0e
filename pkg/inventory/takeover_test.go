package inventory

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// foreign is a run whose process cannot be seen from here.
func foreign() Run {
	r := run(4711)
	r.Verb, r.Started = "deleted", time.Date(2026, 1, 2, 14, 2, 11, 0, time.Local)
	return r
}

const heldText = "application default/shop is being deleted by ana@laptop-12 since 14:02:11 (pid 4711), which is alive; wait for it or end it, then run the same again"

func TestADeadRunIsTakenOver(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		former := foreign()
		h.holds(&Record{Epoch: 7, Run: &former, Members: []Member{{Kind: "AttachedCluster", Name: "old", Objects: []Entry{{Identity: id("x")}}}}})
		i, began := h.read(), time.Now()
		time.Sleep(3 * time.Second) // as before a question
		var said time.Duration
		err := i.PassOver(t.Context(), run(8), func(held Run, longest time.Duration) {
			if said = longest; held.PID != 4711 || time.Since(began) != 3*time.Second {
				t.Errorf("after %s it waits for %+v", time.Since(began), held)
			}
		})
		if took := time.Since(began); err != nil || took != lease || said != lease-3*time.Second {
			t.Errorf("after %s, of which it said %s: %v", took, said, err)
		}
		if err := i.Intend(t.Context(), run(8), nil, []Placement{place("one", "a")}); err != nil {
			t.Error(err)
		}
		if is := h.record(); is.Epoch != 8 || is.Run.PID != 8 || lines(is) != "old() x\none() a" {
			t.Errorf("taken over as %+v", is)
		}
	})
}

// Nothing compares two clocks, so none of them need be right.
func TestWhatALivingHolderDoesMeanwhile(t *testing.T) {
	for name, test := range map[string]struct {
		does func(*testing.T, *host, *Inventory)
		want string
	}{
		"it renews": {func(t *testing.T, _ *host, i *Inventory) { _ = i.Confirm(t.Context(), Placement{}) }, heldText},
		"another takes over": {func(_ *testing.T, h *host, _ *Inventory) {
			next := foreign()
			next.PID = 4712
			h.holds(&Record{Epoch: 9, Run: &next})
		}, strings.Replace(heldText, "4711", "4712", 1)},
		"it ends":           {func(_ *testing.T, h *host, _ *Inventory) { h.holds(&Record{Epoch: 8}) }, writeWhat + raceText},
		"it ends, all gone": {func(_ *testing.T, h *host, _ *Inventory) { h.loses() }, writeWhat + raceText},
		"it ends and another": {func(_ *testing.T, h *host, _ *Inventory) {
			h.loses()
			next := foreign()
			h.holds(&Record{Epoch: 1, Run: &next})
		}, heldText},
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				former := foreign()
				h.holds(&Record{Epoch: 8, Run: &former})
				theirs := h.read()
				theirs.ours, theirs.until = theirs.record.Run, time.Now().Add(time.Hour)
				time.AfterFunc(lease-time.Second-time.Millisecond, func() { test.does(t, h, theirs) })
				began := time.Now()
				_, err := h.intends(1)
				checkError(t, err, test.want)
				var held *HeldError
				if errors.As(err, &held) != strings.HasPrefix(test.want, "application") {
					t.Errorf("%+v", held)
				}
				if took := time.Since(began); took != lease-time.Second {
					t.Errorf("it says so only after %s", took)
				}
				if got := h.methods(); strings.Count(got, "P") > 1 {
					t.Errorf("requests %s", got)
				}
			})
		})
	}
}

func TestWithoutPassingOverAHoldStands(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		former := foreign()
		h.holds(&Record{Epoch: 8, Run: &former})
		checkError(t, h.read().Intend(t.Context(), run(1), nil, nil), heldText)
	})
}

func TestAWaitThatIsStopped(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		former := foreign()
		h.holds(&Record{Epoch: 8, Run: &former})
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(2500*time.Millisecond, stop)
		began := time.Now()
		var notHeld *NotHeldError
		if err := h.read().PassOver(ctx, run(1), func(Run, time.Duration) {}); !errors.Is(err, context.Canceled) || !errors.As(err, &notHeld) || time.Since(began) != 2500*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestOnlyOneOfTwoRunsTakesHold(t *testing.T) {
	for name, before := range map[string]*Record{"at first": nil, "later": {Epoch: 1}} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				if before != nil {
					h.holds(before)
				}
				slow, slower := h.read(), h.read()
				first := h.mustIntend(1)
				err := slow.Intend(t.Context(), run(2), nil, []Placement{place("two", "b")})
				var held *HeldError
				if !errors.As(err, &held) || held.Run.PID != 1 {
					t.Errorf("the other run says %v", err)
				}
				if is := h.record(); is.Run.PID != 1 || lines(is) != "one() a" {
					t.Errorf("the record is %+v", is)
				}
				if err := first.Settle(t.Context(), nil); err != nil {
					t.Error(err)
				}
				checkError(t, slower.Intend(t.Context(), run(3), nil, nil), writeWhat+raceText)
			})
		})
	}
}

func TestAHostThatDoesNotAnswerInTime(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		h.before = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false }
		began := time.Now()
		_, err := h.intends(1)
		checkError(t, err, writeWhat+"nothing could be written to it for 20s, so another run may have taken over: run the same again once the host is back")
		if took := time.Since(began); took != lease {
			t.Errorf("it waits for %s", took)
		}
	})
}

// ended is the run of a process that is no more, its zombie left where reap is
// false.
func ended(t *testing.T, reap bool) Run {
	t.Helper()
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	r := ThisProcess(Run{})
	r.PID, r.Born = child.Process.Pid, born(child.Process.Pid)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if reap {
		_ = child.Wait()
		return r
	}
	t.Cleanup(func() { _ = child.Wait() })
	for deadline := time.Now().Add(5 * time.Second); exists(r.PID) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return r
}

func TestFate(t *testing.T) {
	ours := ThisProcess(Run{})
	if ours.Machine == "" || ours.PID != os.Getpid() || ours.Born == "" {
		t.Fatalf("processes cannot be seen here: %+v", ours)
	}
	another := func(change func(*Run)) Run {
		r := ours
		change(&r)
		return r
	}
	for name, test := range map[string]struct {
		of   Run
		want fate
	}{
		"this very process":         {ours, alive},
		"an earlier one of its PID": {another(func(r *Run) { r.Born += "0" }), dead},
		"nothing known of its time": {another(func(r *Run) { r.Born = "" }), unknown},
		"the parent":                {another(func(r *Run) { r.PID, r.Born = os.Getppid(), born(os.Getppid()) }), alive},
		"the first":                 {another(func(r *Run) { r.PID, r.Born = 1, born(1) }), alive},
		"dead":                      {ended(t, true), dead},
		"dead, its parent asleep":   {ended(t, false), dead},
		"another machine":           {another(func(r *Run) { r.Machine = "x" }), unknown},
		"a machine unknown":         {another(func(r *Run) { r.Machine = "" }), unknown},
		"no PID":                    {another(func(r *Run) { r.PID = 0 }), unknown},
		"a group's PID":             {another(func(r *Run) { r.PID = -1 }), unknown},
	} {
		if got := test.of.fate(ours); got != test.want {
			t.Errorf("%s: fate %d, want %d", name, got, test.want)
		}
	}
	nobody := Run{PID: ours.PID}
	if got := nobody.fate(nobody); got != unknown {
		t.Errorf("where no machine is known: fate %d", got)
	}
}

// Another user's process may be hidden, and another one may have its number.
func TestFateWhereAProcessIsHidden(t *testing.T) {
	for _, test := range []struct {
		was, is string
		want    fate
	}{{"1", "1", alive}, {"1", "2", dead}, {"1", "", unknown}, {"", "1", unknown}, {"", "", unknown}} {
		if got := (Run{Born: test.was}).fateBy(test.is); got != test.want {
			t.Errorf("began %q, now %q: fate %d, want %d", test.was, test.is, got, test.want)
		}
	}
}

func TestAProcessThatCanBeSeenDecidesAtOnce(t *testing.T) {
	gone, ours := ended(t, true), ThisProcess(Run{})
	withHost(t, func(t *testing.T, h *host) {
		began := time.Now()
		h.holds(&Record{Epoch: 8, Run: &gone})
		if _, err := h.takes(ours); err != nil {
			t.Error(err)
		}
		_, err := h.takes(ours)
		var held *HeldError
		if !errors.As(err, &held) || held.Run.PID != os.Getpid() {
			t.Errorf("of a run of this very process it says %v", err)
		}
		if time.Since(began) != 0 || h.methods() != "GET PUT GET" {
			t.Errorf("after %s and %s", time.Since(began), h.methods())
		}
	})
}
