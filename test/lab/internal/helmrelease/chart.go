package helmrelease

import (
	"context"
	"fmt"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The labels by which a HelmChart names the HelmRelease it was made for.
const (
	nameLabel      = "helm.toolkit.fluxcd.io/name"
	namespaceLabel = "helm.toolkit.fluxcd.io/namespace"
)

// chartKey is the HelmChart that spec.chart stands for, in the namespace of its
// source.
func chartKey(hr *v2.HelmRelease) types.NamespacedName {
	return types.NamespacedName{Namespace: hr.Spec.Chart.GetNamespace(hr.Namespace), Name: hr.GetHelmChartName()}
}

// buildChart makes the HelmChart of a release with spec.chart.
func buildChart(hr *v2.HelmRelease) *sourcev1.HelmChart {
	template := hr.Spec.Chart
	key := chartKey(hr)
	chart := &sourcev1.HelmChart{
		TypeMeta:   metav1.TypeMeta{APIVersion: sourcev1.GroupVersion.String(), Kind: sourcev1.HelmChartKind},
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, Labels: map[string]string{}},
		Spec: sourcev1.HelmChartSpec{
			Chart:   template.Spec.Chart,
			Version: template.Spec.Version,
			SourceRef: sourcev1.LocalHelmChartSourceReference{
				Kind: template.Spec.SourceRef.Kind,
				Name: template.Spec.SourceRef.Name,
			},
			Interval:                 template.GetInterval(hr.Spec.Interval),
			ReconcileStrategy:        template.Spec.ReconcileStrategy,
			ValuesFiles:              template.Spec.ValuesFiles,
			IgnoreMissingValuesFiles: template.Spec.IgnoreMissingValuesFiles,
		},
	}
	if verify := template.Spec.Verify; verify != nil {
		chart.Spec.Verify = &sourcev1.HelmChartVerification{Provider: verify.Provider, SecretRef: verify.SecretRef}
	}
	if meta := template.ObjectMeta; meta != nil {
		for key, value := range meta.Labels {
			chart.Labels[key] = value
		}
		chart.Annotations = meta.Annotations
	}
	chart.Labels[nameLabel] = hr.Name
	chart.Labels[namespaceLabel] = hr.Namespace
	return chart
}

// reconcileChart applies the HelmChart of the release, or deletes the one that
// it no longer has, and records its name in the status.
func (r *reconciler) reconcileChart(ctx context.Context, hr *v2.HelmRelease) error {
	if hr.Spec.Chart == nil {
		return r.deleteChart(ctx, hr)
	}
	name := chartKey(hr).String()
	if hr.Status.HelmChart != "" && hr.Status.HelmChart != name {
		if err := r.deleteChart(ctx, hr); err != nil {
			return err
		}
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(buildChart(hr))
	if err != nil {
		return fmt.Errorf("converting the HelmChart %q: %w", name, err)
	}
	// An apply owns what it sends: no status, and no zero values of the type.
	delete(fields, "status")
	object := &unstructured.Unstructured{Object: fields}
	unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
	if err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object),
		client.FieldOwner(Name), client.ForceOwnership); err != nil {
		return failed(v2.ArtifactFailedReason, "could not apply the HelmChart %q: %w", name, err)
	}
	hr.Status.HelmChart = name
	return nil
}

// deleteChart deletes the HelmChart that the status names, if any.
func (r *reconciler) deleteChart(ctx context.Context, hr *v2.HelmRelease) error {
	namespace, name := hr.Status.GetHelmChart()
	if name == "" {
		return nil
	}
	chart := &sourcev1.HelmChart{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if err := client.IgnoreNotFound(r.client.Delete(ctx, chart)); err != nil {
		return fmt.Errorf("deleting the HelmChart %q: %w", hr.Status.HelmChart, err)
	}
	hr.Status.HelmChart = ""
	return nil
}
