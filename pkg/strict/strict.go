// Package strict decodes what others wrote, and says what is wrong with it in
// their words: with the path of a field, and not a Go type.
package strict

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	// Path is the path of the field, as far as it is known; it may be empty.
	Path string
	// Text says what is wrong with it.
	Text string
}

// UnknownField is the text of a problem with a field that the type lacks.
const UnknownField = "unknown field"

// String is the problem as a line of an error.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

// Decode decodes JSON into the value that into points to. A field that its
// type does not have is a problem, and so is one that is there twice.
func Decode(raw []byte, into any) []Problem {
	strict, err := kjson.UnmarshalStrict(raw, into)
	if err != nil {
		return []Problem{mismatch(raw, into, err)}
	}
	problems := make([]Problem, len(strict))
	for i, problem := range strict {
		problems[i] = Problem{Text: problem.Error()}
		var at kjson.FieldError
		if errors.As(problem, &at) {
			problems[i] = Problem{at.FieldPath(), UnknownField}
			if strings.HasPrefix(problem.Error(), "duplicate field") {
				problems[i].Text = "is there twice"
			}
		}
	}
	return problems
}

// mismatch says which field has a value that its type does not take.
func mismatch(raw []byte, into any, err error) Problem {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return Problem{wrong.Field, fmt.Sprintf("a %s cannot stand here", wrong.Value)}
	}
	path := culprit(raw, func(part json.RawMessage) bool {
		_, err := kjson.UnmarshalStrict(part, reflect.New(reflect.TypeOf(into).Elem()).Interface())
		return err != nil
	})
	return Problem{path, strings.Join(strings.Fields(err.Error()), " ")}
}

// culprit finds the path of the field that makes decoding fail, by decoding
// each alone: types that decode themselves, such as durations, do not say
// where they stand.
func culprit(raw json.RawMessage, fails func(json.RawMessage) bool) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		alone := func(value json.RawMessage) bool {
			part, err := json.Marshal(map[string]json.RawMessage{name: value})
			return err == nil && fails(part)
		}
		if alone(fields[name]) {
			return strings.TrimSuffix(name+"."+culprit(fields[name], alone), ".")
		}
	}
	return ""
}
