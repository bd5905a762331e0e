package printer

import (
	"encoding/json"
	"io"

	"sigs.k8s.io/yaml"
)

// reportVersion is the apiVersion of all documents of ours.
const reportVersion = "fleetapp.kurator.dev/v1alpha1"

// document prints a value as JSON or YAML.
func document(out io.Writer, value any, format string) error {
	data, err := json.MarshalIndent(value, "", "    ")
	if err == nil && format == "yaml" {
		data, err = yaml.JSONToYAML(data)
	} else {
		data = append(data, '\n')
	}
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}
