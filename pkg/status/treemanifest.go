package status

import (
	"cmp"
	"iter"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"go.yaml.in/yaml/v3"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// A parser makes up to two hundred times as much of YAML in memory. So of a
// document no more is parsed than names the object, and no more than this of it.
const (
	maxDocuments = 2 * maxApplied
	maxParsed    = 64 << 10 // bytes of one document
)

// fromManifest lists the objects of a manifest. Where one has no namespace, it
// may be the release's, or none.
func fromManifest(manifest, namespace string) Branch {
	var of Branch
	read, strange, large := 0, 0, false
	for text := range documents(manifest) {
		if read++; read > maxDocuments {
			of.gap("there may be more: Helm's record has more than %d documents", maxDocuments)
			break
		}
		text = naming(text)
		if len(text) > maxParsed {
			large = true
			continue
		}
		var one document
		if yaml.Unmarshal([]byte(text), &one) != nil {
			strange++
			continue
		}
		objects, nameless := one.objects(namespace)
		strange += nameless
		of.add(objects...)
	}
	if strange > 0 {
		of.gap("%d more in Helm's record, which name no object", strange)
	}
	if large {
		of.gap("there may be more: Helm's record has documents that are larger than %d KiB", maxParsed>>10)
	}
	return of
}

// documents are those of a stream of YAML. Helm itself takes it apart by lines.
func documents(stream string) iter.Seq[string] {
	return func(yield func(string) bool) {
		begin, at := 0, 0
		for line := range strings.Lines(stream) {
			if strings.HasPrefix(line, "---") {
				if at > begin && !yield(stream[begin:at]) {
					return
				}
				// What follows on the line is of the next document.
				begin = at + len("---")
			}
			at += len(line)
		}
		if at > begin {
			yield(stream[begin:])
		}
	}
}

// naming is as much of a document as names its object, or holds others: the
// sections of these keys. A document that is not written in block style stays as
// it is.
func naming(text string) string {
	var kept strings.Builder
	keep := true
	for line := range strings.Lines(text) {
		switch first := line[0]; {
		case first >= 'a' && first <= 'z', first >= 'A' && first <= 'Z', first == '"', first == '\'':
			key, _, _ := strings.Cut(line, ":")
			switch strings.Trim(key, `"' `) {
			case "apiVersion", "kind", "metadata", "items":
				keep = true
			default:
				keep = false
			}
		case first == '#', first == '\n':
			continue
		}
		if keep {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// document is as much of a manifest's document as is taken from it.
type document struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"metadata"`
	Items yaml.Node `yaml:"items"`
}

// objects are those that the document holds, and how many have no name.
func (d *document) objects(namespace string) (objects []Node, nameless int) {
	switch {
	case d.APIVersion == "" && d.Kind == "": // nothing but a comment
		return nil, 0
	case d.APIVersion == "v1" && d.Kind == "List" && d.Items.Kind == yaml.SequenceNode:
		for _, item := range d.Items.Content {
			var one document
			if item.Decode(&one) != nil || one.Kind == "List" { // in a list
				nameless++
				continue
			}
			held, without := one.objects(namespace)
			objects, nameless = append(objects, held...), nameless+without
		}
		return objects, nameless
	}
	version, err := schema.ParseGroupVersion(d.APIVersion)
	id := plan.Identity{
		Group: version.Group, Version: version.Version, Kind: d.Kind,
		Namespace: cmp.Or(d.Metadata.Namespace, namespace), Name: d.Metadata.Name,
	}
	if err != nil || !id.IsObject() {
		return nil, 1
	}
	return []Node{{Identity: id}}, 0
}
