package cmd

import (
	"context"
	"net/http"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
)

const (
	takeoverLine = "application default/shop is being deleted by bob@laptop-7 (pid 1): waiting up to 20s to see whether that run is alive\n"
	otherCall    = " /api/v1/namespaces/default/secrets/fleetapp.v1.other"
)

// heldByBob is a terminal on a host where bob's run holds the inventory of shop; it
// is interrupted once it looks for a sign of life of that run.
func heldByBob(t *testing.T) (*terminal, *fakeServer, context.Context) {
	t.Helper()
	term, host := deployed(t, "web")
	term.Interactive = func() bool { return false }
	held := secretOf(t, inventory.Record{Epoch: 1, Run: &inventory.Run{Verb: "deleted", Holder: "bob@laptop-7", PID: 1}})
	host.answers["GET"+secretCall] = held
	ctx, interrupt := context.WithCancel(t.Context())
	looks := 0
	term.Host = func() (*fleet.Client, error) {
		return newClient(t, func(w http.ResponseWriter, r *http.Request) {
			host.ServeHTTP(w, r)
			if r.Method+" "+r.URL.Path == "GET"+secretCall {
				if looks++; looks == 2 {
					interrupt()
				}
			}
		})
	}
	return term, host, ctx
}

func TestAWaitForAnotherRunIsInterrupted(t *testing.T) {
	term, host, ctx := heldByBob(t)
	term.In = shopManifest()
	term.check(t, term.run(ctx, "deploy", "-f", "-"), 1, "", takeoverLine+"error: interrupted: nothing was changed\n")
	if host.writes() != "" {
		t.Errorf("wrote\n%s", host.writes())
	}
}

// What one application changed before another one is waited for is changed, and
// what comes after is not begun.
func TestAWaitForAnotherRunIsInterruptedBetweenOthers(t *testing.T) {
	const kurator = "GET /apis/apps.kurator.dev/v1alpha1/namespaces/default/applications/"
	term, host, ctx := heldByBob(t)
	gone := secretOf(t, inventory.Record{Epoch: 1})
	host.answers[kurator+"other"], host.answers[kurator+"third"] = nil, nil
	host.answers["GET"+otherCall] = gone
	host.answers["GET /api/v1/namespaces/default/secrets/fleetapp.v1.third"] = gone
	host.answers["PUT"+otherCall], host.answers["DELETE"+otherCall] = gone, object{"kind": "Status", "status": "Success"}
	term.check(t, term.run(ctx, "delete", "other", "shop", "third"), 1, "",
		"application default/other: gone from 0 clusters in 0ms\n"+takeoverLine+
			"error: interrupted; what was begun is in the inventory: run the same again to go on\n")
	if got, want := host.writes(), "PUT"+otherCall+"\nDELETE"+otherCall; got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}
