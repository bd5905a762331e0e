package cmd

import (
	"strings"
	"testing"
)

const (
	applicationCall = " /apis/apps.kurator.dev/v1alpha1/namespaces/default/applications/shop"
	removedLine     = "application.apps.kurator.dev/shop deleted (host)"
	staysLine       = "warning: application default/shop: its Application object stays on the host until all else is gone\n"
	otherMissing    = "error: application \"other\" not found in namespace \"default\": nothing of that name was deployed from here; 'kubectl fleetapp status -A' lists those of all namespaces\n"
)

// application is the Application object shop, as the host has it.
func application(finalizers ...string) object {
	return object{
		"apiVersion": "apps.kurator.dev/v1alpha1", "kind": "Application",
		"metadata": object{"name": "shop", "namespace": "default", "uid": "app", "finalizers": finalizers},
	}
}

// withApplication is a terminal on a host that has shop, and the object too.
func withApplication(t *testing.T) (*terminal, *fakeServer) {
	t.Helper()
	term, host := deployed(t, "web")
	term.Interactive = func() bool { return false }
	term.joins(host, gone(sourceCall, webCall))
	host.answers["GET"+applicationCall] = application()
	return term, host
}

func TestTheApplicationGoesLast(t *testing.T) {
	term, host := withApplication(t)
	host.answers["DELETE"+applicationCall] = object{"kind": "Status", "status": "Success"}
	code := term.run(t.Context(), "delete", "shop", "--remove-application")
	term.check(t, code, 0, deletedLines+removedLine+"\n", listedLines+closingLine)
	if got, want := host.writes(), "PUT"+secretCall+"\nDELETE"+secretCall+"\nDELETE"+applicationCall; got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

func TestTheApplicationStays(t *testing.T) {
	suspended := object{
		"metadata": object{"uid": "w", "annotations": object{"fleetapp.kurator.dev/owner": "host/default/shop"}},
		"spec":     object{"suspend": true},
	}
	for name, test := range map[string]struct {
		args   []string
		web    any
		code   int
		warned bool
		wrote  string
	}{
		"not asked for":      {nil, nil, 0, false, "PUT" + secretCall + "\nDELETE" + secretCall},
		"something is left":  {[]string{"--remove-application"}, suspended, 1, true, "PUT" + secretCall + "\nPUT" + secretCall},
		"a dry run":          {[]string{"--remove-application", "--dry-run=client"}, nil, 0, false, ""},
		"a server's dry run": {[]string{"--remove-application", "--dry-run=server"}, nil, 0, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := withApplication(t)
			host.answers["GET"+webCall] = test.web
			code := term.run(t.Context(), append([]string{"delete", "shop"}, test.args...)...)
			if code != test.code || host.writes() != test.wrote {
				t.Errorf("exit code %d, wrote\n%s\nwant\n%s", code, host.writes(), test.wrote)
			}
			if strings.Contains(term.err.String(), staysLine) != test.warned {
				t.Errorf("said\n%s", term.err)
			}
			if strings.Contains(term.out.String(), removedLine) != strings.Contains(name, "dry run") {
				t.Errorf("printed\n%s", term.out)
			}
		})
	}
}

// There is only the object, of which nothing was ever deployed.
func TestOnlyTheApplication(t *testing.T) {
	term, host := withApplication(t)
	host.answers["GET"+secretCall] = nil
	code := term.run(t.Context(), "delete", "shop")
	if code != 1 || host.writes() != "" {
		t.Errorf("exit code %d, wrote %s", code, host.writes())
	}
	term.err.Reset()
	host.answers["DELETE"+applicationCall] = nil // somebody else was faster
	code = term.run(t.Context(), "delete", "shop", "--remove-application", "--wait=false")
	term.check(t, code, 0, removedLine+"\n", "")
}

// What Kurator's own controller distributes is not taken from under it.
func TestAnApplicationOfKuratorsIsNotRemoved(t *testing.T) {
	term, host := withApplication(t)
	host.answers["GET"+applicationCall] = application("apps.kurator.dev")
	code := term.run(t.Context(), "delete", "shop", "--remove-application")
	if code != 1 || host.writes() != "" || !strings.Contains(term.err.String(), "distributed by Kurator's own controller") {
		t.Errorf("exit code %d, wrote %q, said\n%s", code, host.writes(), term.err)
	}
}

// The same command finishes what is left of several, whatever is gone by now.
func TestOneOfSeveralIsGone(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		out  string
		err  string
	}{
		"first":  {[]string{"delete", "other", "shop"}, 3, deletedLines, listedLines + closingLine + otherMissing},
		"last":   {[]string{"delete", "shop", "other"}, 3, deletedLines, listedLines + closingLine + otherMissing},
		"alone":  {[]string{"delete", "other"}, 1, "", otherMissing},
		"no one": {[]string{"delete", "shop", "other", "-C", "x"}, 1, "", otherMissing + "error: --clusters: nothing is deployed to, or was to be deployed to, a cluster \"x\" (there is \"host\")\n"},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := withApplication(t)
			host.answers["GET /apis/apps.kurator.dev/v1alpha1/namespaces/default/applications/other"] = nil
			host.answers["GET /api/v1/namespaces/default/secrets/fleetapp.v1.other"] = nil
			term.check(t, term.run(t.Context(), test.args...), test.code, test.out, test.err)
		})
	}
}

func TestWhatWillBeDeleted(t *testing.T) {
	for name, test := range map[string]struct {
		verb         string
		skip, orphan bool
		want         string
	}{
		"all":            {verbDeleted, false, false, "Will delete application default/shop, with all that Flux applied:"},
		"one of two":     {verbDeleted, true, false, "Will delete application default/shop from 1 of its 2 clusters, with all that Flux applied:"},
		"not all of one": {verbDeleted, true, true, "Will delete application default/shop from 1 of its 2 clusters, and leave all that Flux applied:"},
		"pruned in one":  {verbDeployed, true, false, "Will delete what application default/shop no longer wants in 1 of its 2 clusters, with all that Flux applied:"},
	} {
		t.Run(name, func(t *testing.T) {
			job := jobOf("shop", "one", "two")
			job.verb, job.works[0].Skip = test.verb, test.skip
			run := &runner{}
			run.Orphan = test.orphan
			if got := run.willDelete(job); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
