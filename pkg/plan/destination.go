package plan

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

func validateDestination(destination *appsv1alpha1.ApplicationDestination, path *field.Path) []error {
	if destination == nil {
		return nil
	}
	var errs []error
	switch {
	case destination.Fleet == "":
		errs = append(errs, fmt.Errorf("%s: a destination needs a fleet; without any destination it is the host", path.Child("fleet")))
	case len(destination.Fleet) > validation.DNS1123SubdomainMaxLength:
		errs = append(errs, located(path.Child("fleet"), tooLong(destination.Fleet, "the name of a fleet can have 253"))...)
	}
	if destination.ClusterSelector != nil {
		errs = append(errs, validateSelector(destination.ClusterSelector, path.Child("clusterSelector"))...)
	}
	return errs
}

func validateSelector(selector *metav1.LabelSelector, path *field.Path) []error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(selector.MatchLabels)) {
		value, at := selector.MatchLabels[key], path.Child("matchLabels")
		errs = append(errs, invalid(at, key, validation.IsQualifiedName(key))...)
		errs = append(errs, invalid(at.Key(key), value, validation.IsValidLabelValue(value))...)
	}
	for i, requirement := range selector.MatchExpressions {
		errs = append(errs, validateRequirement(requirement, path.Child("matchExpressions").Index(i))...)
	}
	return errs
}

func validateRequirement(requirement metav1.LabelSelectorRequirement, path *field.Path) []error {
	errs := invalid(path.Child("key"), requirement.Key, validation.IsQualifiedName(requirement.Key))
	operator, values := requirement.Operator, path.Child("values")
	switch operator {
	case metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn:
		if len(requirement.Values) == 0 {
			errs = append(errs, fmt.Errorf("%s: %s needs at least one value", values, operator))
		}
	case metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist:
		if len(requirement.Values) > 0 {
			errs = append(errs, fmt.Errorf("%s: %s takes no values", values, operator))
		}
	default:
		errs = append(errs, fmt.Errorf("%s: %q is none of In, NotIn, Exists and DoesNotExist", path.Child("operator"), operator))
	}
	for i, value := range requirement.Values {
		errs = append(errs, invalid(values.Index(i), value, validation.IsValidLabelValue(value))...)
	}
	return errs
}

// invalid is one error for each of apimachinery's problems with a value.
func invalid(path *field.Path, value string, problems []string) []error {
	errs := make([]error, len(problems))
	for i, problem := range problems {
		errs[i] = fmt.Errorf("%s: %.64q: %s", path, value, strict.WithoutRegex(problem))
	}
	return errs
}
