package apply

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// watchTime bounds one watch, here and in the member: a connection may be
	// dead and not say so.
	watchTime = 30 * time.Second
	// lookAgain is how long to wait between watches.
	lookAgain = time.Second
)

// live is as much of an object in a member as matters here.
type live struct {
	// isSight tells that it was seen some time ago.
	isSight  bool
	Metadata struct {
		UID               types.UID         `json:"uid"`
		ResourceVersion   string            `json:"resourceVersion"`
		DeletionTimestamp *string           `json:"deletionTimestamp"`
		Annotations       map[string]string `json:"annotations"`
		Labels            map[string]string `json:"labels"`
		// ManagedFields tell who set what.
		ManagedFields []metav1.ManagedFieldsEntry `json:"managedFields"`
	} `json:"metadata"`
	Spec struct {
		Suspend        bool   `json:"suspend"`
		Prune          bool   `json:"prune"`
		DeletionPolicy string `json:"deletionPolicy"`
	} `json:"spec"`
	Status struct {
		// Inventory is what Flux says that it applied for the object.
		Inventory struct {
			Entries []plan.Entry `json:"entries"`
		} `json:"inventory"`
	} `json:"status"`
}

func (m Member) get(ctx context.Context, path []string) (live, error) {
	var object live
	err := decode(m.Client.Get().AbsPath(path...).Timeout(m.patience(ctx)).Do(ctx), &object)
	return object, err
}

// untilGone follows an object until it is deleted, and returns its last state.
// It watches, so that no state is missed that the object was in before it
// went; where it may not, it looks again and again.
func (m Member) untilGone(ctx context.Context, id plan.Identity, last live, ahead *following) (live, error) {
	if m.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.Wait)
		defer cancel()
	}
	uid := last.Metadata.UID
	for {
		var gone bool
		if ahead != nil {
			last, gone = ahead.end(ctx, last)
			ahead = nil
		} else {
			last, gone = m.follow(ctx, id, last)
		}
		if gone {
			return last, nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return last, context.Cause(ctx)
			}
			return last, reason.Errorf(reason.Timeout, "%w when the time was over (--timeout): does Flux's controller run in the member?", ErrNotGone)
		case <-time.After(lookAgain):
		}
		object, err := m.get(ctx, id.Path())
		switch {
		case isGone(err), err == nil && object.Metadata.UID != uid:
			return last, nil
		case err == nil:
			last = object
		case ctx.Err() == nil && reason.Of(err) != reason.Timeout:
			return last, err
		}
	}
}

// following is a watch that was begun side by side with the deletion that it is to
// see the end of.
type following struct {
	cancel context.CancelFunc
	ended  chan struct{}
	last   live // these two once it has ended
	gone   bool
}

// followAhead begins one of an object that was seen already, so that it costs no
// round trip of its own; nil where there is nothing to wait for.
func (m Member) followAhead(ctx context.Context, id plan.Identity, found live) *following {
	if !found.isSight || m.NoWait || m.DryRun || id.IsRef() {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &following{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		f.last = found
		// What panics in there ends nothing else.
		for range fanout.Run(ctx, fanout.Options{Limit: 1}, []plan.Identity{id}, func(ctx context.Context, id plan.Identity) (struct{}, error) {
			f.last, f.gone = m.follow(ctx, id, found)
			return struct{}{}, nil
		}) {
		}
	}()
	return f
}

// end waits until the watch ends, and returns the last state: the one that is
// known if it saw none.
func (f *following) end(ctx context.Context, known live) (last live, gone bool) {
	select {
	case <-f.ended:
	case <-ctx.Done():
		f.stop()
	}
	if f.last.isSight {
		return known, f.gone
	}
	return f.last, f.gone
}

// stop ends the watch, if there is one.
func (f *following) stop() {
	if f != nil {
		f.cancel()
		<-f.ended
	}
}

// follow watches an object from a state on, until it is deleted or the watch
// ends, and returns the last state that it saw.
func (m Member) follow(ctx context.Context, id plan.Identity, last live) (_ live, gone bool) {
	ctx, cancel := context.WithTimeout(ctx, watchTime)
	defer cancel()
	path := id.Path()
	stream, err := m.Client.Get().AbsPath(path[:len(path)-1]...).
		Param("watch", "true").
		Param("timeoutSeconds", strconv.Itoa(int(watchTime.Seconds()))).
		Param("fieldSelector", "metadata.name="+id.Name).
		Param("resourceVersion", last.Metadata.ResourceVersion).
		Stream(ctx)
	if err != nil {
		return last, false
	}
	defer stream.Close()
	uid := last.Metadata.UID
	for events := json.NewDecoder(stream); ; {
		var event struct {
			Type   watch.EventType `json:"type"`
			Object live            `json:"object"`
		}
		switch err := events.Decode(&event); {
		case err != nil, event.Object.Metadata.UID == "":
			return last, false // also an error's Status
		case !slices.Contains([]watch.EventType{watch.Added, watch.Modified, watch.Deleted}, event.Type):
			return last, false
		case event.Object.Metadata.UID != uid:
			return last, true
		case event.Type == watch.Deleted:
			return event.Object, true
		default:
			last = event.Object
		}
	}
}
