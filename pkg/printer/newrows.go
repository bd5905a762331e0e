package printer

import (
	"fmt"
	"io"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// RowsOptions say in what format a get is printed, and how.
type RowsOptions struct {
	// Output is the value of kubectl's -o: wide, json, jsonpath=TEMPLATE…; empty
	// for a table.
	Output string
	// Template is the value of kubectl's --template, which stands for what comes
	// after the = in Output.
	Template string
	// AllowMissingTemplateKeys prints nothing where a template has fields that
	// an object has not; otherwise that is an error.
	AllowMissingTemplateKeys bool
	// Watch prints each object as soon as something happens to it: the Rows is a
	// Watched then. WatchEvents says what happened.
	Watch, WatchEvents bool

	// The rest is about tables; see TableOptions. The last three are of no
	// meaning to custom columns.
	NoHeaders            bool
	Window               int
	Namespaces, ShowKind bool
	LabelColumns         []string
	ShowLabels           bool
}

// Formats are the formats there are.
func Formats() []string {
	return []string{
		"custom-columns", "custom-columns-file", "go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json",
		"jsonpath-file", "kyaml", "name", "template", "templatefile", "wide", "yaml",
	}
}

// NewRows makes the printer of a format, and tells in what form it takes the
// objects. What is wrong with a template or a column is found here.
func NewRows(out io.Writer, options RowsOptions) (Rows, view.Form, error) {
	format, argument, inline := strings.Cut(options.Output, "=")
	if options.Template != "" {
		if inline {
			return nil, 0, fmt.Errorf("--output %s=… and --template exclude each other", format)
		}
		if format == "" { // as kubectl has it
			format = "go-template"
		}
		argument = options.Template
	}
	switch format {
	case "custom-columns", "custom-columns-file":
		return options.columns(out, format, argument)
	case "go-template", "go-template-file", "jsonpath", "jsonpath-as-json", "jsonpath-file", "template", "templatefile":
		rows, err := NewTemplate(out, TemplateOptions{
			Format: format, Text: argument, AllowMissingKeys: options.AllowMissingTemplateKeys,
			Watch: options.Watch, Types: options.WatchEvents,
		})
		return rows, view.Objects, err
	}
	switch format = strings.ToLower(options.Output); format {
	case "", "wide":
		return NewFleetTable(out, TableOptions{
			Wide: format == "wide", Namespaces: options.Namespaces, NoHeaders: options.NoHeaders, ShowKind: options.ShowKind,
			LabelColumns: options.LabelColumns, ShowLabels: options.ShowLabels, Events: options.WatchEvents, Window: options.Window,
		}), view.Rows, nil
	case "name":
		return NewNames(out), view.Names, nil
	case "json", "yaml", "kyaml":
		if options.Watch {
			return NewEvents(out, format, options.WatchEvents), view.Objects, nil
		}
		return NewList(out, format), view.Objects, nil
	}
	return nil, 0, fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: %s",
		options.Output, strings.Join(Formats(), ","))
}

func (o RowsOptions) columns(out io.Writer, format, spec string) (Rows, view.Form, error) {
	if spec == "" {
		return nil, 0, fmt.Errorf("--output %s needs columns: custom-columns=NAME:.metadata.name, or custom-columns-file=FILE", format)
	}
	rows, err := NewColumns(out, spec, ColumnsOptions{
		File: format == "custom-columns-file", NoHeaders: o.NoHeaders, Window: o.Window, Types: o.WatchEvents,
	})
	if err != nil {
		return nil, 0, fmt.Errorf("--output %s: %w", format, err)
	}
	return rows, view.Objects, nil
}
