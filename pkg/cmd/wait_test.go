package cmd

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

const (
	unchangedLines = `gitrepository.source.toolkit.fluxcd.io/shop unchanged (host)
kustomization.kustomize.toolkit.fluxcd.io/web unchanged (host)
`
	revision = "master@sha1:9a853af1e3b54c9f8f6b5cf2d1d4f6a7c8e9f001"
)

// fluxObject is an object of generation 1 with one condition that is true, or a
// Ready that is not.
func fluxObject(condition, reason string) object {
	value := "True"
	if condition == "NotReady" {
		condition, value = "Ready", "False"
	}
	return object{
		"metadata": object{"uid": "x", "generation": 1},
		"spec":     object{"sourceRef": object{"kind": "GitRepository", "name": "shop"}},
		"status": object{
			"observedGeneration": 1, "artifact": object{"revision": revision}, "lastAppliedRevision": revision,
			"conditions": []object{{"type": condition, "status": value, "reason": reason, "message": "what\nFlux says \x1b[2J", "observedGeneration": 1}},
		},
	}
}

// awaiting is a terminal where shop is deployed, and Flux says this of web.
func awaiting(t *testing.T, web object) (*terminal, *fakeServer) {
	t.Helper()
	term, host := deployed(t, "web")
	term.In = shopManifest()
	applied := object{"metadata": object{"uid": "x", "generation": 1}}
	term.joins(host, map[string]any{
		"PATCH" + sourceCall: applied, "PATCH" + webCall: applied,
		"GET" + sourceCall: fluxObject("Ready", "Succeeded"), "GET" + webCall: web,
	})
	return term, host
}

func TestDeployWaits(t *testing.T) {
	const (
		closing = "application default/shop: 1 cluster, 2 unchanged, "
		see     = "; the same command waits on, and kubectl fleetapp status shop shows how far it is\n"
	)
	another := fluxObject("Ready", "Succeeded")
	another["metadata"] = object{"uid": "y", "generation": 1}
	for name, test := range map[string]struct {
		web  object
		args []string
		code int
		err  string
	}{
		"not asked to": {nil, nil, 0, closing[:len(closing)-2] + " in 0ms\n"},
		"ready": {fluxObject("Ready", "Succeeded"), []string{"--wait"}, 0,
			"waiting for 1 cluster to be ready (at most 5m0s)\n" + closing + "ready at master@9a853af in 0ms\n"},
		"not in time": {fluxObject("NotReady", "BuildFailed"), []string{"--wait", "--timeout", "200ms"}, 4,
			"waiting for 1 cluster to be ready (at most 200ms)\n" +
				`host: NotReady: kustomization/web: BuildFailed: what Flux says \x1b[2J` + "\n" + closing + "0 of 1 ready after 0ms" + see},
		"stalled": {fluxObject("Stalled", "InvalidSpec"), []string{"--wait"}, 4,
			"waiting for 1 cluster to be ready (at most 5m0s)\n" +
				`host: NotReady: kustomization/web: InvalidSpec: what Flux says \x1b[2J` + "\n" + closing +
				"0 of 1 ready after 0ms, and the rest will not be by itself; mend what is said above, then run the same again\n"},
		"another one": {another, []string{"--wait"}, 4,
			"waiting for 1 cluster to be ready (at most 5m0s)\n" +
				"host: NotReady: kustomization/web: Replaced: somebody deleted it meanwhile and made another one of its name; deploy again\n" + closing +
				"0 of 1 ready after 0ms, and the rest will not be by itself; mend what is said above, then run the same again\n"},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := awaiting(t, test.web)
			if test.web == nil { // a look would be an unexpected request
				delete(host.answers, "GET"+sourceCall)
				delete(host.answers, "GET"+webCall)
			}
			term.check(t, term.run(t.Context(), append([]string{"deploy", "-f", "-"}, test.args...)...), test.code, unchangedLines, test.err)
		})
	}
}

func TestAWaitIsInterrupted(t *testing.T) {
	term, host := awaiting(t, fluxObject("NotReady", "BuildFailed"))
	ctx, cancel := context.WithCancel(t.Context())
	term.Connect = func(context.Context, *fleet.Client, fleet.Member) (*fleet.Client, error) {
		return newClient(t, func(w http.ResponseWriter, r *http.Request) {
			host.ServeHTTP(w, r)
			if r.Method == http.MethodGet && "GET "+r.URL.Path == "GET"+webCall {
				time.AfterFunc(300*time.Millisecond, cancel)
			}
		})
	}
	term.check(t, term.run(ctx, "deploy", "-f", "-", "--wait"), 4, unchangedLines,
		"waiting for 1 cluster to be ready (at most 5m0s)\n\n"+
			`host: NotReady: kustomization/web: BuildFailed: what Flux says \x1b[2J`+"\n"+
			"application default/shop: 1 cluster, 2 unchanged; interrupted with 0 of 1 ready: the same command waits on, and kubectl fleetapp status shop shows how far it is\n")
}

// What failed is not waited for.
func TestFailedMembersAreNotWaitedFor(t *testing.T) {
	term, host := awaiting(t, nil)
	delete(host.answers, "GET"+sourceCall)
	delete(host.answers, "GET"+webCall)
	term.Connect = func(context.Context, *fleet.Client, fleet.Member) (*fleet.Client, error) {
		return nil, context.DeadlineExceeded
	}
	term.check(t, term.run(t.Context(), "deploy", "-f", "-", "--wait"), 1, "",
		"host: Timeout: no answer within its time (--member-timeout)\n"+
			"application default/shop: 0 of 1 cluster done, 1 failed; run the same again once it is back\n")
}

// Nor is what the inventory could not be settled for.
func TestARunThatFailsIsNotWaitedFor(t *testing.T) {
	term, host := awaiting(t, nil)
	delete(host.answers, "GET"+sourceCall)
	delete(host.answers, "GET"+webCall)
	puts := 0
	term.Host = func() (*fleet.Client, error) {
		return newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				puts++
			}
			if puts < 2 {
				host.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_ = json.NewEncoder(w).Encode(object{
				"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": http.StatusInternalServerError, "message": "etcd is full",
			})
		})
	}
	term.check(t, term.run(t.Context(), "deploy", "-f", "-", "--wait"), 3, unchangedLines,
		"error: write the inventory (Secret default/fleetapp.v1.shop on the host): etcd is full\n")
}

func TestWaitUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		err  string
	}{
		"a dry run":  {[]string{"--wait", "--dry-run=server"}, "error: --wait and --dry-run exclude each other: nothing is changed that could be waited for\n"},
		"no time":    {[]string{"--wait", "--timeout=0"}, "error: --wait needs a --timeout of more than nothing\n"},
		"less of it": {[]string{"--wait", "--timeout=-1s"}, "error: --timeout cannot be less than nothing, it is -1s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			term := newTerminal(t)
			term.check(t, term.run(t.Context(), append([]string{"deploy", "-f", "-"}, test.args...)...), 1, "", test.err)
		})
	}
}
