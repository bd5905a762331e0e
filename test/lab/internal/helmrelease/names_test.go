package helmrelease

import (
	"testing"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	rcommon "helm.sh/helm/v4/pkg/release/common"
)

// TestTarget pins the defaults of the release's name and namespaces, which the
// rest of the package takes from Flux's API, and what counts as another target.
func TestTarget(t *testing.T) {
	tests := []struct {
		name                     string
		edit                     func(*v2.HelmRelease)
		release, target, storage string
		changed                  bool
	}{
		{name: "defaults", release: "demo", target: "apps", storage: "apps"},
		{
			name:    "targetNamespace",
			edit:    func(hr *v2.HelmRelease) { hr.Spec.TargetNamespace = "web" },
			release: "web-demo", target: "web", storage: "apps", changed: true,
		},
		{
			name: "releaseName",
			edit: func(hr *v2.HelmRelease) {
				hr.Spec.TargetNamespace = "web"
				hr.Spec.ReleaseName = "podinfo"
			},
			release: "podinfo", target: "web", storage: "apps", changed: true,
		},
		{
			name:    "storageNamespace",
			edit:    func(hr *v2.HelmRelease) { hr.Spec.StorageNamespace = "helm" },
			release: "demo", target: "apps", storage: "helm", changed: true,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hr := newRelease(test.edit)
			if hr.GetReleaseName() != test.release || hr.GetReleaseNamespace() != test.target || hr.GetStorageNamespace() != test.storage {
				t.Errorf("got release %q in %q, records in %q, want %q, %q, %q",
					hr.GetReleaseName(), hr.GetReleaseNamespace(), hr.GetStorageNamespace(), test.release, test.target, test.storage)
			}
			if targetChanged(hr, "podinfo") {
				t.Error("a release without history has changed its target")
			}
			// What was released before is demo in apps, recorded there.
			snapshot, err := newSnapshot(record(rcommon.StatusDeployed), v2.ReleaseActionInstall, newAttempt(nil))
			if err != nil {
				t.Fatal(err)
			}
			hr.Status.History = v2.Snapshots{snapshot}
			hr.Status.StorageNamespace = "apps"
			if got := targetChanged(hr, "podinfo"); got != test.changed {
				t.Errorf("target changed is %v, want %v", got, test.changed)
			}
			if !targetChanged(hr, "other") {
				t.Error("another chart is the same target")
			}
		})
	}
}

func TestAnotherChartInPlace(t *testing.T) {
	hr := newRelease(func(hr *v2.HelmRelease) {
		hr.Spec.Upgrade = &v2.Upgrade{ChartNameChangeStrategy: v2.ChartNameChangeStrategyInPlaceUpdate}
		hr.Status.StorageNamespace = "apps"
		hr.Status.History = v2.Snapshots{{Name: "demo", Namespace: "apps", ChartName: "podinfo"}}
	})
	if targetChanged(hr, "other") {
		t.Error("InPlaceUpdate takes another chart for another target")
	}
}
