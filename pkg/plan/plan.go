// Package plan is pure: an Application and the members that its destinations
// stand for, into the exact objects that each member should have.
package plan

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

// Resolver returns the members that a destination stands for, in order; nil is
// the host.
type Resolver func(*appsv1alpha1.ApplicationDestination) ([]fleet.Member, error)

// Build makes the plan of an application. Everything that is wrong with the
// application comes back at once, each error with the path of its field.
func Build(app *appsv1alpha1.Application, owner Owner, resolve Resolver) (*Plan, error) {
	return build(app, owner, resolve, leave{})
}

// BuildAllowingEmpty is Build where a destination that no cluster matches is no
// error: its policy goes nowhere.
func BuildAllowingEmpty(app *appsv1alpha1.Application, owner Owner, resolve Resolver) (*Plan, error) {
	return build(app, owner, resolve, leave{empty: true})
}

// BuildToShow is Build for who only looks at what should be where: a destination
// that no cluster matches is no error, and a cluster that a fleet lists and that
// does not exist is a member, which is Missing.
func BuildToShow(app *appsv1alpha1.Application, owner Owner, resolve Resolver) (*Plan, error) {
	return build(app, owner, resolve, leave{empty: true, missing: true})
}

// leave is what passes that would be an error otherwise.
type leave struct{ empty, missing bool }

func build(app *appsv1alpha1.Application, owner Owner, resolve Resolver, leave leave) (*Plan, error) {
	if err := Validate(app); err != nil {
		return nil, err
	}
	source := sourceOf(app)
	sourceObject, err := newObject(owner, source.target, app.Namespace, app.Name, source.raw)
	if err != nil {
		return nil, err
	}
	b := builder{
		source: sourceObject, sourceRefs: sourceRefs(app, source), leave: leave,
		members: map[memberKey]int{}, plan: &Plan{Owner: owner},
	}
	var errs []error
	for i := range app.Spec.SyncPolicies {
		object, err := syncObject(app, owner, source, i)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		destination, path := DestinationOf(app, i)
		if err := b.place(object, policyRefs(app, i), destination, path, resolve); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return b.plan, nil
}

// DestinationOf is the policy's own destination or else the application's, and
// where that is written: they do not merge.
func DestinationOf(app *appsv1alpha1.Application, index int) (*appsv1alpha1.ApplicationDestination, *field.Path) {
	if own := app.Spec.SyncPolicies[index].Destination; own != nil {
		return own, policyPath(index).Child("destination")
	}
	return app.Spec.Destination, specPath().Child("destination")
}

type memberKey struct{ kind, name string }

type builder struct {
	source     *Object
	sourceRefs []Ref
	leave      leave
	members    map[memberKey]int
	plan       *Plan
}

// place puts a sync object, and before the first one the source, on each
// member of its destination, with what they refer to.
func (b *builder) place(object *Object, refs []Ref, destination *appsv1alpha1.ApplicationDestination, path *field.Path, resolve Resolver) error {
	members, err := resolve(destination)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case len(members) > 0 || b.leave.empty:
	case destination.ClusterSelector != nil:
		return fmt.Errorf("%s: no cluster of fleet %q matches (--allow-empty allows that)", path.Child("clusterSelector"), destination.Fleet)
	default:
		return fmt.Errorf("%s: fleet %q lists no cluster (--allow-empty allows that)", path, destination.Fleet)
	}
	if err := noneMissing(members, destination, path); err != nil && !b.leave.missing {
		return err
	}
	for _, member := range members {
		key := memberKey{member.Kind, member.Name}
		at, known := b.members[key]
		if !known {
			at = len(b.plan.Members)
			b.members[key] = at
			b.plan.Members = append(b.plan.Members, MemberPlan{
				Member: member, Objects: []*Object{b.source}, Refs: addRefs(nil, b.sourceRefs),
			})
		}
		on := &b.plan.Members[at]
		on.Objects, on.Refs = append(on.Objects, object), addRefs(on.Refs, refs)
	}
	return nil
}

// noneMissing says which clusters a fleet lists that do not exist.
func noneMissing(members []fleet.Member, destination *appsv1alpha1.ApplicationDestination, path *field.Path) error {
	var errs []error
	for _, member := range members {
		if member.Missing {
			errs = append(errs, fmt.Errorf("%s: fleet %q lists %s %q, which does not exist; create it, or take it out of the fleet",
				path, destination.Fleet, member.Kind, member.Name))
		}
	}
	return errors.Join(errs...)
}

// newObject wraps a spec, given as JSON, into a whole object of ours.
func newObject(owner Owner, of target, namespace, name string, spec any) (*Object, error) {
	id := of.named(namespace, name)
	metadata, err := metadataOf(owner, id)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode the spec of %s: %w", id, err)
	}
	return &Object{Identity: id, metadata: metadata, spec: encoded}, nil
}

func metadataOf(owner Owner, id Identity) (json.RawMessage, error) {
	metadata, err := json.Marshal(map[string]any{
		"name":        id.Name,
		"namespace":   id.Namespace,
		"labels":      map[string]string{AppNameLabel: owner.Application, ManagedByLabel: ManagedBy},
		"annotations": map[string]string{OwnerAnnotation: owner.String()},
	})
	if err != nil {
		return nil, fmt.Errorf("encode the metadata of %s: %w", id, err)
	}
	return metadata, nil
}
