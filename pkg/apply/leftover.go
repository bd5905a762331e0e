package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Flux writes these labels on all that a Kustomization applies.
const (
	fluxNameLabel      = "kustomize.toolkit.fluxcd.io/name"
	fluxNamespaceLabel = "kustomize.toolkit.fluxcd.io/namespace"
)

// leftover deletes what a Kustomization left behind although it is gone.
//
// A Kustomization that is deleted while Flux is still applying it gets its
// inventory when that is done, after its deletion began; and Flux may then run
// its finalizer on a cached state from before, whose inventory lacks what was
// just applied. So what came to the inventory after the deletion began is
// looked at, and what is not on its way out is deleted as Flux would have.
func (m Member) leftover(ctx context.Context, kustomization plan.Identity, atDelete, atEnd live) error {
	if !deletesWorkloads(atEnd) {
		return nil
	}
	var late []plan.Entry
	for _, entry := range atEnd.Status.Inventory.Entries {
		if !slices.Contains(atDelete.Status.Inventory.Entries, entry) {
			late = append(late, entry)
		}
	}
	kinds := m.kinds(ctx, late)
	var err error
	for result := range fanout.Run(ctx, fanout.Options{Limit: len(late)}, late, func(ctx context.Context, entry plan.Entry) (struct{}, error) {
		return struct{}{}, m.sweep(ctx, kustomization, entry, kinds)
	}) {
		if result.Err != nil && err == nil {
			err = unswept(result.Item, result.Err)
		}
	}
	return err
}

// unswept is the error of what may be left, and nobody looks for again.
func unswept(entry plan.Entry, err error) error {
	why := reason.Failed
	if reason.Of(err) == reason.Forbidden {
		why = reason.Forbidden
	}
	return reason.Errorf(why, "it is gone, but what it applied last may be left, to be deleted by hand: %s: %w", entry.ID, err)
}

// deletesWorkloads tells whether Flux deletes what a Kustomization applied when
// that is deleted. Source: kustomize-controller's documentation of
// .spec.deletionPolicy.
func deletesWorkloads(kustomization live) bool {
	spec := kustomization.Spec
	switch spec.DeletionPolicy {
	case "Delete", "WaitForTermination":
		return !spec.Suspend
	case "", "MirrorPrune":
		return !spec.Suspend && spec.Prune
	}
	return false
}

// sweep deletes one object that Flux applied for a Kustomization, unless it is
// gone, going, somebody else's by now, or meant to stay.
func (m Member) sweep(ctx context.Context, kustomization plan.Identity, entry plan.Entry, kinds map[string]resources) error {
	id, err := locate(entry, kinds)
	if err != nil {
		return err
	}
	object, err := m.get(ctx, id.Path())
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	meta := object.Metadata
	if meta.DeletionTimestamp != nil || stays(meta.Labels) || stays(meta.Annotations) ||
		meta.Labels[fluxNameLabel] != kustomization.Name || meta.Labels[fluxNamespaceLabel] != kustomization.Namespace {
		return nil
	}
	if _, err = m.remove(ctx, id, only(meta.UID)); apierrors.IsNotFound(err) { // with its definition
		return nil
	}
	return err
}

// stays tells, from an object's labels or annotations, that Flux does not
// garbage-collect it. Source: kustomize-controller's documentation of
// controlling its behaviour for a resource.
func stays(metadata map[string]string) bool {
	return strings.EqualFold(metadata["kustomize.toolkit.fluxcd.io/prune"], "disabled") ||
		strings.EqualFold(metadata["kustomize.toolkit.fluxcd.io/reconcile"], "disabled") ||
		strings.EqualFold(metadata["kustomize.toolkit.fluxcd.io/ssa"], "ignore")
}

// resources are the resources of one API version by kind, or why they are not
// known.
type resources struct {
	byKind map[string]metav1.APIResource
	err    error
}

// kinds reads, for each API version among the entries, which resources it has.
func (m Member) kinds(ctx context.Context, entries []plan.Entry) map[string]resources {
	known := map[string]resources{}
	for _, entry := range entries {
		id, ok := entry.Identity()
		version := strings.Join(id.APIPath(), "/")
		if _, asked := known[version]; asked || !ok {
			continue
		}
		var list metav1.APIResourceList
		err := decode(m.Client.Get().AbsPath(id.APIPath()...).Timeout(m.patience(ctx)).Do(ctx), &list)
		found := resources{byKind: map[string]metav1.APIResource{}, err: err}
		for _, resource := range list.APIResources {
			if !strings.Contains(resource.Name, "/") { // a subresource
				found.byKind[resource.Kind] = resource
			}
		}
		known[version] = found
	}
	return known
}

// locate adds to an entry's object the resource that its kind is in the member.
func locate(entry plan.Entry, kinds map[string]resources) (plan.Identity, error) {
	id, ok := entry.Identity()
	if !ok {
		return plan.Identity{}, errors.New("it names no object")
	}
	known := kinds[strings.Join(id.APIPath(), "/")]
	if known.err != nil {
		return plan.Identity{}, known.err
	}
	resource, served := known.byKind[id.Kind]
	if !served || resource.Namespaced != (id.Namespace != "") {
		return plan.Identity{}, fmt.Errorf("the member does not serve kind %q of %q", id.Kind, id.Group)
	}
	id.Resource = resource.Name
	return id, nil
}
