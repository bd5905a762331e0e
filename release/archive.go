package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// content is a file of an archive.
type content struct {
	name string
	mode int64
	data []byte
}

// build makes one platform's archive, and its name.
func build(version string, of platform) (name string, archive []byte, err error) {
	binary, err := compile(version, of)
	if err != nil {
		return "", nil, err
	}
	licence, err := os.ReadFile(licenceFile)
	if err != nil {
		return "", nil, err
	}
	files := []content{{of.Bin, 0o755, binary}, {licenceFile, 0o644, licence}}
	name = of.archive(version)
	if strings.HasSuffix(name, ".zip") {
		archive, err = zipped(files)
	} else {
		archive, err = tarred(files)
	}
	return name, archive, err
}

// compile makes a static binary in which nothing tells where it was built.
func compile(version string, of platform) ([]byte, error) {
	dir, err := os.MkdirTemp("", "fleetapp-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, of.Bin)
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -buildid= -X main.version="+version, "-o", path, "./cmd/kubectl-fleetapp")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off", "GOOS="+of.os(), "GOARCH="+of.arch(), "GOAMD64=v1", "GOARM64=v8.0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return os.ReadFile(path)
}

// past is when all files were changed: the first time that zip knows.
func past() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }

func tarred(files []content) ([]byte, error) {
	var out bytes.Buffer
	squeezed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(squeezed)
	for _, file := range files {
		header := &tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.data)), ModTime: past(), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(file.data); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err = squeezed.Close()
	return out.Bytes(), err
}

func zipped(files []content) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	archive.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.BestCompression)
	})
	for _, file := range files {
		header := &zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: past()}
		header.SetMode(os.FileMode(file.mode))
		to, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := to.Write(file.data); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}
