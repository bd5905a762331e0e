// Command release builds the archives of a release for all platforms that
// krew-manifest.yaml names, and fills in that file and plugins/fleetapp.yaml. The
// same source and version give the same bytes wherever the same Go builds them.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// The files of the tree that are made or read.
const (
	manifestFile = "krew-manifest.yaml"
	indexFile    = "plugins/fleetapp.yaml"
	licenceFile  = "LICENSE"
)

func main() {
	version := flag.String("version", "", "the release's `version`; that of krew-manifest.yaml if there is none")
	out := flag.String("out", "dist", "the `folder` for the archives")
	flag.Parse()
	if err := release(*version, *out); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func release(version, out string) error {
	text, err := os.ReadFile(manifestFile)
	if err != nil {
		return err
	}
	manifest, err := parse(text)
	if err != nil {
		return err
	}
	if version == "" {
		version = manifest.Spec.Version
	}
	// What krew takes. Source: krew's validation of a plugin's version.
	if !regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(version) {
		return fmt.Errorf("version %q is not of the form v1.2.3 or v1.2.3-rc.1", version)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	earlier, err := filepath.Glob(filepath.Join(out, "kubectl-fleetapp_*"))
	if err != nil {
		return err
	}
	for _, archive := range earlier {
		if err := os.Remove(archive); err != nil {
			return err
		}
	}
	var (
		sums   bytes.Buffer
		failed []error
	)
	for _, platform := range manifest.Spec.Platforms {
		name, archive, err := build(version, platform)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s/%s: %w", platform.os(), platform.arch(), err))
			continue
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(archive))
		fmt.Fprintf(&sums, "%s  %s\n", sum, name)
		text = fill(text, platform, name, sum)
		failed = append(failed, os.WriteFile(filepath.Join(out, name), archive, 0o644))
		fmt.Printf("%s  %s (%.1f MB)\n", sum[:12], name, float64(len(archive))/1e6)
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	text = setVersion(text, version)
	return errors.Join(
		os.WriteFile(filepath.Join(out, "checksums.txt"), sums.Bytes(), 0o644),
		os.WriteFile(filepath.Join(out, manifestFile), text, 0o644),
		os.WriteFile(manifestFile, text, 0o644),
		os.WriteFile(indexFile, text, 0o644))
}
