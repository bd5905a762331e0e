package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// refsOn are a member's refs, one a line.
func refsOn(p *plan.Plan, member string) string {
	var lines []string
	for _, m := range p.Members {
		if m.Member.Name != member {
			continue
		}
		for _, ref := range m.Refs {
			line := fmt.Sprintf("%s %s", strings.Join(ref.Identity.Path(), "/"), ref.Path)
			if ref.Optional {
				line += "?"
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

const (
	inDefault = "api/v1/namespaces/default/"
	inSource  = "spec.source."
	inPolicy  = "spec.syncPolicies[0]."
)

func TestRefs(t *testing.T) {
	for name, test := range map[string]struct {
		app  app
		want string
	}{
		"none": {app{}, ""},
		"git": {
			app{source: "gitRepository: {url: x, secretRef: {name: a}, proxySecretRef: {name: b}, verify: {mode: HEAD, secretRef: {name: c}}}"},
			inDefault + "secrets/a " + inSource + "gitRepository.secretRef\n" +
				inDefault + "secrets/c " + inSource + "gitRepository.verify.secretRef\n" +
				inDefault + "secrets/b " + inSource + "gitRepository.proxySecretRef",
		},
		"helm": {
			app{source: "helmRepository: {url: x, secretRef: {name: a}, certSecretRef: {name: b}}", policies: []string{aHelmRelease}},
			inDefault + "secrets/a " + inSource + "helmRepository.secretRef\n" +
				inDefault + "secrets/b " + inSource + "helmRepository.certSecretRef",
		},
		"OCI": {
			app{source: "ociRepository: {url: x, secretRef: {name: a}, certSecretRef: {name: b}, proxySecretRef: {name: c}, verify: {secretRef: {name: d}, trustedRootSecretRef: {name: e}}}"},
			inDefault + "secrets/a " + inSource + "ociRepository.secretRef\n" +
				inDefault + "secrets/d " + inSource + "ociRepository.verify.secretRef\n" +
				inDefault + "secrets/e " + inSource + "ociRepository.verify.trustedRootSecretRef\n" +
				inDefault + "secrets/b " + inSource + "ociRepository.certSecretRef\n" +
				inDefault + "secrets/c " + inSource + "ociRepository.proxySecretRef",
		},
		"OCI, verified without keys": {
			app{source: "ociRepository: {url: x, verify: {provider: cosign}}"}, "",
		},
		"kustomization": {
			app{policies: []string{"kustomization: {decryption: {provider: sops, secretRef: {name: keys}}, postBuild: {substituteFrom: [{kind: ConfigMap, name: a}, {kind: Secret, name: a, optional: true}]}}"}},
			inDefault + "secrets/keys " + inPolicy + "kustomization.decryption.secretRef\n" +
				inDefault + "configmaps/a " + inPolicy + "kustomization.postBuild.substituteFrom[0]\n" +
				inDefault + "secrets/a " + inPolicy + "kustomization.postBuild.substituteFrom[1]?",
		},
		"helm release": {
			app{policies: []string{"helm: {chart: {spec: {chart: c, verify: {secretRef: {name: a}}}}, valuesFrom: [{kind: ConfigMap, name: b, optional: true}, {kind: Secret, name: c}]}"}},
			inDefault + "secrets/a " + inPolicy + "helm.chart.spec.verify.secretRef\n" +
				inDefault + "configmaps/b " + inPolicy + "helm.valuesFrom[0]?\n" +
				inDefault + "secrets/c " + inPolicy + "helm.valuesFrom[1]",
		},
		"each once": {
			app{source: "gitRepository: {url: x, secretRef: {name: a}, proxySecretRef: {name: a}}"},
			inDefault + "secrets/a " + inSource + "gitRepository.secretRef",
		},
		"what is needed somewhere is needed": {
			app{policies: []string{"kustomization: {postBuild: {substituteFrom: [{kind: Secret, name: a, optional: true}, {kind: Secret, name: a}, {kind: Secret, name: a, optional: true}]}}"}},
			inDefault + "secrets/a " + inPolicy + "kustomization.postBuild.substituteFrom[1]",
		},
		"nothing else that has a name": {
			app{policies: []string{"kustomization: {serviceAccountName: s, dependsOn: [{name: d}], healthChecks: [{kind: Secret, name: h, apiVersion: v1}], decryption: {provider: sops, serviceAccountName: s}}"}}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refsOn(test.app.build(t), "host"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestRefsAreWhereTheObjectsAre(t *testing.T) {
	p := app{
		source: "gitRepository: {url: x, secretRef: {name: auth}}", destination: toAll,
		policies: []string{
			aKustomization,
			"destination: {fleet: some}, kustomization: {postBuild: {substituteFrom: [{kind: ConfigMap, name: some}, {kind: Secret, name: auth}]}}",
		},
	}.build(t)
	const auth, some = inDefault + "secrets/auth " + inSource + "gitRepository.secretRef", inDefault + "configmaps/some spec.syncPolicies[1].kustomization.postBuild.substituteFrom[0]"
	for member, want := range map[string]string{"one": auth, "two": auth + "\n" + some, "three": auth + "\n" + some} {
		if got := refsOn(p, member); got != want {
			t.Errorf("on %s\n%s\nwant\n%s", member, got, want)
		}
	}
	if all := p.Refs(); len(all) != 2 || all[0].Name != "auth" || all[1].Name != "some" {
		t.Errorf("all are %+v", all)
	}
}

func TestRefsThatCannotBe(t *testing.T) {
	for name, test := range map[string]struct{ source, policy, want string }{
		"no name": {"gitRepository: {url: x, secretRef: {}}", "", "spec.source.gitRepository.secretRef.name: a name is needed"},
		"verify without a Secret": {
			"gitRepository: {url: x, verify: {mode: HEAD}}", "", "spec.source.gitRepository.verify.secretRef.name: a name is needed",
		},
		"a path": {"gitRepository: {url: x, secretRef: {name: ../../kube-system/secrets/a}}", "", `spec.source.gitRepository.secretRef.name: "../../kube-system/secrets/a" cannot be a name: lower-case letters`},
		"another kind": {
			"", "kustomization: {postBuild: {substituteFrom: [{kind: Pod, name: a}]}}",
			`spec.syncPolicies[0].kustomization.postBuild.substituteFrom[0].kind: "Pod": only a Secret or a ConfigMap can be referred to`,
		},
		"of a release": {
			"", "helm: {chart: {spec: {}}, valuesFrom: [{kind: Secret, name: Upper}]}",
			`spec.syncPolicies[0].helm.valuesFrom[0].name: "Upper" cannot be a name: lower-case letters`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := app{source: test.source}
			if test.policy != "" {
				a.policies = []string{test.policy}
			}
			if err := plan.Validate(a.parse(t)); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error\n  %v, want\n  %s", err, test.want)
			}
		})
	}
}
