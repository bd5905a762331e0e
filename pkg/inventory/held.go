package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// Names and types of the Secret that holds a record.
const (
	secretPrefix = "fleetapp.v1."
	secretType   = "fleetapp.kurator.dev/inventory.v1"
	secretKey    = "record"
)

// lease is for how long a run holds a record without renewing it; renewal is
// how often it renews, and how long one renewal may take. A holder has three
// tries within its lease, and stops when it ends; whoever cannot see its
// process waits for a whole lease, so that is short. A run that ends before its
// first renewal costs no request for it.
const (
	lease   = 20 * time.Second
	renewal = 5 * time.Second
)

// HeldError is the error of a run that finds another one at work.
type HeldError struct {
	Namespace, Application string
	Run                    Run
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("application %s/%s is being %s by %s since %s (pid %d), which is alive; wait for it or end it, then run the same again",
		e.Namespace, e.Application, e.Run.Verb, e.Run.Holder, e.Run.Started.Local().Format(time.TimeOnly), e.Run.PID)
}

// errExpired is the error of a run whose lease ended.
var errExpired = fmt.Errorf("nothing could be written to it for %s, so another run may have taken over: run the same again once the host is back", lease)

// Inventory is the record of one application, as read from the host, and what
// is needed to write it back if nobody else did.
type Inventory struct {
	host                   rest.Interface
	namespace, application string
	now                    func() time.Time

	// write is for one at a time: it serialises the requests that replace the
	// record, and guards the fields below. Who waits for it can be stopped.
	write           *semaphore.Weighted
	record          Record
	readAt          time.Time
	passed          bool      // whoever held the record as it was read is dead
	ours            *Run      // the run that took hold of the record through this
	until           time.Time // when its lease ends
	failed          bool      // the last renewal did
	acknowledged    []Member  // the members as the host is known to have them
	uid             types.UID
	resourceVersion string
	created         time.Time // when the Secret was
}

func newInventory(host rest.Interface, namespace, application string, now func() time.Time) *Inventory {
	return &Inventory{host: host, namespace: namespace, application: application, now: now, write: semaphore.NewWeighted(1)}
}

// Read reads the record of an application; there need not be one.
func Read(ctx context.Context, host rest.Interface, namespace, application string, now func() time.Time) (*Inventory, error) {
	i := newInventory(host, namespace, application, now)
	answer, err := i.send(ctx, host.Get().AbsPath(i.path()...))
	i.readAt = now()
	if apierrors.IsNotFound(err) {
		return i, nil
	}
	if err != nil {
		return nil, i.wrap("read", err)
	}
	if err := i.take(answer); err != nil {
		return nil, err
	}
	return i, nil
}

// take takes over what a Secret holds.
func (i *Inventory) take(from *secret) error {
	if from.Type != secretType {
		return i.wrap("read", fmt.Errorf("its type is %q, not %s: another version of kubectl fleetapp, or another program, made it", from.Type, secretType))
	}
	record, err := decode(from.Data[secretKey])
	if err != nil {
		return i.wrap("read", err)
	}
	i.record = *record
	i.acknowledged = copied(record.Members)
	i.uid, i.resourceVersion, i.created = from.Metadata.UID, from.Metadata.ResourceVersion, from.Metadata.CreationTimestamp.Time
	return nil
}

// Exists tells whether there is a record: whether anything may be deployed.
func (i *Inventory) Exists() bool { return i.resourceVersion != "" }

// Members returns what may be where.
func (i *Inventory) Members() []Member { return copied(i.record.Members) }

// Intend writes down what a run is about to put where, beside all that may be
// there already, and takes hold of the record. When it returns without an
// error the API server has acknowledged the record, and members may be touched.
// A nil application leaves the one last asked for as it is, and Nowhere says
// that it is to be nowhere. Where another run holds the record, the error is a
// *HeldError: see PassOver.
func (i *Inventory) Intend(ctx context.Context, run Run, application json.RawMessage, wanted []Placement) error {
	if err := i.lock(ctx); err != nil {
		return err
	}
	defer i.unlock()
	if held := i.record.Run; held != nil && !i.passed {
		return i.heldBy(*held)
	}
	now := i.now()
	run.Started, run.Renewed = now, now
	i.record.Run, i.ours, i.until = &run, &run, now.Add(lease)
	i.record.Epoch++
	i.record.intend(wanted)
	if application != nil {
		i.record.revise(application, now)
	}
	within, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	err := i.put(within)
	switch {
	case err != nil && within.Err() != nil && ctx.Err() == nil:
		return i.wrap("write", errExpired)
	case errors.Is(err, errRaced):
		return i.wonBy(ctx, err)
	}
	return err
}

// Keep renews the hold until the context ends. Where another run has taken it,
// or the lease ended before it could be renewed, it says so and ends.
func (i *Inventory) Keep(ctx context.Context, lost func(error)) {
	end, held := i.end(ctx)
	for next := end.Add(renewal - lease); held; end, held = i.end(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(next.Sub(i.now()), end.Sub(i.now()))):
		}
		next = i.now().Add(renewal)
		err := i.renew(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errRaced) || errors.Is(err, errExpired) {
			lost(err)
			return
		}
	}
}

// end is when the lease ends, and whether it is still needed.
func (i *Inventory) end(ctx context.Context) (time.Time, bool) {
	if i.lock(ctx) != nil {
		return time.Time{}, false
	}
	defer i.unlock()
	return i.until, i.record.Run != nil
}

// Confirm renews the hold, and so makes sure that it is still this run's. Of
// many that ask at once, those that waited while one did need not. Of objects
// that are about to be made anew it says first that they may come late.
func (i *Inventory) Confirm(ctx context.Context, remade Placement) error {
	asked := i.now()
	if err := i.lock(ctx); err != nil {
		return err
	}
	defer i.unlock()
	isNews := i.record.doubt(remade)
	if i.record.Run != nil && i.record.Run.Renewed.After(asked) && !i.failed && !isNews {
		return nil
	}
	return i.renewLocked(ctx)
}

func (i *Inventory) lock(ctx context.Context) error {
	if i.write.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (i *Inventory) unlock() { i.write.Release(1) }

func (i *Inventory) renew(ctx context.Context) error {
	if err := i.lock(ctx); err != nil {
		return err
	}
	defer i.unlock()
	return i.renewLocked(ctx)
}

func (i *Inventory) renewLocked(ctx context.Context) error {
	if i.record.Run == nil { // settled while this waited
		return nil
	}
	now := i.now()
	ctx, cancel := context.WithTimeout(ctx, min(renewal, i.until.Sub(now)))
	defer cancel()
	i.record.Run.Renewed = now
	err := i.put(ctx)
	i.failed = err != nil
	switch {
	case err == nil:
		i.until = now.Add(lease)
	case !errors.Is(err, errRaced) && !i.now().Before(i.until):
		return i.wrap("write", errExpired)
	}
	return err
}

// doubt makes objects ones that may come once more: those that were known are not
// there. It tells whether that is news.
func (r *Record) doubt(remade Placement) bool {
	isNews := false
	for i := range r.Members {
		if r.Members[i].Kind != remade.Kind || r.Members[i].Name != remade.Name {
			continue
		}
		for _, id := range remade.Objects {
			if entry := r.Members[i].entry(id); entry != nil && entry.UID != "" && !entry.Late {
				entry.Late, isNews = true, true
			}
		}
	}
	return isNews
}

// Settle writes down what a run has learned, and lets go of the record. A
// record with nothing left in it is deleted. Where another run has taken hold
// of the record meanwhile, what this one made is added to that run's.
func (i *Inventory) Settle(ctx context.Context, outcomes []Outcome) error {
	if err := i.lock(ctx); err != nil {
		return i.wrap("write", err)
	}
	defer i.unlock()
	i.record.settle(outcomes)
	i.record.Run = nil
	err := i.again(ctx, func(ctx context.Context) error {
		if len(i.record.Members) == 0 {
			return i.tryRemove(ctx)
		}
		return i.tryPut(ctx)
	})
	if errors.Is(err, errRaced) {
		return errors.Join(err, i.handOver(ctx, outcomes))
	}
	return err
}

// handOver adds what this run made to the record as it is now, for whoever
// holds it.
func (i *Inventory) handOver(ctx context.Context, outcomes []Outcome) error {
	for {
		latest, err := Read(ctx, i.host, i.namespace, i.application, i.now)
		if err != nil {
			return err
		}
		var made []Outcome
		for _, outcome := range outcomes {
			if len(outcome.Present) > 0 {
				made = append(made, Outcome{Kind: outcome.Kind, Name: outcome.Name, UID: outcome.UID, Present: outcome.Present})
			}
		}
		latest.record.settle(made)
		if len(latest.record.Members) == 0 {
			return nil
		}
		latest.record.Epoch = max(latest.record.Epoch, i.record.Epoch)
		if err := latest.tryPut(ctx); !errors.Is(err, errRaced) {
			return err
		}
	}
}
