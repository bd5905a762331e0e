package cmd

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
)

const noController = "start source-controller, kustomize-controller and helm-controller there: no Deployment is seen, and nothing is synced without"

func TestCheck(t *testing.T) {
	const titles = "CLUSTER   KUBECONFIG   REACHABLE   PERMISSIONS   SOURCE   KUSTOMIZE   HELM   VERSION   TO-DO\n"
	for args, test := range map[string]struct {
		code     int
		out, err string
	}{
		"": {1, titles + `host      -            ✔           ✔             -        -           -      v1.36.3   
two       ✔            ✗           ?             ?        ?           ?      ?         Unreachable: dial: connection refused; bring it back, or mend the address in Secret default/of-two
one       ✔            ✔           ✔             !        !           !      v1.36.3   ` + noController + `
gone      ✗            ?           ?             ?        ?           ?      ?         NotFound: there is none; make it, or take it out of its fleet
`, "a deploy would succeed in 1 of 3 clusters, and fail in 2; there is something to do in 1 of those that pass\n"},
		"-C one --no-headers": {0, `host   -     ✔     ✔     -     -     -     v1.36.3   
one    ✔     ✔     ✔     !     !     !     v1.36.3   ` + noController + "\n", "a deploy would succeed in 1 cluster; there is something to do in 1 of those that pass\n"},
		"-C one,two --ignore-unreachable --no-headers": {0, `host   -     ✔     ✔     -     -     -     v1.36.3   
one    ✔     ✔     ✔     !     !     !     v1.36.3   ` + noController + `
two    ✔     ✗     ?     ?     ?     ?     ?         Unreachable: dial: connection refused; bring it back, or mend the address in Secret default/of-two
`, "a deploy would succeed in 1 of 2 clusters, and fail in 1; there is something to do in 1 of those that pass\n"},
		"one":     {1, "", "error: \"one\": clusters are named with --clusters (-C)\n"},
		"-o wide": {1, "", "error: unknown output format \"wide\": json and yaml are known\n"},
	} {
		t.Run(args, func(t *testing.T) {
			term, _ := inFleets(t)
			term.check(t, term.run(t.Context(), append([]string{"check"}, strings.Fields(args)...)...), test.code, test.out, test.err)
		})
	}
}

// Where rights cannot be asked, nobody knows.
func TestCheckWhereNothingCanBeAsked(t *testing.T) {
	term, host := inFleets(t)
	answers := saysWhatItIs()
	answers[reviewCall] = nil
	member := &fakeServer{t: t, answers: answers}
	ask := term.Connect
	term.Connect = func(ctx context.Context, of *fleet.Client, asked fleet.Member) (*fleet.Client, error) {
		if asked.Name == "one" {
			return member.client()
		}
		return ask(ctx, of, asked)
	}
	code := term.run(t.Context(), "check", "-C", "one", "--no-headers")
	if want := "a deploy would succeed in 0 of 1 cluster; it is not known in 1\n"; code != exitPartial || term.err.String() != want {
		t.Errorf("exit code %d, %s%s", code, term.out, term.err)
	}
	host.answers[reviewCall] = nil
	term.err.Reset()
	code = term.run(t.Context(), "check", "-C", "one,two", "--no-headers")
	if want := "a deploy would succeed in 0 of 2 clusters, and fail in 1; it is not known in 1; whether the host lets it begin is not known\n"; code != exitNothing || term.err.String() != want {
		t.Errorf("exit code %d, %s%s", code, term.out, term.err)
	}
}

// With the host among the clusters, it is checked as both, and once.
func TestCheckOfTheHostAsAMember(t *testing.T) {
	term, _ := inFleets(t)
	term.check(t, term.run(t.Context(), "check", "-C", "one", "--include-host", "--no-headers"), 0,
		"host   -     ✔     ✔     !     !     !     v1.36.3   "+noController+"\none    ✔     ✔     ✔     !     !     !     v1.36.3   "+noController+"\n",
		"a deploy would succeed in 2 clusters; there is something to do in 2 of those that pass\n")
}

// What an application asks for, and what is there of it.
func TestCheckOfAnApplication(t *testing.T) {
	const of = "/namespaces/default/"
	for name, test := range map[string]struct {
		application, record any
		marks               string
	}{
		"asked for": {object{"metadata": object{"name": "shop"}, "spec": object{
			"source": object{"gitRepository": object{}}, "destination": object{"fleet": "all"}, "syncPolicies": []any{object{"kustomization": object{}}},
		}}, nil, "!     !     -"},
		"was there": {nil, recorded(t, "web"), "!     !     -"},
		"both": {object{"metadata": object{"name": "shop"}, "spec": object{
			"source": object{"helmRepository": object{}}, "syncPolicies": []any{object{"helm": object{}}},
		}}, recorded(t, "web"), "!     !     !"},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := inFleets(t)
			host.answers["GET /apis/apps.kurator.dev/v1alpha1"+of+"applications/shop"] = test.application
			host.answers["GET"+secretCall] = test.record
			args := []string{"check", "--app", "shop", "--no-headers"}
			if test.record == nil {
				args = append(args, "-C", "one")
			}
			code := term.run(t.Context(), args...)
			if code != 0 || !strings.Contains(term.out.String(), "✔     "+test.marks+"     v1") {
				t.Errorf("exit code %d, %s%s", code, term.out, term.err)
			}
		})
	}
}

// A deploy goes where the application is to be, and where it was.
func TestCheckOfWhereAnApplicationIsToBe(t *testing.T) {
	to := func(fleet string) object {
		app := object{"metadata": object{"name": "shop"}, "spec": object{"source": object{"gitRepository": object{}}, "syncPolicies": []any{object{"kustomization": object{}}}}}
		if fleet != "" {
			spec, _ := app["spec"].(object)
			spec["destination"] = object{"fleet": fleet}
		}
		return app
	}
	deployedAs := func(app object) object {
		asked, err := json.Marshal(app)
		if err != nil {
			t.Fatal(err)
		}
		return secretOf(t, inventory.Record{Epoch: 1, Application: asked, Members: []inventory.Member{{Kind: fleet.KindHost, Name: "host", Objects: []inventory.Entry{{}}}}})
	}
	for name, test := range map[string]struct {
		application, record any
		want                string
	}{
		"as last deployed":              {nil, deployedAs(to("all")), "host two one gone"},
		"as its object has it":          {to("all"), deployedAs(to("")), "host two one gone"},
		"a fleet that is gone":          {nil, deployedAs(to("none")), "error"},
		"the last fleet is gone":        {to(""), deployedAs(to("none")), "host"},
		"its object's fleet is gone":    {to("none"), deployedAs(to("")), "error"},
		"to be nowhere":                 {nil, secretOf(t, inventory.Record{Epoch: 1, Members: []inventory.Member{{Kind: fleet.KindHost, Name: "host"}}}), "host"},
		"as its object has it, and new": {to("all"), nil, "host two one gone"},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := inFleets(t)
			host.answers["GET /apis/apps.kurator.dev/v1alpha1/namespaces/default/applications/shop"] = test.application
			host.answers["GET"+secretCall] = test.record
			term.run(t.Context(), "check", "--app", "shop", "--no-headers")
			var names []string
			for line := range strings.Lines(term.out.String()) {
				names = append(names, strings.Fields(line)[0])
			}
			got := strings.Join(names, " ")
			if strings.HasPrefix(term.err.String(), `error: fleet "none" not found`) {
				got = "error"
			}
			if got != test.want {
				t.Errorf("checked %s; %s", got, term.err)
			}
		})
	}
}

// Who may not read the fleet is told what to grant, and so is who may not write
// the inventory: a deploy would fail before it begins.
func TestCheckOfAHostWhereTooLittleMayBeDone(t *testing.T) {
	term, host := inFleets(t)
	host.answers[reviewCall] = object{"status": object{"allowed": false}}
	code := term.run(t.Context(), "check", "-C", "one", "--no-headers")
	if code != 1 || !strings.Contains(term.out.String(), `grant get, create, update, delete, list on secrets in namespace "default" to your user "ana"`) ||
		term.err.String() != "a deploy would fail before it begins: mend what is said of the host\n" {
		t.Errorf("exit code %d, %s%s", code, term.out, term.err)
	}
	// The fleets cannot even be read.
	term.out.Reset()
	term.err.Reset()
	term.Host = func() (*fleet.Client, error) {
		return newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "kurator.dev") {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no"}`))
				return
			}
			host.ServeHTTP(w, r)
		})
	}
	code = term.run(t.Context(), "check", "--no-headers")
	if code != 1 || strings.Count(term.out.String(), "\n") != 3 || !strings.HasPrefix(term.out.String(), "host   -     ✔     ✗     -     -     -     v1.36.3   grant list on fleets.fleet.kurator.dev, ") ||
		!strings.HasPrefix(term.err.String(), "error: read ") {
		t.Errorf("exit code %d, %s%s", code, term.out, term.err)
	}
}
