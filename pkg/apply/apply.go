// Package apply puts objects into one member by server-side apply, and takes
// them out again.
package apply

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Action is what became of one object, in kubectl's words.
type Action string

// The actions there are. Released is an object that another owner has taken
// over: it stays, and is no longer ours. Deleting is one that was not waited
// for. Kept is one that is not wanted and was left all the same, Abandoned one
// that may still be there and is no longer looked after.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	Deleted    Action = "deleted"
	Deleting   Action = "being deleted"
	Released   Action = "released"
	Kept       Action = "kept"
	Abandoned  Action = "abandoned"
)

// Member is one member to work on, and who works.
type Member struct {
	Client rest.Interface
	Owner  plan.Owner
	// Force takes fields over that another manager owns.
	Force bool
	// DryRun asks the member what would become of each object, and changes
	// nothing.
	DryRun bool
	// Orphan leaves what Flux applied for an object that is deleted.
	Orphan bool
	// NoWait does not wait until what is deleted is gone.
	NoWait bool
	// Answer is how long the member may take to answer one request; 0 is as
	// long as there is.
	Answer time.Duration
	// Wait is how long Flux may take to let go of what is deleted; 0 is as long
	// as there is.
	Wait time.Duration
	// Unsure are objects that an earlier run was about to make, and of which it
	// saw no answer: a create may still be on its way.
	Unsure []plan.Identity
	// Sights are objects to delete that Look has seen.
	Sights []Sight
	// Now is the clock.
	Now func() time.Time
	// StillHeld makes sure that the run still holds the inventory. Of objects that
	// are about to be made anew the inventory says from then on that they may come
	// late: what it knew of was another one.
	StillHeld func(ctx context.Context, remade ...plan.Identity) error
	served    *served
}

// attempts is how often an apply is tried while somebody else makes and deletes
// the same object.
const attempts = 5

// sameMoment is within what time an apply is taken to be this one.
const sameMoment = 5 * time.Second

// State is what tells, of an object that an apply of ours made or changed,
// whether a later apply changed it again.
type State struct {
	// UID is the object's; empty if unknown.
	UID types.UID
	// Applied is when an apply of ours last changed the object, by the member's
	// clock, in whole seconds: the time of our entry in its managedFields.
	Applied string
	// Generation is the object's, which each change of its spec raises. A Secret
	// and a ConfigMap have none: then it is the resourceVersion.
	Generation int64
}

// Wanted is an object to apply, and its state after the last apply of ours.
type Wanted struct {
	*plan.Object
	State
}

// Result is what became of one object.
type Result struct {
	// Identity is in the version in which the member was asked for the object.
	plan.Identity
	State
	Action Action
	// Left tells of a deleted object that Flux was told to leave what it applied
	// for it: by its spec, not by this run.
	Left bool
	// Made tells of an object that failed only after an apply of ours had gone
	// well: it may be there.
	Made bool
	Err  error
}

// Apply applies the objects side by side, one request each; but first those
// that the others refer to: Flux, which would miss them, may look again only
// after an interval. Where the source is refused because it is somebody else's,
// nothing is left that would sync from it. There is one result per object, in
// their order.
func (m Member) Apply(ctx context.Context, objects []Wanted) []Result {
	m.served = &served{}
	refs := 0
	for refs < len(objects) && objects[refs].IsRef() {
		refs++
	}
	results := append(m.applyStep(ctx, objects[:refs]), m.applyStep(ctx, objects[refs:])...)
	m.withdraw(ctx, results)
	return results
}

func (m Member) applyAll(ctx context.Context, objects []Wanted) []Result {
	return each(ctx, objects, func(w Wanted) plan.Identity { return w.Identity }, m.applyServed)
}

// abreast is how many objects of a member are worked on at once. Each may have a
// watch and a request under way, and API servers take a hundred on a connection.
const abreast = 40

// each works on a member's objects side by side. A result that names no object
// is that of the item.
func each[T any](ctx context.Context, items []T, id func(T) plan.Identity, work func(context.Context, T) (Result, error)) []Result {
	results := make([]Result, 0, len(items))
	for result := range fanout.Run(ctx, fanout.Options{Limit: abreast}, items, work) {
		if result.Value.Err = result.Err; result.Value.Identity == (plan.Identity{}) {
			result.Value.Identity = id(result.Item)
		}
		results = append(results, result.Value)
	}
	return results
}

// applyOne applies an object. It creates one only where there is none, and
// changes one only if it is the owner's: what else stands there is not touched
// unless m.Force says so. An apply onto an object that is being deleted
// succeeds and is then lost with it, so it is done again when that is gone.
func (m Member) applyOne(ctx context.Context, object Wanted) (Result, error) {
	made := false
	for range attempts {
		result, dying, err := m.patch(ctx, object)
		made = made || result.UID != ""
		switch {
		case err == nil && dying != nil && m.DryRun:
			result.Action = Created // anew, once it is gone
			return result, nil
		case err == nil && dying == nil:
			return result, nil
		case err == nil:
			if _, err = m.untilGone(ctx, object.Identity, *dying, nil); err == nil {
				err = m.StillHeld(ctx, object.Identity)
			}
			object.State = State{}
		case isOther(err), isOwnerConflict(err):
			object.State, err = m.whatIsThere(ctx, object)
		}
		if errors.Is(err, errOriginal) || errors.Is(err, errShared) { // what was wanted is there
			return Result{Action: Unchanged}, nil
		}
		if err != nil {
			return Result{Made: made}, m.explain(object.Identity, err)
		}
	}
	return Result{Made: made}, reason.Errorf(reason.Conflict, "%s: somebody else makes and deletes it meanwhile", object.Identity)
}

// errNotOurs is the error of an object that somebody else made.
var errNotOurs = errors.New("--force-conflicts takes it over")

// whatIsThere finds the state of the object that stands where one was to be
// made, or where another one was expected; empty where there is none. Time has
// passed since the run began, so it makes sure that the run still holds the
// inventory.
func (m Member) whatIsThere(ctx context.Context, object Wanted) (State, error) {
	found, err := m.get(ctx, object.Path())
	if isGone(err) {
		return State{}, m.StillHeld(ctx, object.Identity)
	}
	if err == nil {
		err = m.StillHeld(ctx)
	}
	owner := found.Metadata.Annotations[plan.OwnerAnnotation]
	switch {
	case err != nil:
		return State{}, err
	case owner == m.Owner.String():
		return State{UID: found.Metadata.UID}, nil
	}
	if err := m.guardOriginal(ctx, object.Identity); err != nil {
		return State{}, err
	}
	switch {
	case m.Force:
		return State{UID: found.Metadata.UID}, nil
	case object.IsRef() && strings.HasPrefix(owner, m.Owner.HostUID+"/"):
		return State{}, errShared
	case owner == "":
		return State{}, reason.Errorf(reason.Conflict, "it is there already, and was not made by kubectl fleetapp; %w", errNotOurs)
	}
	if name, here := strings.CutPrefix(owner, m.Owner.HostUID+"/"); here {
		return State{}, reason.Errorf(reason.Conflict, "it belongs to application %.500s of this host; give yours another name (%w)", name, errNotOurs)
	}
	return State{}, reason.Errorf(reason.Conflict, "it belongs to application %.500s; %w", owner, errNotOurs)
}

// patch sends one server-side apply. It asks for the metadata alone in answer:
// that says all that matters. Where the object is being deleted, its state
// comes back as dying.
func (m Member) patch(ctx context.Context, object Wanted) (result Result, dying *live, err error) {
	body := object.BodyToCreate()
	if object.UID != "" {
		body = object.Body(object.UID)
	}
	answer, err := m.once(ctx, m.write(ctx, m.Client.Patch(types.ApplyPatchType)).AbsPath(object.Path()...).
		Param("fieldValidation", metav1.FieldValidationStrict).
		Param("force", strconv.FormatBool(m.Force)).
		SetHeader("Accept", acceptMetadata).
		Body(body))
	if err != nil {
		return result, nil, err
	}
	var (
		status int
		meta   metav1.PartialObjectMetadata
	)
	answer.StatusCode(&status)
	if err := decode(answer, &meta); err != nil {
		return result, nil, err
	}
	result.State = State{meta.UID, m.lastChange(meta.ManagedFields), generation(meta)}
	result.Action = m.action(status, object.State, result.State)
	if meta.DeletionTimestamp != nil {
		dying = &live{}
		dying.Metadata.UID, dying.Metadata.ResourceVersion = meta.UID, meta.ResourceVersion
		return result, dying, nil
	}
	return result, nil, m.resume(ctx, object, meta)
}

// action tells what an apply did. One that changes nothing leaves the whole
// object as it is, the time of our managedFields entry included: so that time
// tells, without a request more. It counts seconds; where it is the same and
// the generation is not, either this apply was made in the very second of the
// one before, or somebody else has changed the object since.
func (m Member) action(status int, before, after State) Action {
	switch {
	case status == http.StatusCreated:
		return Created
	case after.Applied != before.Applied:
		return Configured
	case after.Generation != before.Generation && m.isRecent(after.Applied):
		return Configured
	}
	return Unchanged
}

// isRecent allows for some difference between the clocks.
func (m Member) isRecent(applied string) bool {
	at, err := time.Parse(time.RFC3339, applied)
	return err == nil && m.Now().Sub(at).Abs() < sameMoment
}

// lastChange is the time of our managedFields entry.
func (m Member) lastChange(fields []metav1.ManagedFieldsEntry) string {
	for _, entry := range fields {
		if entry.Manager == m.Owner.FieldManager() && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Time != nil {
			return entry.Time.UTC().Format(time.RFC3339)
		}
	}
	return ""
}
