package helmrelease

import (
	"bytes"
	"context"
	_ "crypto/sha256" // the digests that source-controller offers
	_ "crypto/sha512"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/opencontainers/go-digest"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// maxArtifact bounds the size of a chart archive, in bytes. Helm bounds what
// it unpacks to by itself.
const maxArtifact = 20 << 20

// newDownloader returns a client for source-controller's file server, which
// never redirects.
func newDownloader() *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// loadChart downloads the artifact, checks its digest and loads it as a chart.
func loadChart(ctx context.Context, downloader *http.Client, artifact *meta.Artifact) (*chart.Chart, error) {
	archive, err := download(ctx, downloader, artifact.URL)
	if err != nil {
		return nil, err
	}
	if err := checkDigest(archive, artifact.Digest); err != nil {
		return nil, fmt.Errorf("%s: %w", artifact.URL, err)
	}
	chrt, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("loading the chart of %s: %w", artifact.URL, err)
	}
	return chrt, nil
}

// download returns the body of url, at most maxArtifact bytes of it.
func download(ctx context.Context, downloader *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("the artifact's URL: %w", err)
	}
	response, err := downloader.Do(request)
	if err != nil {
		return nil, fmt.Errorf("downloading the artifact: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("downloading the artifact: %s: %s", url, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxArtifact+1))
	if err != nil {
		return nil, fmt.Errorf("downloading the artifact: %w", err)
	}
	if len(body) > maxArtifact {
		return nil, fmt.Errorf("the artifact %s is larger than %d bytes", url, maxArtifact)
	}
	return body, nil
}

// checkDigest compares data with a digest in the form algorithm:hex.
func checkDigest(data []byte, want string) error {
	parsed, err := digest.Parse(want)
	if err != nil {
		return fmt.Errorf("the artifact's digest %q: %w", want, err)
	}
	if got := parsed.Algorithm().FromBytes(data); got != parsed {
		return fmt.Errorf("the artifact's digest is %s, expected %s", got, parsed)
	}
	return nil
}
