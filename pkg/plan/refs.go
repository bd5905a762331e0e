package plan

import (
	"fmt"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

// Kinds of what Flux's objects refer to.
const (
	KindSecret    = "Secret"
	KindConfigMap = "ConfigMap"
)

// Ref is a Secret or a ConfigMap that Flux looks for in a member, in the
// application's namespace.
type Ref struct {
	Identity
	// Path is where the application names it.
	Path string
	// Optional is set where Flux does without it.
	Optional bool
}

// sourceRefs are what the application's source refers to.
func sourceRefs(app *appsv1alpha1.Application, from source) []Ref {
	return refsOf(app.Namespace, from.raw, from.spec, specPath().Child("source", from.field))
}

// policyRefs are what one policy's sync object refers to.
func policyRefs(app *appsv1alpha1.Application, index int) []Ref {
	policy, path := &app.Spec.SyncPolicies[index], policyPath(index)
	if policy.Kustomization != nil {
		return refsOf(app.Namespace, policy.Kustomization.Raw, &kustomizev1.KustomizationSpec{}, path.Child("kustomization"))
	}
	return refsOf(app.Namespace, policy.Helm.Raw, &helmv2.HelmReleaseSpec{}, path.Child("helm"))
}

// refs collects what one spec refers to.
type refs struct {
	namespace string
	found     []Ref
}

// refsOf finds all that a spec refers to, each as often as it does. The spec is
// an empty value of Flux's type for it, and the raw one of it has been decoded
// strictly before.
func refsOf(namespace string, raw []byte, spec any, path *field.Path) []Ref {
	r := refs{namespace: namespace}
	strict.Decode(raw, spec)
	switch spec := spec.(type) {
	case *sourcev1.GitRepositorySpec:
		r.gitRepository(spec, path)
	case *sourcev1.HelmRepositorySpec:
		r.secret(spec.SecretRef, path.Child("secretRef"))
		r.secret(spec.CertSecretRef, path.Child("certSecretRef"))
	case *sourcev1.OCIRepositorySpec:
		r.ociRepository(spec, path)
	case *kustomizev1.KustomizationSpec:
		r.kustomization(spec, path)
	case *helmv2.HelmReleaseSpec:
		r.helmRelease(spec, path)
	}
	return r.found
}

func (r *refs) gitRepository(spec *sourcev1.GitRepositorySpec, path *field.Path) {
	r.secret(spec.SecretRef, path.Child("secretRef"))
	if spec.Verification != nil {
		r.secret(&spec.Verification.SecretRef, path.Child("verify", "secretRef"))
	}
	r.secret(spec.ProxySecretRef, path.Child("proxySecretRef"))
}

func (r *refs) ociRepository(spec *sourcev1.OCIRepositorySpec, path *field.Path) {
	r.secret(spec.SecretRef, path.Child("secretRef"))
	if verify := spec.Verify; verify != nil {
		r.secret(verify.SecretRef, path.Child("verify", "secretRef"))
		r.secret(verify.TrustedRootSecretRef, path.Child("verify", "trustedRootSecretRef"))
	}
	r.secret(spec.CertSecretRef, path.Child("certSecretRef"))
	r.secret(spec.ProxySecretRef, path.Child("proxySecretRef"))
}

func (r *refs) kustomization(spec *kustomizev1.KustomizationSpec, path *field.Path) {
	if spec.Decryption != nil {
		r.secret(spec.Decryption.SecretRef, path.Child("decryption", "secretRef"))
	}
	if spec.PostBuild != nil {
		for i, from := range spec.PostBuild.SubstituteFrom {
			r.add(from.Kind, from.Name, from.Optional, path.Child("postBuild", "substituteFrom").Index(i))
		}
	}
}

func (r *refs) helmRelease(spec *helmv2.HelmReleaseSpec, path *field.Path) {
	if spec.Chart != nil && spec.Chart.Spec.Verify != nil {
		r.secret(spec.Chart.Spec.Verify.SecretRef, path.Child("chart", "spec", "verify", "secretRef"))
	}
	for i, from := range spec.ValuesFrom {
		r.add(from.Kind, from.Name, from.Optional, path.Child("valuesFrom").Index(i))
	}
}

func (r *refs) secret(ref *meta.LocalObjectReference, path *field.Path) {
	if ref != nil {
		r.add(KindSecret, ref.Name, false, path)
	}
}

func (r *refs) add(kind, name string, optional bool, path *field.Path) {
	id := Identity{Version: "v1", Kind: kind, Namespace: r.namespace, Name: name}
	switch kind {
	case KindSecret:
		id.Resource = "secrets"
	case KindConfigMap:
		id.Resource = "configmaps"
	}
	r.found = append(r.found, Ref{Identity: id, Path: path.String(), Optional: optional})
}

// validateRefs checks what would be refused in the members otherwise, and what
// becomes part of a path on the host.
func validateRefs(found []Ref) []error {
	var errs []error
	for _, ref := range found {
		path := field.NewPath(ref.Path)
		switch {
		case ref.Resource == "":
			errs = append(errs, fmt.Errorf("%s: %q: only a Secret or a ConfigMap can be referred to", path.Child("kind"), ref.Kind))
		case ref.Name == "":
			errs = append(errs, fmt.Errorf("%s: a name is needed", path.Child("name")))
		default:
			errs = append(errs, located(path.Child("name"), checkObjectName(ref.Name))...)
		}
	}
	return errs
}

// addRefs adds what is not there yet. What is needed in one place is not
// optional in another.
func addRefs(all, more []Ref) []Ref {
	for _, ref := range more {
		at := -1
		for i := range all {
			if all[i].Identity == ref.Identity {
				at = i
			}
		}
		switch {
		case at < 0:
			all = append(all, ref)
		case all[at].Optional && !ref.Optional:
			all[at] = ref
		}
	}
	return all
}
