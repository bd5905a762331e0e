// Package strict decodes what others wrote, and says what is wrong with it in
// their words: with the path of a field, and not a Go type.
package strict

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	kjson "sigs.k8s.io/json"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	// Path is the path of the field, as far as it is known; it may be empty.
	Path string
	// Text says what is wrong with it.
	Text string
	// Unknown is set where the type has no such field, and Near names the field
	// beside it that was most likely meant, if there is one.
	Unknown bool
	Near    string
}

// UnknownField is the text of a problem with a field that the type lacks.
const UnknownField = "unknown field"

// String is the problem as a line of an error.
func (p Problem) String() string {
	text := p.Text
	if p.Near != "" {
		text += fmt.Sprintf(" (did you mean %q?)", p.Near)
	}
	if p.Path == "" {
		return text
	}
	return p.Path + ": " + text
}

// Decode decodes JSON into the value that into points to, and says all that is
// wrong with it. A field that its type does not have is a problem, and so is
// one that is there twice. Where all problems are unknown fields, the rest has
// been decoded.
func Decode(raw []byte, into any) []Problem {
	strict, err := kjson.UnmarshalStrict(raw, into)
	if err == nil && len(strict) == 0 {
		return nil
	}
	problems := inspect(raw, reflect.TypeOf(into).Elem())
	for _, problem := range strict {
		var at kjson.FieldError
		if errors.As(problem, &at) && strings.HasPrefix(problem.Error(), "duplicate field") {
			problems = append(problems, Problem{Path: at.FieldPath(), Text: "is there twice"})
		}
	}
	if len(problems) == 0 { // the decoder knows a rule that inspect does not
		problems = append(problems, Problem{Text: "a value in it is of a wrong type"})
	}
	return problems
}
