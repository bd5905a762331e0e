package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/kube"
	kubefake "helm.sh/helm/v4/pkg/kube/fake"
	rcommon "helm.sh/helm/v4/pkg/release/common"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// newTestHelm keeps records in memory and applies nothing; client may fail.
func newTestHelm(client kube.Interface) *helm {
	cfg := action.NewConfiguration()
	records := driver.NewMemory()
	records.SetNamespace("apps")
	cfg.Releases = storage.Init(records)
	cfg.KubeClient = client
	cfg.Capabilities = common.DefaultCapabilities
	cfg.HookOutputFunc = func(_, _, _ string) io.Writer { return io.Discard }
	return &helm{config: cfg, name: "demo", namespace: "apps"}
}

func working() kube.Interface {
	return &kubefake.FailingKubeClient{PrintingKubeClient: kubefake.PrintingKubeClient{Out: io.Discard}}
}

// takeStep takes the step that is due for want, as reconcileRelease does.
func takeStep(t *testing.T, hr *v2.HelmRelease, h *helm, want attempt) (step, error) {
	t.Helper()
	resetFailures(hr, want)
	recordAttempt(hr, want)
	last, err := h.last()
	if err != nil {
		t.Fatal(err)
	}
	next, err := decide(hr, last, want)
	if err != nil {
		t.Fatal(err)
	}
	if next == stepNone {
		return next, settle(hr, h, last)
	}
	if err := retriesLeft(hr); err != nil {
		return next, err
	}
	return next, act(t.Context(), hr, h, next, last, want, func() error { return nil })
}

// history lists the snapshots as version:status:action.
func history(hr *v2.HelmRelease) string {
	var all []string
	for _, snapshot := range hr.Status.History {
		all = append(all, fmt.Sprintf("%d:%s:%s", snapshot.Version, snapshot.Status, snapshot.Action))
	}
	return strings.Join(all, " ")
}

func TestLifeOfARelease(t *testing.T) {
	hr := newRelease(nil)
	h := newTestHelm(working())
	for _, round := range []struct {
		name    string
		color   string
		step    step
		history string
	}{
		{"install", "blue", stepInstall, "1:deployed:install"},
		{"nothing to do", "blue", stepNone, "1:deployed:install"},
		{"another value", "red", stepUpgrade, "2:deployed:upgrade 1:superseded:install"},
		{"nothing to do again", "red", stepNone, "2:deployed:upgrade 1:superseded:install"},
		{"a third value", "green", stepUpgrade, "3:deployed:upgrade 2:superseded:upgrade"},
	} {
		got, err := takeStep(t, hr, h, newAttempt(map[string]any{"color": round.color}))
		if err != nil {
			t.Fatalf("%s: %v", round.name, err)
		}
		if got != round.step || history(hr) != round.history {
			t.Errorf("%s: step %s, history %q, want %s, %q", round.name, got, history(hr), round.step, round.history)
		}
		last, err := h.last()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(last.Manifest, round.color) {
			t.Errorf("%s: the manifest lacks the value %q:\n%s", round.name, round.color, last.Manifest)
		}
	}
	latest := hr.Status.History.Latest()
	if latest.ChartName != "podinfo" || latest.ChartVersion != "6.9.2" || latest.FirstDeployed.IsZero() ||
		latest.ConfigDigest != hr.Status.LastAttemptedConfigDigest || latest.Digest == "" {
		t.Errorf("the snapshot is %+v", latest)
	}
	for range 2 { // what is gone already is no error
		if err := h.uninstall(t.Context(), hr); err != nil {
			t.Fatal(err)
		}
	}
	if last, err := h.last(); err != nil || last != nil {
		t.Errorf("after the uninstall there is %v, %v", last, err)
	}
}

func TestFailedInstallIsRemediatedUntilRetriesAreUsedUp(t *testing.T) {
	client := &kubefake.FailingKubeClient{PrintingKubeClient: kubefake.PrintingKubeClient{Out: io.Discard}, WaitError: errors.New("quota exceeded")}
	h := newTestHelm(client)
	hr := newRelease(func(hr *v2.HelmRelease) {
		hr.Spec.Install = &v2.Install{Remediation: &v2.InstallRemediation{Retries: 1}}
	})
	want := newAttempt(nil)
	var stalled []string
	var steps []step
	for range 3 {
		got, err := takeStep(t, hr, h, want)
		var f *failure
		if !errors.As(err, &f) || f.reason != v2.InstallFailedReason || !strings.Contains(err.Error(), "quota exceeded") {
			t.Fatalf("got %v, want InstallFailed with Helm's message", err)
		}
		steps = append(steps, got)
		stalled = append(stalled, f.stalledMessage)
	}
	if want := "[install reinstall reinstall]"; fmt.Sprint(steps) != want {
		t.Errorf("the steps were %v, want %s", steps, want)
	}
	enough := "Failed to install after 2 attempt(s)"
	if stalled[0] != "" || stalled[1] != enough || stalled[2] != enough {
		t.Errorf("stalled was %q, want it from the second attempt on", stalled)
	}
	if hr.Status.InstallFailures != 2 || history(hr) != "1:failed:install" {
		t.Errorf("%d failures, history %q, want 2 and one failed install", hr.Status.InstallFailures, history(hr))
	}
	// Another value is another attempt, with all its retries.
	client.WaitError = nil
	if _, err := takeStep(t, hr, h, newAttempt(map[string]any{"color": "red"})); err != nil {
		t.Fatal(err)
	}
	if hr.Status.InstallFailures != 0 || history(hr) != "1:deployed:install" {
		t.Errorf("%d failures, history %q, want 0 and one install", hr.Status.InstallFailures, history(hr))
	}
}

func TestFailedUpgradeKeepsTheReleaseBefore(t *testing.T) {
	client := &kubefake.FailingKubeClient{PrintingKubeClient: kubefake.PrintingKubeClient{Out: io.Discard}}
	h := newTestHelm(client)
	hr := newRelease(nil)
	if _, err := takeStep(t, hr, h, newAttempt(nil)); err != nil {
		t.Fatal(err)
	}
	client.UpdateError = errors.New("field is immutable")
	_, err := takeStep(t, hr, h, newAttempt(map[string]any{"color": "red"}))
	var f *failure
	if !errors.As(err, &f) || f.reason != v2.UpgradeFailedReason || f.stalled != "RetriesExceeded" {
		t.Fatalf("got %v, want UpgradeFailed and, without retries, a stall", err)
	}
	if want := "2:failed:upgrade 1:deployed:install"; history(hr) != want {
		t.Errorf("history is %q, want %q", history(hr), want)
	}
}

func TestCountFailure(t *testing.T) {
	retry := &v2.InstallStrategy{Name: string(v2.ActionStrategyRetryOnFailure), RetryInterval: &metav1.Duration{Duration: time.Minute}}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name       string
		ctx        context.Context
		install    v2.Install
		failures   int64
		retryAfter time.Duration
		stalled    bool
	}{
		{name: "no retries", ctx: t.Context(), failures: 1, stalled: true},
		{name: "retries", ctx: t.Context(), install: v2.Install{Remediation: &v2.InstallRemediation{Retries: 1}}, failures: 1},
		{name: "unlimited", ctx: t.Context(), install: v2.Install{Remediation: &v2.InstallRemediation{Retries: -1}}, failures: 1},
		{name: "RetryOnFailure", ctx: t.Context(), install: v2.Install{Strategy: retry}, failures: 1, retryAfter: time.Minute},
		{name: "interrupted", ctx: canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			hr := newRelease(func(hr *v2.HelmRelease) {
				hr.Spec.Install = &test.install
				hr.Status.LastAttemptedReleaseAction = v2.ReleaseActionInstall
			})
			f := failed(v2.InstallFailedReason, "boom")
			if err := countFailure(test.ctx, hr, f); !errors.Is(err, f) {
				t.Fatalf("got %v, want the failure itself", err)
			}
			if hr.Status.InstallFailures != test.failures || hr.Status.Failures != test.failures {
				t.Errorf("%d and %d failures, want %d", hr.Status.InstallFailures, hr.Status.Failures, test.failures)
			}
			if f.retryAfter != test.retryAfter || (f.stalled != "") != test.stalled {
				t.Errorf("retry after %s, stalled %q, want %s, %v", f.retryAfter, f.stalled, test.retryAfter, test.stalled)
			}
		})
	}
}

func TestDecideByStatus(t *testing.T) {
	retry := &v2.Install{Strategy: &v2.InstallStrategy{Name: string(v2.ActionStrategyRetryOnFailure)}}
	for _, test := range []struct {
		name    string
		status  rcommon.Status
		version int
		install *v2.Install
		want    step
	}{
		{"unknown to us", rcommon.StatusDeployed, 1, nil, stepUpgrade},
		{"uninstalled", rcommon.StatusUninstalled, 2, nil, stepInstall},
		{"interrupted uninstall", rcommon.StatusUninstalling, 2, nil, stepReinstall},
		{"failed install", rcommon.StatusFailed, 1, nil, stepReinstall},
		{"failed install that is kept", rcommon.StatusFailed, 1, retry, stepUpgrade},
		{"failed upgrade", rcommon.StatusFailed, 2, nil, stepUpgrade},
	} {
		t.Run(test.name, func(t *testing.T) {
			last := record(test.status)
			last.Version = test.version
			hr := newRelease(func(hr *v2.HelmRelease) { hr.Spec.Install = test.install })
			if got, err := decide(hr, last, newAttempt(nil)); err != nil || got != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestPendingReleaseIsUnlocked(t *testing.T) {
	h := newTestHelm(working())
	if err := h.config.Releases.Create(record(rcommon.StatusPendingInstall)); err != nil {
		t.Fatal(err)
	}
	last, err := h.last()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.unlock(last); err != nil {
		t.Fatal(err)
	}
	if last, err = h.last(); err != nil || last.Info.Status != rcommon.StatusFailed {
		t.Errorf("got %v, %v, want a failed release", last.Info.Status, err)
	}
}
