package printer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
	"sigs.k8s.io/yaml/kyaml"
)

// jsonText is a value as kubectl prints JSON, its dangerous characters escaped.
func jsonText(value any, prefix, indent string) ([]byte, error) {
	text, err := json.MarshalIndent(value, prefix, indent)
	if err != nil {
		return nil, err
	}
	return escapeJSON(text), nil
}

// yamlText is a value as kubectl prints YAML: one object, or a sequence of one.
func yamlText(value any) ([]byte, error) {
	// The library reads JSON as YAML, which takes many characters only as
	// escapes.
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if !misread(value) {
		text, err := yaml.JSONToYAML(escapeYAML(plain))
		if err == nil && toEscape(text) < 0 {
			return text, nil
		}
	}
	var text []byte
	if sequence, ok := value.([]any); ok {
		text, err = flowText(sequence[0], "  ")
		text = append([]byte("- "), text...)
	} else {
		text, err = flowText(value, "")
	}
	return append(text, '\n'), err
}

// kyamlText is a value as kubectl prints KYAML.
func kyamlText(value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if !misread(value) {
		var encoder kyaml.Encoder
		text, err := encoder.Marshal(value)
		// The library writes a carriage return at the start of a line as \\r, so
		// what it writes is read again.
		if err == nil && toEscape(text) < 0 && sameYAML(text, plain) {
			return text, nil
		}
	}
	return flowText(value, "")
}

func sameYAML(text, plain []byte) bool {
	one, err := yaml.YAMLToJSON(text)
	if err != nil {
		return false
	}
	other, err := yaml.YAMLToJSON(escapeYAML(plain))
	return err == nil && bytes.Equal(one, other)
}

// flowText is a value as JSON that is YAML too. It serves where a dangerous
// character has to be escaped, for which YAML's other styles have no way, and
// where the libraries write what they would not read, or read it as another.
func flowText(value any, prefix string) ([]byte, error) {
	text, err := json.MarshalIndent(value, prefix, "  ")
	if err != nil {
		return nil, fmt.Errorf("write as YAML: %w", err)
	}
	return markLongKeys(escapeYAML(text)), nil
}

// misread tells whether there is something that the libraries write in a way
// that not all readers of YAML take for the same: keys that are long or have
// several lines, and words of YAML 1.1 that must stand in quotes.
func misread(value any) bool {
	switch value := value.(type) {
	case string:
		return value == "<<" || value == "="
	case []any:
		for _, inner := range value {
			if misread(inner) {
				return true
			}
		}
	case map[string]any:
		for key, inner := range value {
			// A byte is written as four characters at most.
			if len(key) > maxKey/4 || strings.ContainsAny(key, "\n") || misread(key) || misread(inner) {
				return true
			}
		}
	case watchEvent:
		return misread(value.Object)
	}
	return false
}
