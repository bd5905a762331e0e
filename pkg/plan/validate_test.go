package plan_test

import (
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func TestValidate(t *testing.T) {
	const (
		noName    = ` cannot be a name: lower-case letters, digits, "-" and "." can, with a letter or digit at both ends and on both sides of a "."`
		leaveOut  = ": is set from the application's source and destination: leave it out"
		label     = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
		labelName = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
	)
	_ = label
	to := func(selector string) app {
		return app{destination: "{fleet: all, clusterSelector: {" + selector + "}}"}
	}
	long := strings.Repeat("a", 64)
	for name, test := range map[string]struct {
		app  app
		want string
	}{
		"name with capitals": {app{name: "Shop", policies: []string{"name: a, " + aKustomization}}, `metadata.name: "Shop"` + noName},
		"name too long":      {app{name: long, policies: []string{"name: a, " + aKustomization}}, `metadata.name: "` + long[:63] + `"… has 64 characters; a name can have 63, because it becomes the value of a label`},
		"name ends in a dot": {app{name: "shop.", policies: []string{"name: a, " + aKustomization}}, `metadata.name: "shop."` + noName},
		"name of two dots":   {app{name: "a..b", policies: []string{"name: a, " + aKustomization}}, `metadata.name: "a..b"` + noName},
		"name is a path":     {app{name: "../a", policies: []string{"name: a, " + aKustomization}}, `metadata.name: "../a"` + noName},
		"bad name of unnamed policies is said once": {
			app{name: "Shop", policies: []string{aKustomization, aKustomization}}, `metadata.name: "Shop"` + noName,
		},
		"policy's name too long": {
			app{policies: []string{"name: " + long + ", " + aKustomization}},
			`spec.syncPolicies[0].name: "` + long[:63] + `"… has 64 characters; a name can have 63, because it becomes the value of a label`,
		},
		// Flux writes a policy's name into a label, also one that the plan makes.
		"policy's made name too long": {
			app{name: long[:62]},
			`spec.syncPolicies[0].name: "` + long[:62] + `-"… has 64 characters; a name can have 63, because it becomes the value of a label`,
		},
		"no source": {app{source: "gitRepository: null"}, "spec.source: exactly one of gitRepository, helmRepository and ociRepository is needed, there is none"},
		"two sources": {
			app{source: gitSource + ", " + ociSource},
			"spec.source: exactly one of gitRepository, helmRepository and ociRepository is needed, there is gitRepository and ociRepository",
		},
		"no policy": {app{policies: []string{}}, "spec.syncPolicies: at least one policy is needed"},
		"policy without kind": {
			app{policies: []string{"name: a"}}, "spec.syncPolicies[0]: one of kustomization and helm is needed",
		},
		"policy of two kinds": {
			app{policies: []string{aKustomization + ", " + aHelmRelease}}, "spec.syncPolicies[0]: only one of kustomization and helm can be set; make two policies of it",
		},
		"policy's name": {
			app{policies: []string{"name: a_b, " + aKustomization}}, `spec.syncPolicies[0].name: "a_b"` + noName,
		},
		"same names": {
			app{policies: []string{"name: a, " + aKustomization, "name: a, " + aKustomization}},
			`spec.syncPolicies[1].name: "a" is the name of spec.syncPolicies[0] too; each policy needs its own`,
		},
		"name that the first policy has by its place": {
			app{policies: []string{aKustomization, "name: shop-0, " + aKustomization}},
			`spec.syncPolicies[1].name: "shop-0" is the name of spec.syncPolicies[0] too; each policy needs its own`,
		},
		"faults in both sources": {
			app{source: "gitRepository: {ulr: x}, ociRepository: {uri: x}"},
			"spec.source.gitRepository.ulr: unknown field (did you mean \"url\"?)\nspec.source.ociRepository.uri: unknown field (did you mean \"url\"?)\n" +
				"spec.source: exactly one of gitRepository, helmRepository and ociRepository is needed, there is gitRepository and ociRepository",
		},
		"faults in both kinds": {
			app{policies: []string{"kustomization: {x: 1}, helm: {z: 1, chart: {spec: {chart: c}}}"}},
			"spec.syncPolicies[0].kustomization.x: unknown field\nspec.syncPolicies[0].helm.z: unknown field\n" +
				"spec.syncPolicies[0]: only one of kustomization and helm can be set; make two policies of it",
		},
		"null is none": {
			app{policies: []string{"kustomization: null, helm: null"}}, "spec.syncPolicies[0]: one of kustomization and helm is needed",
		},
		"rollout": {
			app{policies: []string{"rollout: {}, " + aKustomization}}, "spec.syncPolicies[0].rollout: rollouts (Flagger) are not supported; leave it out",
		},
		"policy's destination": {
			app{policies: []string{"destination: {fleet: ''}, " + aKustomization}}, "spec.syncPolicies[0].destination.fleet: a destination needs a fleet; without any destination it is the host",
		},
		"empty destination": {app{destination: "{}"}, "spec.destination.fleet: a destination needs a fleet; without any destination it is the host"},
		"fleet's name too long": {
			app{destination: "{fleet: " + strings.Repeat("a", 254) + "}"},
			`spec.destination.fleet: "` + strings.Repeat("a", 63) + `"… has 254 characters; the name of a fleet can have 253`,
		},
		"selector's operator":      {to("matchExpressions: [{key: env, operator: Like, values: [x]}]"), `spec.destination.clusterSelector.matchExpressions[0].operator: "Like" is none of In, NotIn, Exists and DoesNotExist`},
		"selector without values":  {to("matchExpressions: [{key: env, operator: In}]"), "spec.destination.clusterSelector.matchExpressions[0].values: In needs at least one value"},
		"selector with values":     {to("matchExpressions: [{key: env, operator: Exists, values: [x]}]"), "spec.destination.clusterSelector.matchExpressions[0].values: Exists takes no values"},
		"selector's label":         {to("matchLabels: {-env: x}"), `spec.destination.clusterSelector.matchLabels: "-env": ` + labelName},
		"selector's label's value": {to("matchLabels: {env: x_}"), `spec.destination.clusterSelector.matchLabels[env]: "x_": ` + label},
		"selector, all at once": {
			to("matchLabels: {b: x_, a: y_}, matchExpressions: [{key: env, operator: Exists}, {key: '', operator: NotIn, values: [a, _]}]"),
			`spec.destination.clusterSelector.matchLabels[a]: "y_": ` + label + "\n" +
				`spec.destination.clusterSelector.matchLabels[b]: "x_": ` + label + "\n" +
				`spec.destination.clusterSelector.matchExpressions[1].key: "": name part must be non-empty` + "\n" +
				`spec.destination.clusterSelector.matchExpressions[1].key: "": ` + labelName + "\n" +
				`spec.destination.clusterSelector.matchExpressions[1].values[1]: "_": ` + label,
		},
		"policy's selector": {
			app{policies: []string{"destination: {fleet: a, clusterSelector: {matchExpressions: [{key: env, operator: In}]}}, " + aKustomization}},
			"spec.syncPolicies[0].destination.clusterSelector.matchExpressions[0].values: In needs at least one value",
		},
		"application's destination": {app{destination: "{fleet: ''}"}, "spec.destination.fleet: a destination needs a fleet; without any destination it is the host"},

		"unknown field of a source": {
			app{source: "gitRepository: {ulr: x}"}, "spec.source.gitRepository.ulr: unknown field (did you mean \"url\"?)",
		},
		"unknown field deep in a source": {
			app{source: "gitRepository: {ref: {barnch: x}}"}, "spec.source.gitRepository.ref.barnch: unknown field (did you mean \"branch\"?)",
		},
		"unknown field of a kustomization": {
			app{policies: []string{aKustomization, "kustomization: {pruned: true}"}}, "spec.syncPolicies[1].kustomization.pruned: unknown field (did you mean \"prune\"?)",
		},
		"unknown field in a list": {
			app{policies: []string{"kustomization: {images: [{name: a}, {nmae: b}]}"}},
			"spec.syncPolicies[0].kustomization.images[1].nmae: unknown field (did you mean \"name\"?)",
		},
		"unknown field of a release": {
			app{policies: []string{"helm: {chart: {spec: {chart: c, versoin: '1'}}}"}},
			"spec.syncPolicies[0].helm.chart.spec.versoin: unknown field (did you mean \"version\"?)",
		},
		"field that Flux removed from a source": {
			app{source: "gitRepository: {url: x, gitImplementation: go-git}"}, "spec.source.gitRepository.gitImplementation: unknown field: Flux removed it; leave it out",
		},
		"removed and unknown": {
			app{source: "gitRepository: {gitImplementation: go-git, x: 1}"},
			"spec.source.gitRepository.gitImplementation: unknown field: Flux removed it; leave it out\nspec.source.gitRepository.x: unknown field",
		},
		"wrong type": {
			app{policies: []string{"kustomization: {prune: 'yes'}"}}, "spec.syncPolicies[0].kustomization.prune: is the string \"yes\", and should be true or false",
		},
		"wrong type deep": {
			app{source: "gitRepository: {ref: {branch: 1}}"}, "spec.source.gitRepository.ref.branch: is the number 1, and should be a string: put it in quotes",
		},
		"source is a text": {app{source: "gitRepository: x"}, "spec.source.gitRepository: is the string \"x\", and should be a map"},
		"policy is a list": {app{policies: []string{"kustomization: []"}}, "spec.syncPolicies[0].kustomization: is a list, and should be a map"},

		"wrong types, all of them": {
			app{source: "gitRepository: {interval: 5, url: 1}", policies: []string{"kustomization: {prune: 'yes', interval: 1d, images: {}}"}},
			"spec.source.gitRepository.interval: is the number 5, and should be a duration, such as \"5m\" or \"1h30m\"\n" +
				"spec.source.gitRepository.url: is the number 1, and should be a string: put it in quotes\n" +
				"spec.syncPolicies[0].kustomization.images: is a map, and should be a list\n" +
				"spec.syncPolicies[0].kustomization.interval: is the string \"1d\", and should be a duration, such as \"5m\" or \"1h30m\"\n" +
				"spec.syncPolicies[0].kustomization.prune: is the string \"yes\", and should be true or false",
		},
		"chart is a text": {
			app{policies: []string{"helm: {chart: podinfo}"}}, "spec.syncPolicies[0].helm.chart: is the string \"podinfo\", and should be a map",
		},

		"sourceRef and an unknown field": {
			app{policies: []string{"kustomization: {sourceRef: {kind: GitRepository, name: x}, x: 1}"}},
			"spec.syncPolicies[0].kustomization.x: unknown field\nspec.syncPolicies[0].kustomization.sourceRef" + leaveOut,
		},
		"sourceRef": {
			app{policies: []string{"kustomization: {sourceRef: {kind: GitRepository, name: x}}"}},
			"spec.syncPolicies[0].kustomization.sourceRef" + leaveOut,
		},
		"kubeConfig": {
			app{policies: []string{"kustomization: {kubeConfig: {secretRef: {name: x}}}"}},
			"spec.syncPolicies[0].kustomization.kubeConfig" + leaveOut,
		},
		"chart's sourceRef": {
			app{policies: []string{"helm: {chart: {spec: {chart: c, sourceRef: {kind: GitRepository, name: x}}}}"}},
			"spec.syncPolicies[0].helm.chart.spec.sourceRef" + leaveOut,
		},
		"chartRef and kubeConfig": {
			app{source: ociSource, policies: []string{"helm: {chartRef: {kind: OCIRepository, name: x}, kubeConfig: {secretRef: {name: x}}}"}},
			"spec.syncPolicies[0].helm.chartRef: is set from the application's source and destination: leave it out\n" +
				"spec.syncPolicies[0].helm.kubeConfig" + leaveOut,
		},
		"kustomization from charts": {
			app{source: helmSource}, "spec.syncPolicies[0].kustomization: a Kustomization cannot be synced from a HelmRepository; use helm, or another source",
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
			`metadata.name: "Shop"` + noName + "\nspec.source.gitRepository.x: unknown field\n" +
				"spec.syncPolicies[0].kustomization.c: unknown field\n" +
				`spec.syncPolicies[1].name: "a" is the name of spec.syncPolicies[0] too; each policy needs its own` + "\n" +
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
