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

// What is converted is bounded: some kilobytes can name one long text a
// thousand times, and the converter takes long for what is deep or many.
const (
	// maxAliased is how much, in bytes, the aliases of one document stand for.
	maxAliased   = 4 << 20
	maxDepth     = 100
	maxValues    = 100_000
	maxDocuments = 10_000
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
			case number > maxDocuments:
				yield(number, Document{Err: fmt.Errorf("there are more than %d documents", maxDocuments)})
				return
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
// parsed has none. Where nothing looks like one, nothing is parsed.
func HasAliases(data []byte) bool {
	if !bytes.ContainsRune(data, '*') {
		return false
	}
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

// bound refuses what would take too much memory, or time, to convert.
func bound(node *yaml.Node) error {
	return (&budget{aliased: maxAliased, values: maxValues}).spend(node, false, 0)
}

// budget is what a document may still hold.
type budget struct{ aliased, values int }

func (b *budget) spend(node *yaml.Node, aliased bool, depth int) error {
	if b.values--; aliased {
		b.aliased -= len(node.Value) + 1
	}
	switch {
	case depth > maxDepth:
		return fmt.Errorf("it is nested more than %d deep", maxDepth)
	case b.aliased < 0:
		return fmt.Errorf("its aliases stand for more than %d MiB", maxAliased>>20)
	case b.values < 0:
		return fmt.Errorf("it holds more than %d values", maxValues)
	case node.Kind == yaml.AliasNode:
		return b.spend(node.Alias, true, depth+1)
	}
	for _, child := range node.Content {
		if err := b.spend(child, aliased, depth+1); err != nil {
			return err
		}
	}
	return nil
}
