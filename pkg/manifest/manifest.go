// Package manifest reads Application manifests strictly: files, folders and
// standard input into applications that know where they stand.
package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

// maxFile bounds one file, in bytes; it is far above what etcd could store.
const maxFile = 16 << 20

// Stdin is the name that stands for standard input.
const Stdin = "-"

// Manifest is one application, and where it was read.
type Manifest struct {
	*appsv1alpha1.Application
	// File is the file's name, "stdin" for standard input, and Document the
	// place of the application in it, from 1.
	File     string
	Document int
}

// Where names the manifest.
func (m Manifest) Where() string { return where(m.File, m.Document) }

// At puts the manifest's place before an error, or before each of joined ones.
func (m Manifest) At(err error) error { return prefix(m.Where(), err) }

// Read reads the applications of files and folders, in order. Folders are read
// as kubectl reads them: the .yaml, .yml and .json files right in them.
// All that is wrong comes back at once.
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
		return nil, fmt.Errorf("%s: larger than %d MiB", shown, maxFile>>20)
	}
	return Parse(shown, data)
}

// Parse decodes the documents of one file. A field that Kurator's Application
// does not have is an error, not silently left out.
func Parse(file string, data []byte) ([]Manifest, error) {
	var (
		all  []Manifest
		errs []error
	)
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for number := 1; ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all, errors.Join(errs...)
		}
		if err != nil {
			return all, errors.Join(append(errs, fmt.Errorf("%s: %w", where(file, number), err))...)
		}
		if empty(document) {
			continue
		}
		app, err := parse(document)
		if err != nil {
			errs = append(errs, prefix(where(file, number), err))
		} else {
			all = append(all, Manifest{Application: app, File: file, Document: number})
		}
		number++
	}
}

func parse(document []byte) (*appsv1alpha1.Application, error) {
	encoded, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, fmt.Errorf("not YAML: %s", strings.TrimPrefix(oneLine(err), "yaml: "))
	}
	var meta struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if _, err := kjson.UnmarshalStrict(encoded, &meta); err != nil || meta.Kind == "" {
		return nil, errors.New("not a Kubernetes object: it has no kind")
	}
	if meta.Kind != appsv1alpha1.ApplicationKind || meta.APIVersion != appsv1alpha1.APIVersion {
		return nil, fmt.Errorf("it is a %s of %q, not an %s of %q", meta.Kind, meta.APIVersion,
			appsv1alpha1.ApplicationKind, appsv1alpha1.APIVersion)
	}
	app := &appsv1alpha1.Application{}
	unknown, err := kjson.UnmarshalStrict(encoded, app)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(oneLine(err), "json: "))
	}
	errs := make([]error, len(unknown))
	for i, problem := range unknown {
		var at kjson.FieldError
		errs[i] = problem
		if errors.As(problem, &at) {
			errs[i] = fmt.Errorf("%s: unknown field", at.FieldPath())
		}
	}
	return app, errors.Join(errs...)
}

// empty tells a document that holds nothing but comments and white space.
func empty(document []byte) bool {
	for line := range bytes.Lines(document) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return false
		}
	}
	return true
}

func where(file string, document int) string {
	return fmt.Sprintf("%s: document %d", file, document)
}

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
		errs = append(errs, fmt.Errorf("%s: %w", place, one))
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

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
