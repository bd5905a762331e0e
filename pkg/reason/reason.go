// Package reason is the closed list of why a member failed, and how an error
// gets its place in that list. Scripts may rely on the words.
package reason

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reason says in one word why a member failed.
type Reason string

// The reasons there are.
const (
	Unreachable   Reason = "Unreachable"   // no connection, or it broke
	Timeout       Reason = "Timeout"       // connected, but no answer within the member's deadline
	TLS           Reason = "TLS"           // the server's certificate was not accepted, or no TLS is spoken
	Unauthorized  Reason = "Unauthorized"  // the server refused the credentials
	Forbidden     Reason = "Forbidden"     // the credentials may not do this
	BadKubeconfig Reason = "BadKubeconfig" // the kubeconfig, its Secret or its key is missing or refused
	NoFlux        Reason = "NoFlux"        // the member does not serve Flux's resources
	Conflict      Reason = "Conflict"      // another manager owns the field, or another owner the object
	Invalid       Reason = "Invalid"       // the server refused the object or the request
	NotFound      Reason = "NotFound"      // what was asked for does not exist
	NotReady      Reason = "NotReady"      // all is applied, and Flux is not done with it
	Failed        Reason = "Failed"        // anything else
)

// Error is an error whose reason is known where it arises.
type Error struct {
	Reason Reason
	Err    error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// NotSentError is an error before anything was sent: nobody can have carried it out.
type NotSentError struct{ Err error }

func (e *NotSentError) Error() string { return e.Err.Error() }
func (e *NotSentError) Unwrap() error { return e.Err }

// Errorf is fmt.Errorf with a reason.
func Errorf(r Reason, format string, args ...any) error {
	return &Error{Reason: r, Err: fmt.Errorf(format, args...)}
}

// Of finds the reason of an error: the one it was made with, or else the one
// that its cause (network, TLS, deadline, API server's status) stands for.
func Of(err error) Reason {
	var known *Error
	if errors.As(err, &known) {
		return known.Reason
	}
	if r, ok := ofStatus(err); ok {
		return r
	}
	return ofConnection(err)
}

// NotServed tells a resource that an API server does not know, which it says in
// plain text, from an object that is not there, which is a Status. An error
// with a reason of its own may have come of such an answer, but is none.
func NotServed(err error) bool {
	var known *Error
	return !errors.As(err, &known) && apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

func ofStatus(err error) (Reason, bool) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return "", false
	}
	switch {
	case apierrors.IsUnauthorized(err):
		return Unauthorized, true
	case apierrors.IsForbidden(err):
		return Forbidden, true
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return Conflict, true
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return Invalid, true
	case apierrors.IsNotFound(err), apierrors.IsGone(err):
		return NotFound, true
	case apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return Timeout, true
	}
	return Failed, true
}

func ofConnection(err error) Reason {
	var (
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		operation *net.OpError
		timed     net.Error
	)
	switch {
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &verify),
		errors.As(err, &authority), errors.As(err, &hostname), errors.Is(err, http.ErrSchemeMismatch):
		return TLS
	// A dial that timed out met nobody: that is unreachable, not slow.
	case errors.As(err, &operation) && operation.Op == "dial":
		return Unreachable
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		return Timeout
	case operation != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Unreachable
	}
	return Failed
}

// Message is an error's text for whoever has the member and the reason beside
// it: without the request's method and address, which net/http puts in front.
func Message(err error) string {
	var (
		known   *Error
		request *url.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted before it was done"
	case errors.As(err, &request) && errors.As(request.Err, &known):
		return strings.Replace(err.Error(), request.Error(), request.Err.Error(), 1)
	case errors.As(err, &known):
		return err.Error()
	case Of(err) == Timeout && errors.Is(err, context.DeadlineExceeded):
		return "no answer within its time (--member-timeout)"
	case errors.As(err, &request):
		return request.Err.Error()
	}
	return err.Error()
}
