package content

import (
	"fmt"
	"path/filepath"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/repo/v1"
)

// packageChart writes the chart of the folder dir as an archive into dest, with
// an index that names it by a relative URL, and returns the chart's version.
func packageChart(dir, dest string) (string, error) {
	chrt, err := loader.LoadDir(dir)
	if err != nil {
		return "", fmt.Errorf("loading the chart %q: %w", dir, err)
	}
	setTimes(chrt)
	if _, err := chartutil.Save(chrt, dest); err != nil {
		return "", fmt.Errorf("packaging the chart %q: %w", dir, err)
	}
	index, err := repo.IndexDirectory(dest, "")
	if err != nil {
		return "", fmt.Errorf("indexing %q: %w", dest, err)
	}
	index.Generated = epoch()
	for _, versions := range index.Entries {
		for _, version := range versions {
			version.Created = epoch()
		}
	}
	if err := index.WriteFile(filepath.Join(dest, "index.yaml"), 0o644); err != nil {
		return "", fmt.Errorf("writing the index: %w", err)
	}
	return chrt.Metadata.Version, nil
}

// setTimes dates every file of the chart alike. Otherwise the archive, and with
// it the digest in the index, would change with each unpacking of the module.
func setTimes(chrt *chart.Chart) {
	chrt.ModTime = epoch()
	chrt.SchemaModTime = epoch()
	for _, files := range [][]*common.File{chrt.Raw, chrt.Templates, chrt.Files} {
		for _, file := range files {
			file.ModTime = epoch()
		}
	}
	for _, dependency := range chrt.Dependencies() {
		setTimes(dependency)
	}
}
