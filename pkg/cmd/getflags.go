package cmd

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// getFlags are those of kubectl's own get: they mean the same here.
type getFlags struct {
	allNamespaces     bool
	selector          string
	fieldSelector     string
	subresource       string
	sortBy            string
	output            string
	template          string
	allowMissing      bool
	showManagedFields bool
	noHeaders         bool
	showKind          bool
	showLabels        bool
	labelColumns      []string
	chunkSize         int
	ignoreNotFound    bool
	watch, watchOnly  bool
	watchEvents       bool
	given             func(flag string) bool
}

func (f *getFlags) addFlags(flags *pflag.FlagSet) {
	f.given = flags.Changed
	flags.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "Show the objects of all namespaces.")
	flags.StringVarP(&f.selector, "selector", "l", "", "Label selector of the objects.")
	flags.StringVar(&f.fieldSelector, "field-selector", "", "Field selector of the objects, such as status.phase=Running. Clusters know few fields of each type.")
	flags.StringVar(&f.subresource, "subresource", "", "Get this subresource of the objects that are named, such as status or scale.")
	flags.StringVar(&f.sortBy, "sort-by", "", "Sort by this field, a JSONPath such as '{.metadata.name}', over all clusters.")
	flags.StringVarP(&f.output, "output", "o", "", "Output format: wide, name, json, yaml, kyaml, jsonpath=, jsonpath-file=, jsonpath-as-json=, go-template=, go-template-file=, custom-columns=, custom-columns-file=.")
	flags.StringVar(&f.template, "template", "", "Template string or file for -o go-template, go-template-file, jsonpath and jsonpath-file.")
	flags.BoolVar(&f.allowMissing, "allow-missing-template-keys", true, "Ignore fields and keys that a template names and that are missing.")
	flags.BoolVar(&f.showManagedFields, "show-managed-fields", false, "Keep managedFields in objects that are printed as JSON or YAML.")
	flags.BoolVar(&f.noHeaders, "no-headers", false, "Leave the column titles out.")
	flags.BoolVar(&f.showKind, "show-kind", false, "Show the type before each name.")
	flags.BoolVar(&f.showLabels, "show-labels", false, "Show all labels in a column of their own.")
	flags.StringSliceVarP(&f.labelColumns, "label-columns", "L", nil, "Show these labels as columns.")
	flags.IntVar(&f.chunkSize, "chunk-size", 500, "How many objects a cluster is asked for at a time; 0 for all at once.")
	flags.BoolVar(&f.ignoreNotFound, "ignore-not-found", false, "Pass over what was named and is not there.")
	flags.BoolVarP(&f.watch, "watch", "w", false, "After the table, go on with what changes, until interrupted.")
	flags.BoolVar(&f.watchOnly, "watch-only", false, "Show only what changes from now on, until interrupted.")
	flags.BoolVar(&f.watchEvents, "output-watch-events", false, "With --watch or --watch-only, say what happened: ADDED, MODIFIED or DELETED.")
}

func (f *getFlags) watches() bool { return f.watch || f.watchOnly }

// table tells whether a table is printed, and no document.
func (f *getFlags) table() bool { return f.output == "" && f.template == "" || f.output == "wide" }

// validate checks what does not go together.
func (f *getFlags) validate(asks []view.Ask) error {
	named := slices.ContainsFunc(asks, func(ask view.Ask) bool { return len(ask.Names) > 0 })
	switch {
	case named && f.allNamespaces:
		return errors.New("an object cannot be named across all namespaces: leave out its name, or -A")
	case named && (f.selector != "" || f.fieldSelector != ""):
		return errors.New("names and selectors exclude each other")
	case f.subresource != "" && !named:
		return errors.New("--subresource needs the name of an object")
	case f.chunkSize < 0:
		return fmt.Errorf("--chunk-size must not be negative, it is %d", f.chunkSize)
	case f.showLabels && f.output != "" && f.output != "wide":
		return fmt.Errorf("--show-labels and -o %s exclude each other", format(f.output))
	case len(f.labelColumns) > 0 && f.output != "" && f.output != "wide":
		return fmt.Errorf("--label-columns and -o %s exclude each other", format(f.output))
	case f.watchEvents && !f.watches():
		return errors.New("--output-watch-events needs --watch or --watch-only")
	case f.watches() && (len(asks) != 1 || len(asks[0].Names) > 1):
		return errors.New("one type, or one object, can be watched at a time")
	case f.watches() && f.subresource != "":
		return errors.New("a subresource cannot be watched")
	case f.watches() && f.sortBy != "":
		return errors.New("--sort-by and --watch exclude each other: what changes is shown as it happens")
	case len(content.IsPathSegmentName(f.subresource)) > 0:
		return fmt.Errorf("--subresource %q is not the name of one", f.subresource)
	}
	_, err := parseSelector("--selector", f.selector)
	if _, fieldErr := fields.ParseSelector(f.fieldSelector); fieldErr != nil {
		err = errors.Join(err, fmt.Errorf("--field-selector %q: %w", f.fieldSelector, fieldErr))
	}
	return err
}

// format is an output format without what follows its equals sign.
func format(output string) string {
	name, _, _ := strings.Cut(output, "=")
	return name
}

// query is what to ask each member.
func (f *getFlags) query(asks []view.Ask, namespace string) (view.Query, error) {
	query := view.Query{
		Asks: asks, LabelSelector: f.selector, FieldSelector: f.fieldSelector, Subresource: f.subresource,
		ChunkSize: f.chunkSize, Labels: f.showLabels || len(f.labelColumns) > 0, ManagedFields: f.showManagedFields, Wide: strings.EqualFold(f.output, "wide"),
	}
	if !f.allNamespaces {
		query.Namespace = namespace
	}
	if f.sortBy != "" {
		field, err := view.ParseField(f.sortBy)
		if err != nil {
			return query, fmt.Errorf("--sort-by %q: %w", f.sortBy, err)
		}
		query.SortBy = field
	}
	return query, plan.CheckNamespace(namespace)
}

// newRows makes the printer, and says what it must be given.
func (f *getFlags) newRows(out io.Writer) (printer.Rows, view.Form, error) {
	options := printer.RowsOptions{
		Output: f.output, Template: f.template, AllowMissingTemplateKeys: f.allowMissing,
		Watch: f.watches(), WatchEvents: f.watchEvents,
		NoHeaders: f.noHeaders, Namespaces: f.allNamespaces, ShowKind: f.showKind,
		ShowLabels: f.showLabels, LabelColumns: f.labelColumns, Window: window,
	}
	if f.sortBy != "" {
		options.Window = 0 // all rows are there at once
	}
	rows, form, err := printer.NewRows(out, options)
	if err == nil && f.sortBy != "" {
		rows = printer.NewSorted(rows, f.sortBy)
	}
	return rows, form, err
}
