package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const server = "http://127.0.0.1:21000"

func TestRewrite(t *testing.T) {
	for name, test := range map[string]struct{ manifest, want string }{
		"Git":   {"      url: https://github.com/stefanprodan/podinfo\n", "      url: http://127.0.0.1:21000/stefanprodan/podinfo\n"},
		"chart": {"      url: https://stefanprodan.github.io/podinfo\n", "      url: http://127.0.0.1:21000/charts\n"},
		"registry": {
			"    ociRepository:\n      url: oci://ghcr.io/stefanprodan/manifests/podinfo\n      interval: 1m\n",
			"    ociRepository:\n      url: oci://127.0.0.1:21000/stefanprodan/manifests/podinfo\n      insecure: true\n      interval: 1m\n",
		},
		"neither": {"kind: Fleet\n", "kind: Fleet\n"},
	} {
		t.Run(name, func(t *testing.T) {
			note, manifest, found := strings.Cut(string(Rewrite([]byte(test.manifest), server)), "\n")
			if !found || !strings.HasPrefix(note, "# ") || !strings.Contains(note, server) {
				t.Errorf("the first line is %q, want a comment that names the server", note)
			}
			if manifest != test.want {
				t.Errorf("got %q, want %q", manifest, test.want)
			}
		})
	}
}

// The published examples are the real input: after the copy, none of them may
// need the internet.
func TestCopyLeavesNoOutsideAddress(t *testing.T) {
	from, to := "../../../../examples", t.TempDir()
	if err := Copy(from, to, server); err != nil {
		t.Fatal(err)
	}
	copied, err := filepath.Glob(filepath.Join(to, "application", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	originals, err := filepath.Glob(filepath.Join(from, "application", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(copied) == 0 || len(copied) != len(originals) {
		t.Fatalf("%d files were copied of %d", len(copied), len(originals))
	}
	for _, path := range copied {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		here := regexp.MustCompile(`(?m)^ *url: (http|oci)://` + strings.TrimPrefix(server, "http://"))
		outside := regexp.MustCompile(`(https|oci)://[a-z]`)
		if outside.Match(data) || !here.Match(data) {
			t.Errorf("%s still wants the internet:\n%s", path, data)
		}
	}
	if _, err := os.Stat(filepath.Join(to, "application", "common", "fleet.yaml")); err != nil {
		t.Error(err)
	}
}

func TestCopySaysWhatIsMissing(t *testing.T) {
	from := filepath.Join(t.TempDir(), "nothing")
	if err := Copy(from, t.TempDir(), server); err == nil || !strings.Contains(err.Error(), from) {
		t.Errorf("the error is %v, want one that names the folder", err)
	}
}
