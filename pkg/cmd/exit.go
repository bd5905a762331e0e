package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// Exit codes; scripts may rely on them.
const (
	exitDone    = 0
	exitNothing = 1 // nothing done, or bad usage
	exitPartial = 3 // some members failed, or are not ready
	exitTimeout = 4 // nothing failed, but Flux was not done when the waiting ended
)

// membersError is the error of a run in which members failed. They have been
// reported; only the exit code is left to say.
type membersError struct{ failed, timedOut, of int }

func (e membersError) Error() string {
	return fmt.Sprintf("%d of %d clusters failed", e.failed, e.of)
}

// orNil is nil where none failed.
func (e membersError) orNil() error {
	if e.failed == 0 {
		return nil
	}
	return e
}

// code is that of all members together.
func (e membersError) code() int {
	switch {
	case e.failed == e.timedOut && e.failed > 0:
		return exitTimeout
	case e.failed < e.of, e.timedOut > 0: // what is slow has begun
		return exitPartial
	}
	return exitNothing
}

// notReadyError is the error of a run in which all was done, and some members
// are not ready. They have been reported.
type notReadyError struct{ notReady, of int }

func (e notReadyError) Error() string {
	return fmt.Sprintf("%d of %d clusters are not ready", e.notReady, e.of)
}

// unhealthyError is the error of a look at what is not all ready. The output says
// what is not.
type unhealthyError struct{}

func (unhealthyError) Error() string { return "not all is ready" }

// checkError is the error of a check that found where a deploy would fail, or where
// that is not known. It has been reported.
type checkError struct{ failed, unknown int }

func (e checkError) Error() string {
	return fmt.Sprintf("a deploy would fail in %d clusters; it is not known in %d", e.failed, e.unknown)
}

// exitCode prints an error, but for what was printed before, and finds its
// code: that of the members, where some were done.
func exitCode(out io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if notReady := (notReadyError{}); errors.As(err, &notReady) {
		return exitTimeout
	}
	code := exitNothing
	said := map[string]bool{}
	for _, one := range flatten(err) {
		var members membersError
		if errors.As(one, &members) {
			code = members.code()
			continue
		}
		var check checkError
		if errors.As(one, &check) {
			if check.failed == 0 {
				code = exitPartial
			}
			continue
		}
		if errors.As(one, &unhealthyError{}) {
			code = exitPartial
			continue
		}
		if text := explain(one); !said[text] {
			said[text] = true
			fmt.Fprintf(out, "error: %s\n", printer.Escape(text))
		}
	}
	if len(said) > 0 && code == exitTimeout { // something else did fail
		code = exitPartial
	}
	return code
}

// begunError is an error of a run that had begun to write.
type begunError struct{ error }

func (e begunError) Unwrap() error { return e.error }

// begun marks each of an error's.
func begun(err error) error {
	if err == nil {
		return nil
	}
	var all []error
	for _, one := range flatten(err) {
		all = append(all, begunError{one})
	}
	return errors.Join(all...)
}

func explain(err error) string {
	var run begunError
	switch {
	case !errors.Is(err, context.Canceled):
		return err.Error()
	case errors.As(err, &run):
		return "interrupted; what was begun is in the inventory: run the same again to go on"
	default:
		return "interrupted: nothing was changed"
	}
}

// flatten lists errors that were joined, each of which gets a line.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, flatten(one)...)
	}
	return all
}
