package plan

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

func TestKinds(t *testing.T) {
	raw := &runtime.RawExtension{}
	kustomize, helm := appsv1alpha1.ApplicationSyncPolicy{Kustomization: raw}, appsv1alpha1.ApplicationSyncPolicy{Helm: raw}
	for want, spec := range map[string]appsv1alpha1.ApplicationSpec{
		"gitrepositories kustomizations": {
			Source:       appsv1alpha1.ApplicationSource{GitRepository: raw},
			SyncPolicies: []appsv1alpha1.ApplicationSyncPolicy{kustomize, kustomize},
		},
		"helmrepositories helmreleases": {
			Source: appsv1alpha1.ApplicationSource{HelmRepository: raw}, SyncPolicies: []appsv1alpha1.ApplicationSyncPolicy{helm},
		},
		"ocirepositories kustomizations helmreleases": {
			Source: appsv1alpha1.ApplicationSource{OCIRepository: raw}, SyncPolicies: []appsv1alpha1.ApplicationSyncPolicy{helm, kustomize},
		},
	} {
		got := KindsOf(&appsv1alpha1.Application{Spec: spec})
		var names []string
		for _, kind := range got {
			names = append(names, kind.Resource)
			if !slices.Contains(Kinds(), kind) {
				t.Errorf("%v is none of %v", kind, Kinds())
			}
		}
		if is := strings.Join(names, " "); is != want {
			t.Errorf("%q, want %q", is, want)
		}
	}
	for _, kind := range Kinds() {
		if !slices.Contains(Groups(), kind.Group) || Versions(kind.Group)[0] != kind.Version {
			t.Errorf("%v is of no group of Flux's, or not in its newest version", kind)
		}
	}
}
