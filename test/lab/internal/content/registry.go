package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/fluxcd/pkg/oci"
	"github.com/google/go-containerregistry/pkg/registry"
	helmregistry "helm.sh/helm/v4/pkg/registry"
)

// RegistryPath is where the OCI registry is served.
const RegistryPath = "/v2"

// The names under which podinfo's own releases are in GitHub's registry, so
// that only the host of a URL changes.
const (
	// ManifestsName is that of the folder kustomize, as a Flux artifact.
	ManifestsName = "stefanprodan/manifests/podinfo"
	// ChartName is that of the chart.
	ChartName = "stefanprodan/charts/podinfo"
)

// latest is the tag that podinfo's releases move along.
const latest = "latest"

// newRegistry makes a registry in memory and lets push fill it, over loopback.
func newRegistry(push func(host string) error) (http.Handler, error) {
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	listener, err := Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // where that fails, so does the push
	return handler, errors.Join(push(listener.Addr().String()), server.Close())
}

// pushManifests does what podinfo's releases do with "flux push artifact" and
// "flux tag artifact".
func (c *Content) pushManifests(ctx context.Context, host, podinfo, work string) error {
	// Flux writes beside the folder that it packs, and the tree is only read.
	folder := filepath.Join(work, "kustomize")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(podinfo, "kustomize"))); err != nil {
		return err
	}
	client := oci.NewClient(oci.DefaultOptions())
	url := fmt.Sprintf("%s/%s:%s", host, ManifestsName, c.ChartVersion)
	_, err := client.Push(ctx, url, folder, oci.WithPushMetadata(oci.Metadata{
		Created:  epoch().Format(time.RFC3339),
		Source:   "https://github.com" + RepositoryPath,
		Revision: fmt.Sprintf("%s@sha1:%s", Branch, c.Commit),
	}))
	if err != nil {
		return err
	}
	_, err = client.Tag(ctx, url, latest)
	return err
}

// pushChart does what "helm push" does with the archive.
func (c *Content) pushChart(host, work string) error {
	archive, err := os.ReadFile(filepath.Join(c.chartsDir, fmt.Sprintf("podinfo-%s.tgz", c.ChartVersion)))
	if err != nil {
		return err
	}
	client, err := helmregistry.NewClient(helmregistry.ClientOptPlainHTTP(), helmregistry.ClientOptWriter(io.Discard),
		helmregistry.ClientOptCredentialsFile(filepath.Join(work, "no-credentials.json")))
	if err != nil {
		return err
	}
	_, err = client.Push(archive, fmt.Sprintf("%s/%s:%s", host, ChartName, c.ChartVersion),
		helmregistry.PushOptCreationTime(epoch().Format(time.RFC3339)))
	return err
}
