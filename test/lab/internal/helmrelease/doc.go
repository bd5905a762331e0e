// Package helmrelease is a stand-in for Flux's helm-controller, for tests: it
// reconciles HelmReleases of helm.toolkit.fluxcd.io/v2 with Helm's own SDK and
// reports in Flux's terms. The real controller's module is not to be had, so
// this holds what a test of a HelmRelease's life needs: a chart from
// source-controller, values, install, upgrade, retries, uninstall, suspension
// and the status.
//
// What Flux's helm-controller does and this does not:
//   - drift detection and correction (spec.driftDetection is ignored);
//   - Helm tests (spec.test is ignored);
//   - rollback: a failed upgrade is tried again as an upgrade, whatever
//     spec.upgrade.remediation.strategy says, and spec.rollback is ignored; a
//     failed install is uninstalled before the next attempt, as in Flux, but
//     remediateLastFailure is ignored;
//   - spec.kubeConfig, spec.postRenderers, spec.commonMetadata, readyExpr of a
//     dependency and a chartRef to an ExternalArtifact: a HelmRelease with one
//     of these is Stalled with a message that names it, because going on
//     without it would apply something else than was asked for;
//   - spec.healthCheckExprs is ignored, and the wait strategy "poller" is
//     Helm's own watcher;
//   - replacing CRDs: CreateReplace counts as Create on install, and an upgrade
//     never touches CRDs;
//   - Kubernetes events and notifications, sharding, leader election;
//   - watching Secrets and ConfigMaps of valuesFrom: a change is seen at the
//     next interval or request;
//   - adopting the state of releases from helm-controller's v2beta1.
//
// The digest in a snapshot of status.history is computed over the same parts of
// a release as Flux's, but the two are not comparable.
//
// Waiting is Flux's: an install or upgrade waits until its objects are ready,
// bounded by the timeout of the action or of the release (5 minutes by
// default), unless disableWait says otherwise. Where pods run under kwok that
// takes about a second.
package helmrelease

// Name is the field manager, the controller's name and the program's name.
const Name = "helm-controller-standin"
