package inventory

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// An answer that got lost leaves a record that is newer than the run knows.
func TestARunKnowsItsOwnWriteAgain(t *testing.T) {
	for name, test := range map[string]struct {
		outcome Outcome
		want    string
	}{
		"to write":  {learn("one", "c1", "+a"), "GET POST PUT PUT GET PUT"},
		"to delete": {learn("one", "c1", "-a"), "GET POST PUT DELETE GET DELETE"},
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				ours := h.mustIntend(1)
				h.after = lose(1)
				if err := ours.renew(t.Context()); err == nil {
					t.Fatal("the answer was not lost")
				}
				if err := ours.Settle(t.Context(), []Outcome{test.outcome}); err != nil {
					t.Error(err)
				}
				if got := h.methods(); got != test.want {
					t.Errorf("requests %s, want %s", got, test.want)
				}
				if is := h.record(); is != nil && (is.Run != nil || lines(is) != "one(c1) a=uid-a") {
					t.Errorf("the record is %+v", is)
				}
			})
		})
	}
}

func TestARunDoesNotTakeAnothersWriteForItsOwn(t *testing.T) {
	for name, another := range map[string]Run{
		"another process": run(2),
		"another machine": {Verb: "deployed", Holder: "ana@desktop", PID: 1},
		"another time":    run(1),
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				ours := h.mustIntend(1)
				if _, err := h.takes(another); err != nil {
					t.Fatal(err)
				}
				checkError(t, ours.Settle(t.Context(), []Outcome{learn("one", "c1", "-a")}), "delete the inventory (Secret default/fleetapp.v1.shop on the host): "+raceText)
				if is := h.record(); is == nil || is.Epoch != 2 || lines(is) != "one() a" {
					t.Errorf("the record is %+v", is)
				}
			})
		})
	}
}

// kept runs Keep, and tells after how long it was lost, and why.
type kept struct {
	stop context.CancelFunc
	lost error
	at   time.Duration
}

func keep(t *testing.T, i *Inventory) *kept {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	k := &kept{stop: cancel}
	t.Cleanup(cancel)
	began := time.Now()
	go i.Keep(ctx, func(err error) { k.lost, k.at = err, time.Since(began) })
	return k
}

// sleep lets so much time pass, and all that happens at its end happen.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAHoldIsRenewedAsLongAsTheRunLasts(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		ours := h.mustIntend(1)
		hold := keep(t, ours)
		for range 12 {
			sleep(renewal)
			if at := h.record().Run.Renewed; !at.Equal(time.Now()) {
				t.Fatalf("it was renewed at %v, and now is %v", at, time.Now())
			}
		}
		hold.stop()
		sleep(time.Hour)
		if hold.lost != nil || len(h.log) != 2+12 {
			t.Errorf("%d requests, %v", len(h.log), hold.lost)
		}
		if err := ours.Settle(t.Context(), []Outcome{learn("one", "c1", "-a")}); err != nil || h.secret != nil {
			t.Errorf("settled: %v", err)
		}
	})
}

func TestASettledRecordIsNotRenewed(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		ours := h.mustIntend(1)
		hold := keep(t, ours)
		if err := ours.Settle(t.Context(), []Outcome{learn("one", "c1", "+a")}); err != nil {
			t.Fatal(err)
		}
		sleep(time.Minute)
		if got := h.methods(); got != "GET POST PUT" || hold.lost != nil {
			t.Errorf("requests %s, %v", got, hold.lost)
		}
	})
}

// fail refuses the first writes, each after a moment.
func fail(times int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		time.Sleep(time.Millisecond)
		if times--; times < 0 {
			return true
		}
		w.WriteHeader(http.StatusInternalServerError)
		return false
	}
}

func TestFailedRenewals(t *testing.T) {
	for name, test := range map[string]struct {
		before, after func(http.ResponseWriter, *http.Request) bool
		// lost is when the run must know at the latest that it has lost the
		// record; zero is never.
		lost time.Duration
	}{
		"one":                  {before: fail(1)},
		"two":                  {before: fail(2)},
		"until it ran out":     {before: fail(1000), lost: lease},
		"one answer lost":      {after: lose(1)},
		"two answers lost":     {after: lose(2)},
		"a host that hangs":    {before: func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false }, lost: lease},
		"a connection refused": {before: func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, lost: lease},
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				ours := h.mustIntend(1)
				h.before, h.after = test.before, test.after
				sleep(time.Millisecond) // the answer takes its time
				hold := keep(t, ours)
				sleep(2*time.Minute + renewal/2) // between two renewals
				switch {
				case test.lost == 0 && hold.lost != nil:
					t.Errorf("lost after %v: %v", hold.at, hold.lost)
				case test.lost == 0 && time.Since(h.record().Run.Renewed) > renewal:
					t.Error("it was not renewed again")
				case test.lost > 0 && hold.lost == nil:
					t.Error("the run does not know that it has lost the record")
				case test.lost > 0 && hold.at > test.lost:
					t.Errorf("the run knows only after %v: %v", hold.at, hold.lost)
				}
			})
		})
	}
}

func TestAHoldThatAnotherRunHasTaken(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		ours := h.mustIntend(1)
		hold := keep(t, ours)
		theirs := run(2)
		theirs.Started = time.Now()
		h.holds(&Record{Epoch: 2, Run: &theirs})
		sleep(renewal)
		checkError(t, hold.lost, writeWhat+raceText)
		sleep(time.Hour)
		if got := h.methods(); got != "GET POST PUT GET" {
			t.Errorf("requests %s, want none after that", got)
		}
	})
}

func TestConfirm(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		ours := h.mustIntend(1)
		sleep(renewal)
		if err := ours.Confirm(t.Context(), Placement{}); err != nil || !h.record().Run.Renewed.Equal(time.Now()) {
			t.Errorf("%v, %+v", err, h.record().Run)
		}
		theirs := run(2)
		h.holds(&Record{Epoch: 2, Run: &theirs})
		checkError(t, ours.Confirm(t.Context(), Placement{}), writeWhat+raceText)
		sleep(lease)
		checkError(t, ours.Confirm(t.Context(), Placement{}), writeWhat+errExpired.Error())
	})
}

// What is about to be made anew may come late: the run may be killed meanwhile.
func TestWhatIsMadeAnewMayComeLate(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		known := h.mustIntend(1)
		if err := known.Settle(t.Context(), []Outcome{learn("one", "c1", "+a")}); err != nil {
			t.Fatal(err)
		}
		ours := h.mustIntend(1)
		remade := Placement{Kind: "AttachedCluster", Name: "one", Objects: []plan.Identity{known.record.Members[0].Objects[0].Identity}}
		for _, want := range []string{"GET POST PUT GET PUT PUT", "GET POST PUT GET PUT PUT"} { // the second time it is no news
			if err := ours.Confirm(t.Context(), remade); err != nil {
				t.Error(err)
			}
			if got := h.methods(); got != want && got != want+" PUT" {
				t.Errorf("requests %s, want %s", got, want)
			}
		}
		if is := h.record(); lines(is) != "one(c1) a=uid-a" || !is.Members[0].Objects[0].Late {
			t.Errorf("the record is %+v", is.Members)
		}
	})
}

// Who waits while somebody else writes the record can be stopped.
func TestAWaitForTheRecordIsStopped(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		ours := h.mustIntend(1)
		h.after = func(http.ResponseWriter, *http.Request) bool {
			sleep(renewal / 2)
			return true
		}
		go func() { _ = ours.renew(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := ours.Confirm(ctx, Placement{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		sleep(renewal)
	})
}

// A run that was passed over may have made something late. What it says of that
// stays in the record, whatever the run says that passed it over.
func TestWhatAPassedOverRunMadeStaysInTheRecord(t *testing.T) {
	for name, theirs := range map[string]Outcome{
		"nothing learned": {Kind: "AttachedCluster", Name: "one", UID: "c1"},
		"seen to be gone": learn("one", "c1", "-a"),
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				slow := h.mustIntend(1)
				next := h.mustIntend(2)
				checkError(t, slow.Settle(t.Context(), []Outcome{learn("one", "c1", "+a")}), writeWhat+raceText)
				if is := h.record(); is.Run == nil || is.Run.PID != 2 || is.Epoch != 2 || lines(is) != "one(c1) a=uid-a" {
					t.Errorf("handed over as %+v", is)
				}
				if err := next.Settle(t.Context(), []Outcome{theirs}); err != nil {
					t.Error(err)
				}
				if is := h.record(); is == nil || is.Run != nil || !strings.HasPrefix(lines(is), "one(c1) a") {
					t.Errorf("settled as %+v", is)
				}
			})
		})
	}
}

// What a run found unsure, and made itself, an earlier one may have made, too:
// late.
func TestWhatTwoRunsMayHaveMade(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		killed := h.mustIntend(1)
		if killed.record.Members[0].Objects[0].Late {
			t.Error("late before anybody was")
		}
		next := h.mustIntend(2)
		if err := next.Settle(t.Context(), []Outcome{learn("one", "c1", "+a")}); err != nil {
			t.Fatal(err)
		}
		if is := h.record(); !is.Members[0].Objects[0].Late {
			t.Errorf("the record is %+v", is.Members)
		}
		third := h.mustIntend(3)
		if err := third.Settle(t.Context(), []Outcome{learn("one", "c1", "+a")}); err != nil {
			t.Fatal(err)
		}
		if is := h.record(); !is.Members[0].Objects[0].Late {
			t.Errorf("after one more run the record is %+v", is.Members)
		}
	})
}
