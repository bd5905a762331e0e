package preflight_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// All of it is one round trip: no answer is waited for before all is asked.
func TestLookIsOneRoundTrip(t *testing.T) {
	m := ready(t)
	m.held = 7
	is, err := preflight.Look(t.Context(), m.client())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(m.seen)
	want := `GET /api/v1/namespaces/kube-system
GET /apis/apps/v1/deployments?labelSelector=app.kubernetes.io%2Fpart-of%3Dflux&limit=50
GET /apis/apps/v1/namespaces/flux-system/deployments?limit=50
GET /apis/helm.toolkit.fluxcd.io
GET /apis/kustomize.toolkit.fluxcd.io
GET /apis/source.toolkit.fluxcd.io
GET /version`
	if got := strings.Join(m.seen, "\n"); got != want {
		t.Errorf("requests\n%s\nwant\n%s", got, want)
	}
	if is.UID != "one" || is.Version != "v1.36.3" || is.Unseen != nil || len(is.Groups) != 3 {
		t.Errorf("it is %+v", is)
	}
	if got, want := controllers(is), "source-controller v1.9.6 1/1, kustomize-controller v1.9.5 1/1, helm-controller v1.6.5 1/1"; got != want {
		t.Errorf("controllers %s, want %s", got, want)
	}
}

func controllers(is preflight.Cluster) string {
	var all []string
	for _, c := range is.Controllers {
		all = append(all, fmt.Sprintf("%s %s %d/%d", c.Name, c.Version, c.Available, c.Replicas))
	}
	return strings.Join(all, ", ")
}

// Whoever is told what he may not do is known; nobody is not.
func TestWhoIsAccepted(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   reason.Reason
	}{
		"known":                  {answer(http.StatusOK, object{"metadata": object{"uid": "x"}}), ""},
		"known, and may nothing": {forbidden("system:serviceaccount:a:b"), ""},
		"no such namespace":      {refuse(http.StatusNotFound, "NotFound", `namespaces "kube-system" not found`), ""},
		"anonymous":              {forbidden("system:anonymous"), reason.Unauthorized},
		"refused":                {refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized"), reason.Unauthorized},
		"broken":                 {refuse(http.StatusInternalServerError, "InternalError", "etcd is away"), reason.Failed},
		"a proxy's refusal": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>no", http.StatusForbidden)
		}, reason.Failed},
		"another server":       {plainNotFound, reason.Failed},
		"a page":               {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello") }, reason.Failed},
		"no namespace in JSON": {answer(http.StatusOK, object{"hello": "world"}), reason.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			m := ready(t)
			m.answers["/api/v1/namespaces/kube-system"] = test.answer
			_, err := preflight.Look(t.Context(), m.client())
			got := reason.Reason("")
			if err != nil {
				got = reason.Of(err)
			}
			if got != test.want {
				t.Errorf("reason %q, want %q: %v", got, test.want, err)
			}
		})
	}
}

// What a cluster does not tell is a gap, and no more.
func TestGaps(t *testing.T) {
	m := ready(t)
	m.answers["/version"] = forbidden("ana")
	m.answers[apis("source")] = forbidden("ana")
	m.group("helm")
	m.answers["/apis/apps/v1/deployments"] = forbidden("ana")
	is, err := preflight.Look(t.Context(), m.client())
	if err != nil {
		t.Fatal(err)
	}
	if is.Version != "" || is.Groups[0].Err == nil || is.Groups[1].Err != nil || is.Groups[2].Err != nil || len(is.Groups[2].Versions) > 0 {
		t.Errorf("it is %+v", is)
	}
	if reason.Of(is.Unseen) != reason.Forbidden || len(is.Controllers) != 3 { // those where Flux usually is
		t.Errorf("unseen %v, controllers %s", is.Unseen, controllers(is))
	}
}

func TestControllers(t *testing.T) {
	sidecar := func(d *deployment) {
		d.Spec.Template.Spec.Containers = []container{{"proxy", "envoy:v9"}, {"manager", "localhost:5000/notification-controller:v1.9.1"}}
	}
	off := func(d *deployment) {
		none := 0
		d.Spec.Replicas, d.Spec.Template.Spec.Containers = &none, nil
	}
	notification := controller("notification-controller", "", 0, sidecar)
	m := ready(t)
	m.on("/apis/apps/v1/deployments", object{"items": []deployment{
		controller("image-reflector-controller", "", 0, off), notification,
		controller("kustomize-controller", "", 1, in("gitops"), image("localhost:5000/kustomize-controller@sha256:0123456789")),
		controller("source-controller", "", 1, image("localhost:5000/fluxcd/source-controller:v1.9.6@sha256:0123")),
		controller("source-controller", "v1", 1, named("source-controller-shard1")),
		controller("something-else", "", 1, in("a"), image("plain")),
		controller("source-watcher", strings.Repeat("v", 300), 1),
	}})
	m.on("/apis/apps/v1/namespaces/flux-system/deployments", object{"items": []deployment{
		controller("helm-controller", "v1.6.5", 1, unlabelled), controller("weave", "v3", 1, unlabelled), notification,
	}})
	is, err := preflight.Look(t.Context(), m.client())
	if err != nil {
		t.Fatal(err)
	}
	want := "source-controller v1.9.6 1/1, source-controller v1 1/1, kustomize-controller sha256:0123456 1/1, helm-controller v1.6.5 1/1, " +
		"notification-controller v1.9.1 0/1, image-reflector-controller  0/0, source-watcher " + strings.Repeat("v", 64) + "… 1/1, something-else  1/1"
	if got := controllers(is); got != want {
		t.Errorf("controllers\n%s\nwant\n%s", got, want)
	}
	for i, c := range is.Controllers {
		if c.Syncs() != (i < 4) {
			t.Errorf("%s syncs: %t", c.Name, c.Syncs())
		}
	}
}

// needs are all kinds, in namespace apps.
func needs() preflight.Needs {
	return preflight.Needs{Namespace: "apps", Kinds: plan.Kinds(), Secret: "default/one"}
}

// A machine that is busy may leave no time to ask at all. That is no answer.
func TestNoTimeLeftToAsk(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	client := ready(t).client()
	if is, err := preflight.Look(ctx, client); reason.Of(err) != reason.Timeout {
		t.Errorf("it is %+v, error %v", is, err)
	}
	report := preflight.Check(ctx, client, preflight.Needs{Namespace: "apps", Kinds: plan.Kinds()})
	if report.Marks[preflight.Reachable] != preflight.Failed {
		t.Errorf("the report is %+v", report)
	}
}
