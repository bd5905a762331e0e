package helmrelease

import (
	"encoding/json"
	"testing"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	rcommon "helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// newRelease is a HelmRelease demo in the namespace apps, changed by edit.
func newRelease(edit func(*v2.HelmRelease)) *v2.HelmRelease {
	hr := &v2.HelmRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "demo", Generation: 3},
		Spec: v2.HelmReleaseSpec{
			Interval: metav1.Duration{Duration: time.Hour},
			Chart: &v2.HelmChartTemplate{Spec: v2.HelmChartTemplateSpec{
				Chart:     "podinfo",
				SourceRef: v2.CrossNamespaceObjectReference{Kind: sourcev1.HelmRepositoryKind, Name: "repo"},
			}},
		},
	}
	if edit != nil {
		edit(hr)
	}
	return hr
}

// newAttempt wants podinfo 6.9.2 with the given values.
func newAttempt(values map[string]any) attempt {
	return attempt{
		chart: &chart.Chart{
			Metadata: &chart.Metadata{APIVersion: chart.APIVersionV2, Name: "podinfo", Version: "6.9.2", AppVersion: "6.9.2"},
			Templates: []*common.File{{
				Name: "templates/cm.yaml",
				Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {color: {{ .Values.color | quote }}}\n"),
			}},
		},
		values:       values,
		configDigest: configDigest(values),
	}
}

// record is Helm's record of a release of version 1.
func record(status rcommon.Status) *release.Release {
	return &release.Release{
		Name: "demo", Namespace: "apps", Version: 1,
		Chart: newAttempt(nil).chart,
		Info:  &release.Info{Status: status, FirstDeployed: time.Unix(1000, 0), LastDeployed: time.Unix(1000, 0)},
	}
}

// jsonValues is spec.values.
func jsonValues(t *testing.T, values any) *apiextensionsv1.JSON {
	t.Helper()
	raw, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return &apiextensionsv1.JSON{Raw: raw}
}

// newClient is a client of a cluster that holds objects.
func newClient(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, sourcev1.AddToScheme, v2.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithStatusSubresource(&v2.HelmRelease{}, &sourcev1.HelmChart{}).Build()
}
