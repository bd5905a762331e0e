package plan_test

import (
	"strings"
	"testing"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func FuzzBuild(f *testing.F) {
	for _, seed := range []app{
		{}, {destination: toAll}, {source: helmSource, policies: []string{aHelmRelease}}, {source: ociSource, policies: []string{"helm: {}"}},
		{policies: []string{"helm: {chart: {spec: {chart: c}}, values: {a: 1e999}}"}}, {source: "gitRepository: []"},
		{policies: []string{"kustomization: {interval: 5, prune: 'yes', images: [{nmae: 1}]}"}},
		{policies: []string{"helm: {chart: {spec: {sourceRef: 1}}, kubeConfig: null, valuesFrom: {}}"}}, {policies: []string{"kustomization: 1"}}, {policies: []string{"helm: {chart: []}"}},
	} {
		parsed := seed.parse(f)
		for _, policy := range parsed.Spec.SyncPolicies {
			var kustomization, helm []byte
			if policy.Kustomization != nil {
				kustomization = policy.Kustomization.Raw
			}
			if policy.Helm != nil {
				helm = policy.Helm.Raw
			}
			f.Add(parsed.Name, string(kustomization), string(helm))
		}
	}
	f.Fuzz(func(t *testing.T, name, kustomization, helm string) {
		file := `{"apiVersion":"apps.kurator.dev/v1alpha1","kind":"Application","metadata":{"name":"shop"},"spec":{"source":{"gitRepository":{}},"syncPolicies":[` +
			`{"kustomization":` + orEmpty(kustomization) + `},{"helm":` + orEmpty(helm) + `}]}}`
		read, err := manifest.Parse("f", []byte(file))
		if err != nil || len(read) != 1 {
			return
		}
		read[0].Name = name
		built, err := plan.Build(read[0].Application, owner(), func(*appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
			return []fleet.Member{fleet.HostMember()}, nil
		})
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "spec.") && !strings.HasPrefix(line, "metadata.") || strings.Contains(line, "Go ") {
					t.Errorf("the error does not begin with a path, or names a type: %s", line)
				}
			}
			return
		}
		for _, object := range built.Members[0].Objects {
			spec(t, object) // it is JSON
		}
	})
}

func orEmpty(value string) string {
	if value == "" {
		return "{}"
	}
	return value
}
