package content

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/repo/v1"
)

// tree writes a small stand-in for podinfo's tree, write-protected as a module
// cache is, and with a file that its own .gitignore leaves out.
func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		".gitignore":                              "*.log\n",
		"kustomize/kustomization.yaml":            "resources: []\n",
		"deploy/webapp/backend/deployment.yaml":   "kind: Deployment\r\n",
		"deploy/webapp/ignored.log":               "kept\n",
		"charts/podinfo/Chart.yaml":               "apiVersion: v1\nname: podinfo\nversion: 6.9.2\n",
		"charts/podinfo/values.yaml":              "replicaCount: 1\n",
		"charts/podinfo/templates/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// serve builds the content of a fresh tree and serves it.
func serve(t *testing.T) (*Content, *httptest.Server) {
	t.Helper()
	c, err := Build(t.Context(), tree(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler(os.Stderr))
	t.Cleanup(server.Close)
	return c, server
}

// runGit runs git as a user would, but with no configuration of the machine.
func runGit(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func TestGitClonesTheRepository(t *testing.T) {
	c, server := serve(t)
	for _, suffix := range []string{"", ".git"} {
		t.Run("podinfo"+suffix, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "clone")
			if out, err := runGit(t, "", "clone", "--quiet", server.URL+RepositoryPath+suffix, dir); err != nil {
				t.Fatalf("clone: %v\n%s", err, out)
			}
			head, err := runGit(t, dir, "rev-parse", "--abbrev-ref", "HEAD")
			if err != nil || head != Branch {
				t.Errorf("HEAD is %q, %v, want %q", head, err, Branch)
			}
			commit, err := runGit(t, dir, "rev-parse", "HEAD")
			if err != nil || commit != c.Commit {
				t.Errorf("commit is %q, %v, want %q", commit, err, c.Commit)
			}
			for name, want := range map[string]string{
				"deploy/webapp/ignored.log":             "kept\n",
				"deploy/webapp/backend/deployment.yaml": "kind: Deployment\r\n",
			} {
				if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
					t.Errorf("%s holds %q, %v, want %q", name, got, err, want)
				}
			}
		})
	}
}

func TestNobodyCanPush(t *testing.T) {
	_, server := serve(t)
	dir := filepath.Join(t.TempDir(), "clone")
	if out, err := runGit(t, "", "clone", "--quiet", server.URL+RepositoryPath, dir); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	out, err := runGit(t, dir, "push", "origin", "HEAD:refs/heads/other")
	if err == nil || !strings.Contains(out, "403") {
		t.Errorf("push gave %v, want a 403:\n%s", err, out)
	}
}

func TestHelmReadsTheChartRepository(t *testing.T) {
	c, server := serve(t)
	index := filepath.Join(t.TempDir(), "index.yaml")
	if err := os.WriteFile(index, get(t, server.URL+ChartsPath+"/index.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := repo.LoadIndexFile(index)
	if err != nil {
		t.Fatal(err)
	}
	// The guide asks for no version: that is "any stable one".
	entry, err := file.Get("podinfo", "*")
	if err != nil {
		t.Fatal(err)
	}
	if entry.Version != "6.9.2" || entry.Version != c.ChartVersion {
		t.Errorf("version in the index is %q, built is %q, want 6.9.2", entry.Version, c.ChartVersion)
	}
	if want := "podinfo-6.9.2.tgz"; len(entry.URLs) != 1 || entry.URLs[0] != want {
		t.Fatalf("URLs are %v, want the relative %q", entry.URLs, want)
	}
	chrt, err := loader.LoadArchive(bytes.NewReader(get(t, server.URL+ChartsPath+"/"+entry.URLs[0])))
	if err != nil {
		t.Fatal(err)
	}
	if chrt.Name() != "podinfo" || len(chrt.Templates) != 1 {
		t.Errorf("chart %q has %d templates, want podinfo with 1", chrt.Name(), len(chrt.Templates))
	}
}

func TestSameTreeGivesTheSameBytes(t *testing.T) {
	var commits, archives []string
	for range 2 {
		work := t.TempDir()
		// A second build in the same folder replaces the first.
		for range 2 {
			c, err := Build(t.Context(), tree(t), work)
			if err != nil {
				t.Fatal(err)
			}
			commits = append(commits, c.Commit)
		}
		archives = append(archives, read(t, filepath.Join(work, "chart-repository")))
	}
	for _, commit := range commits[1:] {
		if commit != commits[0] {
			t.Errorf("commits differ: %v", commits)
		}
	}
	if archives[0] != archives[1] {
		t.Error("the chart repositories of two equal trees differ")
	}
}

func TestBuildLeavesOtherFilesAlone(t *testing.T) {
	work := t.TempDir()
	other := filepath.Join(work, "notes")
	if err := os.WriteFile(other, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), tree(t), work); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

func TestBuildNamesWhatATreeLacks(t *testing.T) {
	_, err := Build(t.Context(), t.TempDir(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), filepath.Join("deploy", "webapp")) {
		t.Errorf("got %v, want an error that names deploy/webapp", err)
	}
}

func TestHealthFollowsTheContent(t *testing.T) {
	c, server := serve(t)
	get(t, server.URL+"/healthz")
	if err := os.Remove(filepath.Join(c.chartsDir, "index.yaml")); err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(server.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status without an index is %d, want 503", response.StatusCode)
	}
}

func TestListenRefusesOtherAddresses(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		listener, err := Listen(address)
		if err == nil {
			listener.Close()
			t.Errorf("listens on %q", address)
		} else if !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%q: error %q does not say why", address, err)
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	listener, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, listener, http.NotFoundHandler()) }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// get returns the body of a page that must be there.
func get(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", url, response.Status, body.String())
	}
	return body.Bytes()
}

// read returns names and contents of all files in dir.
func read(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, path)
		all.WriteString(path + "\n" + string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
