// Package manifest reads Application manifests strictly: files, folders and
// standard input into applications that know where they stand.
package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

// maxFile bounds one file, and what one kustomization builds, in bytes; no API
// server takes so large an object.
const maxFile = 4 << 20

// Stdin is the name that stands for standard input.
const Stdin = "-"

// Manifest is one application, and where it was read.
type Manifest struct {
	*appsv1alpha1.Application
	// File is the file's name, "stdin" for standard input, and Document the
	// place of the application in it, from 1; 0 where it is not from a file. In a
	// document that is a list, Item is the place of the application in that, from
	// 1; else it is 0.
	File           string
	Document, Item int
}

// Where names the manifest.
func (m Manifest) Where() string {
	switch {
	case m.Document == 0:
		return m.File
	case m.Item > 0:
		return fmt.Sprintf("%s: document %d, item %d", m.File, m.Document, m.Item)
	}
	return fmt.Sprintf("%s: document %d", m.File, m.Document)
}

// At puts the manifest's place before an error, or before each of joined ones.
func (m Manifest) At(err error) error { return prefix(m.Where(), err) }

// Read reads the applications of files and folders, in order. Folders are read
// as kubectl reads them: the .yaml, .yml and .json files right in them.
// All that is wrong comes back at once, and with it, as from Parse, what can
// be looked at further.
func Read(stdin io.Reader, names []string) ([]Manifest, error) {
	var (
		all  []Manifest
		errs []error
	)
	for _, name := range names {
		files, err := expand(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, file := range files {
			manifests, err := readFile(stdin, file)
			all = append(all, manifests...)
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	if len(errs) == 0 && len(all) == 0 {
		errs = append(errs, fmt.Errorf("no Application in %s", strings.Join(names, ", ")))
	}
	return all, errors.Join(errs...)
}

// expand lists the files of a folder; a file stands for itself.
func expand(name string) ([]string, error) {
	if name == Stdin {
		return []string{name}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, plain(name, err)
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, plain(name, err)
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(entry.Name())) {
			files = append(files, filepath.Join(name, entry.Name()))
		}
	}
	return files, nil
}

func readFile(stdin io.Reader, name string) ([]Manifest, error) {
	from, shown := stdin, "stdin"
	if name != Stdin {
		file, err := os.Open(name)
		if err != nil {
			return nil, plain(name, err)
		}
		defer file.Close()
		from, shown = file, name
	}
	data, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, plain(shown, err)
	}
	if len(data) > maxFile {
		return nil, tooLarge(shown)
	}
	return Parse(shown, data)
}

func tooLarge(shown string) error { return fmt.Errorf("%s: larger than %d MiB", shown, maxFile>>20) }

// prefix puts the place before each of joined errors.
func prefix(place string, err error) error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", place, err)
	}
	var errs []error
	for _, one := range joined.Unwrap() {
		errs = append(errs, prefix(place, one))
	}
	return errors.Join(errs...)
}

// plain drops the operation that the os package puts in front.
func plain(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}
