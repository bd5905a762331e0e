package plan

import (
	"errors"
	"fmt"
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	helmv2beta1 "github.com/fluxcd/helm-controller/api/v2beta1"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	kustomizev1beta2 "github.com/fluxcd/kustomize-controller/api/v1beta2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

// Validate says all that is wrong with an application, without looking at any
// cluster.
func Validate(app *appsv1alpha1.Application) error {
	errs := validateName(app)
	errs = append(errs, validateSource(app)...)
	policies := specPath().Child("syncPolicies")
	if len(app.Spec.SyncPolicies) == 0 {
		errs = append(errs, fmt.Errorf("%s: at least one policy is needed", policies))
	}
	seen := map[string]int{}
	for i := range app.Spec.SyncPolicies {
		name := PolicyName(app, i)
		if first, twice := seen[name]; twice {
			errs = append(errs, fmt.Errorf("%s: %q is the name of %s too; each policy needs its own", policyPath(i).Child("name"), name, policies.Index(first)))
		} else {
			seen[name] = i
		}
		errs = append(errs, validatePolicy(app, i)...)
	}
	errs = append(errs, validateDestination(app.Spec.Destination, specPath().Child("destination"))...)
	return errors.Join(errs...)
}

func validateName(app *appsv1alpha1.Application) []error {
	path := field.NewPath("metadata", "name")
	if app.Name == "" {
		return []error{fmt.Errorf("%s: a name is needed", path)}
	}
	errs := located(path, CheckName(app.Name))
	if app.Namespace != "" {
		errs = append(errs, located(field.NewPath("metadata", "namespace"), CheckNamespace(app.Namespace))...)
	}
	return errs
}

func validateSource(app *appsv1alpha1.Application) []error {
	path := specPath().Child("source")
	var (
		errs   []error
		fields []string
	)
	for _, from := range sources(app) {
		fields = append(fields, from.field)
		wrong := strictly(from.raw, from.spec, from.former, path.Child(from.field))
		if len(wrong) == 0 {
			wrong = validateRefs(sourceRefs(app, from))
		}
		errs = append(errs, wrong...)
	}
	if len(fields) != 1 {
		errs = append(errs, fmt.Errorf("%s: exactly one of gitRepository, helmRepository and ociRepository is needed, there is %s", path, orNone(fields)))
	}
	return errs
}

func validatePolicy(app *appsv1alpha1.Application, index int) []error {
	policy, path := &app.Spec.SyncPolicies[index], policyPath(index)
	var errs []error
	// A name that the plan makes is as good as the application's, but for its
	// length.
	if name := PolicyName(app, index); policy.Name != "" || CheckName(app.Name) == nil {
		errs = append(errs, located(path.Child("name"), CheckName(name))...)
	}
	if policy.Rollout != nil {
		errs = append(errs, fmt.Errorf("%s: rollouts (Flagger) are not supported; leave it out", path.Child("rollout")))
	}
	errs = append(errs, validateDestination(policy.Destination, path.Child("destination"))...)
	if policy.Kustomization != nil {
		errs = append(errs, validateKustomization(app, index)...)
	}
	if policy.Helm != nil {
		errs = append(errs, validateHelm(app, index)...)
	}
	switch {
	case policy.Kustomization != nil && policy.Helm != nil:
		errs = append(errs, fmt.Errorf("%s: only one of kustomization and helm can be set; make two policies of it", path))
	case policy.Kustomization == nil && policy.Helm == nil:
		errs = append(errs, fmt.Errorf("%s: one of kustomization and helm is needed", path))
	}
	return errs
}

func validateKustomization(app *appsv1alpha1.Application, index int) []error {
	raw, path := app.Spec.SyncPolicies[index].Kustomization.Raw, policyPath(index).Child("kustomization")
	errs := strictly(raw, &kustomizev1.KustomizationSpec{}, &kustomizev1beta2.KustomizationSpec{}, path)
	if sourceKind(app) == sourcev1.HelmRepositoryKind {
		errs = append(errs, fmt.Errorf("%s: a Kustomization cannot be synced from a HelmRepository; use helm, or another source", path))
	}
	spec, err := decodeMap(raw)
	if err != nil { // it is no map, which has been said
		return errs
	}
	errs = append(errs, planned(spec, path, "sourceRef", "kubeConfig")...)
	return append(errs, validateRefs(policyRefs(app, index))...)
}

func validateHelm(app *appsv1alpha1.Application, index int) []error {
	raw, path := app.Spec.SyncPolicies[index].Helm.Raw, policyPath(index).Child("helm")
	errs := strictly(raw, &helmv2.HelmReleaseSpec{}, &helmv2beta1.HelmReleaseSpec{}, path)
	spec, err := decodeMap(raw)
	if err != nil { // it is no map, which has been said
		return errs
	}
	errs = append(errs, planned(spec, path, "chartRef", "kubeConfig")...)
	chart, isMap := spec["chart"].(map[string]any)
	chartSpec, _ := chart["spec"].(map[string]any)
	errs = append(errs, planned(chartSpec, path.Child("chart", "spec"), "sourceRef")...)
	none := spec["chart"] == nil || isMap && chart["spec"] == nil
	switch kind := sourceKind(app); {
	case kind == sourcev1.OCIRepositoryKind && spec["chart"] != nil:
		errs = append(errs, fmt.Errorf("%s: an OCI source is the chart itself: leave chart out", path.Child("chart")))
	case kind != sourcev1.OCIRepositoryKind && kind != "" && none:
		errs = append(errs, fmt.Errorf("%s: the chart is needed", path.Child("chart", "spec")))
	}
	return append(errs, validateRefs(policyRefs(app, index))...)
}

// sourceKind is the kind of the application's source, empty where it has not
// exactly one.
func sourceKind(app *appsv1alpha1.Application) string {
	if set := sources(app); len(set) == 1 {
		return set[0].kind
	}
	return ""
}

// planned refuses the fields that the plan sets itself.
func planned(spec map[string]any, path *field.Path, fields ...string) []error {
	var errs []error
	for _, name := range fields {
		if _, set := spec[name]; set {
			errs = append(errs, fmt.Errorf("%s: is set from the application's source and destination: leave it out", path.Child(name)))
		}
	}
	return errs
}

// located puts the path before an error, if there is one.
func located(path *field.Path, err error) []error {
	if err == nil {
		return nil
	}
	return []error{fmt.Errorf("%s: %w", path, err)}
}

func orNone(fields []string) string {
	if len(fields) == 0 {
		return "none"
	}
	return strings.Join(fields, " and ")
}

func specPath() *field.Path { return field.NewPath("spec") }

func policyPath(index int) *field.Path { return specPath().Child("syncPolicies").Index(index) }
