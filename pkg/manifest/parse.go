package manifest

import (
	"encoding/json"
	"errors"
	"fmt"

	kjson "sigs.k8s.io/json"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

// meta is what an object says of its own kind.
type meta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// Parse decodes the documents of one file. A field that Kurator's Application
// does not have is an error, not silently left out; such an application comes
// back all the same, so that all else that is wrong with it can be said too.
func Parse(file string, data []byte) ([]Manifest, error) {
	var (
		all  []Manifest
		errs []error
	)
	for number, document := range strict.Documents(data) {
		manifests, err := parse(Manifest{File: file, Document: number}, document)
		all = append(all, manifests...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

// parse decodes one document, which is an application or a list of them.
func parse(at Manifest, document strict.Document) ([]Manifest, error) {
	if document.Err != nil {
		return nil, at.At(document.Err)
	}
	if kindOf(document.JSON) != (meta{"v1", "List"}) { // what kubectl prints for "get -o yaml"
		return decode(at, document.JSON)
	}
	var listed struct {
		meta     `json:",inline"`
		Metadata map[string]any    `json:"metadata"`
		Items    []json.RawMessage `json:"items"`
	}
	if problems := strict.Decode(document.JSON, &listed); len(problems) > 0 {
		return nil, at.At(join(problems))
	}
	var (
		all  []Manifest
		errs []error
	)
	for i, item := range listed.Items {
		at.Item = i + 1
		manifests, err := decode(at, item)
		all = append(all, manifests...)
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

// decode decodes one application. Only where all that is wrong with it are
// fields that are not known does it come back beside the error.
func decode(at Manifest, raw []byte) ([]Manifest, error) {
	const version, application = appsv1alpha1.APIVersion, appsv1alpha1.ApplicationKind
	switch kind := kindOf(raw); {
	case kind.Kind == "":
		return nil, at.At(fmt.Errorf("not a Kubernetes object: it has no kind (%s of %q is expected)", application, version))
	case kind != (meta{version, application}):
		return nil, at.At(fmt.Errorf("it is kind %.64q of %.64q; only %s of %q can be deployed", kind.Kind, kind.APIVersion, application, version))
	}
	at.Application = &appsv1alpha1.Application{}
	problems := strict.Decode(raw, at.Application)
	for _, problem := range problems {
		if !problem.Unknown {
			return nil, at.At(join(problems))
		}
	}
	return []Manifest{at}, at.At(join(problems))
}

// kindOf is empty where a document does not say it.
func kindOf(raw []byte) meta {
	var kind meta
	if _, err := kjson.UnmarshalStrict(raw, &kind); err != nil {
		return meta{}
	}
	return kind
}

func join(problems []strict.Problem) error {
	errs := make([]error, len(problems))
	for i, problem := range problems {
		errs[i] = errors.New(problem.String())
	}
	return errors.Join(errs...)
}
