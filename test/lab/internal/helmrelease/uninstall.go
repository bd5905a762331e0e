package helmrelease

import (
	"context"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// reconcileDelete uninstalls the release of a deleted object, deletes its
// HelmChart and lets the object go. A suspended one is let go at once, and
// leaves both behind.
func (r *reconciler) reconcileDelete(ctx context.Context, hr *v2.HelmRelease) error {
	if !hr.Spec.Suspend {
		if err := r.uninstall(ctx, hr); err != nil {
			return err
		}
		if err := r.deleteChart(ctx, hr); err != nil {
			return err
		}
	}
	controllerutil.RemoveFinalizer(hr, v2.HelmReleaseFinalizer)
	return nil
}

// uninstall removes the release that the status speaks of, which the spec may
// no longer name, and forgets it. Where it was never released, or where the
// service account that could remove it is gone, it does nothing, as Flux does.
func (r *reconciler) uninstall(ctx context.Context, hr *v2.HelmRelease) error {
	log := ctrl.LoggerFrom(ctx)
	if hr.Status.StorageNamespace == "" {
		log.Info("nothing to uninstall: the release was never attempted")
		return nil
	}
	if name := hr.Spec.ServiceAccountName; name != "" {
		err := r.client.Get(ctx, types.NamespacedName{Namespace: hr.Namespace, Name: name}, &corev1.ServiceAccount{})
		if apierrors.IsNotFound(err) {
			log.Info("leaving the release behind: its service account is gone", "serviceAccount", name)
			return nil
		}
		if err != nil {
			return failed(v2.UninstallFailedReason, "could not look up the service account %q: %w", name, err)
		}
	}
	name, namespace := hr.GetReleaseName(), hr.GetReleaseNamespace()
	if latest := hr.Status.History.Latest(); latest != nil {
		name, namespace = latest.Name, latest.Namespace
	}
	h, err := r.newHelm(ctx, hr, name, namespace, hr.Status.StorageNamespace)
	if err != nil {
		return err
	}
	log.Info("running a Helm action", "action", "uninstall", "release", name, "releaseNamespace", namespace)
	if err := h.uninstall(ctx, hr); err != nil {
		return failed(v2.UninstallFailedReason, "Helm uninstall failed for release %s/%s: %w", namespace, name, err)
	}
	hr.Status.ClearHistory()
	hr.Status.StorageNamespace = ""
	hr.Status.Inventory = nil
	return nil
}

// newHelm prepares Helm to act as the release's service account, if it has one.
func (r *reconciler) newHelm(ctx context.Context, hr *v2.HelmRelease, name, namespace, storage string) (*helm, error) {
	config := rest.CopyConfig(r.config)
	if account := hr.Spec.ServiceAccountName; account != "" {
		config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + hr.Namespace + ":" + account}
	}
	return newHelm(config, name, namespace, storage, ctrl.LoggerFrom(ctx))
}
