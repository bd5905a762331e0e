package cluster

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// newCluster plans a cluster with the ports from 21000 on.
func newCluster(t *testing.T, change func(*Config)) *Cluster {
	t.Helper()
	next := 20999
	config := Config{
		Name: "a", LabDir: t.TempDir(), Bin: "/bin/lab", Flux: true,
		TakePort: func() int { next++; return next },
	}
	change(&config)
	return New(config)
}

func programs(processes []state.Process) []string {
	var names []string
	for _, p := range processes {
		names = append(names, p.Program)
	}
	return names
}

func TestPrograms(t *testing.T) {
	plane := []string{Etcd, APIServer, ControllerManager, Scheduler, Kwok}
	for name, test := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"with Flux":    {func(*Config) {}, append(slices.Clone(plane), SourceController, KustomizeController, HelmStandIn)},
		"without Flux": {func(c *Config) { c.Flux = false }, plane},
		"with a real helm-controller": {
			func(c *Config) { c.HelmController = "/opt/helm-controller" },
			append(slices.Clone(plane), SourceController, KustomizeController, HelmController),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, test.change)
			if got := programs(c.Processes()); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestARealHelmControllerIsRun(t *testing.T) {
	c := newCluster(t, func(c *Config) { c.HelmController = "/opt/helm-controller" })
	processes := c.Processes()
	if got := processes[len(processes)-1].Path; got != "/opt/helm-controller" {
		t.Errorf("runs %s", got)
	}
}

// Nothing of a lab may be reached from another machine: wherever a flag has an
// address, it is loopback's, and every port is given by one.
func TestEveryPortIsOnLoopback(t *testing.T) {
	address := regexp.MustCompile(`([0-9.]*|\[?::\]?|localhost):(2[01][0-9]{3})\b`)
	seen := map[int]bool{}
	for _, p := range newCluster(t, func(*Config) {}).Processes() {
		flags := strings.Join(p.Args, "\n")
		for _, match := range address.FindAllStringSubmatch(flags+"\n"+p.Health, -1) {
			if match[1] != "127.0.0.1" {
				t.Errorf("%s: %s is not loopback", p.Program, match[0])
			}
		}
		if strings.Contains(flags, "--secure-port=") && !slices.Contains(p.Args, "--bind-address=127.0.0.1") {
			t.Errorf("%s: --secure-port without --bind-address=127.0.0.1", p.Program)
		}
		for _, port := range p.Ports {
			if seen[port.Port] {
				t.Errorf("%s: port %d is another's already", p.Program, port.Port)
			}
			seen[port.Port] = true
			if !strings.Contains(flags, strconv.Itoa(port.Port)) {
				t.Errorf("%s: port %d (%s) is in no flag", p.Program, port.Port, port.Use)
			}
		}
		if p.Health == "" || len(p.Ports) == 0 {
			t.Errorf("%s: has no health check", p.Program)
		}
	}
	if len(seen) != 10 {
		t.Errorf("a cluster takes %d ports, want 10", len(seen))
	}
}

func TestWriteFilesMakesWhatTheFlagsName(t *testing.T) {
	c := newCluster(t, func(*Config) {})
	kubeconfigs, err := c.WriteFiles()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{
		c.UserKubeconfig():                 kubeconfigs.Admin,
		PluginKubeconfig(c.labDir, c.Name): kubeconfigs.Plugin,
	} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(content) != string(want) || !strings.Contains(string(content), c.Server()) {
			t.Errorf("%s is not the cluster's", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the mode of %s is %o, want 600", path, info.Mode().Perm())
		}
	}
	for _, p := range c.Processes() {
		for _, arg := range append(p.Args, p.Env...) {
			_, path, found := strings.Cut(arg, "="+filepath.Join(c.Dir, "pki"))
			if !found {
				continue
			}
			if _, err := os.Stat(filepath.Join(c.Dir, "pki") + path); err != nil {
				t.Errorf("%s: %s: %v", p.Program, arg, err)
			}
		}
	}
}
