package helmrelease

import (
	v2 "github.com/fluxcd/helm-controller/api/v2"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
)

// step is what has to be done so that the release is as wanted.
type step string

const (
	stepNone      step = "none"
	stepInstall   step = "install"
	stepReinstall step = "reinstall" // uninstall what a failed install left, then install
	stepUpgrade   step = "upgrade"
)

// decide compares the newest record, which is not pending, with what is wanted.
func decide(hr *v2.HelmRelease, last *release.Release, want attempt) (step, error) {
	if last == nil {
		return stepInstall, nil
	}
	switch last.Info.Status {
	case common.StatusUninstalled:
		return stepInstall, nil
	case common.StatusUninstalling:
		return stepReinstall, nil
	case common.StatusDeployed:
		same, err := inSync(hr.Status.History.Latest(), last, want)
		if err != nil || !same {
			return stepUpgrade, err
		}
		return stepNone, nil
	case common.StatusFailed:
		// A first version that failed has nothing worth keeping, but
		// RetryOnFailure asks to keep it and go on from there.
		if last.Version == 1 && hr.GetInstall().GetRetry(false) == nil {
			return stepReinstall, nil
		}
	}
	return stepUpgrade, nil
}

// inSync tells whether the record is the one that we made of what is wanted.
func inSync(latest *v2.Snapshot, last *release.Release, want attempt) (bool, error) {
	if !latest.Targets(last.Name, last.Namespace, last.Version) {
		return false, nil
	}
	sum, err := releaseDigest(last)
	if err != nil {
		return false, err
	}
	return latest.Digest == sum &&
		latest.ConfigDigest == want.configDigest &&
		latest.OCIDigest == want.ociDigest &&
		latest.ChartName == want.chart.Name() &&
		latest.ChartVersion == want.chart.Metadata.Version, nil
}

// targetChanged tells whether the release that the history speaks of is another
// one than the spec now names, and so has to go first.
func targetChanged(hr *v2.HelmRelease, chartName string) bool {
	latest := hr.Status.History.Latest()
	if latest == nil {
		return false
	}
	renamed := latest.ChartName != chartName &&
		hr.GetUpgrade().GetChartNameChangeStrategy() == v2.ChartNameChangeStrategyReinstall
	return renamed ||
		hr.Status.StorageNamespace != hr.GetStorageNamespace() ||
		latest.Name != hr.GetReleaseName() ||
		latest.Namespace != hr.GetReleaseNamespace()
}

// resetFailures forgets counted failures where this is not what failed, or
// where that was asked for.
func resetFailures(hr *v2.HelmRelease, want attempt) {
	reset := v2.ShouldHandleResetRequest(hr)
	if reset ||
		hr.Status.LastAttemptedGeneration != hr.Generation ||
		hr.Status.LastAttemptedRevision != want.chart.Metadata.Version ||
		hr.Status.LastAttemptedRevisionDigest != want.ociDigest ||
		hr.Status.LastAttemptedConfigDigest != want.configDigest {
		hr.Status.ClearFailures()
	}
}

// recordAttempt writes into the status what is about to be tried.
func recordAttempt(hr *v2.HelmRelease, want attempt) {
	hr.Status.StorageNamespace = hr.GetStorageNamespace()
	hr.Status.LastAttemptedGeneration = hr.Generation
	hr.Status.LastAttemptedRevision = want.chart.Metadata.Version
	hr.Status.LastAttemptedRevisionDigest = want.ociDigest
	hr.Status.LastAttemptedConfigDigest = want.configDigest
}
