package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// parseAsks reads what to get as kubectl takes it: TYPE[,TYPE...] [NAME...], or
// TYPE/NAME... .
func parseAsks(args []string) ([]view.Ask, error) {
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New("which resource? Give its type, such as pods, or TYPE/NAME; 'kubectl api-resources' lists the host's")
	}
	if slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, "/") }) {
		return parseTypesAndNames(args)
	}
	var asks []view.Ask
	for kind := range strings.SplitSeq(args[0], ",") {
		switch {
		case kind == "":
			return nil, fmt.Errorf("%q: a type is missing beside a comma", args[0])
		case slices.ContainsFunc(asks, func(ask view.Ask) bool { return strings.EqualFold(ask.Type, kind) }):
			continue
		}
		asks = append(asks, view.Ask{Type: kind, Names: args[1:]})
	}
	return asks, validNames(args[1:])
}

func parseTypesAndNames(args []string) ([]view.Ask, error) {
	var asks []view.Ask
	for _, arg := range args {
		kind, name, found := strings.Cut(arg, "/")
		switch {
		case !found:
			return nil, fmt.Errorf("%q: beside TYPE/NAME every argument has that form", arg)
		case kind == "", name == "", strings.ContainsAny(kind, ","), strings.Contains(name, "/"):
			return nil, fmt.Errorf("%q: the form is TYPE/NAME, with one type and one name", arg)
		}
		if last := len(asks) - 1; last >= 0 && asks[last].Type == kind {
			asks[last].Names = append(asks[last].Names, name)
			continue
		}
		asks = append(asks, view.Ask{Type: kind, Names: []string{name}})
	}
	var errs []error
	for _, ask := range asks {
		errs = append(errs, validNames(ask.Names))
	}
	return asks, errors.Join(errs...)
}

// validNames checks what becomes part of a path.
func validNames(names []string) error {
	for _, name := range names {
		problems := content.IsPathSegmentName(name)
		if name == "" {
			problems = []string{"it is empty"}
		}
		if len(problems) > 0 {
			return fmt.Errorf("%q is not the name of an object: %s", name, problems[0])
		}
	}
	return nil
}
