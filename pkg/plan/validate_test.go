package plan_test

import (
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

func TestValidate(t *testing.T) {
	const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character " +
		`(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`
	long := strings.Repeat("a", 64)
	for name, test := range map[string]struct {
		app  app
		want string
	}{
		"name with capitals": {app{name: "Shop", policies: []string{"name: a, " + aKustomization}}, `metadata.name: "Shop": ` + subdomain},
		"name too long":      {app{name: long, policies: []string{"name: a, " + aKustomization}}, `metadata.name: "` + long + `": must be no more than 63 bytes`},
		"no source":          {app{source: "gitRepository: null"}, "spec.source: exactly one of gitRepository, helmRepository and ociRepository is needed, there is none"},
		"two sources": {
			app{source: gitSource + ", " + ociSource},
			"spec.source: exactly one of gitRepository, helmRepository and ociRepository is needed, there is gitRepository and ociRepository",
		},
		"no policy": {app{policies: []string{}}, "spec.syncPolicies: at least one policy is needed"},
		"policy without kind": {
			app{policies: []string{"name: a"}}, "spec.syncPolicies[0]: one of kustomization and helm is needed",
		},
		"policy of two kinds": {
			app{policies: []string{aKustomization + ", " + aHelmRelease}}, "spec.syncPolicies[0]: only one of kustomization and helm can be set",
		},
		"policy's name": {
			app{policies: []string{"name: a_b, " + aKustomization}}, `spec.syncPolicies[0].name: "a_b": ` + subdomain,
		},
		"same names": {
			app{policies: []string{"name: a, " + aKustomization, "name: a, " + aKustomization}},
			`spec.syncPolicies[1].name: "a" is the name of spec.syncPolicies[0] too`,
		},
		"name that the first policy has by its place": {
			app{policies: []string{aKustomization, "name: shop-0, " + aKustomization}},
			`spec.syncPolicies[1].name: "shop-0" is the name of spec.syncPolicies[0] too`,
		},
		"rollout": {
			app{policies: []string{"rollout: {}, " + aKustomization}}, "spec.syncPolicies[0].rollout: rollouts (Flagger) are not supported",
		},
		"policy's destination": {
			app{policies: []string{"destination: {fleet: ''}, " + aKustomization}}, "spec.syncPolicies[0].destination.fleet: a destination needs a fleet",
		},
		"application's destination": {app{destination: "{fleet: ''}"}, "spec.destination.fleet: a destination needs a fleet"},

		"unknown field of a source": {
			app{source: "gitRepository: {ulr: x}"}, "spec.source.gitRepository.ulr: unknown field",
		},
		"unknown field deep in a source": {
			app{source: "gitRepository: {ref: {barnch: x}}"}, "spec.source.gitRepository.ref.barnch: unknown field",
		},
		"unknown field of a kustomization": {
			app{policies: []string{aKustomization, "kustomization: {pruned: true}"}}, "spec.syncPolicies[1].kustomization.pruned: unknown field",
		},
		"unknown field in a list": {
			app{policies: []string{"kustomization: {images: [{name: a}, {nmae: b}]}"}},
			"spec.syncPolicies[0].kustomization.images[1].nmae: unknown field",
		},
		"unknown field of a release": {
			app{policies: []string{"helm: {chart: {spec: {chart: c, versoin: '1'}}}"}},
			"spec.syncPolicies[0].helm.chart.spec.versoin: unknown field",
		},
		"field that Flux removed from a source": {
			app{source: "gitRepository: {url: x, gitImplementation: go-git}"}, "spec.source.gitRepository.gitImplementation: unknown field: Flux removed it",
		},
		"removed and unknown": {
			app{source: "gitRepository: {gitImplementation: go-git, x: 1}"},
			"spec.source.gitRepository.gitImplementation: unknown field: Flux removed it\nspec.source.gitRepository.x: unknown field",
		},
		"wrong type": {
			app{policies: []string{"kustomization: {prune: 'yes'}"}}, "spec.syncPolicies[0].kustomization.prune: a string cannot stand here",
		},
		"wrong type deep": {
			app{source: "gitRepository: {ref: {branch: 1}}"}, "spec.source.gitRepository.ref.branch: a number cannot stand here",
		},
		"source is a text": {app{source: "gitRepository: x"}, "spec.source.gitRepository: a string cannot stand here"},
		"policy is a list": {app{policies: []string{"kustomization: []"}}, "spec.syncPolicies[0].kustomization: a array cannot stand here"},

		"sourceRef": {
			app{policies: []string{"kustomization: {sourceRef: {kind: GitRepository, name: x}}"}},
			"spec.syncPolicies[0].kustomization.sourceRef: is set from the application's source and destination: leave it out",
		},
		"kubeConfig": {
			app{policies: []string{"kustomization: {kubeConfig: {secretRef: {name: x}}}"}},
			"spec.syncPolicies[0].kustomization.kubeConfig: is set from the application's source and destination: leave it out",
		},
		"chart's sourceRef": {
			app{policies: []string{"helm: {chart: {spec: {chart: c, sourceRef: {kind: GitRepository, name: x}}}}"}},
			"spec.syncPolicies[0].helm.chart.spec.sourceRef: is set from the application's source and destination: leave it out",
		},
		"chartRef and kubeConfig": {
			app{source: ociSource, policies: []string{"helm: {chartRef: {kind: OCIRepository, name: x}, kubeConfig: {secretRef: {name: x}}}"}},
			"spec.syncPolicies[0].helm.chartRef: is set from the application's source and destination: leave it out\n" +
				"spec.syncPolicies[0].helm.kubeConfig: is set from the application's source and destination: leave it out",
		},
		"kustomization from charts": {
			app{source: helmSource}, "spec.syncPolicies[0].kustomization: a Kustomization cannot be synced from a HelmRepository",
		},
		"chart of an OCI source": {
			app{source: ociSource, policies: []string{aHelmRelease}},
			"spec.syncPolicies[0].helm.chart: an OCI source is the chart itself: leave chart out",
		},
		"no chart": {app{policies: []string{"helm: {}"}}, "spec.syncPolicies[0].helm.chart.spec: the chart is needed"},
		"empty chart": {
			app{policies: []string{"helm: {chart: {spec: null}}"}}, "spec.syncPolicies[0].helm.chart.spec: the chart is needed",
		},
		// All of them, also where a name stands twice.
		"all at once": {
			app{name: "Shop", source: "gitRepository: {x: 1}", policies: []string{"name: a, kustomization: {c: 1}", "name: a, kustomization: {d: 1}"}},
			`metadata.name: "Shop": ` + subdomain + "\nspec.source.gitRepository.x: unknown field\n" +
				"spec.syncPolicies[0].kustomization.c: unknown field\n" +
				`spec.syncPolicies[1].name: "a" is the name of spec.syncPolicies[0] too` + "\n" +
				"spec.syncPolicies[1].kustomization.d: unknown field",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := plan.Validate(test.app.parse(t))
			if err == nil || err.Error() != test.want {
				t.Errorf("error\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

// A duration is the value that is most often written wrong.
func TestABadDurationIsNamed(t *testing.T) {
	for path, a := range map[string]app{
		"spec.source.gitRepository.interval":            {source: "gitRepository: {interval: 5}"},
		"spec.syncPolicies[0].kustomization.interval":   {policies: []string{"kustomization: {interval: 5 minutes}"}},
		"spec.syncPolicies[0].kustomization.timeout":    {policies: []string{"kustomization: {interval: 5m, timeout: 10}"}},
		"spec.syncPolicies[0].helm.chart.spec.interval": {policies: []string{"helm: {chart: {spec: {chart: c, interval: 1d}}}"}},
	} {
		err := plan.Validate(a.parse(t))
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("error is %v, want it to begin with %s", err, path)
		}
	}
}

func TestFieldsThatKuratorsStructsLackPass(t *testing.T) {
	for _, policy := range []string{
		"kustomization: {wait: true, healthChecks: [{kind: Deployment, name: a, namespace: b}], postBuild: {substitute: {a: b}}, dependsOn: [{name: x}]}",
		"helm: {chart: {spec: {chart: c}}, driftDetection: {mode: enabled}, postRenderers: [{kustomize: {patches: [{patch: x}]}}], values: {any: {thing: [1]}}}",
	} {
		if err := plan.Validate(app{policies: []string{policy}}.parse(t)); err != nil {
			t.Errorf("%s: %v", policy, err)
		}
	}
	for _, source := range []string{
		"ociRepository: {url: x, layerSelector: {mediaType: a}, verify: {provider: cosign}}",
		"helmRepository: {url: x, type: oci}",
		"gitRepository: {url: x, ref: {semver: '1.x'}, recurseSubmodules: true}",
	} {
		policies := []string(nil)
		if strings.HasPrefix(source, "helm") {
			policies = []string{aHelmRelease}
		}
		if err := plan.Validate(app{source: source, policies: policies}.parse(t)); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestNamesAtTheirLimits(t *testing.T) {
	if err := plan.Validate(app{name: strings.Repeat("a", 63), policies: []string{"name: a, " + aKustomization}}.parse(t)); err != nil {
		t.Error(err)
	}
	// Flux writes a policy's name into a label, also one that the plan makes.
	if err := plan.Validate(app{name: strings.Repeat("a", 62)}.parse(t)); err == nil {
		t.Error("a policy's name of 64 characters passes")
	}
	parsed := app{policies: []string{"name: a, " + aKustomization}}.parse(t)
	parsed.Name = ""
	if err := plan.Validate(parsed); err == nil || err.Error() != "metadata.name: a name is needed" {
		t.Errorf("without a name: %v", err)
	}
}

// The namespace becomes part of the paths of requests.
func TestBadNamespacesAreRefused(t *testing.T) {
	for _, namespace := range []string{"../kube-system", "a/b", "Default", "a.b", strings.Repeat("a", 64)} {
		parsed := app{}.parse(t)
		parsed.Namespace = namespace
		if err := plan.Validate(parsed); err == nil || !strings.HasPrefix(err.Error(), "metadata.namespace: ") {
			t.Errorf("namespace %q: %v", namespace, err)
		}
	}
}

func FuzzBuild(f *testing.F) {
	for _, seed := range []app{
		{}, {destination: toAll}, {source: helmSource, policies: []string{aHelmRelease}}, {source: ociSource, policies: []string{"helm: {}"}},
		{policies: []string{"helm: {chart: {spec: {chart: c}}, values: {a: 1e999}}"}}, {source: "gitRepository: []"},
		{policies: []string{"kustomization: 1"}}, {policies: []string{"helm: {chart: []}"}},
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
