package apply

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// kustomizations is the resource whose finalizer can leave workloads behind:
// see leftover.
const kustomizations = "kustomizations"

// ErrKept is the error of a source that stays because an object that it feeds
// could not be deleted.
var ErrKept = errors.New("kept until the objects that sync it are gone")

// Delete deletes the objects that are still the owner's, and waits until they
// are gone. Sync objects go first, side by side: Flux removes the workloads
// before it lets go of them. Sources follow once none is left. There is one
// result per object, in their order.
func (m Member) Delete(ctx context.Context, objects []plan.Identity) []Result {
	results := make([]Result, len(objects))
	var syncs, sources []int
	for i, id := range objects {
		results[i].Identity = id
		if id.IsSource() {
			sources = append(sources, i)
		} else {
			syncs = append(syncs, i)
		}
	}
	m.deleteAll(ctx, results, syncs)
	for _, i := range syncs {
		if results[i].Err != nil {
			for _, source := range sources {
				results[source].Err = ErrKept
			}
			return results
		}
	}
	m.deleteAll(ctx, results, sources)
	return results
}

func (m Member) deleteAll(ctx context.Context, results []Result, which []int) {
	var group sync.WaitGroup
	for _, i := range which {
		group.Go(func() { results[i] = m.deleteOne(ctx, results[i].Identity) })
	}
	group.Wait()
}

func (m Member) deleteOne(ctx context.Context, id plan.Identity) Result {
	result := Result{Identity: id, Action: Deleted}
	object, err := m.get(ctx, id.Path())
	switch {
	case apierrors.IsNotFound(err) && !notServed(err):
		return result
	case err != nil:
		result.Err = m.explain(id, err)
	case object.Metadata.Annotations[plan.OwnerAnnotation] != m.Owner.String():
		result.Action = Released
	case object.Spec.Suspend && !id.IsSource():
		result.Err = reason.Errorf(reason.Failed, "%s is suspended: deleted now, it would leave its workloads behind; resume it first", id)
	default:
		result.UID = object.Metadata.UID
		result.Err = m.explain(id, m.deleteOurs(ctx, id, object))
	}
	return result
}

// deleteOurs deletes an object, waits until it is gone, and sees to it that
// what Flux applied for it goes too.
func (m Member) deleteOurs(ctx context.Context, id plan.Identity, found live) error {
	deleting, err := m.remove(ctx, id, found.Metadata.UID)
	if found.Metadata.DeletionTimestamp != nil {
		// Its deletion began before this run, and what came to its inventory
		// since is not known: so look at all of it.
		deleting.Status.Inventory.Entries = nil
	}
	if err != nil || deleting.Metadata.UID == "" { // already gone
		return err
	}
	last, err := m.untilGone(ctx, id, deleting)
	if err != nil || id.Resource != kustomizations {
		return err
	}
	return m.leftover(ctx, id, deleting, last)
}

// remove deletes that very object, and not one that has its name by now. It
// returns the object as it was when its deletion began, empty where it went at
// once.
func (m Member) remove(ctx context.Context, id plan.Identity, uid types.UID) (live, error) {
	background := metav1.DeletePropagationBackground
	body, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:          metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		Preconditions:     &metav1.Preconditions{UID: &uid},
		PropagationPolicy: &background,
	})
	if err != nil {
		return live{}, err
	}
	var answer json.RawMessage
	err = decode(m.Client.Delete().AbsPath(id.Path()...).Timeout(left(ctx)).Body(body).Do(ctx), &answer)
	if apierrors.IsNotFound(err) {
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
