package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// site is where clusters are: to each its kubeconfigs, without their endings.
type site map[string]string

// labSite is the lab's host and members.
func labSite() site {
	at := site{}
	for _, cluster := range append([]string{"host"}, members[:]...) {
		at[cluster] = filepath.Join(os.Getenv("LAB"), cluster)
	}
	return at
}

// olderSite is the lab's, with a second member that serves what Flux 0.41 did.
func olderSite(t *testing.T) site {
	t.Helper()
	dir := t.TempDir()
	does := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	t.Cleanup(func() { does("fleetlab", "down", "--dir", dir) })
	does("fleetlab", "up", "--dir", dir, "--names", "older", "--flux=false")
	at := labSite()
	at[members[1]] = filepath.Join(dir, "older")
	kubeconfig := at[members[1]] + ".kubeconfig"
	does("kubectl", "--kubeconfig", kubeconfig, "create", "-f", filepath.Join(os.Getenv("CRDS"), "old", "flux-0.41"))
	does("kubectl", "--kubeconfig", kubeconfig, "wait", "--for=condition=Established", "crd", "--all")
	return at
}

// flux is what a cluster serves of it.
func (s *stage) flux(cluster string) []schema.GroupVersionResource {
	sources, syncs := gitRepositories, kustomizations
	if s.older && cluster == members[1] {
		sources.Version, syncs.Version = "v1beta2", "v1beta2"
	}
	return []schema.GroupVersionResource{sources, syncs}
}

// labConfig is for the test itself, which may do everything.
func labConfig(t *testing.T, cluster string) *rest.Config {
	t.Helper()
	return configOf(t, labSite()[cluster]+".kubeconfig")
}

// pluginConfig is for the plugin, which may do no more than docs/rbac.yaml grants.
func pluginConfig(t *testing.T, cluster string) *rest.Config {
	t.Helper()
	return configOf(t, labSite()[cluster]+".fleetapp.kubeconfig")
}

func configOf(t *testing.T, kubeconfig string) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}
