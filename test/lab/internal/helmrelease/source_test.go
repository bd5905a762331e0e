package helmrelease

import (
	"testing"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSourceKey(t *testing.T) {
	tests := []struct {
		name, kind, key string
		edit            func(*v2.HelmRelease)
	}{
		{name: "chart", kind: sourcev1.HelmChartKind, key: "apps/apps-demo"},
		{name: "chart from another namespace", kind: sourcev1.HelmChartKind, key: "sources/apps-demo", edit: func(hr *v2.HelmRelease) {
			hr.Spec.Chart.Spec.SourceRef.Namespace = "sources"
		}},
		{name: "chartRef", kind: sourcev1.OCIRepositoryKind, key: "apps/oci", edit: func(hr *v2.HelmRelease) {
			hr.Spec.Chart = nil
			hr.Spec.ChartRef = &v2.CrossNamespaceSourceReference{Kind: sourcev1.OCIRepositoryKind, Name: "oci"}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			kind, key := sourceKey(newRelease(test.edit))
			if kind != test.kind || key.String() != test.key {
				t.Errorf("got %s %s, want %s %s", kind, key, test.kind, test.key)
			}
		})
	}
}

func TestNotReady(t *testing.T) {
	tests := []struct {
		name, want string
		edit       func(*sourcev1.HelmChart)
	}{
		{name: "ready"},
		{name: "no artifact", want: "does not have an artifact", edit: func(chart *sourcev1.HelmChart) { chart.Status.Artifact = nil }},
		{name: "old generation", want: "latest generation of object has not been reconciled", edit: func(chart *sourcev1.HelmChart) {
			chart.Status.ObservedGeneration = 1
		}},
		{name: "old generation that fails", want: "no such chart", edit: func(chart *sourcev1.HelmChart) {
			chart.Status.ObservedGeneration = 1
			conditions.MarkFalse(chart, meta.ReadyCondition, "Failed", "no such chart")
		}},
		{name: "stalled", want: "bad URL", edit: func(chart *sourcev1.HelmChart) {
			conditions.MarkStalled(chart, "Failed", "bad URL")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			chart := &sourcev1.HelmChart{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
			chart.Status.ObservedGeneration = 2
			chart.Status.Artifact = &meta.Artifact{Revision: "6.9.2"}
			if test.edit != nil {
				test.edit(chart)
			}
			if got := notReady(chart, observedGeneration(chart)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestStampRevision(t *testing.T) {
	const sum = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	oci := func(revision string) *sourcev1.OCIRepository {
		repository := &sourcev1.OCIRepository{}
		repository.Status.Artifact = &meta.Artifact{Revision: revision}
		return repository
	}
	for _, revision := range []string{sum, "6.9.2@" + sum} {
		chrt := newAttempt(nil).chart
		got, err := stampRevision(chrt, oci(revision))
		if err != nil || got != sum || chrt.Metadata.Version != "6.9.2+0123456789ab" {
			t.Errorf("%q gives %q, %v and version %q", revision, got, err, chrt.Metadata.Version)
		}
	}
	if _, err := stampRevision(newAttempt(nil).chart, oci("6.9.2")); err == nil {
		t.Error("a revision without a digest is no error")
	}
	chrt := newAttempt(nil).chart
	if got, err := stampRevision(chrt, &sourcev1.HelmChart{}); err != nil || got != "" || chrt.Metadata.Version != "6.9.2" {
		t.Errorf("a HelmChart's chart became version %q, digest %q, %v", chrt.Metadata.Version, got, err)
	}
}
