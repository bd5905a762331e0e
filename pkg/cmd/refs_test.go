package cmd

import (
	"context"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

const (
	authCall     = " /api/v1/namespaces/default/secrets/auth"
	settingsCall = " /api/v1/namespaces/default/configmaps/settings"
	moreCall     = " /api/v1/namespaces/default/secrets/more"
)

// referring is a file with an application in the fleet all, that refers to a
// Secret, a ConfigMap, and a Secret that need not be there.
func referring(t *testing.T) string {
	t.Helper()
	file := t.TempDir() + "/shop.yaml"
	writeFile(t, file, strings.NewReader(`
apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: shop, namespace: default}
spec:
  source: {gitRepository: {url: https://example.com/shop, secretRef: {name: auth}}}
  destination: {fleet: all}
  syncPolicies:
  - name: web
    kustomization:
      postBuild:
        substituteFrom:
        - {kind: ConfigMap, name: settings}
        - {kind: Secret, name: more, optional: true}
`))
	return file
}

// withFleet is a terminal on a host where nothing is deployed yet, with the
// fleet all, of the member one.
func withFleet(t *testing.T, answers map[string]any) (term *terminal, host, member *fakeServer) {
	t.Helper()
	term, host = deployed(t, "web")
	const kurator = ".kurator.dev/v1alpha1/namespaces/default/"
	reference := object{"kind": "AttachedCluster", "name": "one"}
	record := host.answers["GET"+secretCall]
	for call, answer := range map[string]any{
		"GET /apis/fleet" + kurator + "fleets":             object{"items": []any{object{"metadata": object{"name": "all"}, "spec": object{"clusters": []any{reference}}}}},
		"GET /apis/cluster" + kurator + "attachedclusters": object{"items": []any{object{"metadata": object{"name": "one"}, "spec": object{"kubeconfig": object{"name": "of-one"}}}}},
		"GET" + secretCall:                                 nil,
		"POST /api/v1/namespaces/default/secrets":          record,
	} {
		host.answers[call] = answer
	}
	for call, answer := range answers {
		host.answers[call] = answer
	}
	made := object{"metadata": object{"uid": "x"}}
	member = &fakeServer{t: t, answers: map[string]any{
		"GET /api/v1/namespaces/kube-system": object{"metadata": object{"uid": "one"}},
		"PATCH" + sourceCall:                 made, "PATCH" + webCall: made,
	}}
	term.Connect = func(context.Context, *fleet.Client, fleet.Member) (*fleet.Client, error) { return member.client() }
	return term, host, member
}

// Without the flag, no Secret or ConfigMap is even read.
func TestWhatIsNeededIsNoted(t *testing.T) {
	term, _, _ := withFleet(t, nil)
	term.check(t, term.run(t.Context(), "deploy", "-f", referring(t)), 0, `gitrepository.source.toolkit.fluxcd.io/shop unchanged (one)
kustomization.kustomize.toolkit.fluxcd.io/web unchanged (one)
`, `note: application default/shop needs Secret "auth" in namespace "default" of 1 cluster (spec.source.gitRepository.secretRef); --copy-refs copies it from the host
note: application default/shop needs ConfigMap "settings" in namespace "default" of 1 cluster (spec.syncPolicies[0].kustomization.postBuild.substituteFrom[0]); --copy-refs copies it from the host
note: application default/shop can use Secret "more" in namespace "default" of 1 cluster (spec.syncPolicies[0].kustomization.postBuild.substituteFrom[1]); --copy-refs copies it from the host
application default/shop: 1 cluster, 2 unchanged in 0ms
`)
}

func TestWhatIsNeededIsCopied(t *testing.T) {
	term, _, member := withFleet(t, map[string]any{
		"GET" + authCall: object{"type": "Opaque"}, "GET" + settingsCall: object{}, "GET" + moreCall: nil,
	})
	member.answers["PATCH"+authCall], member.answers["PATCH"+settingsCall] = object{}, object{}
	term.check(t, term.run(t.Context(), "deploy", "--copy-refs", "-f", referring(t)), 0, `secret/auth unchanged (one)
configmap/settings unchanged (one)
gitrepository.source.toolkit.fluxcd.io/shop unchanged (one)
kustomization.kustomize.toolkit.fluxcd.io/web unchanged (one)
`, "application default/shop: 1 cluster, 4 unchanged in 0ms\n")
}

func TestWhatCannotBeCopiedIsSaidBeforeAnythingIsWritten(t *testing.T) {
	const secretRef = "spec.source.gitRepository.secretRef: "
	for name, test := range map[string]struct {
		answers map[string]any
		want    []string
	}{
		"not there": {
			map[string]any{"GET" + authCall: nil, "GET" + settingsCall: nil, "GET" + moreCall: nil},
			[]string{
				secretRef + `Secret "auth" does not exist in namespace "default" on the host`,
				`spec.syncPolicies[0].kustomization.postBuild.substituteFrom[0]: ConfigMap "settings" does not exist in namespace "default" on the host`,
			},
		},
		"of no use but here": {
			map[string]any{
				"GET" + authCall: object{"type": "kubernetes.io/service-account-token", "data": object{"token": "Y2FuYXJ5"}},
				"GET" + moreCall: object{"type": "fleetapp.kurator.dev/inventory.v1"}, "GET" + settingsCall: object{},
			},
			[]string{
				secretRef + `Secret "auth": it holds a service account's token, which is never copied`,
				`spec.syncPolicies[0].kustomization.postBuild.substituteFrom[1]: Secret "more": it is an inventory of kubectl fleetapp, which is never copied`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			term, host, _ := withFleet(t, test.answers)
			file := referring(t)
			var want strings.Builder
			for _, line := range test.want {
				want.WriteString("error: " + file + ": document 1: " + line + "\n")
			}
			term.check(t, term.run(t.Context(), "deploy", "--copy-refs", "-f", file), 1, "", want.String())
			if host.writes() != "" {
				t.Errorf("wrote\n%s", host.writes())
			}
		})
	}
}

// Secrets are shown by their keys.
func TestADryRunDoesNotShowSecrets(t *testing.T) {
	for _, format := range []string{"json", "yaml"} {
		t.Run(format, func(t *testing.T) {
			term, host, _ := withFleet(t, map[string]any{
				"GET" + authCall:     object{"type": "Opaque", "data": object{"password": "Y2FuYXJ5"}},
				"GET" + settingsCall: object{"data": object{"region": "eu"}}, "GET" + moreCall: nil,
			})
			code := term.run(t.Context(), "deploy", "--copy-refs", "--dry-run=client", "-o", format, "-f", referring(t))
			shown := term.out.String()
			if code != 0 || strings.Contains(shown, "Y2FuYXJ5") || !strings.Contains(shown, "password") || !strings.Contains(shown, "redacted") || !strings.Contains(shown, "region") {
				t.Errorf("exit code %d, %s\n%s", code, term.err, shown)
			}
			if host.writes() != "" {
				t.Errorf("wrote\n%s", host.writes())
			}
		})
	}
}
