package plan

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

// strictly decodes what the user wrote into Flux's own type, so that a field
// that Flux does not know is an error here and not silently dropped there.
// former is the type in the version that Kurator was built with: a field that
// only this one knows was removed by Flux.
func strictly(raw []byte, into, former any, path *field.Path) []error {
	problems := strict.Decode(raw, into)
	if len(problems) == 0 {
		return nil
	}
	// Where the former type does not take the value at all, its only problem is
	// that, and no field is known to be removed.
	before := strict.Decode(raw, former)
	took := !slices.ContainsFunc(before, func(p strict.Problem) bool { return p.Text != strict.UnknownField })
	errs := make([]error, len(problems))
	for i, problem := range problems {
		at := path.String()
		if problem.Path != "" {
			at += "." + problem.Path
		}
		text := problem.Text
		if text == strict.UnknownField && took && !slices.Contains(before, problem) {
			text += ": Flux removed it"
		}
		errs[i] = fmt.Errorf("%s: %s", at, text)
	}
	return errs
}
