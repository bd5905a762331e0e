package apply

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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

// isOwnerConflict tells a field conflict over whose an object is: the API server
// looks for those before it compares resourceVersions.
func isOwnerConflict(err error) bool {
	var status apierrors.APIStatus
	return isFieldConflict(err) && errors.As(err, &status) &&
		slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool {
			return strings.Contains(c.Field, plan.OwnerAnnotation)
		})
}

// explain turns an API server's error into one that says what to do. It leaves
// those alone that are an answer to come back to.
func (m Member) explain(id plan.Identity, err error) error {
	var known *reason.Error
	switch {
	case err == nil || namespaceMissing(err) || reason.NotServed(err):
		return err
	case errors.As(err, &known):
		return fmt.Errorf("%s: %w", id, err)
	case isFieldConflict(err):
		return reason.Errorf(reason.Conflict, "%s: %s; --force-conflicts takes it over", id, conflicts(err))
	case len(undeclared(err)) > 0:
		return reason.Errorf(reason.Invalid, "%s: this member's Flux does not know %s in %s/%s; upgrade Flux there or leave the field out",
			id, strings.Join(undeclared(err), ", "), id.Group, id.Version)
	case id.IsRef() && apierrors.IsInvalid(err):
		return fmt.Errorf("%s: %w; where it cannot be changed, delete it in the member and run the same again", id, err)
	}
	return fmt.Errorf("%s: %w", id, err)
}

// undeclared are the fields for which an apply was refused because the member
// does not have them in that version. Releases of Flux differ within one.
func undeclared(err error) []string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil
	}
	var fields []string
	for line := range strings.SplitSeq(status.Status().Message, "\n") {
		if text, is := strings.CutSuffix(line, ": field not declared in schema"); is {
			fields = append(fields, strings.TrimPrefix(text[strings.LastIndex(text, " ")+1:], "."))
		}
	}
	return fields
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
