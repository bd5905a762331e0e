package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/object"
	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/go-logr/logr"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
	"k8s.io/client-go/rest"
)

// helm runs Helm's actions on one release.
type helm struct {
	config    *action.Configuration
	name      string
	namespace string
}

// newHelm prepares actions on the release name in namespace, whose records are
// Secrets in storage.
func newHelm(config *rest.Config, name, namespace, storage string, log logr.Logger) (*helm, error) {
	get, err := newGetter(config, namespace)
	if err != nil {
		return nil, err
	}
	cfg := action.NewConfiguration(action.ConfigurationSetLogger(logr.ToSlogHandler(log)))
	if err := cfg.Init(get, storage, "secret"); err != nil {
		return nil, fmt.Errorf("preparing Helm: %w", err)
	}
	return &helm{config: cfg, name: name, namespace: namespace}, nil
}

// last returns the newest record of the release, or nil where there is none.
func (h *helm) last() (*release.Release, error) {
	return asRelease(h.config.Releases.Last(h.name))
}

// version returns one record of the release, or nil where it is gone.
func (h *helm) version(version int) (*release.Release, error) {
	return asRelease(h.config.Releases.Get(h.name, version))
}

func asRelease(stored any, err error) (*release.Release, error) {
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Helm's records: %w", err)
	}
	rel, ok := stored.(*release.Release)
	if !ok {
		return nil, fmt.Errorf("reading Helm's records: a release of type %T, expected %T", stored, rel)
	}
	return rel, nil
}

// unlock marks an action that never ended as failed. Helm refuses to act on a
// pending release, and no one else acts on ours.
func (h *helm) unlock(rel *release.Release) error {
	rel.SetStatus(common.StatusFailed, "Release unlocked from stale '"+rel.Info.Status.String()+"' state")
	if err := h.config.Releases.Update(rel); err != nil {
		return fmt.Errorf("unlocking release %s: %w", rel.Name, err)
	}
	return nil
}

// install replaces what is left of an earlier release where replace says so.
func (h *helm) install(ctx context.Context, hr *v2.HelmRelease, want attempt, replace bool) error {
	spec := hr.GetInstall()
	install := action.NewInstall(h.config)
	install.ReleaseName = h.name
	install.Namespace = h.namespace
	install.Timeout = spec.GetTimeout(hr.GetTimeout()).Duration
	install.WaitStrategy = waitStrategy(hr, spec.DisableWait)
	install.WaitOptions = []kube.WaitOption{kube.WithWaitContext(ctx)}
	install.WaitForJobs = !spec.DisableWaitForJobs
	install.DisableHooks = spec.DisableHooks
	install.DisableOpenAPIValidation = spec.DisableOpenAPIValidation
	install.SkipSchemaValidation = spec.DisableSchemaValidation
	install.TakeOwnership = !spec.DisableTakeOwnership
	install.Replace = spec.Replace || replace
	install.SkipCRDs = spec.SkipCRDs || spec.CRDs == v2.Skip
	install.CreateNamespace = hr.Spec.TargetNamespace != "" && spec.CreateNamespace
	install.Devel = true
	install.PostRenderer = originLabels{hr}
	if spec.ServerSideApply != nil {
		install.ServerSideApply = *spec.ServerSideApply
	}
	// Flux always takes over conflicting fields; client-side apply has none.
	install.ForceConflicts = install.ServerSideApply
	_, err := install.RunWithContext(ctx, want.chart, want.values)
	return err
}

// upgrade goes on from last, the newest record.
func (h *helm) upgrade(ctx context.Context, hr *v2.HelmRelease, want attempt, last *release.Release) error {
	spec := hr.GetUpgrade()
	upgrade := action.NewUpgrade(h.config)
	upgrade.Namespace = h.namespace
	upgrade.Timeout = spec.GetTimeout(hr.GetTimeout()).Duration
	upgrade.WaitStrategy = waitStrategy(hr, spec.DisableWait)
	upgrade.WaitOptions = []kube.WaitOption{kube.WithWaitContext(ctx)}
	upgrade.WaitForJobs = !spec.DisableWaitForJobs
	upgrade.DisableHooks = spec.DisableHooks
	upgrade.DisableOpenAPIValidation = spec.DisableOpenAPIValidation
	upgrade.SkipSchemaValidation = spec.DisableSchemaValidation
	upgrade.TakeOwnership = !spec.DisableTakeOwnership
	upgrade.ResetValues = !spec.PreserveValues
	upgrade.ReuseValues = spec.PreserveValues
	upgrade.CleanupOnFail = spec.CleanupOnFail
	upgrade.MaxHistory = hr.GetMaxHistory()
	upgrade.ForceReplace = spec.Force
	upgrade.Devel = true
	upgrade.PostRenderer = originLabels{hr}
	serverSide := last.ApplyMethod == string(release.ApplyMethodServerSideApply)
	switch spec.ServerSideApply {
	case v2.ServerSideApplyEnabled:
		upgrade.ServerSideApply, serverSide = "true", true
	case v2.ServerSideApplyDisabled:
		upgrade.ServerSideApply, serverSide = "false", false
	}
	upgrade.ForceConflicts = serverSide && !spec.Force
	_, err := upgrade.RunWithContext(ctx, h.name, want.chart, want.values)
	return err
}

// uninstall removes the release; one that does not exist is no error.
func (h *helm) uninstall(ctx context.Context, hr *v2.HelmRelease) error {
	// Helm's own IgnoreNotFound would ignore every error of the lookup.
	last, err := h.last()
	if err != nil || last == nil {
		return err
	}
	spec := hr.GetUninstall()
	uninstall := action.NewUninstall(h.config)
	uninstall.Timeout = spec.GetTimeout(hr.GetTimeout()).Duration
	uninstall.WaitStrategy = waitStrategy(hr, spec.DisableWait)
	uninstall.WaitOptions = []kube.WaitOption{kube.WithWaitContext(ctx)}
	uninstall.DisableHooks = spec.DisableHooks
	uninstall.KeepHistory = spec.KeepHistory
	uninstall.DeletionPropagation = spec.GetDeletionPropagation()
	if last.Info.Status == common.StatusUninstalled && spec.KeepHistory {
		return nil
	}
	_, err = uninstall.Run(h.name)
	return err
}

// waitStrategy is what Helm waits for; hooks are always waited for.
func waitStrategy(hr *v2.HelmRelease, disabled bool) kube.WaitStrategy {
	switch {
	case disabled:
		return kube.HookOnlyStrategy
	case hr.GetWaitStrategy() == v2.WaitStrategyLegacy:
		return kube.LegacyStrategy
	default:
		return kube.StatusWatcherStrategy
	}
}

// inventory lists the objects of the release's manifest as Flux does.
func (h *helm) inventory(rel *release.Release) (*v2.ResourceInventory, error) {
	infos, err := h.config.KubeClient.Build(strings.NewReader(rel.Manifest), false)
	if err != nil {
		return nil, fmt.Errorf("listing the objects of release %s: %w", rel.Name, err)
	}
	inventory := &v2.ResourceInventory{Entries: []v2.ResourceRef{}}
	for _, info := range infos {
		kind := info.Mapping.GroupVersionKind
		id := object.ObjMetadata{Namespace: info.Namespace, Name: info.Name, GroupKind: kind.GroupKind()}
		inventory.Entries = append(inventory.Entries, v2.ResourceRef{ID: id.String(), Version: kind.Version})
	}
	return inventory, nil
}
