package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// shell is where somebody follows the README: with kubectl and krew on the PATH, and
// with this project's home on the internet on this machine.
type shell struct {
	readme, programs string
	local            *strings.Replacer
	environment      []string
}

// elsewhere makes krew a home in which there is nothing, and returns where that is.
func (s *shell) elsewhere(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	s.environment = []string{"KREW_ROOT=" + root, "PATH=" + strings.Join([]string{filepath.Join(root, "bin"), s.programs, os.Getenv("PATH")}, ":")}
	return root
}

// krewInstalls has krew install it, in each way in which the README says that.
func krewInstalls(t *testing.T, top string) {
	programs, index := t.TempDir(), t.TempDir()
	run(t, []string{"GOBIN=" + programs, "GOFLAGS="}, "go", "install", "sigs.k8s.io/krew/cmd/krew@v0.4.3")
	if err := os.Rename(filepath.Join(programs, "krew"), filepath.Join(programs, "kubectl-krew")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(top, "bin/lab/kubectl"), filepath.Join(programs, "kubectl")); err != nil {
		t.Fatal(err)
	}
	published := httptest.NewServer(http.StripPrefix("/"+version, http.FileServer(http.Dir("dist"))))
	defer published.Close()
	publish(t, index, published.URL)
	s := shell{
		readme:   string(read(t, filepath.Join(top, "README.md"))),
		programs: programs,
		local: strings.NewReplacer("https://github.com/kurator-dev/kubectl-fleetapp.git", index,
			"_v0.1.0_linux_amd64", "_"+version+"_"+runtime.GOOS+"_"+runtime.GOARCH),
	}
	plugin := filepath.Join(s.elsewhere(t), "bin/kubectl-fleetapp")

	s.asIn(t, "README.md", "kubectl krew index add fleetapp https://github.com/kurator-dev/kubectl-fleetapp.git")
	s.asIn(t, "README.md", "kubectl krew install fleetapp/fleetapp")
	says(t, plugin)
	s.asIn(t, "README.md", "kubectl fleetapp completion install-shim")
	if said := s.run(t, "kubectl __complete fleetapp dep"); !strings.Contains(said, "\ndeploy\t") {
		t.Errorf("kubectl completes with %q", said)
	}
	if said := s.run(t, "kubectl krew info fleetapp/fleetapp"); !strings.Contains(said, "VERSION: "+version) || !strings.Contains(said, "CAVEATS:") {
		t.Errorf("krew info says\n%s", said)
	}

	// krew takes a home from which the last plugin is gone for one of long ago.
	plugin = filepath.Join(s.elsewhere(t), "bin/kubectl-fleetapp")
	s.asIn(t, "README.md", "kubectl krew install --manifest=krew-manifest.yaml --archive=dist/kubectl-fleetapp_v0.1.0_linux_amd64.tar.gz")
	says(t, plugin)
}

// publish makes an index of krew's of what is here, with the archives at that address.
func publish(t *testing.T, index, address string) {
	t.Helper()
	const home = "https://github.com/kurator-dev/kubectl-fleetapp/releases/download"
	manifest := strings.ReplaceAll(string(read(t, indexFile)), home, address)
	path := filepath.Join(index, indexFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "plugins"}, {"-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-qm", "A release"},
	} {
		run(t, nil, "git", append([]string{"-C", index}, args...)...)
	}
}

// asIn runs a command line of a page.
func (s shell) asIn(t *testing.T, page, line string) {
	t.Helper()
	if !strings.Contains(s.readme, "\n$ "+line+"\n") {
		t.Errorf("%s has no %q", page, line)
	}
	s.run(t, line)
}

func (s shell) run(t *testing.T, line string) string {
	t.Helper()
	return run(t, s.environment, "bash", "-c", s.local.Replace(line))
}

func run(t *testing.T, environment []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), environment...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}
