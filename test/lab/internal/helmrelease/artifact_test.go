package helmrelease

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/opencontainers/go-digest"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
)

// packaged is a chart archive.
func packaged(t *testing.T) []byte {
	t.Helper()
	path, err := chartutil.Save(newAttempt(nil).chart, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLoadChart(t *testing.T) {
	archive := packaged(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/chart.tgz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) })
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("text")) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/chart.tgz", http.StatusFound) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), maxArtifact+1)) })
	server := httptest.NewServer(mux)
	defer server.Close()
	sum := digest.Canonical.FromBytes(archive).String()
	tests := []struct{ name, path, digest, err string }{
		{name: "right", path: "/chart.tgz", digest: sum},
		{name: "sha512", path: "/chart.tgz", digest: digest.SHA512.FromBytes(archive).String()},
		{name: "wrong digest", path: "/chart.tgz", digest: digest.Canonical.FromString("other").String(), err: "expected sha256:"},
		{name: "no digest", path: "/chart.tgz", err: "digest"},
		{name: "unknown algorithm", path: "/chart.tgz", digest: "md5:900150983cd24fb0d6963f7d28e17f72", err: "unsupported digest algorithm"},
		{name: "not a chart", path: "/text", digest: digest.Canonical.FromString("text").String(), err: "loading the chart"},
		{name: "absent", path: "/absent", digest: sum, err: "404"},
		{name: "redirect", path: "/moved", digest: sum, err: "302"},
		{name: "too large", path: "/huge", digest: sum, err: "larger than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			chrt, err := loadChart(t.Context(), newDownloader(), &meta.Artifact{URL: server.URL + test.path, Digest: test.digest})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("got %v, want an error with %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if chrt.Name() != "podinfo" || len(chrt.Templates) != 1 {
				t.Errorf("chart %q has %d templates, want podinfo with 1", chrt.Name(), len(chrt.Templates))
			}
		})
	}
}
