package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/runtime/conditions"
	release "helm.sh/helm/v4/pkg/release/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
)

// reconcileRelease makes Helm's release what the attempt wants it to be.
// save writes the conditions before an action that may take long.
func (r *reconciler) reconcileRelease(ctx context.Context, hr *v2.HelmRelease, want attempt, save func() error) error {
	if targetChanged(hr, want.chart.Name()) {
		if err := r.uninstall(ctx, hr); err != nil {
			return err
		}
		hr.Status.ClearFailures()
	}
	resetFailures(hr, want)
	recordAttempt(hr, want)
	h, err := r.newHelm(ctx, hr, hr.GetReleaseName(), hr.GetReleaseNamespace(), hr.GetStorageNamespace())
	if err != nil {
		return err
	}
	last, err := h.last()
	if err != nil {
		return err
	}
	if last != nil && last.Info.Status.IsPending() {
		if err := h.unlock(last); err != nil {
			return err
		}
	}
	next, err := decide(hr, last, want)
	if err != nil {
		return err
	}
	if v2.ShouldHandleForceRequest(hr) && next == stepNone {
		next = stepUpgrade
	}
	if next == stepNone {
		return settle(hr, h, last)
	}
	if err := retriesLeft(hr); err != nil {
		return err
	}
	return act(ctx, hr, h, next, last, want, save)
}

// act takes the step, records what came of it and judges it.
func act(ctx context.Context, hr *v2.HelmRelease, h *helm, next step, last *release.Release, want attempt, save func() error) error {
	action := v2.ReleaseActionInstall
	if next == stepUpgrade {
		action = v2.ReleaseActionUpgrade
	}
	name := want.chart.Name() + "@" + want.chart.Metadata.Version
	hr.Status.LastAttemptedReleaseAction = action
	markRunning(hr, action)
	if err := save(); err != nil {
		return err
	}
	ctrl.LoggerFrom(ctx).Info("running a Helm action", "action", next, "chart", name)
	start := time.Now()
	failure := take(ctx, hr, h, next, last, want)
	hr.Status.LastAttemptedReleaseActionDuration = &metav1.Duration{Duration: time.Since(start).Round(time.Millisecond)}
	if next == stepReinstall {
		last = nil // its versions begin anew
	}
	if err := h.remember(hr, last, action, want); err != nil {
		return errors.Join(failure, err)
	}
	if failure != nil {
		return countFailure(ctx, hr, markActionFailed(hr, action, name, failure))
	}
	last, err := h.last()
	if err != nil {
		return err
	}
	return settle(hr, h, last)
}

// take runs Helm.
func take(ctx context.Context, hr *v2.HelmRelease, h *helm, next step, last *release.Release, want attempt) error {
	switch next {
	case stepUpgrade:
		return h.upgrade(ctx, hr, want, last)
	case stepReinstall:
		if err := h.uninstall(ctx, hr); err != nil {
			return fmt.Errorf("uninstalling what a failed install left: %w", err)
		}
		hr.Status.ClearHistory()
	}
	// A name is free again once its release was uninstalled, with its history
	// kept or not.
	return h.install(ctx, hr, want, last != nil)
}

// settle reports the release, which is as wanted.
func settle(hr *v2.HelmRelease, h *helm, last *release.Release) error {
	snapshot := hr.Status.History.Latest()
	if last == nil || snapshot == nil {
		return fmt.Errorf("release %s/%s has vanished from Helm's records", h.namespace, h.name)
	}
	inventory, err := h.inventory(last)
	if err != nil {
		return err
	}
	hr.Status.Inventory = inventory
	hr.Status.ClearFailures()
	markReleased(hr, snapshot)
	return nil
}

// countFailure adds a failed action to the counters, and says when it is tried
// again: after the interval of RetryOnFailure, after a backoff while
// remediation has retries left, or not at all.
func countFailure(ctx context.Context, hr *v2.HelmRelease, f *failure) error {
	if ctx.Err() != nil {
		// Interrupted, by the end of this process: that says nothing of the chart.
		return f
	}
	hr.Status.Failures++
	hr.GetActiveRemediation().IncrementFailureCount(hr)
	if retry := hr.GetActiveRetry(false); retry != nil {
		f.retryAfter = retry.GetRetryInterval()
		return f
	}
	return exhausted(hr, f)
}

// retriesLeft stops a release whose attempts are used up before anything is
// done. Its Ready condition stays as the last attempt left it.
func retriesLeft(hr *v2.HelmRelease) error {
	if hr.GetActiveRemediation() == nil || hr.GetActiveRetry(false) != nil {
		return nil
	}
	_, reason := actionReasons(hr.Status.LastAttemptedReleaseAction)
	text := conditions.GetMessage(hr, v2.ReleasedCondition)
	if text == "" {
		text = "the last attempt failed"
	}
	f := exhausted(hr, failed(reason, "%s", text))
	if f.stalled == "" {
		return nil
	}
	return f
}

// exhausted makes the failure a final one where no retries are left.
func exhausted(hr *v2.HelmRelease, f *failure) *failure {
	remediation := hr.GetActiveRemediation()
	if !remediation.RetriesExhausted(hr) {
		return f
	}
	f.stalled = "RetriesExceeded"
	f.stalledMessage = fmt.Sprintf("Failed to %s after %d attempt(s)",
		hr.Status.LastAttemptedReleaseAction, remediation.GetFailureCount(hr))
	return f
}
