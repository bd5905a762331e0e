package helmrelease

import (
	"strings"
	"testing"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// round reconciles the release once and returns what became of it, nil where it
// is gone. No cluster listens: whatever asks Helm for something fails.
func round(t *testing.T, cluster client.Client, hr *v2.HelmRelease) (*v2.HelmRelease, reconcile.Result, error) {
	t.Helper()
	r := &reconciler{client: cluster, config: &rest.Config{Host: "http://127.0.0.1:1"}, downloader: newDownloader()}
	key := client.ObjectKeyFromObject(hr)
	result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: key})
	after := &v2.HelmRelease{}
	switch getErr := cluster.Get(t.Context(), key, after); {
	case apierrors.IsNotFound(getErr):
		return nil, result, err
	case getErr != nil:
		t.Fatal(getErr)
	}
	return after, result, err
}

// chartExists tells whether the HelmChart of the release demo is there.
func chartExists(t *testing.T, cluster client.Client) bool {
	t.Helper()
	err := cluster.Get(t.Context(), client.ObjectKey{Namespace: "apps", Name: "apps-demo"}, &sourcev1.HelmChart{})
	if client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	return err == nil
}

// finalized is a release that was reconciled before, and has its HelmChart.
func finalized(edit func(*v2.HelmRelease)) (*v2.HelmRelease, *sourcev1.HelmChart) {
	hr := newRelease(func(hr *v2.HelmRelease) {
		hr.Finalizers = []string{v2.HelmReleaseFinalizer}
		hr.Status.HelmChart = "apps/apps-demo"
		if edit != nil {
			edit(hr)
		}
	})
	return hr, buildChart(hr)
}

func deleted(hr *v2.HelmRelease) { hr.DeletionTimestamp = &metav1.Time{Time: time.Unix(1000, 0)} }

func TestNewReleaseWaitsForItsChart(t *testing.T) {
	hr := newRelease(func(hr *v2.HelmRelease) {
		hr.Annotations = map[string]string{"reconcile.fluxcd.io/requestedAt": "now"}
	})
	cluster := newClient(t, hr)
	after, result, err := round(t, cluster, hr)
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Finalizers) != 1 || after.Finalizers[0] != v2.HelmReleaseFinalizer {
		t.Errorf("finalizers are %v", after.Finalizers)
	}
	if !chartExists(t, cluster) || after.Status.HelmChart != "apps/apps-demo" {
		t.Errorf("the HelmChart exists: %v, and the status names %q", chartExists(t, cluster), after.Status.HelmChart)
	}
	if got, want := show(t, after), "Reconciling=True/Progressing Ready=False/SourceNotReady"; got != want {
		t.Errorf("conditions are %s, want %s", got, want)
	}
	if after.Status.ObservedGeneration == after.Generation {
		t.Error("the generation counts as observed while the release waits")
	}
	if after.Status.LastHandledReconcileAt != "now" || result.RequeueAfter != time.Hour {
		t.Errorf("handled request %q, next after %s", after.Status.LastHandledReconcileAt, result.RequeueAfter)
	}
}

func TestSuspendedReleaseIsLeftAlone(t *testing.T) {
	hr := newRelease(func(hr *v2.HelmRelease) { hr.Spec.Suspend = true })
	cluster := newClient(t, hr)
	after, result, err := round(t, cluster, hr)
	if err != nil || result.RequeueAfter != 0 {
		t.Fatalf("got %v, %v", result, err)
	}
	if chartExists(t, cluster) || len(after.Status.Conditions) != 0 {
		t.Errorf("a HelmChart exists: %v, conditions are %s", chartExists(t, cluster), show(t, after))
	}
}

func TestUnsupportedReleaseStalls(t *testing.T) {
	hr, chart := finalized(func(hr *v2.HelmRelease) { hr.Spec.PostRenderers = []v2.PostRenderer{{}} })
	after, _, err := round(t, newClient(t, hr, chart), hr)
	if err == nil || !strings.Contains(err.Error(), "terminal error") {
		t.Errorf("got %v, want an error that is not tried again", err)
	}
	if got, want := show(t, after), "Stalled=True/Unsupported Ready=False/Unsupported"; got != want {
		t.Errorf("conditions are %s, want %s", got, want)
	}
	if after.Status.ObservedGeneration != after.Generation {
		t.Error("the generation does not count as observed")
	}
}

func TestReleaseWaitsForItsDependency(t *testing.T) {
	hr, chart := finalized(func(hr *v2.HelmRelease) { hr.Spec.DependsOn = []v2.DependencyReference{{Name: "first"}} })
	first := newRelease(func(hr *v2.HelmRelease) { hr.Name = "first" })
	for name, cluster := range map[string]client.Client{
		"absent":    newClient(t, hr.DeepCopy(), chart),
		"not ready": newClient(t, hr.DeepCopy(), chart, first),
	} {
		t.Run(name, func(t *testing.T) {
			after, result, err := round(t, cluster, hr)
			if err != nil || result.RequeueAfter != dependencyInterval {
				t.Fatalf("got %v, %v", result, err)
			}
			if got, want := show(t, after), "Reconciling=True/Progressing Ready=False/DependencyNotReady"; got != want {
				t.Errorf("conditions are %s, want %s", got, want)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	released := func(hr *v2.HelmRelease) {
		deleted(hr)
		hr.Status.StorageNamespace = "apps"
	}
	for _, test := range []struct {
		name        string
		edit        func(*v2.HelmRelease)
		gone, chart bool
		err         string
	}{
		{name: "never released", edit: deleted, gone: true},
		{name: "suspended", gone: true, chart: true, edit: func(hr *v2.HelmRelease) {
			released(hr)
			hr.Spec.Suspend = true
		}},
		{name: "service account gone", gone: true, edit: func(hr *v2.HelmRelease) {
			released(hr)
			hr.Spec.ServiceAccountName = "absent"
		}},
		{name: "uninstall fails", edit: released, chart: true, err: "Helm uninstall failed for release apps/demo"},
		{name: "uninstall fails as a service account", chart: true, err: "Helm uninstall failed", edit: func(hr *v2.HelmRelease) {
			released(hr)
			hr.Spec.ServiceAccountName = "present"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			hr, chart := finalized(test.edit)
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "present"}}
			cluster := newClient(t, hr, chart, account)
			after, _, err := round(t, cluster, hr)
			if test.err == "" && err != nil {
				t.Fatal(err)
			}
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want an error with %q", err, test.err)
				}
				if got, want := show(t, after), "Reconciling=True/ProgressingWithRetry Ready=False/UninstallFailed"; got != want {
					t.Errorf("conditions are %s, want %s", got, want)
				}
			}
			if (after == nil) != test.gone || chartExists(t, cluster) != test.chart {
				t.Errorf("gone: %v, HelmChart: %v, want %v, %v", after == nil, chartExists(t, cluster), test.gone, test.chart)
			}
		})
	}
}

func TestAnotherSourceNamespaceMovesTheChart(t *testing.T) {
	hr, chart := finalized(nil)
	hr.Spec.Chart.Spec.SourceRef.Namespace = "sources"
	cluster := newClient(t, hr, chart)
	after, _, err := round(t, cluster, hr)
	if err != nil {
		t.Fatal(err)
	}
	if after.Status.HelmChart != "sources/apps-demo" || chartExists(t, cluster) {
		t.Errorf("the status names %q, and the old HelmChart exists: %v", after.Status.HelmChart, chartExists(t, cluster))
	}
}
