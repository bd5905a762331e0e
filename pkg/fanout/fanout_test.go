package fanout_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
)

func count(n int) []int {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	return items
}

func TestOrderIsThatOfTheInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 20
		want := 0
		for result := range fanout.Run(t.Context(), fanout.Options{Limit: n}, count(n), func(_ context.Context, i int) (int, error) {
			time.Sleep(time.Duration(n-i) * time.Second) // the last ends first
			return i * i, nil
		}) {
			if result.Item != want || result.Value != want*want || result.Err != nil {
				t.Errorf("result %d is %+v", want, result)
			}
			want++
		}
		if want != n {
			t.Errorf("%d results for %d items", want, n)
		}
	})
}

func TestLimitIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 3
		var running, most atomic.Int32
		for range fanout.Run(t.Context(), fanout.Options{Limit: limit}, count(20), func(context.Context, int) (struct{}, error) {
			if now := running.Add(1); now > most.Load() {
				most.Store(now)
			}
			time.Sleep(time.Second)
			running.Add(-1)
			return struct{}{}, nil
		}) {
		}
		if most.Load() != limit {
			t.Errorf("%d ran at once, the limit is %d", most.Load(), limit)
		}
	})
}

func TestOneFailsOneHangsOnePanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		var errs []error
		for result := range fanout.Run(t.Context(), fanout.Options{Limit: 2, Timeout: time.Minute}, count(5), func(ctx context.Context, i int) (int, error) {
			switch i {
			case 1:
				return 0, boom
			case 2:
				<-ctx.Done()
				return 0, ctx.Err()
			case 3:
				panic("at the disco")
			}
			return i, nil
		}) {
			errs = append(errs, result.Err)
		}
		if len(errs) != 5 || errs[0] != nil || errs[4] != nil {
			t.Fatalf("the others were disturbed: %v", errs)
		}
		// What was thrown may hold anything, a kubeconfig say.
		if strings.Contains(errs[3].Error(), "disco") {
			t.Errorf("it repeats what was thrown: %v", errs[3])
		}
		if !errors.Is(errs[1], boom) || !errors.Is(errs[2], context.DeadlineExceeded) || !strings.Contains(errs[3].Error(), "a string, at fanout_test.go:") {
			t.Errorf("errors are %v", errs)
		}
	})
}

func TestCancelledMidway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var started atomic.Int32
		var notAttempted, results int
		for result := range fanout.Run(ctx, fanout.Options{Limit: 2}, count(10), func(ctx context.Context, i int) (int, error) {
			started.Add(1)
			if i == 3 {
				cancel()
			}
			time.Sleep(time.Second)
			return i, ctx.Err()
		}) {
			results++
			if errors.Is(result.Err, fanout.ErrNotAttempted) {
				notAttempted++
			}
		}
		if results != 10 || notAttempted != 10-int(started.Load()) || started.Load() != 4 {
			t.Errorf("%d results, %d started, %d not attempted", results, started.Load(), notAttempted)
		}
	})
}

func TestCallerStopsListening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		for range fanout.Run(t.Context(), fanout.Options{Limit: 4}, count(10), func(context.Context, int) (int, error) {
			running.Add(1)
			defer running.Add(-1)
			time.Sleep(time.Second)
			return 0, nil
		}) {
			break
		}
		if running.Load() != 0 {
			t.Errorf("%d still run", running.Load())
		}
	})
}
