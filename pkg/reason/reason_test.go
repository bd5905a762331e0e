package reason_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

func TestOf(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	for name, test := range map[string]struct {
		err  error
		want reason.Reason
	}{
		"made with a reason":    {fmt.Errorf("outer: %w", reason.Errorf(reason.NoFlux, "no")), reason.NoFlux},
		"401":                   {apierrors.NewUnauthorized("no"), reason.Unauthorized},
		"403":                   {apierrors.NewForbidden(pods, "a", errors.New("no")), reason.Forbidden},
		"404":                   {apierrors.NewNotFound(pods, "a"), reason.NotFound},
		"409":                   {apierrors.NewConflict(pods, "a", errors.New("no")), reason.Conflict},
		"400":                   {apierrors.NewBadRequest("no"), reason.Invalid},
		"504":                   {apierrors.NewTimeoutError("slow", 1), reason.Timeout},
		"500":                   {apierrors.NewInternalError(errors.New("no")), reason.Failed},
		"unknown authority":     {&url.Error{Op: "Get", URL: "u", Err: x509.UnknownAuthorityError{}}, reason.TLS},
		"dial refused":          {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, reason.Unreachable},
		"dial ran out of time":  {&url.Error{Err: &net.OpError{Op: "dial", Err: context.DeadlineExceeded}}, reason.Unreachable},
		"the deadline ran out":  {fmt.Errorf("x: %w", context.DeadlineExceeded), reason.Timeout},
		"the connection broke":  {&net.OpError{Op: "read", Err: errors.New("reset")}, reason.Unreachable},
		"anything else":         {errors.New("odd"), reason.Failed},
		"made reason over 404":  {reason.Errorf(reason.BadKubeconfig, "x: %w", apierrors.NewNotFound(pods, "a")), reason.BadKubeconfig},
		"name cannot be looked": {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}, reason.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reason.Of(test.err); got != test.want {
				t.Errorf("reason of %v is %s, want %s", test.err, got, test.want)
			}
		})
	}
}

// The real errors of net/http, not only what we believe they are.
func TestOfRealConnections(t *testing.T) {
	hang := make(chan struct{})
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer secure.Close()
	defer close(hang)
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	gone.Close()

	for name, test := range map[string]struct {
		url     string
		client  *http.Client
		timeout time.Duration
		want    reason.Reason
	}{
		"unknown authority": {secure.URL, http.DefaultClient, time.Minute, reason.TLS},
		"plain http":        {"https" + plain.URL[len("http"):], http.DefaultClient, time.Minute, reason.TLS},
		"nobody listens":    {gone.URL, http.DefaultClient, time.Minute, reason.Unreachable},
		"no answer":         {secure.URL, secure.Client(), time.Second, reason.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, test.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := test.client.Do(request)
			if err == nil {
				response.Body.Close()
				t.Fatal("the request went well")
			}
			if got := reason.Of(err); got != test.want {
				t.Errorf("reason of %v is %s, want %s", err, got, test.want)
			}
		})
	}
}

func TestMessageLeavesTheAddressOut(t *testing.T) {
	err := fmt.Errorf("x: %w", &url.Error{Op: "Get", URL: "https://user:pass@host", Err: errors.New("refused")})
	if got := reason.Message(err); got != "refused" {
		t.Errorf("got %q", got)
	}
}
