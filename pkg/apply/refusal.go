package apply

import (
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// namespaceMissing tells the refusal of an object for want of its namespace.
func namespaceMissing(err error) bool {
	var status apierrors.APIStatus
	return apierrors.IsNotFound(err) && errors.As(err, &status) &&
		status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}

// isOther tells the refusal of an apply because the object that is there is
// not the one that was meant.
func isOther(err error) bool {
	var status apierrors.APIStatus
	switch {
	case apierrors.IsConflict(err):
		return !isFieldConflict(err)
	case !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil:
		return false
	}
	// Custom resources answer so where the UID is another one.
	return slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool { return c.Field == "metadata.uid" })
}

func isFieldConflict(err error) bool {
	return apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict)
}

// explain turns an API server's error into one that says what to do. It leaves
// those alone that are an answer to come back to.
func (m Member) explain(id plan.Identity, err error) error {
	var known *reason.Error
	switch {
	case err == nil || namespaceMissing(err) || notServed(err):
		return err
	case errors.As(err, &known):
		return fmt.Errorf("%s: %w", id, err)
	case isFieldConflict(err):
		return reason.Errorf(reason.Conflict, "%s: %s; --force-conflicts takes it over", id, conflicts(err))
	}
	return fmt.Errorf("%s: %w", id, err)
}

// conflicts says which field is whose.
func conflicts(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return err.Error()
	}
	causes := status.Status().Details.Causes
	at := slices.IndexFunc(causes, func(c metav1.StatusCause) bool { return c.Type == metav1.CauseTypeFieldManagerConflict })
	text := fmt.Sprintf("%s: %s", causes[at].Field, causes[at].Message)
	if more := len(causes) - at - 1; more > 0 {
		text = fmt.Sprintf("%s, and %d more", text, more)
	}
	return text
}
