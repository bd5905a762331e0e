package inventory

import (
	"context"
	"time"
)

// lookAgain is how often a run that waits for a sign of life looks for one.
const lookAgain = time.Second

// NotHeldError is the error of a run that was stopped before it took hold of
// the record: it has changed nothing.
type NotHeldError struct{ Err error }

func (e *NotHeldError) Error() string { return "wait for another run: " + e.Err.Error() }
func (e *NotHeldError) Unwrap() error { return e.Err }

// PassOver finds out whether the run that holds the record, if one does, is
// dead: Intend then takes its place. It is where its process can be seen and is
// none, and else where the record is not written for a whole lease, by the
// clock of this machine alone. Before it waits for that, it calls waits with
// how long that takes at most. A holder that is alive is a *HeldError, and
// a wait that was stopped a *NotHeldError.
func (i *Inventory) PassOver(ctx context.Context, ours Run, waits func(held Run, longest time.Duration)) error {
	held := i.record.Run
	if held == nil {
		return nil
	}
	switch held.fate(ours) {
	case dead:
		i.passed = true
		return nil
	case alive:
		return i.heldBy(*held)
	}
	// What passed since the record was read, perhaps before a question, counts.
	end := i.readAt.Add(lease)
	if left := end.Sub(i.now()); left > 0 {
		waits(*held, left)
	}
	for {
		select {
		case <-ctx.Done():
			return &NotHeldError{context.Cause(ctx)}
		case <-time.After(min(lookAgain, end.Sub(i.now()))):
		}
		if err := i.look(ctx); err != nil {
			return err
		}
		if !i.now().Before(end) {
			i.passed = true
			return nil
		}
	}
}

// look tells whether the record was written since it was read. A read that
// fails tells nothing; Intend writes only what is as it was read in any case.
func (i *Inventory) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewal)
	defer cancel()
	latest, err := Read(ctx, i.host, i.namespace, i.application, i.now)
	switch {
	case err != nil, latest.uid == i.uid && latest.resourceVersion == i.resourceVersion:
		return nil
	case latest.record.Run != nil:
		return i.heldBy(*latest.record.Run)
	}
	return i.wrap("write", errRaced)
}

// wonBy is the error of a run that another one was faster than: who that is,
// if it still holds the record.
func (i *Inventory) wonBy(ctx context.Context, err error) error {
	if latest, readErr := Read(ctx, i.host, i.namespace, i.application, i.now); readErr == nil && latest.record.Run != nil {
		return i.heldBy(*latest.record.Run)
	}
	return err
}

func (i *Inventory) heldBy(run Run) error {
	return &HeldError{i.namespace, i.application, run}
}
