package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Manifests for Kurator's own Flux may hold them.
func TestFieldsThatFluxRemoved(t *testing.T) {
	policy := func(policy string) app { return app{policies: []string{policy}} }
	for path, a := range map[string]app{
		"source.gitRepository.gitImplementation":                                {source: "gitRepository: {url: x, gitImplementation: go-git}"},
		"source.gitRepository.accessFrom":                                       {source: "gitRepository: {url: x, accessFrom: {namespaceSelectors: [{matchLabels: {a: b}}]}}"},
		"syncPolicies[0].kustomization.validation":                              policy("kustomization: {validation: client}"),
		"syncPolicies[0].kustomization.patchesStrategicMerge":                   policy("kustomization: {patchesStrategicMerge: [{a: b}]}"),
		"syncPolicies[0].kustomization.patchesJson6902":                         policy("kustomization: {patchesJson6902: [{target: {kind: Pod}, patch: [{op: remove, path: /a}]}]}"),
		"syncPolicies[0].helm.chart.spec.valuesFile":                            policy("helm: {chart: {spec: {chart: c, valuesFile: v.yaml}}}"),
		"syncPolicies[0].helm.postRenderers[0].kustomize.patchesStrategicMerge": policy("helm: {chart: {spec: {chart: c}}, postRenderers: [{kustomize: {patchesStrategicMerge: [{a: b}]}}]}"),
	} {
		err := plan.Validate(a.parse(t))
		if want := "spec." + path + ": unknown field: Flux removed it; leave it out"; err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

func TestNotAllThatIsUnknownWasRemoved(t *testing.T) {
	for text, a := range map[string]app{
		"validation: unknown field: Flux removed it; leave it out": {policies: []string{"kustomization: {val: 1, validation: client, prune: 'yes'}"}},
		"val: unknown field":                  {policies: []string{"kustomization: {val: 1, validation: client}"}},
		"postRenderers[0].x.y: unknown field": {policies: []string{"helm: {chart: {spec: {chart: c}}, postRenderers: [{x.y: 1}]}"}},
	} {
		err := plan.Validate(a.parse(t))
		if err == nil || !slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(line string) bool { return strings.HasSuffix(line, "."+text) }) {
			t.Errorf("error is %v, want %s in it", err, text)
		}
	}
}
