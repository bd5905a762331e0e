// Package fanout runs one function for each of many members, side by side.
//
// Its contract: at most Limit run at once; results come in input order,
// whatever order they end in; a sibling's failure never cancels the others;
// each has its own deadline; a panic becomes that item's error; when the
// caller's context ends, no further item starts and those that never did are
// marked ErrNotAttempted; every item gets exactly one result; what is held for
// its turn is bounded, where the caller says so. The function must not print.
package fanout

import (
	"cmp"
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
	// Timeout is each item's own deadline; 0 is none. The time that it waits
	// for its turn to hand a value over does not count.
	Timeout time.Duration
	// Budget is how much may be held of items whose turn has not come, as the
	// stream's size function counts; 0 is without bound. Beyond it an item waits
	// with what it hands over.
	Budget int
	// Patience is after how long without a value a stream says whom it waits
	// for; 0 is never.
	Patience time.Duration
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
	options.Budget, options.Patience = 0, 0
	return func(yield func(Result[T, R]) bool) {
		var value R
		for event := range Stream(ctx, options, items, nil, func(ctx context.Context, item T, emit func(R) error) error {
			value, err := work(ctx, item)
			return cmp.Or(err, emit(value)) // which cannot fail without a budget
		}) {
			if !event.Ended {
				value = event.Value
				continue
			}
			result := Result[T, R]{Item: event.Item, Value: value, Err: event.Err}
			if value = *new(R); !yield(result) {
				return
			}
		}
	}
}

// Event is what a stream has to say: a value of an item, the item's end, or
// whom it waits for.
type Event[T, V any] struct {
	Item T
	// Value is what the item handed over.
	Value V
	// Ended says that nothing more comes of the item, and Err why it failed.
	Ended bool
	Err   error
	// Waiting are the items that are at work, in input order, where nothing
	// came for a while. Such an event says nothing else.
	Waiting []T
}

// Stream is Run for work that has many values, each of which it hands over to
// emit. They come in input order too, an item's in its own, each as soon as it
// is its turn. The size of a value may be nil where there is no budget. The work
// must return the error that emit returns.
func Stream[T, V any](ctx context.Context, options Options, items []T, size func(V) int,
	work func(ctx context.Context, item T, emit func(V) error) error,
) iter.Seq[Event[T, V]] {
	return func(yield func(Event[T, V]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		line := newLine(len(items), options.Budget, size)
		defer line.wait()
		defer cancel()
		go func() {
			slots := make(chan struct{}, max(options.Limit, 1))
			for i, item := range items {
				slots <- struct{}{}
				if ctx.Err() != nil {
					line.end(i, ErrNotAttempted)
					<-slots
					continue
				}
				line.start(i)
				go func() {
					err := one(ctx, options.Timeout, func(ctx context.Context, clock *stopwatch) error {
						return work(ctx, item, func(value V) error { return line.put(clock, i, value) })
					})
					<-slots
					line.end(i, err)
				}()
			}
		}()
		for {
			next := line.next(options.Patience)
			if next.over {
				return
			}
			event := Event[T, V]{Value: next.value, Ended: next.ended, Err: next.err}
			if next.waiting == nil {
				event.Item = items[next.index]
			}
			for _, i := range next.waiting {
				event.Waiting = append(event.Waiting, items[i])
			}
			if !yield(event) {
				return
			}
		}
	}
}

// one runs the work for one item within its deadline.
func one(ctx context.Context, timeout time.Duration, work func(context.Context, *stopwatch) error) (err error) {
	ctx, clock := newStopwatch(ctx, timeout)
	defer clock.stop()
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("internal error, please report it: %s", told(thrown))
		}
	}()
	return work(ctx, clock)
}
