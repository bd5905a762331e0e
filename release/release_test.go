package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const version = "v9.8.7-test.1"

// inTree goes to the top of a copy of what a release is made of.
func inTree(t *testing.T, top string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"cmd", "pkg", "go.mod", "go.sum", licenceFile, manifestFile, "plugins"} {
		if out, err := exec.Command("cp", "-R", filepath.Join(top, name), dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	t.Chdir(dir)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func manifestOf(t *testing.T, name string) manifest {
	t.Helper()
	read, err := parse(read(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// unpacked is an archive's files, by their names.
func unpacked(name string, data []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	if strings.HasSuffix(name, ".zip") {
		archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return nil, err
		}
		for _, file := range archive.File {
			from, err := file.Open()
			if err != nil {
				return nil, err
			}
			if files[file.Name], err = io.ReadAll(from); err != nil {
				return nil, err
			}
		}
		return files, nil
	}
	squeezed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	for archive := tar.NewReader(squeezed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			return nil, err
		}
	}
}

// install does what krew does with an archive, and returns where the binary is.
func install(t *testing.T, of platform, archive string) string {
	t.Helper()
	data := read(t, archive)
	if sum := fmt.Sprintf("%x", sha256.Sum256(data)); sum != of.Sha256 {
		t.Fatalf("%s: its sha256 is %s, and the manifest's %s", archive, sum, of.Sha256)
	}
	if is := path.Base(of.URI); is != filepath.Base(archive) {
		t.Fatalf("the manifest's address ends in %s", is)
	}
	files, err := unpacked(archive, data)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, rule := range of.Files {
		data, ok := files[rule.From]
		if !ok {
			t.Fatalf("%s has no %s", archive, rule.From)
		}
		if err := os.WriteFile(filepath.Join(dir, rule.To, rule.From), data, 0o755); err != nil {
			t.Fatal(err)
		}
		delete(files, rule.From)
	}
	if len(files) > 0 {
		t.Errorf("%s has files that no rule names: %d", archive, len(files))
	}
	if _, err := os.Stat(filepath.Join(dir, licenceFile)); err != nil {
		t.Error(err)
	}
	return filepath.Join(dir, of.Bin)
}

// A release is built twice, in two folders, and once with an empty cache. Each of its archives installs by the
// manifest's own rules; the one for this platform runs, and krew installs it.
func TestAReleaseInstallsAndIsTheSameAnywhere(t *testing.T) {
	top, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var sums [2][]string
	for i := range sums {
		inTree(t, top)
		if err := release(version, "dist"); err != nil {
			t.Fatal(err)
		}
		for _, of := range manifestOf(t, manifestFile).Spec.Platforms {
			sums[i] = append(sums[i], of.os()+"/"+of.arch()+" "+of.Sha256)
		}
	}
	if !slices.Equal(sums[0], sums[1]) {
		t.Errorf("two folders give %q", sums)
	}
	t.Run("manifest", func(t *testing.T) { isFilled(t, filepath.Join(top, manifestFile)) })
	var here platform
	for _, of := range manifestOf(t, manifestFile).Spec.Platforms {
		t.Run(of.os()+"-"+of.arch(), func(t *testing.T) {
			binary := install(t, of, filepath.Join("dist", of.archive(version)))
			if of.os() == runtime.GOOS && of.arch() == runtime.GOARCH {
				here = of
				says(t, binary)
			}
		})
	}
	if here.Bin == "" {
		t.Fatalf("there is no release for %s/%s, where the rest could be tried", runtime.GOOS, runtime.GOARCH)
	}
	t.Run("without what was compiled before", func(t *testing.T) {
		t.Setenv("GOCACHE", t.TempDir())
		_, archive, err := build(version, here)
		if sum := fmt.Sprintf("%x", sha256.Sum256(archive)); err != nil || sum != here.Sha256 {
			t.Errorf("its sha256 is %s, %v; want %s", sum, err, here.Sha256)
		}
	})
	t.Run("krew", func(t *testing.T) { krewInstalls(t, top) })
}

// isFilled looks at the manifest of a release beside that which it was made from.
func isFilled(t *testing.T, from string) {
	filled := manifestOf(t, manifestFile).Spec
	var have []string
	for _, of := range filled.Platforms {
		have = append(have, of.os()+"/"+of.arch())
		if !strings.Contains(of.URI, "/download/"+version+"/") {
			t.Errorf("the address is %s", of.URI)
		}
	}
	want := []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}
	if !slices.Equal(have, want) || filled.Version != version {
		t.Errorf("it is %s for %s, want %s for %s", filled.Version, have, version, want)
	}
	if !bytes.Equal(read(t, manifestFile), read(t, indexFile)) {
		t.Errorf("%s is not %s", indexFile, manifestFile)
	}
	if before, after := bytes.Count(read(t, from), []byte("#")), bytes.Count(read(t, manifestFile), []byte("#")); before != after {
		t.Errorf("%d comments became %d", before, after)
	}
}

// says runs the plugin, and asks it who it is.
func says(t *testing.T, plugin string) {
	t.Helper()
	out, err := exec.Command(plugin, "version", "--client", "-o", "json").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var said struct {
		ClientVersion struct{ GitVersion string }
	}
	if err := json.Unmarshal(out, &said); err != nil || said.ClientVersion.GitVersion != version {
		t.Errorf("it says that it is %s", out)
	}
}

func TestOnlyAVersionThatKrewTakes(t *testing.T) {
	t.Chdir("..")
	for _, version := range []string{"1.2.3", "v1.2", "latest", "v1.2.3\n", "v1.2.3 "} {
		if err := release(version, filepath.Join(t.TempDir(), "dist")); err == nil || !regexp.MustCompile("not of the form").MatchString(err.Error()) {
			t.Errorf("%q: %v", version, err)
		}
	}
}
