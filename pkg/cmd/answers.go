package cmd

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// manyFailed is how many failures are counted at a glance.
const manyFailed = 10

// answers are what became of the members that were asked.
type answers struct {
	// outcomes are in the members' order.
	outcomes []printer.Outcome
	// ignoreNotFound passes over named objects that do not exist.
	ignoreNotFound bool
	// answered counts the members of which something was shown, or that had
	// nothing to show, and rows what was.
	answered, rows int

	// Of the member that is not through yet:
	current     int     // its rows
	unprintable []error // what of them could not be printed
}

// add counts a page. It returns the error of printing it, but for one that is
// the member's own.
func (a *answers) add(page view.Page, printed error) error {
	a.rows += len(page.Rows)
	a.current += len(page.Rows)
	var unprintable *printer.UnprintableError
	if !errors.As(printed, &unprintable) {
		return printed
	}
	a.unprintable = append(a.unprintable, printed)
	return nil
}

// end says that a member is through.
func (a *answers) end(member fleet.Member, err error) {
	outcome := printer.Outcome{Member: member, Errs: a.unprintable}
	if err != nil {
		for _, one := range flatten(err) {
			var unknown *view.UnknownTypeError
			if errors.As(one, &unknown) {
				// Of thousands of names, one is what was meant.
				unknown.Served = []string{strict.Nearest(unknown.Type, unknown.Served)}
			} else if a.ignoreNotFound && absent(one) {
				continue
			}
			outcome.Errs = append(outcome.Errs, one)
		}
	}
	if a.current > 0 || len(outcome.Errs) == 0 {
		a.answered++
	}
	a.current, a.unprintable = 0, nil
	a.outcomes = append(a.outcomes, outcome)
}

// report prints why members failed, and returns the error of it all.
func (a *answers) report(out io.Writer, ignoreUnreachable bool) error {
	unknown := map[string]*view.UnknownTypeError{}
	failed := 0
	for _, outcome := range a.outcomes {
		counts := false
		for _, err := range outcome.Errs {
			why := reason.Of(err)
			counts = counts || !ignoreUnreachable || (why != reason.Unreachable && why != reason.Timeout)
			toAll, err := a.knownElsewhere(err)
			if toAll != nil {
				unknown[toAll.Type] = toAll
				continue
			}
			printer.MemberError(out, "warning: ", outcome.Member, err)
		}
		if counts {
			failed++
		}
	}
	if failed > manyFailed {
		fmt.Fprintf(out, "%d of %d clusters failed\n", failed, len(a.outcomes))
	}
	var errs []error
	for _, kind := range slices.Sorted(maps.Keys(unknown)) {
		errs = append(errs, fmt.Errorf("resource type %q is not known to any cluster that answered%s", kind, strict.DidYouMean(kind, unknown[kind].Served)))
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return membersError{failed: failed, of: failed + a.answered}.orNil()
}

// interrupted is the error of a run that was, and names whose rows are missing.
func (a *answers) interrupted() error {
	var missing []string
	for _, outcome := range a.outcomes {
		if len(outcome.Errs) > 0 {
			missing = append(missing, outcome.Member.Name)
		}
	}
	const most = 5
	if more := len(missing) - most; more > 0 {
		missing = append(missing[:most], fmt.Sprintf("%d more", more))
	}
	if len(missing) == 0 {
		return errors.New("interrupted")
	}
	return fmt.Errorf("interrupted; not all is shown of %s", strings.Join(missing, ", "))
}

// nowhere tells that what was named exists in no member.
func (a *answers) nowhere() bool {
	return !slices.ContainsFunc(a.outcomes, func(outcome printer.Outcome) bool {
		return len(outcome.Errs) == 0 || slices.ContainsFunc(outcome.Errs, func(err error) bool { return !absent(err) })
	})
}

// absent tells an object that is not there from a type that is not served.
func absent(err error) bool { return apierrors.IsNotFound(err) && !reason.NotServed(err) }

// knowing lists the members that know the type: those that did not fail in any
// way but to find an object.
func (a *answers) knowing(kind string) []string {
	var names []string
	for _, outcome := range a.outcomes {
		knows := true
		for _, err := range outcome.Errs {
			var unknown *view.UnknownTypeError
			if errors.As(err, &unknown) {
				knows = knows && unknown.Type != kind
				continue
			}
			knows = knows && absent(err)
		}
		if knows {
			names = append(names, outcome.Member.Name)
		}
	}
	return names
}

// knownElsewhere adds, where a member does not know a type, who does. Where
// nobody does, it says so.
func (a *answers) knownElsewhere(err error) (toAll *view.UnknownTypeError, _ error) {
	var unknown *view.UnknownTypeError
	if !errors.As(err, &unknown) {
		return nil, err
	}
	names := a.knowing(unknown.Type)
	switch {
	case len(names) == 0:
		return unknown, nil
	case len(unknown.Unread) > 0:
		return nil, err
	}
	text := names[0]
	if more := len(names) - 1; more > 0 {
		text = fmt.Sprintf("%s and %d more", text, more)
	}
	return nil, reason.Errorf(reason.NotFound, "it has no resource type %q (known to %s)", unknown.Type, text)
}
