package helmrelease

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// show lists conditions as type=status/reason, and fails where one was not
// observed at the object's generation.
func show(t *testing.T, hr *v2.HelmRelease) string {
	t.Helper()
	var all []string
	for _, condition := range hr.Status.Conditions {
		if condition.ObservedGeneration != hr.Generation {
			t.Errorf("%s was observed at generation %d, want %d", condition.Type, condition.ObservedGeneration, hr.Generation)
		}
		all = append(all, fmt.Sprintf("%s=%s/%s", condition.Type, condition.Status, condition.Reason))
	}
	return strings.Join(all, " ")
}

func TestMarkFailure(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"plain error", errors.New("boom"), "Reconciling=True/ProgressingWithRetry Ready=False/Failed"},
		{"with a reason", failed("ValuesError", "boom"), "Reconciling=True/ProgressingWithRetry Ready=False/ValuesError"},
		{
			"wrapped", fmt.Errorf("outer: %w", failed("ValuesError", "boom")),
			"Reconciling=True/ProgressingWithRetry Ready=False/ValuesError",
		},
		{
			"waiting", &failure{reason: "SourceNotReady", err: errors.New("boom"), retryAfter: time.Second},
			"Reconciling=True/Progressing Ready=False/SourceNotReady",
		},
		{
			"stalled", &failure{reason: "InstallFailed", err: errors.New("boom"), stalled: "RetriesExceeded", stalledMessage: "enough"},
			"Stalled=True/RetriesExceeded Ready=False/InstallFailed",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hr := newRelease(nil)
			markFailure(hr, test.err)
			if got := show(t, hr); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if message := conditions.GetMessage(hr, meta.ReadyCondition); message != "boom" {
				t.Errorf("the message of Ready is %q", message)
			}
		})
	}
}

func TestMarkReleasedEndsEverythingElse(t *testing.T) {
	hr := newRelease(nil)
	markFailure(hr, &failure{reason: "InstallFailed", err: errors.New("boom"), stalled: "RetriesExceeded"})
	markRunning(hr, v2.ReleaseActionUpgrade)
	if got, want := show(t, hr), "Reconciling=True/Progressing Ready=Unknown/Progressing"; got != want {
		t.Errorf("while running: got %s, want %s", got, want)
	}
	markReleased(hr, &v2.Snapshot{Name: "demo", Namespace: "apps", Version: 2, ChartName: "podinfo", ChartVersion: "6.9.2", Action: v2.ReleaseActionUpgrade})
	if got, want := show(t, hr), "Ready=True/UpgradeSucceeded Released=True/UpgradeSucceeded"; got != want {
		t.Errorf("when released: got %s, want %s", got, want)
	}
	want := "Helm upgrade succeeded for release apps/demo.v2 with chart podinfo@6.9.2"
	if got := conditions.GetMessage(hr, meta.ReadyCondition); got != want {
		t.Errorf("the message is %q, want %q", got, want)
	}
}

func TestMarkRunningNamesTheActionsTimeout(t *testing.T) {
	hr := newRelease(func(hr *v2.HelmRelease) {
		hr.Spec.Upgrade = &v2.Upgrade{Timeout: &metav1.Duration{Duration: 7 * time.Second}}
	})
	for action, want := range map[v2.ReleaseAction]string{
		v2.ReleaseActionInstall: "Running 'install' action with timeout of 5m0s",
		v2.ReleaseActionUpgrade: "Running 'upgrade' action with timeout of 7s",
	} {
		markRunning(hr, action)
		if got := conditions.GetMessage(hr, meta.ReadyCondition); got != want {
			t.Errorf("the message is %q, want %q", got, want)
		}
	}
}

func TestUnsupportedFieldsAreNamed(t *testing.T) {
	if err := checkSupported(newRelease(nil)); err != nil {
		t.Errorf("a plain release is refused: %v", err)
	}
	err := checkSupported(newRelease(func(hr *v2.HelmRelease) {
		hr.Spec.KubeConfig = &meta.KubeConfigReference{}
		hr.Spec.PostRenderers = []v2.PostRenderer{{}}
		hr.Spec.CommonMetadata = &v2.CommonMetadata{}
		hr.Spec.DependsOn = []v2.DependencyReference{{Name: "a"}, {Name: "b", ReadyExpr: "true"}}
	}))
	if err == nil {
		t.Fatal("nothing is refused")
	}
	for _, want := range []string{"stand-in", "spec.kubeConfig", "spec.postRenderers", "spec.commonMetadata", "spec.dependsOn[1].readyExpr"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %q", err, want)
		}
	}
}
