package printer

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"text/template"

	"k8s.io/client-go/util/jsonpath"
)

// evaluate writes what a template makes of a document.
type evaluate func(out io.Writer, document map[string]any) error

// parseTemplate makes a template of one of kubectl's formats, such as jsonpath
// or go-template-file.
func parseTemplate(format, text string, missing bool) (evaluate, error) {
	if text == "" {
		return nil, fmt.Errorf("--output %s needs a template: %s=TEMPLATE, or --template", format, format)
	}
	switch format {
	case "jsonpath-file", "go-template-file", "templatefile":
		data, err := os.ReadFile(text)
		if err != nil {
			return nil, fmt.Errorf("--output %s: %w", format, err)
		}
		text = string(data)
	}
	var (
		made evaluate
		err  error
	)
	if strings.HasPrefix(format, "jsonpath") {
		made, err = jsonPath(text, missing, format == "jsonpath-as-json")
	} else {
		made, err = goTemplate(text, missing)
	}
	if err != nil {
		return nil, fmt.Errorf("--output %s: %w", format, err)
	}
	return made, nil
}

func jsonPath(text string, missing, asJSON bool) (evaluate, error) {
	parse := func() (*jsonpath.JSONPath, error) {
		path := jsonpath.New("template").AllowMissingKeys(missing)
		path.EnableJSONOutput(asJSON)
		return path, path.Parse(text)
	}
	if _, err := parse(); err != nil {
		return nil, err
	}
	return func(out io.Writer, document map[string]any) error {
		path, err := parse() // because a range leaves it changed
		if err != nil {
			return err
		}
		return path.Execute(out, document)
	}, nil
}

func goTemplate(text string, missing bool) (evaluate, error) {
	option := "missingkey=error"
	if missing {
		option = "missingkey=default"
	}
	// The first two functions are kubectl's.
	made, err := template.New("template").Option(option).
		Funcs(template.FuncMap{"exists": exists, "base64decode": base64Decode, rangeFunction: rangeOver}).Parse(text)
	if err != nil {
		return nil, err
	}
	boundRanges(made)
	return func(out io.Writer, document map[string]any) error { return made.Execute(out, document) }, nil
}

// exists tells whether there is something at these indexes, one in the other.
func exists(item any, indexes ...any) bool {
	for _, index := range indexes {
		key, at := reflect.ValueOf(index), reflect.ValueOf(item)
		switch at.Kind() {
		case reflect.Map:
			if key.Kind() != reflect.String {
				return false
			}
			at = at.MapIndex(key)
		case reflect.Slice, reflect.String:
			if !key.CanInt() || key.Int() < 0 || key.Int() >= int64(at.Len()) {
				return false
			}
			at = at.Index(int(key.Int()))
		default:
			return false
		}
		if !at.IsValid() {
			return false
		}
		item = at.Interface()
	}
	return item != nil
}

func base64Decode(text string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	return string(data), err
}
