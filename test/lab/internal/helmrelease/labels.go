package helmrelease

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// originLabels labels each object of a release with the HelmRelease that it is
// of, as Flux's post-renderer of that name does.
type originLabels struct{ hr *v2.HelmRelease }

// Run implements Helm's PostRenderer.
func (o originLabels) Run(rendered *bytes.Buffer) (*bytes.Buffer, error) {
	var out bytes.Buffer
	for documents := yaml.NewYAMLOrJSONDecoder(rendered, 4096); ; {
		object := &unstructured.Unstructured{}
		switch err := documents.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return &out, nil
		case err != nil:
			return nil, fmt.Errorf("labelling what is released: %w", err)
		case len(object.Object) == 0:
			continue
		}
		labels := object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[nameLabel], labels[namespaceLabel] = o.hr.Name, o.hr.Namespace
		object.SetLabels(labels)
		text, err := sigsyaml.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		out.WriteString("---\n")
		out.Write(text)
	}
}
