package fanout_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
)

// tell spells events, one word each.
func tell(event fanout.Event[int, string]) string {
	switch {
	case event.Waiting != nil:
		return fmt.Sprintf("waiting%v", event.Waiting)
	case event.Err != nil:
		return fmt.Sprintf("%d:%v", event.Item, event.Err)
	case event.Ended:
		return fmt.Sprintf("%d.", event.Item)
	}
	return fmt.Sprintf("%d%s", event.Item, event.Value)
}

type emit = func(string) error

func stream(t *testing.T, options fanout.Options, n int, work func(context.Context, int, emit) error) []string {
	t.Helper()
	var told []string
	for event := range fanout.Stream(t.Context(), options, count(n), func(v string) int { return len(v) }, work) {
		told = append(told, tell(event))
	}
	return told
}

func TestValuesComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := stream(t, fanout.Options{Limit: 3}, 3, func(_ context.Context, i int, emit emit) error {
			time.Sleep(time.Duration(3-i) * time.Second) // the last begins first
			_ = emit("a")
			_ = emit("b")
			if i == 1 {
				return errors.New("boom")
			}
			return nil
		})
		if want := strings.Fields("0a 0b 0. 1a 1b 1:boom 2a 2b 2."); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAValueComesAsSoonAsItIsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		came := map[string]time.Duration{}
		for event := range fanout.Stream(t.Context(), fanout.Options{Limit: 2}, count(2), nil, func(_ context.Context, i int, emit emit) error {
			for _, value := range []string{"a", "b"} {
				time.Sleep(time.Duration(i+1) * time.Second)
				_ = emit(value)
			}
			return nil
		}) {
			came[tell(event)] = time.Since(start)
		}
		want := map[string]time.Duration{
			"0a": time.Second, "0b": 2 * time.Second, "0.": 2 * time.Second,
			"1a": 2 * time.Second, "1b": 4 * time.Second, "1.": 4 * time.Second,
		}
		if !reflect.DeepEqual(came, want) {
			t.Errorf("got %v, want %v", came, want)
		}
	})
}

// What later items hand over is held up to the budget, and no further, while
// the first goes on whatever is held.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, budget = 20, 10
		var (
			mutex        sync.Mutex
			emitted, got int
			most         int
		)
		for event := range fanout.Stream(t.Context(), fanout.Options{Limit: 5, Budget: budget}, count(n), func(v string) int { return len(v) },
			func(_ context.Context, i int, emit emit) error {
				if i == 0 {
					time.Sleep(time.Minute) // for which all others must wait
				}
				for range 7 {
					if err := emit("xxx"); err != nil {
						return err
					}
					mutex.Lock()
					emitted += 3
					most = max(most, emitted-got)
					mutex.Unlock()
				}
				return nil
			}) {
			if !event.Ended {
				mutex.Lock()
				got += len(event.Value)
				mutex.Unlock()
			}
		}
		if got != n*7*3 {
			t.Errorf("%d of %d came", got, n*7*3)
		}
		// One value over it is what an item may have in the line in its turn, and
		// one more is on its way to the caller.
		if most < budget-3 || most > budget+2*3 {
			t.Errorf("%d were held, the budget is %d", most, budget)
		}
	})
}

func TestAValueLargerThanTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := stream(t, fanout.Options{Limit: 2, Budget: 2}, 2, func(_ context.Context, _ int, emit emit) error {
			_ = emit("larger")
			return emit("still-larger")
		})
		if want := strings.Fields("0larger 0still-larger 0. 1larger 1still-larger 1."); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestWaitingForOnesTurnDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var own error
		got := stream(t, fanout.Options{Limit: 2, Budget: 1, Timeout: 10 * time.Second}, 2, func(ctx context.Context, i int, emit emit) error {
			if i == 0 {
				time.Sleep(9 * time.Second)
				return nil
			}
			_ = emit("a")
			_ = emit("b")               // waits nine seconds, for the first to end
			time.Sleep(8 * time.Second) // of its ten
			own = ctx.Err()
			time.Sleep(3 * time.Second)
			return ctx.Err()
		})
		if want := strings.Fields("0. 1a 1b 1:context_deadline_exceeded"); own != nil || strings.ReplaceAll(strings.Join(got, " "), "context deadline exceeded", "context_deadline_exceeded") != strings.Join(want, " ") {
			t.Errorf("got %v (after eight of ten seconds: %v), want %v", got, own, want)
		}
	})
}

// Contexts that are made of an item's must end for the same reason.
func TestTheDeadlineReachesChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for event := range fanout.Stream(t.Context(), fanout.Options{Timeout: time.Second}, count(1), nil, func(ctx context.Context, _ int, _ emit) error {
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			<-child.Done()
			return child.Err()
		}) {
			if !errors.Is(event.Err, context.DeadlineExceeded) {
				t.Errorf("the child ended with %v", event.Err)
			}
		}
	})
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := stream(t, fanout.Options{Limit: 3, Patience: 2 * time.Second}, 4, func(_ context.Context, i int, _ emit) error {
			switch i {
			case 0:
				time.Sleep(5 * time.Second)
			case 2:
				time.Sleep(10 * time.Second)
			}
			return nil
		})
		if want := "waiting[0 2] waiting[0 2] 0. 1. waiting[2] waiting[2] 2. 3."; strings.Join(got, " ") != want {
			t.Errorf("got %s, want %s", strings.Join(got, " "), want)
		}
	})
}

func TestAnInterruptEndsThoseThatWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		var got []string
		for event := range fanout.Stream(ctx, fanout.Options{Limit: 2, Budget: 1}, count(3), func(v string) int { return len(v) },
			func(ctx context.Context, i int, emit emit) error {
				if i == 0 {
					<-ctx.Done()
					return emit("late") // which has room
				}
				_ = emit("a")
				return emit("b")
			}) {
			got = append(got, tell(event))
		}
		if want := "0late 0. 1a 1:context canceled 2:" + fanout.ErrNotAttempted.Error(); strings.Join(got, " ") != want {
			t.Errorf("got %s, want %s", strings.Join(got, " "), want)
		}
	})
}

func TestAPanicAfterAValue(t *testing.T) {
	got := stream(t, fanout.Options{Limit: 1}, 1, func(_ context.Context, _ int, emit emit) error {
		_ = emit("a")
		panic("at the disco")
	})
	if want := "0a 0:internal error, please report it: a string, at stream_test.go:216"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
}

func TestAStreamThatNobodyListensTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		for range fanout.Stream(t.Context(), fanout.Options{Limit: 4, Budget: 3}, count(10), func(v string) int { return len(v) },
			func(_ context.Context, _ int, emit emit) error {
				running.Add(1)
				defer running.Add(-1)
				for range 5 {
					if err := emit("xx"); err != nil {
						return err
					}
				}
				return nil
			}) {
			break
		}
		if running.Load() != 0 {
			t.Errorf("%d still run", running.Load())
		}
	})
}
