package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// kustomizations is the resource whose finalizer can leave workloads behind:
// see leftover.
const kustomizations = "kustomizations"

// lateLooks is how often to look, once a second, for a create whose sender is
// dead: for some times what a lost packet takes to be sent again.
const lateLooks = 5

// ErrKept is the error of an object that stays because one that uses it could
// not be deleted.
var ErrKept = errors.New("kept until the objects that sync it are gone")

// ErrNotGone is the error of an object whose deletion has begun, and was not
// seen to end in the time that there was.
var ErrNotGone = errors.New("it is being deleted, but has finalizers left")

// Delete deletes the objects that are still the owner's, and waits until they
// are gone. Sync objects go first, side by side: Flux removes the workloads
// before it lets go of them. Sources follow once none is left, then what both
// refer to. There is one result per object, in the order in which they go.
func (m Member) Delete(ctx context.Context, objects []plan.Identity) []Result {
	m.served = &served{}
	var results []Result
	for step := 0; len(results) < len(objects); step++ {
		var now []plan.Identity
		for _, id := range objects {
			if id.DeletionStep() == step {
				now = append(now, id)
			}
		}
		results = append(results, m.deleteStep(ctx, now, results)...)
	}
	return results
}

// deleteStep deletes objects side by side, if all before are gone; what is not
// waited for holds the rest up until a later run.
func (m Member) deleteStep(ctx context.Context, objects []plan.Identity, before []Result) []Result {
	var stays Result
	switch {
	case slices.ContainsFunc(before, func(r Result) bool { return r.Err != nil }):
		stays.Err = ErrKept
	case slices.ContainsFunc(before, func(r Result) bool { return r.Action == Deleting }):
		stays.Action = Kept
	default:
		same := func(id plan.Identity) plan.Identity { return id }
		return each(ctx, objects, same, m.deleteServed)
	}
	kept := make([]Result, len(objects))
	for i, id := range objects {
		kept[i] = stays
		kept[i].Identity = id
	}
	return kept
}

// deleteOne deletes an object: as it was seen if it has not changed since, or as
// it is now.
func (m Member) deleteOne(ctx context.Context, id plan.Identity) (Result, error) {
	if seen, ok := m.sighted(id); ok {
		if result, err := m.deleteFound(ctx, id, seen, nil); !errors.Is(err, errChanged) {
			return result, err
		}
	}
	return m.deleteNow(ctx, id)
}

// deleteNow looks at an object, and deletes it. Where a create of it may still be
// on its way, it looks for that too, once what is there is gone.
func (m Member) deleteNow(ctx context.Context, id plan.Identity) (Result, error) {
	object, err := m.get(ctx, id.Path())
	isUnsure := slices.ContainsFunc(m.Unsure, id.SameObject) && !m.DryRun
	if isGone(err) && isUnsure {
		object, err = m.getLate(ctx, id, err)
	}
	result, err := m.deleteFound(ctx, id, object, err)
	if err != nil || !isUnsure || result.Action != Deleted || result.UID == "" {
		return result, err
	}
	late, err := m.getLate(ctx, id, errNoneCame)
	if errors.Is(err, errNoneCame) {
		return result, nil
	}
	return m.deleteFound(ctx, id, late, err)
}

// errChanged tells that an object is not as it was seen any more, and was left alone.
var errChanged = errors.New("it has changed since it was seen")

// errNoneCame tells that nothing came late.
var errNoneCame = errors.New("none came")

// deleteFound deletes an object as it was found, or not found.
func (m Member) deleteFound(ctx context.Context, id plan.Identity, object live, err error) (Result, error) {
	switch {
	case isGone(err):
		return Result{Action: Deleted}, nil
	case err != nil:
		return Result{}, m.explain(id, err)
	case object.Metadata.Annotations[plan.OwnerAnnotation] != m.Owner.String():
		return Result{Action: Released}, nil
	}
	if object, err = m.wake(ctx, id, object); err != nil {
		return Result{}, err
	}
	action, err := m.deleteOurs(ctx, id, object)
	return Result{
		Action: action, State: State{UID: object.Metadata.UID},
		Left: id.Resource == kustomizations && !m.Orphan && !deletesWorkloads(object),
	}, m.explain(id, err)
}

// getLate looks for some time whether an object comes that is not there. A
// process that was killed may have sent a create that is still under way.
func (m Member) getLate(ctx context.Context, id plan.Identity, gone error) (object live, err error) {
	for range lateLooks {
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return live{}, context.Cause(ctx)
		}
		if object, err = m.get(ctx, id.Path()); !isGone(err) {
			return object, err
		}
	}
	return live{}, gone
}

// deleteOurs deletes an object, waits until it is gone, and sees to it that
// what Flux applied for it goes too.
func (m Member) deleteOurs(ctx context.Context, id plan.Identity, found live) (Action, error) {
	if m.Orphan && id.IsSync() {
		switch err := m.letGo(ctx, id, found.Metadata.UID); {
		case apierrors.IsNotFound(err): // gone meanwhile
			return Deleted, nil
		case err != nil:
			return "", err
		}
	}
	this := only(found.Metadata.UID)
	if found.isSight {
		this.ResourceVersion = &found.Metadata.ResourceVersion
	}
	ahead := m.followAhead(ctx, id, found)
	defer ahead.stop()
	deleting, err := m.remove(ctx, id, this)
	if found.isSight && apierrors.IsConflict(err) {
		return "", fmt.Errorf("%w: %w", errChanged, err)
	}
	if found.Metadata.DeletionTimestamp != nil {
		// Its deletion began before this run, and what came to its inventory
		// since is not known: so look at all of it.
		deleting.Status.Inventory.Entries = nil
	}
	switch {
	case err != nil || deleting.Metadata.UID == "" || m.DryRun: // already gone
		return Deleted, err
	case m.NoWait:
		return Deleting, nil
	}
	last, err := m.untilGone(ctx, id, deleting, ahead)
	if err != nil || m.Orphan || id.Resource != kustomizations {
		return Deleted, err
	}
	return Deleted, m.leftover(ctx, id, deleting, last)
}

// only is that very object, and not one that has its name by now.
func only(uid types.UID) *metav1.Preconditions { return &metav1.Preconditions{UID: &uid} }

// remove deletes an object if it is this one. It returns the object as it was when
// its deletion began, empty where it went at once.
func (m Member) remove(ctx context.Context, id plan.Identity, this *metav1.Preconditions) (live, error) {
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{
		TypeMeta:          metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		Preconditions:     this,
		PropagationPolicy: &background,
	}
	if m.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	body, err := json.Marshal(options)
	if err != nil {
		return live{}, err
	}
	var answer json.RawMessage
	err = decode(m.Client.Delete().AbsPath(id.Path()...).Timeout(m.patience(ctx)).Body(body).Do(ctx), &answer)
	if isGone(err) {
		return live{}, nil
	}
	if err != nil {
		return live{}, err
	}
	// The answer is the object where its finalizers have yet to run, and a
	// Status where it is gone.
	var of metav1.TypeMeta
	var deleting live
	if err := json.Unmarshal(answer, &of); err != nil || of.Kind == "Status" {
		return live{}, err
	}
	return deleting, json.Unmarshal(answer, &deleting)
}
