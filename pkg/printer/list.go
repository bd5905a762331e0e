package printer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// List prints whole objects as one document: a v1 List as kubectl prints it,
// each item tagged with its cluster, and beside the items what became of each
// member. Items are written as they come, and none is kept.
type List struct {
	out   *bufio.Writer
	style listStyle
	items int
}

// NewList makes the printer of a list. The format is json, yaml or kyaml.
func NewList(out io.Writer, format string) *List {
	return &List{out: bufio.NewWriter(out), style: styleOf(format)}
}

// Add writes the objects of a page. An UnprintableError tells that some of them
// are left out.
func (l *List) Add(member fleet.Member, page view.Page) error {
	return each(member, page, func(object map[string]any) error {
		text, err := l.style.element(object)
		if err != nil {
			return err
		}
		if l.items == 0 {
			fmt.Fprint(l.out, l.style.head)
		}
		l.items++
		return l.element(l.items, text)
	})
}

// element writes one element of a sequence, of which so many are there then.
func (l *List) element(elements int, text []byte) error {
	before := l.style.next
	if elements == 1 {
		before = l.style.first
	}
	fmt.Fprint(l.out, before)
	_, err := l.out.Write(text)
	return err
}

// ended writes the end of a sequence of so many elements.
func (l *List) ended(elements int) {
	if elements == 0 {
		fmt.Fprint(l.out, l.style.none)
	} else {
		fmt.Fprint(l.out, l.style.end)
	}
}

// Flush writes out what was added, whole items only.
func (l *List) Flush() error { return l.out.Flush() }

// Close ends the document.
func (l *List) Close(outcomes []Outcome) error {
	if l.items == 0 {
		fmt.Fprint(l.out, l.style.head)
	}
	l.ended(l.items)
	fmt.Fprint(l.out, l.style.middle)
	for i, outcome := range outcomes {
		member, err := memberObject(outcome)
		if err != nil {
			return err
		}
		text, err := l.style.element(member)
		if err != nil {
			return err
		}
		if err := l.element(i+1, text); err != nil {
			return err
		}
	}
	l.ended(len(outcomes))
	fmt.Fprint(l.out, l.style.tail)
	return l.out.Flush()
}

// memberObject is what became of one member that was asked, as a report has it.
func memberObject(outcome Outcome) (map[string]any, error) {
	text, err := json.Marshal(reportMember{
		Cluster: Escape(outcome.Member.Name), Kind: Escape(outcome.Member.Kind),
		Errors: reportErrors(outcome.Errs),
	})
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// listStyle is how a list looks in one format.
type listStyle struct {
	// head is the list up to its items, middle what is between these and the
	// members, and tail the rest.
	head, middle, tail string
	// first and next stand before an element of items and members, end after
	// the last, and none in the place of them all.
	first, next, end, none string
	// element renders one element as it stands in the list.
	element func(object map[string]any) ([]byte, error)
}

func styleOf(format string) listStyle {
	switch format {
	case "yaml":
		return listStyle{
			head: "apiVersion: v1\nitems:", middle: "kind: List\nmembers:", tail: "metadata:\n  resourceVersion: \"\"\n",
			first: "\n", none: " []\n",
			element: func(object map[string]any) ([]byte, error) { return yamlText([]any{object}) },
		}
	case "kyaml":
		return listStyle{
			head:   "---\n{\n  apiVersion: \"v1\",\n  items: ",
			middle: ",\n  kind: \"List\",\n  members: ",
			tail:   ",\n  metadata: {\n    resourceVersion: \"\",\n  },\n}\n",
			first:  "[", next: ", ", end: "]", none: "[]",
			element: func(object map[string]any) ([]byte, error) {
				text, err := kyamlText(object)
				return bytes.ReplaceAll(text, []byte("\n"), []byte("\n  ")), err
			},
		}
	default:
		return listStyle{
			head:   "{\n    \"apiVersion\": \"v1\",\n    \"items\": ",
			middle: ",\n    \"kind\": \"List\",\n    \"members\": ",
			tail:   ",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n",
			first:  "[\n        ", next: ",\n        ", end: "\n    ]", none: "[]",
			element: func(object map[string]any) ([]byte, error) { return jsonText(object, "        ", "    ") },
		}
	}
}
