package helmrelease

import (
	"errors"
	"fmt"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
)

// owned are the condition types that this controller alone writes.
func owned() []string {
	return []string{meta.ReadyCondition, meta.ReconcilingCondition, meta.StalledCondition, v2.ReleasedCondition, v2.RemediatedCondition}
}

// actionReasons are Flux's reasons for a Helm action that went well or not.
func actionReasons(action v2.ReleaseAction) (succeeded, failed string) {
	switch action {
	case v2.ReleaseActionUpgrade:
		return v2.UpgradeSucceededReason, v2.UpgradeFailedReason
	case v2.ReleaseActionUninstall, v2.ReleaseActionUninstallRemediation:
		return v2.UninstallSucceededReason, v2.UninstallFailedReason
	default:
		return v2.InstallSucceededReason, v2.InstallFailedReason
	}
}

// markRunning says that a Helm action has begun.
func markRunning(hr *v2.HelmRelease, action v2.ReleaseAction) {
	timeout := hr.GetInstall().GetTimeout(hr.GetTimeout())
	if action == v2.ReleaseActionUpgrade {
		timeout = hr.GetUpgrade().GetTimeout(hr.GetTimeout())
	}
	text := fmt.Sprintf("Running '%s' action with timeout of %s", action, timeout.Duration)
	conditions.MarkReconciling(hr, meta.ProgressingReason, "%s", text)
	conditions.MarkUnknown(hr, meta.ReadyCondition, meta.ProgressingReason, "%s", text)
}

// markReleased says that the release of the snapshot is what was asked for.
func markReleased(hr *v2.HelmRelease, snapshot *v2.Snapshot) {
	reason, _ := actionReasons(snapshot.Action)
	text := fmt.Sprintf("Helm %s succeeded for release %s with chart %s",
		snapshot.Action, snapshot.FullReleaseName(), snapshot.VersionedChartName())
	conditions.MarkTrue(hr, v2.ReleasedCondition, reason, "%s", text)
	conditions.MarkTrue(hr, meta.ReadyCondition, reason, "%s", text)
	conditions.Delete(hr, v2.RemediatedCondition)
	conditions.Delete(hr, meta.ReconcilingCondition)
	conditions.Delete(hr, meta.StalledCondition)
}

// markActionFailed says that a Helm action failed, with Helm's message.
func markActionFailed(hr *v2.HelmRelease, action v2.ReleaseAction, chart string, err error) *failure {
	_, reason := actionReasons(action)
	result := failed(reason, "Helm %s failed for release %s/%s with chart %s: %w",
		action, hr.GetReleaseNamespace(), hr.GetReleaseName(), chart, err)
	conditions.MarkFalse(hr, v2.ReleasedCondition, reason, "%s", result.Error())
	return result
}

// markFailure turns the error that ended a reconciliation into conditions.
func markFailure(hr *v2.HelmRelease, err error) {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{reason: meta.FailedReason, err: err}
	}
	conditions.MarkFalse(hr, meta.ReadyCondition, f.reason, "%s", f.Error())
	switch {
	case f.stalled != "":
		text := f.stalledMessage
		if text == "" {
			text = f.Error()
		}
		conditions.MarkStalled(hr, f.stalled, "%s", text)
	case f.retryAfter > 0:
		conditions.MarkReconciling(hr, meta.ProgressingReason, "%s", f.Error())
	default:
		conditions.MarkReconciling(hr, meta.ProgressingWithRetryReason, "%s", f.Error())
	}
}
