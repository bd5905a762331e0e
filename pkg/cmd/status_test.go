package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// looks is a status of all applications, on such a terminal.
func looks(t *testing.T, on printer.Terminal) (*statusOptions, *terminal) {
	t.Helper()
	term := newTerminal(t)
	term.Terminal = func() printer.Terminal { return on }
	return &statusOptions{Factory: term.Factory}, term
}

func judged(apps ...*status.Application) *looked {
	l := &looked{}
	for _, app := range apps {
		l.all = append(l.all, printer.Judged{Application: app, Verdict: app.Judge()})
	}
	return l
}

// A watch says of which applications it knows nothing, wherever it prints.
func TestWatchSaysWhatIsUnread(t *testing.T) {
	const warning = "warning: Secret a: no gzip\nwarning: Secret b: no gzip\n"
	unread := errors.Join(errors.New("Secret a: no gzip"), errors.New("Secret b: no gzip"))
	for name, test := range map[string]struct {
		terminal printer.Terminal
		output   string
		// want is where it is said.
		want func(out, err string) string
	}{
		"lines":                    {printer.Terminal{}, "", func(_, err string) string { return err }},
		"a document":               {printer.Terminal{}, "json", func(_, err string) string { return err }},
		"in place":                 {printer.Terminal{Is: true, Width: 80, Height: 24}, "", func(out, _ string) string { return out }},
		"a document on a terminal": {printer.Terminal{Is: true}, "yaml", func(_, err string) string { return err }},
	} {
		t.Run(name, func(t *testing.T) {
			o, term := looks(t, test.terminal)
			o.output = test.output
			show := o.shower()
			look := judged(&status.Application{Namespace: "default", Name: "shop"})
			look.unread = unread
			if err := show(look, nil); err != nil {
				t.Fatal(err)
			}
			if got := test.want(term.out.String(), term.err.String()); strings.Count(got, warning) != 1 {
				t.Errorf("said %q", got)
			}
		})
	}
}

// shop is what shopManifest asks for.
const shop = `{"apiVersion": "apps.kurator.dev/v1alpha1", "kind": "Application", "metadata": {"name": "shop", "namespace": "default"},
	"spec": {"source": {"gitRepository": {"interval": "3m", "url": "https://example.com/shop"}},
	"syncPolicies": [{"name": "web", "kustomization": {"interval": "5m", "prune": true, "path": "./web"}}]}}`

const (
	applicationsCall = "GET /apis/apps.kurator.dev/v1alpha1/namespaces/default/applications"
	deploymentsCall  = "GET /apis/apps/v1/deployments"
)

// healthy is a terminal where shop was deployed to the host, as this manifest asks
// for, and is ready there.
func healthy(t *testing.T, asked string) (*terminal, *fakeServer) {
	t.Helper()
	term, host := deployed(t, "web")
	secret := secretOf(t, inventory.Record{Epoch: 1, Application: json.RawMessage(asked), Members: []inventory.Member{{
		Kind: fleet.KindHost, Name: "host", Objects: []inventory.Entry{
			{Identity: plan.Identity{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories", Kind: "GitRepository", Namespace: "default", Name: "shop"}},
			{Identity: plan.Identity{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations", Kind: "Kustomization", Namespace: "default", Name: "web"}},
		},
	}}})
	secret["metadata"] = object{"namespace": "default", "name": "fleetapp.v1.shop", "uid": "record", "resourceVersion": "1"}
	none := object{"items": []any{}}
	for call, answer := range map[string]any{
		"GET" + secretCall: secret, inventoriesCall: object{"items": []any{secret}}, applicationsCall: none,
		"GET" + sourceCall: fluxObject("Ready", "Succeeded"), "GET" + webCall: fluxObject("Ready", "Succeeded"),
		deploymentsCall: none, "GET /apis/apps/v1/statefulsets": none, "GET /apis/apps/v1/daemonsets": none,
	} {
		host.answers[call] = answer
	}
	term.Terminal = func() printer.Terminal { return printer.Terminal{} }
	term.Waiting = func() *printer.Waiting { return nil }
	term.Connect = func(context.Context, *fleet.Client, fleet.Member) (*fleet.Client, error) { return host.client() }
	return term, host
}

// An application that was deployed from here, and that Kurator distributes, too, is
// two. Where one is named, it is that from here.
func TestStatusOfAConflict(t *testing.T) {
	const warning = "warning: application default/shop: an Application of that name on this host is distributed by Kurator's own controller, too (finalizer apps.kurator.dev): " +
		"each undoes the other's work, so delete one of the two\n"
	for name, test := range map[string]struct {
		args     []string
		out, err string
	}{
		"named": {[]string{"status", "shop", "--no-headers"}, "host      web      Kustomization   True    master@9a853af   -     what Flux says \\x1b[2J\n", warning + "1/1 ready\n"},
		"listed": {
			[]string{"status", "--no-headers"}, "default     shop   -       1/1        True    master@9a853af   fleetapp   -\ndefault     shop   -       0/1        False   -                kurator    -\n", warning,
		},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := healthy(t, shop)
			var kurators object
			if err := json.Unmarshal([]byte(shop), &kurators); err != nil {
				t.Fatal(err)
			}
			metadata, _ := kurators["metadata"].(object)
			metadata["finalizers"] = []any{kuratorFinalizer}
			host.answers[applicationsCall] = object{"items": []any{kurators}}
			host.answers[applicationsCall+"/shop"] = kurators
			term.check(t, term.run(t.Context(), test.args...), exitPartial, test.out, test.err)
		})
	}
}

// What is shown can be chosen, also where its cluster is there no more.
func TestStatusOfAClusterThatIsGone(t *testing.T) {
	term, host := healthy(t, shop)
	secret := secretOf(t, inventory.Record{Epoch: 1, Application: json.RawMessage(shop), Members: []inventory.Member{{
		Kind: fleet.KindAttachedCluster, Name: "former", Objects: []inventory.Entry{{Identity: plan.Identity{
			Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations", Kind: "Kustomization", Namespace: "default", Name: "web",
		}}},
	}}})
	host.answers["GET"+secretCall] = secret
	term.Connect = func(context.Context, *fleet.Client, fleet.Member) (*fleet.Client, error) {
		return nil, reason.Errorf(reason.NotFound, "there is none")
	}
	term.check(t, term.run(t.Context(), "status", "shop", "-C", "former", "--no-headers"), exitPartial,
		"former    web      Kustomization   Unknown   -          -     NotFound: there is none\n", "0/0 ready · 1 with leftovers\n")
}

// Where it is not known what is wanted, copied Secrets are no rows of which nothing
// is said.
func TestStatusWithoutAPlan(t *testing.T) {
	lost := strings.Replace(shop, `"spec": {`, `"spec": {"destination": {"fleet": "lost"}, `, 1)
	term, host := healthy(t, lost)
	host.answers["GET"+secretCall] = secretOf(t, inventory.Record{Epoch: 1, Application: json.RawMessage(lost), Members: []inventory.Member{{
		Kind: fleet.KindHost, Name: "host", Objects: []inventory.Entry{
			{Identity: plan.Identity{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories", Kind: "GitRepository", Namespace: "default", Name: "shop"}},
			{Identity: plan.Identity{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations", Kind: "Kustomization", Namespace: "default", Name: "web"}},
			{Identity: plan.Identity{Version: "v1", Resource: "secrets", Kind: "Secret", Namespace: "default", Name: "token"}},
		},
	}}})
	term.check(t, term.run(t.Context(), "status", "shop", "--no-headers"), exitPartial,
		"host      web      Kustomization   True    master@9a853af   -     what Flux says \\x1b[2J\n",
		"warning: application default/shop: spec.destination: fleet \"lost\" not found in namespace \"default\" (there is none); only what its inventory lists is shown\n1/1 ready\n")
}

// An application that is in no cluster, and wanted in none, is not healthy.
func TestStatusOfNowhere(t *testing.T) {
	for name, test := range map[string]struct {
		args     []string
		out, err string
	}{
		"named":  {[]string{"status", "shop", "--no-headers"}, "", "0/0 ready · no cluster matches\n"},
		"listed": {[]string{"status", "--no-headers"}, "default     shop   all     0/0        Nowhere   -          fleetapp   -\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := healthy(t, shop)
			empty := strings.Replace(shop, `"spec": {`, `"spec": {"destination": {"fleet": "all"}, `, 1)
			secret := secretOf(t, inventory.Record{Epoch: 1, Application: json.RawMessage(empty)})
			secret["metadata"] = object{"namespace": "default", "name": "fleetapp.v1.shop", "uid": "record", "resourceVersion": "1"}
			host.answers["GET"+secretCall], host.answers[inventoriesCall] = secret, object{"items": []any{secret}}
			host.answers["GET /apis/fleet.kurator.dev/v1alpha1/namespaces/default/fleets"] = object{"items": []any{object{"metadata": object{"name": "all"}, "spec": object{}}}}
			term.check(t, term.run(t.Context(), test.args...), exitPartial, test.out, test.err)
		})
	}
}

// Only what was deployed from here has an inventory that something is shown of.
func TestWarningsOfProblems(t *testing.T) {
	problem := errors.New("no such\nfleet")
	for manager, want := range map[string]string{
		status.ByFleetapp: "only what its inventory lists is shown", status.ByKurator: "where it is to be is not known", status.ByNobody: "where it is to be is not known",
	} {
		o, term := looks(t, printer.Terminal{})
		judged(&status.Application{Namespace: "default", Name: "shop", Manager: manager, Problem: problem}).warn(o)
		if got := term.err.String(); got != "warning: application default/shop: no such; fleet; "+want+"\n" {
			t.Errorf("%q: said %q", manager, got)
		}
	}
}

// A document says what else is said beside a table.
func TestStatusDocumentsSayWhoDeploys(t *testing.T) {
	term, host := healthy(t, shop)
	secret := secretOf(t, inventory.Record{Epoch: 2, Application: json.RawMessage(shop), Run: &inventory.Run{Verb: "deployed", Holder: "ben@desk", PID: 12}, Members: []inventory.Member{{Kind: fleet.KindHost, Name: "host"}}})
	host.answers["GET"+secretCall] = secret
	term.run(t.Context(), "status", "shop", "-o", "json")
	var document struct {
		Run struct {
			Verb, Holder string
			PID          int
		}
	}
	if err := json.Unmarshal(term.out.Bytes(), &document); err != nil || document.Run.Verb != "deployed" || document.Run.Holder != "ben@desk" || document.Run.PID != 12 {
		t.Errorf("%v in %s%s", err, term.out, term.err)
	}
	term, host = healthy(t, shop)
	host.answers["GET"+secretCall] = secret
	term.run(t.Context(), "status", "shop")
	if want := "note: it is being deployed by ben@desk (pid 12), or that run died; the next deploy or delete finds out\n"; !strings.Contains(term.err.String(), want) {
		t.Errorf("said %q", term.err)
	}
}
