package cmd

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

const (
	secretCall = " /api/v1/namespaces/default/secrets/fleetapp.v1.shop"
	sourceCall = " /apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories/shop"
	webCall    = " /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations/web"
	oldCall    = " /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations/old"
)

// shopManifest wants the source and web, on the host.
func shopManifest() io.Reader {
	return strings.NewReader(`
apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: shop, namespace: default}
spec:
  source: {gitRepository: {interval: 3m, url: https://example.com/shop}}
  syncPolicies:
  - {name: web, kustomization: {interval: 5m, prune: true, path: ./web}}
`)
}

// recorded are the source and a Kustomization, on the host.
func recorded(t *testing.T, kustomization string) object {
	t.Helper()
	entry := func(group, kind, resource, name string) inventory.Entry {
		return inventory.Entry{UID: types.UID("uid-" + name), Identity: plan.Identity{
			Group: group + ".toolkit.fluxcd.io", Version: "v1", Resource: resource, Kind: kind, Namespace: "default", Name: name,
		}}
	}
	return secretOf(t, inventory.Record{Epoch: 1, Members: []inventory.Member{{
		Kind: fleet.KindHost, Name: "host",
		Objects: []inventory.Entry{
			entry("source", "GitRepository", "gitrepositories", "shop"),
			entry("kustomize", "Kustomization", "kustomizations", kustomization),
		},
	}}})
}

// secretOf is the Secret that holds a record.
func secretOf(t *testing.T, of inventory.Record) object {
	t.Helper()
	record, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	zip := gzip.NewWriter(&data)
	_, _ = zip.Write(record)
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return object{
		"kind": "Secret", "type": "fleetapp.kurator.dev/inventory.v1", "data": object{"record": data.Bytes()},
		"metadata": object{"uid": "record", "resourceVersion": "1"},
	}
}

// deployed is a terminal on a host that has shop, and is its own member.
func deployed(t *testing.T, kustomization string) (*terminal, *fakeServer) {
	t.Helper()
	const kurator = ".kurator.dev/v1alpha1/namespaces/default/"
	none := object{"items": []any{}}
	secret := recorded(t, kustomization)
	host := &fakeServer{t: t, answers: map[string]any{
		"GET /api/v1/namespaces/kube-system":               object{"metadata": object{"uid": "host"}},
		"GET /apis/fleet" + kurator + "fleets":             none,
		"GET /apis/cluster" + kurator + "clusters":         none,
		"GET /apis/cluster" + kurator + "attachedclusters": none,
		"GET /apis/apps" + kurator + "applications/shop":   nil,
		"GET" + secretCall:                                 secret,
		"PUT" + secretCall:                                 secret,
		"DELETE" + secretCall:                              object{"kind": "Status", "status": "Success"},
	}}
	term := newTerminal(t)
	term.Host = host.client
	term.Interactive = func() bool { return true }
	return term, host
}

// joins lets the host be worked on as a member, too.
func (term *terminal) joins(host *fakeServer, answers map[string]any) {
	for call, answer := range answers {
		host.answers[call] = answer
	}
	term.Connect = func(context.Context, *fleet.Client, fleet.Member) (*fleet.Client, error) { return host.client() }
}

// gone are the answers where the objects are not there any more.
func gone(calls ...string) map[string]any {
	answers := map[string]any{}
	for _, call := range calls {
		answers["GET"+call] = nil
	}
	return answers
}

func writeFile(t *testing.T, name string, from io.Reader) {
	t.Helper()
	data, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

const listedLines = `Will delete application default/shop, with all that Flux applied:
  host   kustomization/web, gitrepository/shop
`

const question = listedLines + "Continue? [y/N] "

const deletedLines = `kustomization.kustomize.toolkit.fluxcd.io/web deleted (host)
gitrepository.source.toolkit.fluxcd.io/shop deleted (host)
`

const closingLine = "application default/shop: gone from 1 cluster in 0ms\n"

// endsLine leaves out the end of line that is printed where the answer had none.
func (term *terminal) endsLine() {
	said := strings.Replace(term.err.String(), "[y/N] \n", "[y/N] ", 1)
	term.err.Reset()
	term.err.WriteString(said)
}

func TestConfirmed(t *testing.T) {
	for _, in := range []string{"y\n", "yes\n", "Y\n", "YES\r\n", "  y \n", "y"} {
		t.Run(fmt.Sprintf("%q", in), func(t *testing.T) {
			term, host := deployed(t, "web")
			term.In = strings.NewReader(in)
			term.joins(host, gone(sourceCall, webCall))
			code := term.run(t.Context(), "delete", "shop")
			term.endsLine()
			term.check(t, code, 0, deletedLines, question+closingLine)
			if got, want := host.writes(), "PUT"+secretCall+"\nDELETE"+secretCall; got != want {
				t.Errorf("wrote\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestNotConfirmed(t *testing.T) {
	for _, in := range []string{"n\n", "no\n", "\n", "", "x\n", "yy\n", "\ny\n", "yes please\n"} {
		t.Run(fmt.Sprintf("%q", in), func(t *testing.T) {
			term, host := deployed(t, "web")
			term.In = strings.NewReader(in)
			code := term.run(t.Context(), "delete", "shop")
			term.endsLine()
			if said, want := term.err.String(), question+"error: not confirmed: nothing was changed\n"; said != want {
				t.Errorf("stderr\n%s\nwant\n%s", said, want)
			}
			if code != 1 || term.out.Len() > 0 || host.writes() != "" {
				t.Errorf("exit code %d, stdout %q, wrote\n%s", code, term.out, host.writes())
			}
		})
	}
}

// Without an answer's own end of line, the error would stand behind the question.
func TestAnEndOfInputIsNoLine(t *testing.T) {
	term, _ := deployed(t, "web")
	term.check(t, term.run(t.Context(), "delete", "shop"), 1, "", question+"\nerror: not confirmed: nothing was changed\n")
}

func TestNobodyIsAsked(t *testing.T) {
	for name, test := range map[string]struct {
		interactive bool
		args        []string
	}{
		"--yes":               {true, []string{"delete", "shop", "--yes"}},
		"-y":                  {true, []string{"delete", "-y", "shop"}},
		"nobody there":        {false, []string{"delete", "shop"}},
		"twice the same":      {false, []string{"delete", "shop", "shop"}},
		"--yes in the desert": {false, []string{"delete", "shop", "--yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			term, host := deployed(t, "web")
			term.Interactive = func() bool { return test.interactive }
			term.In = unread{t}
			term.joins(host, gone(sourceCall, webCall))
			term.check(t, term.run(t.Context(), test.args...), 0, deletedLines, listedLines+closingLine)
		})
	}
}

// unread is an input that nobody reads.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("an answer is read")
	return 0, io.EOF
}

func TestADeployAsksBeforeItDeletes(t *testing.T) {
	const asked = `Will delete what application default/shop no longer wants, with all that Flux applied:
  host   kustomization/old
Continue? [y/N] `
	manifest := t.TempDir() + "/shop.yaml"
	writeFile(t, manifest, shopManifest())
	t.Run("n", func(t *testing.T) {
		term, host := deployed(t, "old")
		term.In = strings.NewReader("n\n")
		code := term.run(t.Context(), "deploy", "-f", manifest)
		term.check(t, code, 1, "", asked+"error: not confirmed: nothing was changed\n")
		if host.writes() != "" {
			t.Errorf("wrote\n%s", host.writes())
		}
	})
	t.Run("y", func(t *testing.T) {
		term, host := deployed(t, "old")
		term.In = strings.NewReader("y\n")
		made := object{"metadata": object{"uid": "x"}}
		term.joins(host, map[string]any{"PATCH" + sourceCall: made, "PATCH" + webCall: made, "GET" + oldCall: nil})
		term.check(t, term.run(t.Context(), "deploy", "-f", manifest), 0,
			`gitrepository.source.toolkit.fluxcd.io/shop unchanged (host)
kustomization.kustomize.toolkit.fluxcd.io/web unchanged (host)
kustomization.kustomize.toolkit.fluxcd.io/old deleted (host)
`, asked+"application default/shop: 1 cluster, 2 unchanged, 1 deleted in 0ms\n")
		if !strings.HasPrefix(host.writes(), "PUT"+secretCall+"\nPATCH") || !strings.HasSuffix(host.writes(), "\nPUT"+secretCall) {
			t.Errorf("wrote\n%s", host.writes())
		}
	})
}

// Where nothing is deleted, there is nothing to ask.
func TestADeployThatDeletesNothingDoesNotAsk(t *testing.T) {
	term, host := deployed(t, "web")
	manifest := t.TempDir() + "/shop.yaml"
	writeFile(t, manifest, shopManifest())
	term.In = unread{t}
	made := object{"metadata": object{"uid": "x"}}
	term.joins(host, map[string]any{"PATCH" + sourceCall: made, "PATCH" + webCall: made})
	if code := term.run(t.Context(), "deploy", "-f", manifest); code != 0 || strings.Contains(term.err.String(), "Continue?") {
		t.Errorf("exit code %d\n%s", code, term.err)
	}
}

func TestAnInterruptIsANo(t *testing.T) {
	term, host := deployed(t, "web")
	answers, typed := io.Pipe()
	defer typed.Close()
	term.In = answers
	ctx, cancel := context.WithCancel(t.Context())
	asking := make(chan struct{})
	term.Interactive = func() bool { close(asking); return true }
	go func() { <-asking; cancel() }()
	term.check(t, term.run(ctx, "delete", "shop"), 1, "", question+"\nerror: not confirmed: nothing was changed\n")
	if host.writes() != "" {
		t.Errorf("wrote\n%s", host.writes())
	}
}

// Of several applications, one no is enough to change nothing.
func TestOneNoOfTwo(t *testing.T) {
	term, host := deployed(t, "web")
	const other = " /api/v1/namespaces/default/secrets/fleetapp.v1.other"
	host.answers["GET"+other] = host.answers["GET"+secretCall]
	host.answers["GET /apis/apps.kurator.dev/v1alpha1/namespaces/default/applications/other"] = nil
	term.In = strings.NewReader("y\nn\n")
	code := term.run(t.Context(), "delete", "shop", "other")
	term.check(t, code, 1, "", question+strings.ReplaceAll(question, "/shop,", "/other,")+"error: not confirmed: nothing was changed\n")
	if host.writes() != "" {
		t.Errorf("wrote\n%s", host.writes())
	}
}

func TestNothingOfThatName(t *testing.T) {
	term, host := deployed(t, "web")
	host.answers["GET"+secretCall] = nil
	term.check(t, term.run(t.Context(), "delete", "shop"), 1, "",
		"error: application \"shop\" not found in namespace \"default\": nothing of that name was deployed from here; 'kubectl fleetapp status -A' lists those of all namespaces\n")
	if host.writes() != "" {
		t.Errorf("wrote\n%s", host.writes())
	}
}
