package content

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/oci"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	helmregistry "helm.sh/helm/v4/pkg/registry"
)

func TestFluxPullsTheManifests(t *testing.T) {
	c, server := serve(t)
	host := strings.TrimPrefix(server.URL, "http://")
	digests := map[string]string{}
	for _, tag := range []string{"6.9.2", "latest"} {
		folder := t.TempDir()
		pulled, err := oci.NewClient(oci.DefaultOptions()).Pull(t.Context(), host+"/"+ManifestsName+":"+tag, folder)
		if err != nil {
			t.Fatal(err)
		}
		digests[tag] = pulled.Digest
		if want := "master@sha1:" + c.Commit; pulled.Revision != want {
			t.Errorf("the revision of %s is %q, want %q", tag, pulled.Revision, want)
		}
		// The folder's own files, and not the folder.
		if got, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml")); err != nil || string(got) != "resources: []\n" {
			t.Errorf("kustomization.yaml of %s holds %q, %v", tag, got, err)
		}
	}
	_, first, _ := strings.Cut(digests["6.9.2"], "@")
	_, second, _ := strings.Cut(digests["latest"], "@")
	if first != second || first == "" {
		t.Errorf("the tags lead to different artifacts: %v", digests)
	}
}

func TestHelmPullsTheChart(t *testing.T) {
	c, server := serve(t)
	client, err := helmregistry.NewClient(helmregistry.ClientOptPlainHTTP())
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := client.Pull(strings.TrimPrefix(server.URL, "http://") + "/" + ChartName + ":" + c.ChartVersion)
	if err != nil {
		t.Fatal(err)
	}
	chrt, err := loader.LoadArchive(strings.NewReader(string(pulled.Chart.Data)))
	if err != nil {
		t.Fatal(err)
	}
	if chrt.Name() != "podinfo" || chrt.Metadata.Version != c.ChartVersion {
		t.Errorf("the chart is %s %s, want podinfo %s", chrt.Name(), chrt.Metadata.Version, c.ChartVersion)
	}
}

func TestSameTreeGivesTheSameArtifacts(t *testing.T) {
	var first, second string
	for _, digests := range []*string{&first, &second} {
		_, server := serve(t)
		for _, name := range []string{ManifestsName, ChartName} {
			response, err := http.Head(server.URL + RegistryPath + "/" + name + "/manifests/6.9.2")
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			*digests += response.Header.Get("Docker-Content-Digest") + " "
		}
	}
	if first != second || len(first) < 100 {
		t.Errorf("the digests are %q and %q", first, second)
	}
}

func TestNobodyCanPushArtifacts(t *testing.T) {
	_, server := serve(t)
	response, err := http.Post(server.URL+RegistryPath+"/"+ManifestsName+"/blobs/uploads/", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a push gave %s, want a 405", response.Status)
	}
}
