package helmrelease

import (
	"context"
	"errors"
	"net/http"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/fluxcd/pkg/runtime/patch"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// reconciler brings HelmReleases of one cluster to what they ask for. Its
// client reads from the API server, never from a cache: a status that is a
// moment old would lead to a release that is forgotten instead of uninstalled.
type reconciler struct {
	client     client.Client
	config     *rest.Config
	downloader *http.Client
}

// Reconcile takes one HelmRelease a step further, and always writes its status.
func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	hr := &v2.HelmRelease{}
	if err := r.client.Get(ctx, request.NamespacedName, hr); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	patcher := patch.NewSerialPatcher(hr, r.client)
	save := func(options ...patch.Option) error {
		options = append(options, patch.WithFieldOwner(Name), patch.WithOwnedConditions{Conditions: owned()})
		return patcher.Patch(context.WithoutCancel(ctx), hr, options...)
	}
	if !hr.DeletionTimestamp.IsZero() {
		err := r.reconcileDelete(ctx, hr)
		if err != nil {
			markFailure(hr, err)
		}
		// Without its finalizer the object is gone before its status is written.
		gone := func(err error) bool { return err != nil && apierrors.IsNotFound(err) }
		return reconcile.Result{}, errors.Join(err, utilerrors.FilterOut(save(), gone))
	}
	if controllerutil.AddFinalizer(hr, v2.HelmReleaseFinalizer) {
		if err := save(); err != nil {
			return reconcile.Result{}, err
		}
	}
	if hr.Spec.Suspend {
		ctrl.LoggerFrom(ctx).Info("reconciliation is suspended for this object")
		return reconcile.Result{}, save(patch.WithStatusObservedGeneration{})
	}
	if conditions.GetReason(hr, meta.StalledCondition) == "" && !conditions.IsTrue(hr, meta.ReadyCondition) {
		conditions.MarkReconciling(hr, meta.ProgressingReason, "Fulfilling prerequisites")
		if err := save(); err != nil {
			return reconcile.Result{}, err
		}
	}
	err := r.reconcile(ctx, hr, func() error { return save() })
	return r.finish(ctx, hr, err, save)
}

// reconcile goes from the spec to the release, or to the first failure.
func (r *reconciler) reconcile(ctx context.Context, hr *v2.HelmRelease, save func() error) error {
	if err := checkSupported(hr); err != nil {
		return err
	}
	if err := r.reconcileChart(ctx, hr); err != nil {
		return err
	}
	if err := r.checkDependencies(ctx, hr); err != nil {
		return err
	}
	source, err := r.getSource(ctx, hr)
	if err != nil {
		return err
	}
	values, err := composeValues(ctx, r.client, hr)
	if err != nil {
		return err
	}
	chrt, err := loadChart(ctx, r.downloader, source.GetArtifact())
	if err != nil {
		return failed(v2.ArtifactFailedReason, "could not load chart: %w", err)
	}
	sum, err := stampRevision(chrt, source)
	if err != nil {
		return failed("ChartMutateError", "%w", err)
	}
	want := attempt{chart: chrt, values: values, configDigest: configDigest(values), ociDigest: sum}
	return r.reconcileRelease(ctx, hr, want, save)
}

// finish writes how the reconciliation ended and says when the next one comes.
func (r *reconciler) finish(ctx context.Context, hr *v2.HelmRelease, err error, save func(...patch.Option) error) (reconcile.Result, error) {
	if token, ok := meta.ReconcileAnnotationValue(hr.GetAnnotations()); ok {
		hr.Status.SetLastHandledReconcileRequest(token)
	}
	var f *failure
	stalled, waiting := false, false
	if err != nil {
		markFailure(hr, err)
		if errors.As(err, &f) {
			stalled, waiting = f.stalled != "", f.retryAfter > 0
		}
	}
	var options []patch.Option
	if err == nil || stalled {
		// Only an end of the work counts as having observed the generation.
		options = append(options, patch.WithStatusObservedGeneration{})
	}
	if saveErr := save(options...); saveErr != nil {
		return reconcile.Result{}, errors.Join(err, saveErr)
	}
	switch {
	case err == nil:
		return reconcile.Result{RequeueAfter: hr.GetRequeueAfter()}, nil
	case stalled:
		return reconcile.Result{}, reconcile.TerminalError(err)
	case waiting:
		ctrl.LoggerFrom(ctx).Info("waiting", "reason", f.reason, "for", err.Error())
		return reconcile.Result{RequeueAfter: f.retryAfter}, nil
	default:
		return reconcile.Result{}, err
	}
}
