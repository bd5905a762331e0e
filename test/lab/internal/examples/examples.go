// Package examples copies the project's example manifests so that they take
// their content from the lab instead of the internet.
package examples

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The addresses of the manifests.
const (
	gitURL      = "https://github.com/stefanprodan/podinfo"
	chartURL    = "https://stefanprodan.github.io/podinfo"
	registryURL = "oci://ghcr.io/stefanprodan/"
)

// Copy copies a tree of manifests, with their addresses turned to the lab's content server (for example http://127.0.0.1:20001). The first
// line of each copy says so.
func Copy(from, to, server string) error {
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, Rewrite(data, server), 0o644)
	})
	if err != nil {
		return fmt.Errorf("copy the examples from %s: %w", from, err)
	}
	return nil
}

// Rewrite returns one manifest with its addresses turned to the server.
func Rewrite(manifest []byte, server string) []byte {
	manifest = bytes.ReplaceAll(manifest, []byte(gitURL), []byte(server+"/stefanprodan/podinfo"))
	manifest = bytes.ReplaceAll(manifest, []byte(chartURL), []byte(server+"/charts"))
	manifest = rewriteRegistry(manifest, strings.TrimPrefix(server, "http://"))
	note := "# Copied by fleetlab: podinfo comes from the lab's content server, " + server + ".\n"
	return append([]byte(note), manifest...)
}

// rewriteRegistry also lets Flux use plain http, which it does for an OCI
// registry only when told to.
func rewriteRegistry(manifest []byte, host string) []byte {
	line := regexp.MustCompile(`(?m)^( *)url: ` + registryURL + `(.*)$`)
	return line.ReplaceAll(manifest, []byte("${1}url: oci://"+host+"/stefanprodan/${2}\n${1}insecure: true"))
}
