package printer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// added is the type of the events that a watch begins with: what there is.
const added = "ADDED"

// Events prints whole objects as one document each, as kubectl does while it
// watches, each tagged with its cluster.
type Events struct {
	out    *bufio.Writer
	format string
	types  bool
	begun  bool
}

// NewEvents makes the printer of a watch. The format is json, yaml or kyaml;
// types puts each object into an event that says what became of it.
func NewEvents(out io.Writer, format string, types bool) *Events {
	return &Events{out: bufio.NewWriter(out), format: format, types: types}
}

// Add prints what there is when the watch begins.
func (e *Events) Add(member fleet.Member, page view.Page) error {
	return e.AddEvent(member, added, page)
}

// AddEvent prints at once what became of the objects of a page: ADDED, MODIFIED
// or DELETED.
func (e *Events) AddEvent(member fleet.Member, event string, page view.Page) error {
	return each(member, page, func(object map[string]any) error {
		text, err := e.text(event, object)
		if err != nil {
			return err
		}
		if e.format == "kyaml" || e.format == "yaml" && e.begun {
			fmt.Fprint(e.out, "---\n")
		}
		e.begun = true
		if _, err := e.out.Write(text); err != nil {
			return err
		}
		return e.out.Flush()
	})
}

// watchEvent is as metav1.WatchEvent.
type watchEvent struct {
	Type   string `json:"type"`
	Object any    `json:"object"`
}

func (e *Events) text(event string, object map[string]any) ([]byte, error) {
	value := any(object)
	if e.types {
		value = watchEvent{event, object}
	}
	switch {
	case e.format == "yaml":
		return yamlText(value)
	case e.format == "kyaml":
		text, err := kyamlText(value)
		return append(text, '\n'), err
	case e.types: // kubectl has these on one line
		text, err := json.Marshal(value)
		return append(escapeJSON(text), '\n'), err
	}
	text, err := jsonText(value, "", "    ")
	return append(text, '\n'), err
}

// Flush writes out what was added.
func (e *Events) Flush() error { return e.out.Flush() }

// Close writes out what was added. There is no document for what became of the
// members.
func (e *Events) Close([]Outcome) error { return e.out.Flush() }
