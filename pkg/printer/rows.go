package printer

import (
	"errors"
	"slices"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// Rows prints what the members answer to a get, in one format.
type Rows interface {
	// Add takes a page that a member answered. The pages come in the order of
	// the members, and a member's in its own. An UnprintableError tells that
	// some of it could not be printed, and belongs to the member's outcome (see
	// Unprintable); any other, that nothing can be printed any more.
	Add(member fleet.Member, page view.Page) error
	// Flush prints what is there, because it may take a while until more comes.
	Flush() error
	// Close prints the rest, once all members have answered. It may add
	// UnprintableErrors to the outcomes.
	Close(outcomes []Outcome) error
}

// Watched is a Rows that can print what happens to objects, too.
type Watched interface {
	Rows
	// AddEvent prints at once what happened to the objects of a page, such as
	// "MODIFIED". Errors are as those of Add.
	AddEvent(member fleet.Member, event string, page view.Page) error
}

// Outcome is what became of one member.
type Outcome struct {
	Member fleet.Member
	// Errs are why it failed, or failed in part; none where it did not.
	Errs []error
}

// Unprintable adds an UnprintableError to the outcome of the member that it is
// about, once however often it is met; any other error it returns.
func Unprintable(outcomes []Outcome, member fleet.Member, err error) error {
	var unprintable *UnprintableError
	if !errors.As(err, &unprintable) {
		return err
	}
	for i := range outcomes {
		of := &outcomes[i]
		if of.Member.Name != member.Name || of.Member.Kind != member.Kind {
			continue
		}
		if !slices.ContainsFunc(of.Errs, func(known error) bool { return known.Error() == err.Error() }) {
			of.Errs = append(of.Errs, err)
		}
	}
	return nil
}
