package apply

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// helmReleases is the resource for which Flux makes another object of its own.
const helmReleases = "helmreleases"

// Flux writes these labels on the HelmChart that it makes for a HelmRelease.
const (
	helmNameLabel      = "helm.toolkit.fluxcd.io/name"
	helmNamespaceLabel = "helm.toolkit.fluxcd.io/namespace"
)

// letGo makes Flux leave what it applied for an object when that is deleted.
func (m Member) letGo(ctx context.Context, id plan.Identity, uid types.UID) error {
	if err := m.suspend(ctx, id, uid); err != nil || id.Resource != helmReleases {
		return err
	}
	return m.dropChart(ctx, id)
}

// resume undoes what letGo did to an object that is wanted again: a delete that
// was stopped may have left it suspended. An apply alone does not, because it
// owns no field that it does not send.
func (m Member) resume(ctx context.Context, object Wanted, meta metav1.PartialObjectMetadata) error {
	if !m.hasLetGo(meta.ManagedFields) || m.DryRun || object.Suspended() {
		return nil
	}
	return m.setSuspend(ctx, object.Identity, meta.UID, nil)
}

// hasLetGo tells from an object's managedFields that a delete of ours which was
// to leave its workloads suspended it.
func (m Member) hasLetGo(fields []metav1.ManagedFieldsEntry) bool {
	return slices.ContainsFunc(fields, func(e metav1.ManagedFieldsEntry) bool {
		return e.Manager == m.Owner.FieldManager() && e.Operation == metav1.ManagedFieldsOperationUpdate &&
			e.FieldsV1 != nil && strings.Contains(e.FieldsV1.GetRawString(), `"f:suspend"`)
	})
}

// wake undoes it, too, for an object that is to go together with its workloads
// after all, and returns the object as it is then. What somebody else suspended
// is left alone, and an error: Flux would leave the workloads behind.
func (m Member) wake(ctx context.Context, id plan.Identity, found live) (live, error) {
	switch {
	case !found.Spec.Suspend || !id.IsSync() || m.Orphan:
		return found, nil
	case !m.hasLetGo(found.Metadata.ManagedFields):
		return found, reason.Errorf(reason.Failed, "%s is suspended: deleted now, it would leave its workloads behind; resume it first, or leave them on purpose with delete --cascade=orphan", id)
	case !m.DryRun:
		switch err := m.setSuspend(ctx, id, found.Metadata.UID, nil); {
		case apierrors.IsNotFound(err): // it went meanwhile, as it was told to
			return found, nil
		case err != nil:
			return found, m.explain(id, err)
		}
	}
	found.Spec.Suspend = false
	return found, nil
}

// suspend tells Flux to leave what it applied for an object when that is
// deleted. Source: the controllers' documentation of .spec.suspend.
func (m Member) suspend(ctx context.Context, id plan.Identity, uid types.UID) error {
	return m.setSuspend(ctx, id, uid, true)
}

// setSuspend sets the field of that very object, or removes it.
func (m Member) setSuspend(ctx context.Context, id plan.Identity, uid types.UID, value any) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": uid}, "spec": map[string]any{"suspend": value},
	})
	if err != nil {
		return err
	}
	return m.write(ctx, m.Client.Patch(types.MergePatchType)).AbsPath(id.Path()...).
		SetHeader("Accept", acceptMetadata).Body(body).Do(ctx).Error()
}

// dropChart deletes the HelmChart that Flux made for a HelmRelease, which it
// leaves with the workloads where that is suspended. Source: GetHelmChartName
// and reconcileDelete of helm-controller.
func (m Member) dropChart(ctx context.Context, release plan.Identity) error {
	chart := plan.Identity{
		Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "helmcharts", Kind: "HelmChart",
		Namespace: release.Namespace, Name: release.Namespace + "-" + release.Name,
	}
	err := m.dropChartOf(ctx, release, chart)
	if reason.NotServed(err) {
		_, err = m.inServed(ctx, chart, func(id plan.Identity) (Result, error) {
			return Result{}, m.dropChartOf(ctx, release, id)
		})
	}
	return err
}

func (m Member) dropChartOf(ctx context.Context, release, chart plan.Identity) error {
	object, err := m.get(ctx, chart.Path())
	labels := object.Metadata.Labels
	switch {
	case isGone(err):
		return nil
	case err != nil:
		return m.explain(chart, err)
	case labels[helmNameLabel] != release.Name || labels[helmNamespaceLabel] != release.Namespace:
		return nil
	}
	_, err = m.remove(ctx, chart, only(object.Metadata.UID))
	return m.explain(chart, err)
}
