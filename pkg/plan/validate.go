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
	"k8s.io/apimachinery/pkg/util/validation"
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
		name := policyName(app, i)
		if first, twice := seen[name]; twice {
			errs = append(errs, fmt.Errorf("%s: %q is the name of %s too", policyPath(i).Child("name"), name, policies.Index(first)))
		} else {
			seen[name] = i
		}
		errs = append(errs, validatePolicy(app, i)...)
	}
	errs = append(errs, validateDestination(app.Spec.Destination, specPath().Child("destination"))...)
	return errors.Join(errs...)
}

// The application's name is the value of a label on each of its objects, which
// is what bounds it.
func validateName(app *appsv1alpha1.Application) []error {
	path := field.NewPath("metadata", "name")
	if app.Name == "" {
		return []error{fmt.Errorf("%s: a name is needed", path)}
	}
	problems := append(validation.IsDNS1123Subdomain(app.Name), validation.IsValidLabelValue(app.Name)...)
	errs := explain(path, app.Name, problems)
	if app.Namespace != "" {
		errs = append(errs, explain(field.NewPath("metadata", "namespace"), app.Namespace, validation.IsDNS1123Label(app.Namespace))...)
	}
	return errs
}

func validateSource(app *appsv1alpha1.Application) []error {
	path := specPath().Child("source")
	set := sources(app)
	if len(set) != 1 {
		fields := make([]string, len(set))
		for i, s := range set {
			fields[i] = s.field
		}
		return []error{fmt.Errorf("%s: exactly one of gitRepository, helmRepository and ociRepository is needed, there is %s", path, orNone(fields))}
	}
	errs := strictly(set[0].raw, set[0].spec, set[0].former, path.Child(set[0].field))
	if len(errs) > 0 {
		return errs
	}
	return validateRefs(sourceRefs(app, set[0]))
}

func validatePolicy(app *appsv1alpha1.Application, index int) []error {
	policy, path := &app.Spec.SyncPolicies[index], policyPath(index)
	var errs []error
	name := policyName(app, index)
	// Flux writes the name into labels of the workloads.
	problems := append(validation.IsDNS1123Subdomain(name), validation.IsValidLabelValue(name)...)
	errs = append(errs, explain(path.Child("name"), name, problems)...)
	if policy.Rollout != nil {
		errs = append(errs, fmt.Errorf("%s: rollouts (Flagger) are not supported", path.Child("rollout")))
	}
	errs = append(errs, validateDestination(policy.Destination, path.Child("destination"))...)
	switch {
	case policy.Kustomization != nil && policy.Helm != nil:
		errs = append(errs, fmt.Errorf("%s: only one of kustomization and helm can be set", path))
	case policy.Kustomization != nil:
		errs = append(errs, validateKustomization(app, index)...)
	case policy.Helm != nil:
		errs = append(errs, validateHelm(app, index)...)
	default:
		errs = append(errs, fmt.Errorf("%s: one of kustomization and helm is needed", path))
	}
	return errs
}

func validateKustomization(app *appsv1alpha1.Application, index int) []error {
	raw, path := app.Spec.SyncPolicies[index].Kustomization.Raw, policyPath(index).Child("kustomization")
	errs := strictly(raw, &kustomizev1.KustomizationSpec{}, &kustomizev1beta2.KustomizationSpec{}, path)
	if len(errs) > 0 {
		return errs
	}
	if app.Spec.Source.HelmRepository != nil {
		errs = append(errs, fmt.Errorf("%s: a Kustomization cannot be synced from a HelmRepository", path))
	}
	spec, err := decodeMap(raw)
	if err != nil {
		return append(errs, fmt.Errorf("%s: %w", path, err))
	}
	errs = append(errs, planned(spec, path, "sourceRef", "kubeConfig")...)
	return append(errs, validateRefs(policyRefs(app, index))...)
}

func validateHelm(app *appsv1alpha1.Application, index int) []error {
	raw, path := app.Spec.SyncPolicies[index].Helm.Raw, policyPath(index).Child("helm")
	errs := strictly(raw, &helmv2.HelmReleaseSpec{}, &helmv2beta1.HelmReleaseSpec{}, path)
	if len(errs) > 0 {
		return errs
	}
	spec, err := decodeMap(raw)
	if err != nil {
		return append(errs, fmt.Errorf("%s: %w", path, err))
	}
	errs = append(errs, planned(spec, path, "chartRef", "kubeConfig")...)
	chart, _ := spec["chart"].(map[string]any)
	chartSpec, _ := chart["spec"].(map[string]any)
	errs = append(errs, planned(chartSpec, path.Child("chart", "spec"), "sourceRef")...)
	fromOCI := sourceKind(app) == sourcev1.OCIRepositoryKind
	switch {
	case fromOCI && spec["chart"] != nil:
		errs = append(errs, fmt.Errorf("%s: an OCI source is the chart itself: leave chart out", path.Child("chart")))
	case !fromOCI && chartSpec == nil:
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

func validateDestination(destination *appsv1alpha1.ApplicationDestination, path *field.Path) []error {
	if destination != nil && destination.Fleet == "" {
		return []error{fmt.Errorf("%s: a destination needs a fleet", path.Child("fleet"))}
	}
	return nil
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

func explain(path *field.Path, value string, problems []string) []error {
	if len(problems) == 0 {
		return nil
	}
	return []error{fmt.Errorf("%s: %q: %s", path, value, strings.Join(problems, "; "))}
}

func orNone(fields []string) string {
	if len(fields) == 0 {
		return "none"
	}
	return strings.Join(fields, " and ")
}

func specPath() *field.Path { return field.NewPath("spec") }

func policyPath(index int) *field.Path { return specPath().Child("syncPolicies").Index(index) }
