package plan

import (
	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

// Groups are Flux's groups of which a plan makes objects: that of the sources
// first.
func Groups() []string {
	return []string{sourcev1.GroupVersion.Group, kustomizev1.GroupVersion.Group, helmv2.GroupVersion.Group}
}

// Kinds are those of all Flux objects that a plan can make, in the newest
// version that we know, without a name.
func Kinds() []Identity {
	return identities(
		gitRepositories(), helmRepositories(), ociRepositories(), kustomizations(), helmReleases(),
	)
}

// KindsOf are those that the plan of an application makes.
func KindsOf(app *appsv1alpha1.Application) []Identity {
	var of []target
	for _, source := range sources(app) {
		of = append(of, source.target)
	}
	var kustomize, helm bool
	for _, policy := range app.Spec.SyncPolicies {
		kustomize, helm = kustomize || policy.Kustomization != nil, helm || policy.Helm != nil
	}
	if kustomize {
		of = append(of, kustomizations())
	}
	if helm {
		of = append(of, helmReleases())
	}
	return identities(of...)
}

func identities(of ...target) []Identity {
	var all []Identity
	for _, kind := range of {
		all = append(all, kind.named("", ""))
	}
	return all
}

// named is the identity of an object of that kind.
func (t target) named(namespace, name string) Identity {
	return Identity{
		Group: t.gv.Group, Version: t.gv.Version, Resource: t.resource, Kind: t.kind,
		Namespace: namespace, Name: name,
	}
}

func gitRepositories() target {
	return target{sourcev1.GroupVersion, sourcev1.GitRepositoryKind, "gitrepositories"}
}

func helmRepositories() target {
	return target{sourcev1.GroupVersion, sourcev1.HelmRepositoryKind, "helmrepositories"}
}

func ociRepositories() target {
	return target{sourcev1.GroupVersion, sourcev1.OCIRepositoryKind, "ocirepositories"}
}

func kustomizations() target {
	return target{kustomizev1.GroupVersion, kustomizev1.KustomizationKind, "kustomizations"}
}

func helmReleases() target {
	return target{helmv2.GroupVersion, helmv2.HelmReleaseKind, "helmreleases"}
}
