package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// applyServed applies an object in the newest version in which the member
// serves it. It begins with the newest that we know and does not ask first: a
// member with today's Flux costs no request more.
func (m Member) applyServed(ctx context.Context, object Wanted) (Result, error) {
	result, err := m.applyOne(ctx, object)
	if !reason.NotServed(err) {
		return result, err
	}
	return m.inServed(ctx, object.Identity, func(id plan.Identity) (Result, error) {
		older, err := object.In(id.Version)
		if err != nil {
			return Result{}, reason.Errorf(reason.Invalid,
				"%s: %w, the newest version that this member serves; upgrade Flux there or leave the field out", id, err)
		}
		return m.applyOne(ctx, Wanted{older, object.State})
	})
}

// deleteServed deletes an object in the version that it is recorded in, or in
// the newest that the member serves instead since its Flux was changed.
func (m Member) deleteServed(ctx context.Context, id plan.Identity) (Result, error) {
	result, err := m.deleteOne(ctx, id)
	if !reason.NotServed(err) {
		return result, err
	}
	result, err = m.inServed(ctx, id, func(id plan.Identity) (Result, error) { return m.deleteOne(ctx, id) })
	var unserved *unservedError
	if errors.As(err, &unserved) && unserved.isCertain() {
		return Result{Action: Deleted}, nil
	}
	return result, err
}

// inServed works on an object in the other versions that we know and that the
// member serves its group in, the newest first, until the member knows it in
// one. A group may serve some of its resources in an older version only.
func (m Member) inServed(ctx context.Context, id plan.Identity, work func(plan.Identity) (Result, error)) (Result, error) {
	known := plan.Versions(id.Group)
	if len(known) == 0 {
		return Result{}, reason.Errorf(reason.NotFound, "%s: it does not serve %s: is it a Kubernetes API server?", id, id.Resource)
	}
	group, err := m.groupOf(ctx, id)
	if err != nil {
		return Result{}, err
	}
	for _, version := range known {
		if version == id.Version || !slices.Contains(group.versions, version) {
			continue
		}
		other := id
		other.Version = version
		if result, err := work(other); !reason.NotServed(err) {
			result.Identity = other
			return result, err
		}
	}
	return Result{}, reason.Errorf(reason.NoFlux, "%w", &unservedError{id, group})
}

// served remembers what a member serves of Flux's groups. Each group is asked
// for once, however many objects are of it, and only where one was refused.
type served struct {
	mutex  sync.Mutex // guards groups
	groups map[string]*servedGroup
}

// servedGroup is what a member serves of a group: nothing, or some versions.
type servedGroup struct {
	known    chan struct{} // closed once the fields below are
	missing  bool
	versions []string
	err      error
}

// groupOf finds out what the member serves of an object's group.
func (m Member) groupOf(ctx context.Context, id plan.Identity) (*servedGroup, error) {
	group, asked := m.served.group(id.Group)
	if !asked {
		defer close(group.known)
		group.missing, group.versions, group.err = m.readGroup(ctx, id.Group)
		return group, group.err
	}
	select {
	case <-group.known:
		return group, group.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// group is the place for what is known of a group, and whether somebody asks
// or has asked for that: who calls first is to.
func (s *served) group(name string) (group *servedGroup, asked bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if group, asked = s.groups[name]; asked {
		return group, true
	}
	if s.groups == nil {
		s.groups = map[string]*servedGroup{}
	}
	group = &servedGroup{known: make(chan struct{})}
	s.groups[name] = group
	return group, false
}

func (m Member) readGroup(ctx context.Context, name string) (missing bool, versions []string, err error) {
	var found metav1.APIGroup
	err = decode(m.Client.Get().AbsPath("apis", name).Timeout(m.patience(ctx)).Do(ctx), &found)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil, nil
	case err != nil:
		return false, nil, fmt.Errorf("which versions of %s it serves cannot be read: %w", name, err)
	}
	for _, served := range found.Versions {
		if len(validation.IsDNS1035Label(served.Version)) == 0 {
			versions = append(versions, served.Version)
		}
	}
	return false, versions, nil
}

// unservedError is the error of an object that the member serves in no version
// that we know.
type unservedError struct {
	id    plan.Identity
	group *servedGroup
}

// maxNamed bounds how many versions an error names: they are the member's word.
const maxNamed = 10

func (e *unservedError) Error() string {
	group, versions := e.id.Group, e.group.versions
	if len(versions) == 0 {
		return fmt.Sprintf("Flux is not installed (%s is not served)", group)
	}
	return fmt.Sprintf("it serves %s in %s, but no %s in a version that kubectl fleetapp knows (%s); upgrade Flux there, or kubectl fleetapp here",
		group, strings.Join(versions[:min(len(versions), maxNamed)], ", "), e.id.Resource, strings.Join(plan.Versions(group), ", "))
}

// isCertain tells that there can be no such object: the member was asked in
// each version that it serves.
func (e *unservedError) isCertain() bool {
	known := append(plan.Versions(e.id.Group), e.id.Version)
	return e.group.missing || len(e.group.versions) > 0 &&
		!slices.ContainsFunc(e.group.versions, func(v string) bool { return !slices.Contains(known, v) })
}
