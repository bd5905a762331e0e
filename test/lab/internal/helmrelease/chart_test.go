package helmrelease

import (
	"reflect"
	"testing"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestBuildChartTakesEveryField(t *testing.T) {
	hr := newRelease(func(hr *v2.HelmRelease) {
		hr.Spec.Chart = &v2.HelmChartTemplate{
			ObjectMeta: &v2.HelmChartTemplateObjectMeta{
				Labels:      map[string]string{"team": "a"},
				Annotations: map[string]string{"note": "b"},
			},
			Spec: v2.HelmChartTemplateSpec{
				Chart:                    "./charts/podinfo",
				Version:                  ">=6",
				SourceRef:                v2.CrossNamespaceObjectReference{Kind: sourcev1.GitRepositoryKind, Name: "git", Namespace: "sources"},
				Interval:                 &metav1.Duration{Duration: time.Minute},
				ReconcileStrategy:        sourcev1.ReconcileStrategyRevision,
				ValuesFiles:              []string{"values-prod.yaml"},
				IgnoreMissingValuesFiles: true,
				Verify: &v2.HelmChartTemplateVerification{
					Provider: "cosign", SecretRef: &meta.LocalObjectReference{Name: "keys"},
				},
			},
		}
	})
	chart := buildChart(hr)
	if chart.Namespace != "sources" || chart.Name != "apps-demo" {
		t.Errorf("the chart is %s/%s, want sources/apps-demo", chart.Namespace, chart.Name)
	}
	labels := map[string]string{"team": "a", nameLabel: "demo", namespaceLabel: "apps"}
	if !reflect.DeepEqual(chart.Labels, labels) || chart.Annotations["note"] != "b" {
		t.Errorf("labels are %v, annotations %v", chart.Labels, chart.Annotations)
	}
	want := sourcev1.HelmChartSpec{
		Chart:                    "./charts/podinfo",
		Version:                  ">=6",
		SourceRef:                sourcev1.LocalHelmChartSourceReference{Kind: sourcev1.GitRepositoryKind, Name: "git"},
		Interval:                 metav1.Duration{Duration: time.Minute},
		ReconcileStrategy:        sourcev1.ReconcileStrategyRevision,
		ValuesFiles:              []string{"values-prod.yaml"},
		IgnoreMissingValuesFiles: true,
		Verify:                   &sourcev1.HelmChartVerification{Provider: "cosign", SecretRef: &meta.LocalObjectReference{Name: "keys"}},
	}
	if !reflect.DeepEqual(chart.Spec, want) {
		t.Errorf("spec is\n%+v, want\n%+v", chart.Spec, want)
	}
}

func TestBuildChartDefaults(t *testing.T) {
	chart := buildChart(newRelease(nil))
	if chart.Namespace != "apps" || chart.Name != "apps-demo" {
		t.Errorf("the chart is %s/%s, want apps/apps-demo", chart.Namespace, chart.Name)
	}
	if chart.Spec.Interval.Duration != time.Hour {
		t.Errorf("the interval is %s, want the release's", chart.Spec.Interval.Duration)
	}
}
