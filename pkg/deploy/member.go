package deploy

import (
	"context"
	"errors"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// outcome is what was learned of one member.
type outcome struct {
	// client is open while there is something left to do in the member.
	client  *fleet.Client
	uid     types.UID
	uidErr  error
	objects []apply.Result
	// err is why the member failed as a whole.
	err error
}

// close ends the connection, if there is one.
func (o *outcome) close() {
	if o.client != nil {
		o.client.Close()
		o.client = nil
	}
}

// ended tells a member that there is nothing to prune in, or that failed
// before.
func (o *outcome) ended(work Work) bool {
	if o.err != nil || slices.ContainsFunc(o.objects, func(r apply.Result) bool { return r.Err != nil }) {
		return true
	}
	here, elsewhere := work.in(o.uid)
	return len(elsewhere) == 0 && len(work.unwantedIn(here)) == 0
}

// apply does the first half of a member's work, once the inventory lists it.
func (r *running) apply(ctx context.Context, work Work) (did outcome, err error) {
	if len(work.Wanted) == 0 {
		return outcome{}, nil
	}
	if did.client, err = r.open(ctx, work.Member); err != nil {
		return did, err
	}
	var cluster inventory.Member
	var asking sync.WaitGroup
	asking.Go(func() { did.uid, did.uidErr = fleet.UID(ctx, did.client) })
	switch len(work.Recorded) {
	case 0:
	case 1:
		// Taken to be the cluster that it was: a UID that is sent and is not
		// there is refused, and costs another round trip then.
		cluster = work.Recorded[0]
	default:
		asking.Wait()
		cluster, _ = work.in(did.uid)
	}
	did.objects = r.on(did.client).Apply(ctx, work.applies(cluster))
	asking.Wait()
	return did, nil
}

// prune does the second half: it deletes what is recorded of the cluster that
// the member really is, and wanted by nobody there.
func (r *running) prune(ctx context.Context, work Work, did *outcome) error {
	if did.client == nil {
		var err error
		if did.client, err = r.open(ctx, work.Member); err != nil {
			return err
		}
		did.uid, did.uidErr = fleet.UID(ctx, did.client)
	}
	here, elsewhere := work.in(did.uid)
	if did.uidErr != nil && len(elsewhere) > 0 {
		return did.uidErr
	}
	var unwanted []plan.Identity
	for _, id := range work.unwantedIn(here) {
		if r.claimed(did.uid, id) {
			// Another member's name leads to the same cluster.
			did.objects = append(did.objects, apply.Result{Identity: id, Action: apply.Released})
		} else {
			unwanted = append(unwanted, id)
		}
	}
	did.objects = append(did.objects, r.on(did.client).Delete(ctx, unwanted)...)
	for _, former := range elsewhere {
		return reason.Errorf(reason.Failed, "it may still hold %d objects in a cluster that its kubeconfig no longer leads to (kube-system %s; now %s)",
			len(former.Objects), former.UID, did.uid)
	}
	return nil
}

// notOpenedError is the error of a member that was not asked to change
// anything.
type notOpenedError struct{ error }

func (e notOpenedError) Unwrap() error { return e.error }

// open connects to a member once the inventory has been acknowledged.
func (r *running) open(ctx context.Context, member fleet.Member) (*fleet.Client, error) {
	client, err := r.Connect(ctx, member)
	if err != nil {
		return nil, notOpenedError{err}
	}
	select {
	case <-r.intended:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		client.Close()
		return nil, notOpenedError{context.Cause(ctx)}
	}
	return client, nil
}

func (r *running) on(client *fleet.Client) apply.Member {
	return apply.Member{Client: client, Owner: r.Owner, Force: r.Force, Now: r.Now, StillHeld: r.record.Confirm}
}

// errs are all reasons why the member failed. One cause that met each object
// is said once.
func (o *outcome) errs() []error {
	var all []error
	said := map[string]bool{}
	say := func(err error) {
		if err != nil && !errors.Is(err, apply.ErrKept) && !said[reason.Message(err)] {
			said[reason.Message(err)] = true
			all = append(all, err)
		}
	}
	for _, object := range o.objects {
		say(object.Err)
	}
	say(o.err)
	return all
}

// learned is the outcome as the inventory takes it in: only what was answered
// counts as known.
func (o *outcome) learned(work Work) inventory.Outcome {
	known := inventory.Outcome{Kind: work.Member.Kind, Name: work.Member.Name, UID: o.uid}
	var notOpened notOpenedError
	if errors.As(o.err, &notOpened) || errors.Is(o.err, fanout.ErrNotAttempted) {
		for _, wanted := range work.Wanted {
			known.NotMade = append(known.NotMade, wanted.Identity)
		}
	}
	for _, object := range o.objects {
		switch {
		case object.Err != nil && apply.NotMade(object.Err):
			known.NotMade = append(known.NotMade, object.Identity)
		case object.Err != nil:
		case object.Action == apply.Deleted, object.Action == apply.Released:
			known.Gone = append(known.Gone, object.Identity)
		default:
			known.Present = append(known.Present, inventory.Entry{
				Identity: object.Identity, UID: object.UID, Applied: object.Applied, Generation: object.Generation,
			})
		}
	}
	return known
}
