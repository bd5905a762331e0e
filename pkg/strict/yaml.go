package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"
)

const (
	// maxAliased bounds, in bytes, what the aliases of one document stand for: a
	// few kilobytes can name one long text a thousand times.
	maxAliased = 4 << 20
	maxDepth   = 1000
)

// Documents yields the documents of a YAML or JSON stream as JSON, numbered
// from 1, without those that hold nothing. After a document that is not YAML
// nothing more can be read.
func Documents(data []byte) iter.Seq2[int, Document] {
	return func(yield func(int, Document) bool) {
		stream := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
		for number := 1; ; {
			var node yaml.Node
			err := stream.Decode(&node)
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(number, Document{Err: notYAML(err)})
				return
			case nothing(&node):
				continue
			}
			encoded, err := toJSON(&node)
			if !yield(number, Document{encoded, err}) {
				return
			}
			number++
		}
	}
}

// Document is one document as JSON, or what is wrong with it.
type Document struct {
	JSON []byte
	Err  error
}

// toJSON converts a document as kubectl does, but for aliases without end.
func toJSON(node *yaml.Node) ([]byte, error) {
	if err := bound(node); err != nil {
		return nil, err
	}
	if err := checkNodes(node, ""); err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		return nil, notYAML(err)
	}
	encoded, err := kyaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, notYAML(err)
	}
	return encoded, nil
}

func notYAML(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return fmt.Errorf("not YAML: %s", strings.TrimPrefix(text, "yaml: "))
}

// nothing tells a document that holds only comments and white space.
func nothing(node *yaml.Node) bool {
	return len(node.Content) == 0 || node.Content[0].Kind == yaml.ScalarNode && node.Content[0].Value == ""
}

// HasAliases tells whether a YAML document uses an alias; one that cannot be
// parsed has none.
func HasAliases(data []byte) bool {
	var node yaml.Node
	return yaml.Unmarshal(data, &node) == nil && hasAlias(&node)
}

func hasAlias(node *yaml.Node) bool {
	if node.Kind == yaml.AliasNode {
		return true
	}
	for _, child := range node.Content {
		if hasAlias(child) {
			return true
		}
	}
	return false
}

// bound refuses what would take too much memory, or stack, to convert.
func bound(node *yaml.Node) error {
	left := maxAliased
	switch deep := spend(node, &left, false, 0); {
	case left < 0:
		return fmt.Errorf("its aliases stand for more than %d MiB", maxAliased>>20)
	case deep:
		return fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	return nil
}

// spend takes from a budget what aliases stand for, until nothing is left, and
// tells whether it came too deep.
func spend(node *yaml.Node, left *int, aliased bool, depth int) (deep bool) {
	if aliased {
		*left -= len(node.Value) + 1
	}
	if *left < 0 || depth > maxDepth {
		return depth > maxDepth
	}
	if node.Kind == yaml.AliasNode {
		return spend(node.Alias, left, true, depth+1)
	}
	for _, child := range node.Content {
		if spend(child, left, aliased, depth+1) {
			return true
		}
		if *left < 0 {
			return false
		}
	}
	return false
}
