package printer

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// customColumn is one of the columns that a user asks for by name.
type customColumn struct {
	title string
	path  *jsonpath.JSONPath
}

// parseColumns reads columns as kubectl's -o custom-columns takes them:
// TITLE:path, with commas between.
func parseColumns(spec string) ([]customColumn, error) {
	var columns []customColumn
	for part := range strings.SplitSeq(spec, ",") {
		title, path, found := strings.Cut(part, ":")
		if !found {
			return nil, fmt.Errorf("%q is not a column such as NAME:.metadata.name", part)
		}
		column, err := newColumn(title, path)
		if err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	return columns, nil
}

// readColumns reads columns as kubectl's -o custom-columns-file takes them: a
// line of titles, and one of paths.
func readColumns(file string) ([]customColumn, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lines := strings.SplitN(string(text), "\n", 3)
	if len(lines) < 2 {
		return nil, fmt.Errorf("%s: not a line of column titles and one of their paths", file)
	}
	titles, paths := strings.Fields(lines[0]), strings.Fields(lines[1])
	if len(titles) == 0 || len(titles) != len(paths) {
		return nil, fmt.Errorf("%s: %d column titles, but %d paths", file, len(titles), len(paths))
	}
	columns := make([]customColumn, len(titles))
	for i := range titles {
		if columns[i], err = newColumn(titles[i], paths[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return columns, nil
}

// newColumn takes a path with or without braces and the dot it begins with.
func newColumn(title, path string) (customColumn, error) {
	inner := path
	if strings.HasPrefix(path, "{") && strings.HasSuffix(path, "}") {
		inner = path[1 : len(path)-1]
	}
	inner = strings.TrimPrefix(inner, ".")
	if inner == "" || strings.ContainsAny(inner, "{}") {
		return customColumn{}, fmt.Errorf("column %q: %q is not a path such as .metadata.name", title, path)
	}
	column := customColumn{title, jsonpath.New("column").AllowMissingKeys(true)}
	if err := column.path.Parse("{." + inner + "}"); err != nil {
		return customColumn{}, fmt.Errorf("column %q: %q: %w", title, path, err)
	}
	return column, nil
}

// cell is what an object has at the column's path.
func (c customColumn) cell(object map[string]any) (string, error) {
	found, err := c.path.FindResults(object)
	if err != nil {
		return "", fmt.Errorf("column %q: %s", c.title, shorten(err.Error(), maxLine))
	}
	if len(found) == 0 || len(found[0]) == 0 {
		return none, nil
	}
	var texts []string
	for _, values := range found {
		for _, value := range values {
			texts = append(texts, textOf(value))
		}
	}
	return strings.Join(texts, ","), nil
}

func textOf(value reflect.Value) string {
	if !value.IsValid() {
		return none
	}
	return fmt.Sprint(value.Interface())
}
