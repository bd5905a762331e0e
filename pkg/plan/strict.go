package plan

import (
	"errors"
	"slices"
	"strings"

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
	before := strict.Decode(raw, former)
	errs := make([]error, len(problems))
	for i, problem := range problems {
		// Where the former type knows neither the field nor what it stands in, or
		// does not take that, nothing was removed.
		faulty := func(p strict.Problem) bool { return within(problem.Path, p.Path) }
		if problem.Unknown && !slices.ContainsFunc(before, faulty) {
			problem.Text, problem.Near = strict.UnknownField+": Flux removed it; leave it out", ""
		}
		problem.Path = strings.TrimSuffix(path.String()+"."+problem.Path, ".")
		errs[i] = errors.New(problem.String())
	}
	return errs
}

// within tells whether a path leads to or into what another leads to.
func within(path, into string) bool {
	rest, ok := strings.CutPrefix(path, into)
	return ok && (into == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}
