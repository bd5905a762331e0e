package deploy

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// outcome is what was learned of one member.
type outcome struct {
	// client is open while there is something left to do in the member.
	client  *fleet.Client
	uid     types.UID
	uidErr  error
	objects []apply.Result
	// sights are objects that are to be deleted, as they were seen meanwhile.
	sights []apply.Sight
	// err is why the member failed as a whole.
	err error
	// abandoned is set once what could not be deleted was given up, and gaveUp
	// says why.
	abandoned bool
	gaveUp    []error
}

// close ends the connection, if there is one.
func (o *outcome) close() {
	if o.client != nil {
		o.client.Close()
		o.client = nil
	}
}

// failed tells whether anything went wrong in the member.
func (o *outcome) failed() bool {
	return o.err != nil || slices.ContainsFunc(o.objects, func(r apply.Result) bool { return r.Err != nil })
}

// keep says of what is not wanted that it was left.
func (o *outcome) keep(work Work) {
	for _, id := range work.Unwanted() {
		o.objects = append(o.objects, apply.Result{Identity: id, Action: apply.Kept})
	}
}

// abandon gives up what could not be deleted, and is no failure any more.
func (o *outcome) abandon(work Work) {
	if !o.failed() {
		return
	}
	o.abandoned, o.gaveUp, o.err = true, o.errs(), nil
	for _, id := range work.Unwanted() {
		known := slices.IndexFunc(o.objects, func(r apply.Result) bool { return r.SameObject(id) })
		switch {
		case known < 0:
			o.objects = append(o.objects, apply.Result{Identity: id, Action: apply.Abandoned})
		case o.objects[known].Err != nil:
			o.objects[known].Action, o.objects[known].Err = apply.Abandoned, nil
		}
	}
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
	known := inventory.Outcome{Kind: work.Member.Kind, Name: work.Member.Name, UID: o.uid, Abandoned: o.abandoned}
	var notOpened notOpenedError
	if errors.As(o.err, &notOpened) || errors.Is(o.err, fanout.ErrNotAttempted) {
		for _, wanted := range work.Wanted {
			known.NotMade = append(known.NotMade, wanted.Identity)
		}
	}
	for _, object := range o.objects {
		switch {
		case object.Err != nil && !object.Made && apply.NotMade(object.Err):
			known.NotMade = append(known.NotMade, object.Identity)
		case object.Err != nil:
		case object.Action == apply.Deleted, object.Action == apply.Released, object.Action == apply.Abandoned:
			known.Gone = append(known.Gone, object.Identity)
		case object.Action == apply.Deleting, object.Action == apply.Kept:
		default:
			known.Present = append(known.Present, inventory.Entry{
				Identity: object.Identity, UID: object.UID, Applied: object.Applied, Generation: object.Generation,
			})
		}
	}
	return known
}
