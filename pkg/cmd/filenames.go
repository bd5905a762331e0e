package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
)

// filenames are where a command finds the manifests of its applications.
type filenames struct {
	files  []string
	folder string // with a kustomization
}

func (f *filenames) addFlags(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&f.files, "filename", "f", nil, "File or folder with Application manifests; - is standard input.")
	flags.StringVarP(&f.folder, "kustomize", "k", "", "Folder with a kustomization that builds Application manifests.")
}

func (f *filenames) none() bool { return len(f.files) == 0 && f.folder == "" }

// validate refuses more than one way to say which applications.
func (f *filenames) validate(names []string) error {
	files, applications := strings.Join(f.files, ","), strings.Join(names, ", ")
	switch {
	case len(f.files) > 0 && f.folder != "":
		return fmt.Errorf("-f and -k exclude each other: there is -f %s, and -k %s", files, f.folder)
	case len(f.files) > 0 && len(names) > 0:
		return fmt.Errorf("-f and names exclude each other: there is -f %s, and %s", files, applications)
	case f.folder != "" && len(names) > 0:
		return fmt.Errorf("-k and names exclude each other: there is -k %s, and %s", f.folder, applications)
	}
	return nil
}

func (f *filenames) read(stdin io.Reader) ([]manifest.Manifest, error) {
	if f.folder != "" {
		return manifest.Kustomize(f.folder)
	}
	return manifest.Read(stdin, f.files)
}
