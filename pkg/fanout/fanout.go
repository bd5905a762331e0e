// Package fanout runs one function for each of many members, side by side.
//
// Its contract: at most Limit run at once; results come in input order,
// whatever order they end in; a sibling's failure never cancels the others;
// each has its own deadline; a panic becomes that item's error; when the
// caller's context ends, no further item starts and those that never did are
// marked ErrNotAttempted; every item gets exactly one result. The function
// must not print.
package fanout

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// ErrNotAttempted is the error of an item that was never started.
var ErrNotAttempted = errors.New("not attempted: the run was stopped before")

// Options bound a fan-out.
type Options struct {
	// Limit is how many items run at once; at least 1.
	Limit int
	// Timeout is each item's own deadline; 0 is none.
	Timeout time.Duration
}

// Result is what became of one item.
type Result[T, R any] struct {
	Item  T
	Value R
	// Err is why the item failed. Value may hold what was done before.
	Err error
}

// Run starts work for the items and yields their results in input order, each
// as soon as it and all before it are there. It returns once every item that
// was started has ended, also where the caller stops listening.
func Run[T, R any](ctx context.Context, options Options, items []T, work func(context.Context, T) (R, error)) iter.Seq[Result[T, R]] {
	return func(yield func(Result[T, R]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		type ended struct {
			index  int
			result Result[T, R]
		}
		results := make(chan ended)
		go func() {
			slots := make(chan struct{}, max(options.Limit, 1))
			for i, item := range items {
				slots <- struct{}{}
				if ctx.Err() != nil {
					results <- ended{i, Result[T, R]{Item: item, Err: ErrNotAttempted}}
					<-slots
					continue
				}
				go func() {
					value, err := one(ctx, options.Timeout, item, work)
					<-slots
					results <- ended{i, Result[T, R]{Item: item, Value: value, Err: err}}
				}()
			}
		}()
		waiting, next, listening := map[int]Result[T, R]{}, 0, true
		for range items {
			end := <-results
			waiting[end.index] = end.result
			for result, ok := waiting[next]; ok; result, ok = waiting[next] {
				delete(waiting, next)
				next++
				if listening && !yield(result) {
					listening = false
					cancel()
				}
			}
		}
	}
}

// one runs the work for one item within its deadline.
func one[T, R any](ctx context.Context, timeout time.Duration, item T, work func(context.Context, T) (R, error)) (value R, err error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("internal error, please report it: %v", thrown)
		}
	}()
	return work(ctx, item)
}
