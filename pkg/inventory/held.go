package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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
// how often it renews. A run that ends sooner costs no request for it.
const (
	lease   = 30 * time.Second
	renewal = 10 * time.Second
)

// HeldError is the error of a run that finds another one at work.
type HeldError struct {
	Namespace, Application string
	Run                    Run
	// Wait is how long it takes at most until a dead holder is passed over.
	Wait time.Duration
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("application %s/%s is being %s by %s since %s (pid %d); wait for it, or try again in %ds if it died",
		e.Namespace, e.Application, e.Run.Verb, e.Run.Holder, e.Run.Started.Local().Format(time.TimeOnly), e.Run.PID,
		int((e.Wait+time.Second-1)/time.Second))
}

// Inventory is the record of one application, as read from the host, and what
// is needed to write it back if nobody else did.
type Inventory struct {
	host                   rest.Interface
	namespace, application string
	now                    func() time.Time

	// write serialises the requests that replace the record, and guards the
	// fields below.
	write           sync.Mutex
	record          Record
	ours            *Run     // the run that took hold of the record through this
	acknowledged    []Member // the members as the host is known to have them
	uid             types.UID
	resourceVersion string
}

// Read reads the record of an application; there need not be one.
func Read(ctx context.Context, host rest.Interface, namespace, application string, now func() time.Time) (*Inventory, error) {
	i := &Inventory{host: host, namespace: namespace, application: application, now: now}
	answer, err := i.send(ctx, host.Get().AbsPath(i.path()...))
	if apierrors.IsNotFound(err) {
		return i, nil
	}
	if err != nil {
		return nil, i.wrap("read", err)
	}
	if answer.Type != secretType {
		return nil, i.wrap("read", fmt.Errorf("its type is %q, not %s: another version of kubectl fleetapp, or another program, made it", answer.Type, secretType))
	}
	record, err := decode(answer.Data[secretKey])
	if err != nil {
		return nil, i.wrap("read", err)
	}
	i.record = *record
	i.acknowledged = copied(record.Members)
	return i, nil
}

// Exists tells whether there is a record: whether anything may be deployed.
func (i *Inventory) Exists() bool { return i.resourceVersion != "" }

// Members returns what may be where.
func (i *Inventory) Members() []Member { return slices.Clone(i.record.Members) }

// Intend writes down what a run is about to put where, beside all that may be
// there already, and takes hold of the record. When it returns without an
// error the API server has acknowledged the record, and members may be touched.
// A nil application leaves the one last asked for as it is.
func (i *Inventory) Intend(ctx context.Context, run Run, application json.RawMessage, wanted []Placement) error {
	i.write.Lock()
	defer i.write.Unlock()
	now := i.now()
	if held := i.record.Run; held != nil && now.Before(held.Expires) {
		return &HeldError{i.namespace, i.application, *held, held.Expires.Sub(now)}
	}
	run.Started, run.Expires = now, now.Add(lease)
	i.record.Run, i.ours = &run, &run
	i.record.Epoch++
	i.record.intend(wanted)
	if application != nil {
		i.record.revise(application, now)
	}
	return i.put(ctx)
}

// Keep renews the hold until the context ends. Where another run has taken it,
// or it could not be renewed before it ran out, it says so and ends.
func (i *Inventory) Keep(ctx context.Context, lost func(error)) {
	tick := time.NewTicker(renewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if expired, err := i.renew(ctx); err != nil && ctx.Err() == nil && (expired || errors.Is(err, errRaced)) {
			lost(err)
			return
		}
	}
}

// Confirm renews the hold, and so makes sure that it is still this run's.
func (i *Inventory) Confirm(ctx context.Context) error {
	_, err := i.renew(ctx)
	return err
}

// renew tells, beside its error, whether the hold had run out before.
func (i *Inventory) renew(ctx context.Context) (expired bool, err error) {
	i.write.Lock()
	defer i.write.Unlock()
	if i.record.Run == nil { // settled while this waited
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewal)
	defer cancel()
	before := i.record.Run.Expires
	i.record.Run.Expires = i.now().Add(lease)
	if err = i.put(ctx); err != nil {
		i.record.Run.Expires = before
	}
	return i.now().After(before), err
}

// Settle writes down what a run has learned, and lets go of the record. A
// record with nothing left in it is deleted. Where another run has taken hold
// of the record meanwhile, what this one made is added to that run's.
func (i *Inventory) Settle(ctx context.Context, outcomes []Outcome) error {
	i.write.Lock()
	defer i.write.Unlock()
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
		for _, outcome := range outcomes {
			if len(outcome.Present) > 0 {
				latest.record.settle([]Outcome{{Kind: outcome.Kind, Name: outcome.Name, UID: outcome.UID, Present: outcome.Present}})
			}
		}
		if len(latest.record.Members) == 0 {
			return nil
		}
		latest.record.Epoch = max(latest.record.Epoch, i.record.Epoch)
		if err := latest.tryPut(ctx); !errors.Is(err, errRaced) {
			return err
		}
	}
}
