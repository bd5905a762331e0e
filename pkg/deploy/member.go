package deploy

import (
	"context"
	"errors"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// outcome is what was learned of one member.
type outcome struct {
	uid     types.UID
	objects []apply.Result
}

// member does one member's work, once the inventory lists it.
func (e Engine) member(ctx context.Context, work Work, intended <-chan struct{}) (outcome, error) {
	client, err := e.Connect(ctx, work.Member)
	if err != nil {
		return outcome{}, err
	}
	defer client.Close()
	select {
	case <-intended:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	member := apply.Member{Client: client, Owner: e.Owner, Force: e.Force, Now: e.Now}
	var (
		did    outcome
		uidErr error
		asking sync.WaitGroup
	)
	asking.Go(func() { did.uid, uidErr = fleet.UID(ctx, client) })
	did.objects = member.Apply(ctx, work.Wanted)
	asking.Wait()
	if failed(did.objects) || len(work.Unwanted) == 0 {
		return did, nil
	}
	if err := sameCluster(work, did.uid, uidErr); err != nil {
		return did, err
	}
	did.objects = append(did.objects, member.Delete(ctx, work.Unwanted)...)
	return did, nil
}

// sameCluster guards what is to be deleted: an object that is not in this
// cluster may still be in the one that had its name before.
func sameCluster(work Work, seen types.UID, err error) error {
	switch {
	case work.UID == "" || work.UID == seen:
		return nil
	case err != nil:
		return err
	}
	return reason.Errorf(reason.Failed,
		"its kubeconfig leads to another cluster (kube-system %s) than the one that was deployed to (%s)", seen, work.UID)
}

func failed(objects []apply.Result) bool {
	for _, object := range objects {
		if object.Err != nil {
			return true
		}
	}
	return false
}

// errs are all reasons why the member failed. One cause that met each object
// is said once.
func (o outcome) errs(member error) []error {
	var all []error
	said := map[string]bool{}
	say := func(err error) {
		if err != nil && !errors.Is(err, apply.ErrKept) && !said[reason.Message(err)] {
			said[reason.Message(err)] = true
			all = append(all, err)
		}
	}
	say(member)
	for _, object := range o.objects {
		say(object.Err)
	}
	return all
}

// inventory is the outcome as the inventory takes it in: only what was
// answered counts as known.
func (o outcome) inventory(member fleet.Member) inventory.Outcome {
	learned := inventory.Outcome{Kind: member.Kind, Name: member.Name, UID: o.uid}
	for _, object := range o.objects {
		switch {
		case object.Err != nil:
		case object.Action == apply.Deleted, object.Action == apply.Released:
			learned.Gone = append(learned.Gone, object.Identity)
		default:
			learned.Present = append(learned.Present, inventory.Entry{
				Identity: object.Identity, UID: object.UID, Applied: object.Applied, Generation: object.Generation,
			})
		}
	}
	return learned
}
