package crds_test

import "fmt"

// schema is the part of a structural schema that decides which fields are
// kept and which are demanded.
type schema struct {
	Properties           map[string]schema `json:"properties"`
	AdditionalProperties *schema           `json:"additionalProperties"`
	Items                *schema           `json:"items"`
	Required             []string          `json:"required"`
	PreserveUnknown      bool              `json:"x-kubernetes-preserve-unknown-fields"`
}

// problems names, by path, each field of value that an API server would drop
// because the schema does not know it, or refuse because it is missing.
func (s schema) problems(path string, value any) []string {
	var found []string
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if s.Items != nil {
				found = append(found, s.Items.problems(fmt.Sprintf("%s[%d]", path, i), item)...)
			}
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := value[name]; !ok {
				found = append(found, path+"."+name+" is required")
			}
		}
		for name, field := range value {
			property, known := s.Properties[name]
			switch {
			case known:
				found = append(found, property.problems(path+"."+name, field)...)
			case s.AdditionalProperties != nil:
				found = append(found, s.AdditionalProperties.problems(path+"."+name, field)...)
			case !s.PreserveUnknown:
				found = append(found, path+"."+name+" is unknown")
			}
		}
	}
	return found
}
