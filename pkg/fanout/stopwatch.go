package fanout

import (
	"context"
	"errors"
	"time"
)

// stopwatch is a context with a deadline that stands still while it is paused.
type stopwatch struct {
	context.Context // ends with the caller's, or with the deadline as its cause

	cancel context.CancelCauseFunc
	values context.Context
	timer  *time.Timer // nil where there is no deadline
	left   time.Duration
	since  time.Time
}

func newStopwatch(ctx context.Context, timeout time.Duration) (context.Context, *stopwatch) {
	inner, cancel := context.WithCancelCause(ctx)
	watch := &stopwatch{Context: inner, cancel: cancel, values: ctx, left: timeout, since: time.Now()}
	if timeout > 0 {
		watch.timer = time.AfterFunc(timeout, func() { cancel(context.DeadlineExceeded) })
	}
	return watch, watch
}

// Err tells the deadline from the caller's end, as a context with a deadline
// does.
func (w *stopwatch) Err() error {
	if err := w.Context.Err(); err == nil || !errors.Is(context.Cause(w.Context), context.DeadlineExceeded) {
		return err
	}
	return context.DeadlineExceeded
}

// Value passes the inner context by. Contexts that are made from this one look
// there for one to end with, and would take that one's Err.
func (w *stopwatch) Value(key any) any { return w.values.Value(key) }

// AfterFunc is what contexts that are made from this one end by.
func (w *stopwatch) AfterFunc(f func()) func() bool { return context.AfterFunc(w.Context, f) }

// pause stops the time. It may only be called by who runs under the deadline,
// one at a time.
func (w *stopwatch) pause() {
	if w.timer != nil && w.timer.Stop() {
		w.left -= time.Since(w.since)
	}
}

// resume lets it run again.
func (w *stopwatch) resume() {
	if w.timer != nil && w.Context.Err() == nil {
		w.since = time.Now()
		w.timer.Reset(max(w.left, 0))
	}
}

func (w *stopwatch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel(nil)
}
