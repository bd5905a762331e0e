package printer

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// Template prints what a template makes of the list of all members' objects,
// which is held until all have answered. It is a Rows.
type Template struct {
	out      *bufio.Writer
	escape   func([]byte) []byte
	evaluate evaluate
	watch    bool
	types    bool
	items    []any
	held     int
}

// TemplateOptions say what a template is made of.
type TemplateOptions struct {
	// Format is one of kubectl's, such as jsonpath or go-template-file, and Text
	// the template, or the name of its file.
	Format, Text string
	// AllowMissingKeys prints nothing where the template has fields that an
	// object has not; otherwise that is an error.
	AllowMissingKeys bool
	// Watch makes a document of each object. Types makes that an event, which
	// says what became of the object.
	Watch, Types bool
}

// NewTemplate makes a printer by template, if it is one.
func NewTemplate(out io.Writer, options TemplateOptions) (*Template, error) {
	made, err := parseTemplate(options.Format, options.Text, options.AllowMissingKeys)
	if err != nil {
		return nil, err
	}
	escape := escapeLines
	if options.Format == "jsonpath-as-json" {
		escape = escapeJSON
	}
	return &Template{out: bufio.NewWriter(out), escape: escape, evaluate: made, watch: options.Watch, types: options.Types}, nil
}

// Add implements Rows.
func (t *Template) Add(member fleet.Member, page view.Page) error {
	if t.watch {
		return t.AddEvent(member, added, page)
	}
	for _, row := range page.Rows {
		t.held += len(row.Object)
	}
	if t.held > maxHeld {
		return tooMuch()
	}
	return each(member, page, func(object map[string]any) error {
		t.items = append(t.items, object)
		return nil
	})
}

// AddEvent prints at once what the template makes of each object.
func (t *Template) AddEvent(member fleet.Member, event string, page view.Page) error {
	return each(member, page, func(object map[string]any) error {
		if t.types {
			object = map[string]any{"type": event, "object": object}
		}
		var text bytes.Buffer
		if err := t.evaluate(&text, object); err != nil {
			return &UnprintableError{Err: evaluationError(err)}
		}
		if _, err := t.out.Write(t.escape(text.Bytes())); err != nil {
			return err
		}
		return t.out.Flush()
	})
}

// evaluationError is shortened, because it may show a whole object.
func evaluationError(err error) error { return errors.New(shorten(err.Error(), maxLine)) }

// Flush implements Rows.
func (t *Template) Flush() error { return t.out.Flush() }

// Close implements Rows.
func (t *Template) Close(outcomes []Outcome) error {
	if t.watch {
		return t.out.Flush()
	}
	members := make([]any, len(outcomes))
	for i, outcome := range outcomes {
		member, err := memberObject(outcome)
		if err != nil {
			return err
		}
		members[i] = member
	}
	if t.items == nil {
		t.items = []any{}
	}
	out := &runeWriter{out: t.out, escape: t.escape}
	err := t.evaluate(out, map[string]any{
		"apiVersion": "v1", "kind": "List", "items": t.items, "members": members,
		"metadata": map[string]any{"resourceVersion": ""},
	})
	if err != nil {
		err = evaluationError(err)
	}
	return errors.Join(err, out.end(), t.out.Flush()) // what came before an error is printed
}
