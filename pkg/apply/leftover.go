package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// workload is one object that Flux says it applied, as Flux's status spells it.
type workload struct {
	// ID is <namespace>_<name>_<group>_<kind>.
	ID      string `json:"id"`
	Version string `json:"v"`
}

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
	var late []workload
	for _, entry := range atEnd.Status.Inventory.Entries {
		if !slices.Contains(atDelete.Status.Inventory.Entries, entry) {
			late = append(late, entry)
		}
	}
	kinds := m.kinds(ctx, late)
	var err error
	for result := range fanout.Run(ctx, fanout.Options{Limit: len(late)}, late, func(ctx context.Context, entry workload) (struct{}, error) {
		return struct{}{}, m.sweep(ctx, kustomization, entry, kinds)
	}) {
		if result.Err != nil && err == nil {
			err = reason.Errorf(reason.Failed, "it is gone, but what it applied last may be left: %s: %w", result.Item.ID, result.Err)
		}
	}
	return err
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
func (m Member) sweep(ctx context.Context, kustomization plan.Identity, entry workload, kinds map[string]resources) error {
	id, err := entry.identity(kinds)
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
	if _, err = m.remove(ctx, id, meta.UID); apierrors.IsNotFound(err) { // with its definition
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
func (m Member) kinds(ctx context.Context, entries []workload) map[string]resources {
	known := map[string]resources{}
	for _, entry := range entries {
		version := strings.Join(entry.apiPath(), "/")
		if _, asked := known[version]; asked || !entry.isValid() {
			continue
		}
		var list metav1.APIResourceList
		err := decode(m.Client.Get().AbsPath(entry.apiPath()...).Timeout(m.patience(ctx)).Do(ctx), &list)
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

// parts splits the ID. A colon, which RBAC allows in names, is spelled "__".
func (w workload) parts() (namespace, name, group, kind string) {
	fields := strings.Split(w.ID, "_")
	if len(fields) < 4 {
		return "", "", "", ""
	}
	last := len(fields) - 1
	name = strings.ReplaceAll(strings.Join(fields[1:last-1], "_"), "__", ":")
	return fields[0], name, fields[last-1], fields[last]
}

// isValid tells an entry that names an object from one that names a path of
// the API server's choice.
func (w workload) isValid() bool {
	namespace, name, group, kind := w.parts()
	for _, part := range []string{namespace, name, group, w.Version} {
		if len(content.IsPathSegmentName(part)) > 0 {
			return false
		}
	}
	return name != "" && kind != "" && w.Version != ""
}

// apiPath is the path of the workload's API version.
func (w workload) apiPath() []string {
	_, _, group, _ := w.parts()
	if group == "" {
		return []string{"api", w.Version}
	}
	return []string{"apis", group, w.Version}
}

func (w workload) identity(kinds map[string]resources) (plan.Identity, error) {
	if !w.isValid() {
		return plan.Identity{}, errors.New("it names no object")
	}
	namespace, name, group, kind := w.parts()
	known := kinds[strings.Join(w.apiPath(), "/")]
	if known.err != nil {
		return plan.Identity{}, known.err
	}
	resource, ok := known.byKind[kind]
	if !ok || resource.Namespaced != (namespace != "") {
		return plan.Identity{}, fmt.Errorf("the member does not serve kind %q of %q", kind, group)
	}
	id := plan.Identity{Group: group, Version: w.Version, Resource: resource.Name, Kind: kind, Name: name}
	if resource.Namespaced {
		id.Namespace = namespace
	}
	return id, nil
}
