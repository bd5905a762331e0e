package deploy

import (
	"context"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

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
	asking.Go(func() { r.identify(ctx, &did) })
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
	asking.Go(func() { did.sights = r.look(ctx, work, did.client) })
	did.objects = r.on(work.Member, did.client).Apply(ctx, work.applies(cluster))
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
		var asking sync.WaitGroup
		asking.Go(func() { did.sights = r.look(ctx, work, did.client) })
		r.identify(ctx, did)
		asking.Wait()
	}
	here, elsewhere := work.in(did.uid)
	// Whoever may not read kube-system may still have objects of ours. All other
	// errors are not an API server's that knows them.
	if did.uidErr != nil && (len(elsewhere) > 0 || !apierrors.IsForbidden(did.uidErr)) {
		return did.uidErr
	}
	var unwanted []plan.Identity
	for _, id := range work.unwantedIn(here) {
		// Other members' names may lead to the same cluster.
		switch others := r.claims[did.uid]; {
		case listed(others, id):
			did.objects = append(did.objects, apply.Result{Identity: id, Action: apply.Released})
		case wanted(others, id): // by one that has not got it: so it stays listed here
			did.objects = append(did.objects, apply.Result{Identity: id, Action: apply.Kept})
		default:
			unwanted = append(unwanted, id)
		}
	}
	on := r.on(work.Member, did.client)
	on.Unsure, on.Sights = unsure(here), did.sights
	did.objects = append(did.objects, on.Delete(ctx, unwanted)...)
	did.objects = append(did.objects, r.pruneMoved(ctx, work, here, elsewhere, did)...)
	for _, former := range elsewhere {
		return reason.Errorf(reason.Failed, "it may still hold %s in a cluster that its kubeconfig no longer leads to (kube-system %s; now %s); --abandon=%s forgets them",
			counted(len(former.Objects)), former.UID, did.uid, work.Member.Name)
	}
	return nil
}

// look has a look, side by side with something else, at what is going to be
// deleted: of what is recorded under the member's name, that of the only cluster
// that the name has led to.
func (r *running) look(ctx context.Context, work Work, client *fleet.Client) []apply.Sight {
	if r.NoPrune || r.Orphan || len(work.Recorded) != 1 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.MemberTimeout)
	defer cancel()
	return r.on(work.Member, client).Look(ctx, work.unwantedIn(work.Recorded[0]))
}

// pruneMoved deletes, in the cluster that a member's name leads to now, what is
// listed of those that it led to before: a run that was killed after the name
// had moved, and before it wrote which cluster it met, made it here.
func (r *running) pruneMoved(ctx context.Context, work Work, here inventory.Member, elsewhere []inventory.Member, did *outcome) []apply.Result {
	var moved []plan.Identity
	for _, former := range elsewhere {
		for _, id := range work.unwantedIn(former) {
			if !slices.ContainsFunc(append(moved, identities(here)...), id.SameObject) && !wanted(r.claims[did.uid], id) {
				moved = append(moved, id)
			}
		}
	}
	results := r.on(work.Member, did.client).Delete(ctx, moved)
	return slices.DeleteFunc(results, func(result apply.Result) bool {
		return result.Err == nil && (result.UID == "" || result.Action == apply.Released) // it never was here
	})
}

func counted(objects int) string {
	if objects == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", objects)
}

// unsure are the objects that were never seen in the cluster, or of which a
// second create may come.
func unsure(cluster inventory.Member) []plan.Identity {
	var all []plan.Identity
	for _, entry := range cluster.Objects {
		if entry.UID == "" || entry.Late {
			all = append(all, entry.Identity)
		}
	}
	return all
}

// notOpenedError is the error of a member that was not asked to change
// anything.
type notOpenedError struct{ error }

func (e notOpenedError) Unwrap() error { return e.error }

// ended tells a member that there is nothing to prune in, or that failed
// before.
func (r *running) ended(work Work, did *outcome) bool {
	if r.NoPrune || did.failed() {
		return true
	}
	here, elsewhere := work.in(did.uid)
	return len(elsewhere) == 0 && len(work.unwantedIn(here)) == 0
}

// identify learns which cluster the member is.
func (r *running) identify(ctx context.Context, did *outcome) {
	ctx, cancel := context.WithTimeout(ctx, r.MemberTimeout)
	defer cancel()
	did.uid, did.uidErr = fleet.UID(ctx, did.client)
}

// open connects to a member once the inventory has been acknowledged.
func (r *running) open(ctx context.Context, member fleet.Member) (*fleet.Client, error) {
	connecting, cancel := context.WithTimeout(ctx, r.MemberTimeout)
	defer cancel()
	client, err := r.Connect(connecting, member)
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

func (r *running) on(member fleet.Member, client *fleet.Client) apply.Member {
	held := func(ctx context.Context, remade ...plan.Identity) error {
		if r.DryRun {
			return nil
		}
		return r.record.Confirm(ctx, inventory.Placement{Kind: member.Kind, Name: member.Name, Objects: remade})
	}
	return apply.Member{
		Client: client, Owner: r.Owner, Force: r.Force, DryRun: r.DryRun, Orphan: r.Orphan, NoWait: r.NoWait,
		Answer: r.MemberTimeout, Wait: r.Timeout, Now: r.Now, StillHeld: held,
	}
}
