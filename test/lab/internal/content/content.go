// Package content makes the examples' sources available on loopback: podinfo's
// tree as a Git repository over smart HTTP, the chart of that tree as a Helm
// chart repository, and in an OCI registry the chart and the manifests of that
// tree. Nothing is fetched: all come from a folder, and the same folder gives
// the same commit, chart archive and artifacts, byte for byte.
package content

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// RepositoryPath is where the Git repository is served, GitHub's own path for
// podinfo, so that only scheme and host of a guide's URL change.
const RepositoryPath = "/stefanprodan/podinfo"

// ChartsPath is where the Helm chart repository is served.
const ChartsPath = "/charts"

// Branch is podinfo's default branch and the only one of the repository.
const Branch = "master"

// epoch dates the commit and the chart archive. It is the date in the version
// of the podinfo module; any fixed date would do.
func epoch() time.Time { return time.Date(2025, time.September, 10, 20, 9, 1, 0, time.UTC) }

// Content is a built repository, chart repository and registry, ready to be
// served.
type Content struct {
	// Commit is the SHA of the only commit on Branch.
	Commit string
	// ChartVersion is the version of the podinfo chart in the chart repository,
	// and the tag of both artifacts in the registry.
	ChartVersion string

	git       git
	reposDir  string
	chartsDir string
	registry  http.Handler
}

// Build makes the repositories and the registry from the tree in podinfo and
// writes what it needs for them below work, replacing what an earlier Build left there and
// nothing else. It needs git on the PATH; podinfo is only read.
func Build(ctx context.Context, podinfo, work string) (*Content, error) {
	podinfo, err := checkTree(podinfo)
	if err != nil {
		return nil, err
	}
	work, err = filepath.Abs(work)
	if err != nil {
		return nil, err
	}
	c := &Content{
		reposDir:  filepath.Join(work, "git-repositories"),
		chartsDir: filepath.Join(work, "chart-repository"),
	}
	home, artifacts := filepath.Join(work, "git-home"), filepath.Join(work, "oci-artifacts")
	for _, dir := range []string{c.reposDir, c.chartsDir, home, artifacts} {
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("clearing the work folder: %w", err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("making the work folder: %w", err)
		}
	}
	if c.git, err = newGit(home); err != nil {
		return nil, err
	}
	repo := filepath.Join(c.reposDir, filepath.FromSlash(RepositoryPath)+".git")
	if c.Commit, err = c.git.commitTree(ctx, podinfo, repo); err != nil {
		return nil, fmt.Errorf("making the Git repository: %w", err)
	}
	if c.ChartVersion, err = packageChart(chartDir(podinfo), c.chartsDir); err != nil {
		return nil, fmt.Errorf("making the chart repository: %w", err)
	}
	c.registry, err = newRegistry(func(host string) error {
		return errors.Join(c.pushManifests(ctx, host, podinfo, artifacts), c.pushChart(host, artifacts))
	})
	if err != nil {
		return nil, fmt.Errorf("filling the OCI registry: %w", err)
	}
	return c, nil
}

// checkTree returns podinfo as an absolute path, or an error that names the
// folder of the guide's examples that it lacks.
func checkTree(podinfo string) (string, error) {
	if podinfo == "" {
		return "", errors.New("no podinfo tree given: name the folder of its Go module")
	}
	podinfo, err := filepath.Abs(podinfo)
	if err != nil {
		return "", err
	}
	for _, dir := range []string{filepath.Join(podinfo, "deploy", "webapp"), filepath.Join(podinfo, "kustomize"), chartDir(podinfo)} {
		info, err := os.Stat(dir)
		if err != nil {
			return "", fmt.Errorf("%q is not podinfo's tree: %w", podinfo, err)
		}
		if !info.IsDir() {
			return "", fmt.Errorf("%q is not podinfo's tree: %q is not a folder", podinfo, dir)
		}
	}
	return podinfo, nil
}

func chartDir(podinfo string) string { return filepath.Join(podinfo, "charts", "podinfo") }
