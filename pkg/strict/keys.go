package strict

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// checkNodes says what JSON has no word for, and which keys are there twice,
// with the lines of the file in which they stand: the converter would say
// less, and in words of Go.
func checkNodes(node *yaml.Node, path string) error {
	var errs []error
	switch node.Kind {
	case yaml.MappingNode:
		return checkMapping(node, path)
	case yaml.SequenceNode:
		for i, element := range node.Content {
			errs = append(errs, checkNodes(element, fmt.Sprintf("%s[%d]", path, i)))
		}
	case yaml.ScalarNode:
		var number float64
		if node.ShortTag() == "!!float" && node.Decode(&number) == nil && number-number != 0 {
			return fmt.Errorf("%s: %s is no number that JSON has", path, short(node.Value))
		}
	default:
		for _, root := range node.Content {
			errs = append(errs, checkNodes(root, path))
		}
	}
	return errors.Join(errs...)
}

func checkMapping(node *yaml.Node, path string) error {
	var errs []error
	first := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, line := node.Content[i], node.Content[i].Line
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!null" {
			errs = append(errs, fmt.Errorf("the key in line %d is no name", line))
			continue
		}
		at := child(path, key.Value)
		if before, twice := first[key.Value]; twice {
			errs = append(errs, fmt.Errorf("%s: is there twice, in line %d and in line %d", at, before, line))
			continue
		}
		first[key.Value] = line
		errs = append(errs, checkNodes(node.Content[i+1], at))
	}
	return errors.Join(errs...)
}
