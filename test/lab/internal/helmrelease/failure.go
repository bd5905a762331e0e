package helmrelease

import (
	"fmt"
	"time"
)

// failure is an error that knows what it makes of the conditions.
type failure struct {
	// reason and err become the Ready condition.
	reason string
	err    error
	// retryAfter is set where waiting helps and an object that is watched will
	// probably end the wait; without it, the next attempt follows a backoff.
	retryAfter time.Duration
	// stalled, a reason, is set where no attempt follows until something
	// changes; stalledMessage is err's text unless set.
	stalled        string
	stalledMessage string
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// failed is a failure that is tried again with a backoff.
func failed(reason, format string, args ...any) *failure {
	return &failure{reason: reason, err: fmt.Errorf(format, args...)}
}
