package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
)

// strictly decodes what the user wrote into Flux's own type, so that a field
// that Flux does not know is an error here and not silently dropped there.
// former is the type in the version that Kurator was built with: a field that
// only this one knows was removed by Flux.
func strictly(raw []byte, into, former any, path *field.Path) []error {
	unknown, err := kjson.UnmarshalStrict(raw, into)
	if err != nil {
		return []error{mismatch(path, err)}
	}
	if len(unknown) == 0 {
		return nil
	}
	// Where the former type does not take the value at all, the fields that it
	// did not get to are not known to be removed.
	neverKnown, err := kjson.UnmarshalStrict(raw, former)
	removed := func(problem error) bool {
		for _, p := range neverKnown {
			if p.Error() == problem.Error() {
				return false
			}
		}
		return err == nil
	}
	errs := make([]error, len(unknown))
	for i, problem := range unknown {
		errs[i] = explainStrict(problem, removed(problem), path)
	}
	return errs
}

func explainStrict(problem error, removed bool, path *field.Path) error {
	var at kjson.FieldError
	switch {
	case !errors.As(problem, &at):
		return fmt.Errorf("%s: %w", path, problem)
	case strings.HasPrefix(problem.Error(), "duplicate field"):
		return fmt.Errorf("%s.%s: is there twice", path, at.FieldPath())
	case removed:
		return fmt.Errorf("%s.%s: unknown field: Flux removed it", path, at.FieldPath())
	}
	return fmt.Errorf("%s.%s: unknown field", path, at.FieldPath())
}

// mismatch names the field whose value has the wrong type, as far as the
// decoder says which that is.
func mismatch(path *field.Path, err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%s.%s: a %s cannot stand here", path, wrong.Field, wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Errorf("%s: a %s cannot stand here", path, wrong.Value)
	}
	return fmt.Errorf("%s: %w", path, err)
}
