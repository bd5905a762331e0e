package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// How often a member is asked whether an object is gone: soon at first, then
// ever more seldom.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = 2 * time.Second
)

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

// found is as much of an object as decides whether it may be deleted.
type found struct {
	Metadata struct {
		UID         types.UID         `json:"uid"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Suspend bool `json:"suspend"`
	} `json:"spec"`
}

func (m Member) deleteOne(ctx context.Context, id plan.Identity) Result {
	result := Result{Identity: id, Action: Deleted}
	var live found
	err := decode(m.Client.Get().AbsPath(id.Path()...).Do(ctx), &live)
	switch {
	case apierrors.IsNotFound(err) && !notServed(err):
		return result
	case err != nil:
		result.Err = m.explain(id, err)
		return result
	case live.Metadata.Annotations[plan.OwnerAnnotation] != m.Owner.String():
		result.Action = Released
		return result
	case live.Spec.Suspend && !id.IsSource():
		result.Err = reason.Errorf(reason.Failed, "%s is suspended: deleted now, it would leave its workloads behind; resume it first", id)
		return result
	}
	result.UID = live.Metadata.UID
	if err := m.remove(ctx, id, live.Metadata.UID); err != nil {
		result.Err = m.explain(id, err)
		return result
	}
	result.Err = m.explain(id, m.waitGone(ctx, id, live.Metadata.UID))
	return result
}

// remove deletes that very object, and not one that has its name by now.
func (m Member) remove(ctx context.Context, id plan.Identity, uid types.UID) error {
	background := metav1.DeletePropagationBackground
	body, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:          metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		Preconditions:     &metav1.Preconditions{UID: &uid},
		PropagationPolicy: &background,
	})
	if err != nil {
		return err
	}
	err = m.Client.Delete().AbsPath(id.Path()...).Timeout(left(ctx)).Body(body).Do(ctx).Error()
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// waitGone waits until the object with this UID is no longer there.
func (m Member) waitGone(ctx context.Context, id plan.Identity, uid types.UID) error {
	for pause := firstLook; ; pause = min(pause*2, lastLook) {
		var live metav1.PartialObjectMetadata
		err := decode(m.Client.Get().AbsPath(id.Path()...).SetHeader("Accept", acceptMetadata).Do(ctx), &live)
		switch {
		case apierrors.IsNotFound(err), err == nil && live.UID != uid:
			return nil
		case err != nil && ctx.Err() == nil:
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for its finalizers, is Flux's controller running in the member?: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}
