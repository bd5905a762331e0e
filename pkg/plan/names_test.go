package plan_test

import (
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func TestNamesAtTheirLimits(t *testing.T) {
	if err := plan.Validate(app{name: strings.Repeat("a", 63), policies: []string{"name: a, " + aKustomization}}.parse(t)); err != nil {
		t.Error(err)
	}
	if err := plan.Validate(app{name: strings.Repeat("a", 61)}.parse(t)); err != nil {
		t.Error(err)
	}
	parsed := app{policies: []string{"name: a, " + aKustomization}}.parse(t)
	parsed.Name = ""
	if err := plan.Validate(parsed); err == nil || err.Error() != "metadata.name: a name is needed" {
		t.Errorf("without a name: %v", err)
	}
}

// The namespace becomes part of the paths of requests.
func TestBadNamespacesAreRefused(t *testing.T) {
	const noNamespace = ` cannot be a namespace: lower-case letters, digits and "-" can, with a letter or digit at both ends`
	long := strings.Repeat("a", 64)
	for namespace, want := range map[string]string{
		"../kube-system": `"../kube-system"` + noNamespace,
		"a/b":            `"a/b"` + noNamespace,
		"Default":        `"Default"` + noNamespace,
		"a.b":            `"a.b"` + noNamespace,
		"a-":             `"a-"` + noNamespace,
		long:             `"` + long[:63] + `"… has 64 characters; a namespace can have 63`,
	} {
		parsed := app{}.parse(t)
		parsed.Namespace = namespace
		if err := plan.Validate(parsed); err == nil || err.Error() != "metadata.namespace: "+want {
			t.Errorf("namespace %q: %v, want %s", namespace, err, want)
		}
	}
}
