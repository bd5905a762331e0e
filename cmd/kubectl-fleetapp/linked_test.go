package main

import (
	"os/exec"
	"strings"
	"testing"
)

// What is large, slow to start, or does what this program must not, and comes in
// with one import too many.
func TestWhatMustNotBeLinkedIn(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 100 {
		t.Fatalf("only %d packages are linked in", len(deps))
	}
	for prefix, why := range map[string]string{
		"k8s.io/client-go/kubernetes":                  "all types of Kubernetes: 15 MB, and half of the time to start",
		"k8s.io/client-go/discovery":                   "it brings client-go/kubernetes/scheme; see pkg/view",
		"k8s.io/client-go/restmapper":                  "it brings discovery; see pkg/view",
		"k8s.io/client-go/dynamic":                     "requests name their whole path; see pkg/fleet",
		"k8s.io/client-go/informers":                   "nothing is cached",
		"k8s.io/client-go/plugin/pkg/client/auth/oidc": "auth providers are deprecated: who logs in does so by an exec plugin",
		"k8s.io/cli-runtime/pkg/genericclioptions":     "it brings discovery; see pkg/cmd/hostflags.go",
		"k8s.io/cli-runtime/pkg/resource":              "it brings discovery",
		"k8s.io/kubectl/pkg/cmd":                       "it brings all of kubectl",
		"sigs.k8s.io/controller-runtime/pkg/client":    "it brings discovery",
		"sigs.k8s.io/controller-runtime/pkg/manager":   "this is no controller",
		"helm.sh/helm":                                 "Flux renders charts, in the members",
		"github.com/google/cel-go":                     "no expression of others is evaluated",
		"google.golang.org/grpc":                       "nothing here speaks it",
		"github.com/docker/":                           "nothing here pulls images",
		"net/http/pprof":                               "nothing here listens",
		"testing":                                      "no test belongs into the product",
	} {
		for _, dep := range deps {
			if dep == prefix || strings.HasPrefix(dep, strings.TrimSuffix(prefix, "/")+"/") {
				t.Errorf("%s is linked in: %s", dep, why)
			}
		}
	}
}
