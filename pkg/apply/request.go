package apply

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const acceptMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

// write makes a request one that writes, in the owner's name.
func (m Member) write(ctx context.Context, request *rest.Request) *rest.Request {
	if m.DryRun {
		request = request.Param("dryRun", metav1.DryRunAll)
	}
	return request.Param("fieldManager", m.Owner.FieldManager()).Timeout(m.patience(ctx))
}

// throttled is how often a request is sent again that was turned away unread.
const throttled = 10

// once sends a request that may make something, once: client-go by itself sends one
// again wherever an API server asks for that, and tells of the last answer alone,
// which says nothing of what became of the first. One that a busy API server
// turned away did nothing. Time has passed then: so it makes sure that the run still
// holds the inventory.
func (m Member) once(ctx context.Context, request *rest.Request) (answer rest.Result, err error) {
	for range throttled {
		answer = request.Timeout(m.patience(ctx)).MaxRetries(0).Do(ctx)
		seconds, asked := apierrors.SuggestsClientDelay(answer.Error())
		if !asked || !apierrors.IsTooManyRequests(answer.Error()) {
			return answer, nil
		}
		select {
		case <-time.After(time.Duration(seconds) * time.Second):
		case <-ctx.Done():
			return answer, nil
		}
		if err := m.StillHeld(ctx); err != nil {
			return answer, err
		}
	}
	return answer, nil
}

// patience is how long the member's server may work on a request: no longer
// than somebody waits for it, so that none is carried out late.
func (m Member) patience(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return m.Answer
	}
	left := max(time.Until(deadline).Truncate(time.Millisecond), time.Millisecond)
	if m.Answer == 0 {
		return left
	}
	return min(left, m.Answer)
}

// decode reads an answer as JSON.
func decode(answer rest.Result, into any) error {
	if err := answer.Error(); err != nil {
		return err
	}
	body, err := answer.Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// isGone tells that there is no such object.
func isGone(err error) bool { return apierrors.IsNotFound(err) && !reason.NotServed(err) }

// NotMade tells an error of an apply after which the object was surely not
// made by it: the member refused, or was never reached.
func NotMade(err error) bool {
	var (
		status  apierrors.APIStatus
		dial    *net.OpError
		notSent *reason.NotSentError
		known   *reason.Error
	)
	switch {
	case errors.Is(err, fanout.ErrNotAttempted), errors.As(err, &notSent):
		return true
	case errors.As(err, &known):
		return slices.Contains([]reason.Reason{reason.Conflict, reason.NoFlux, reason.Invalid, reason.BadKubeconfig}, known.Reason)
	case errors.As(err, &status):
		code := status.Status().Code
		return code >= http.StatusBadRequest && code < http.StatusInternalServerError && code != http.StatusRequestTimeout
	}
	return errors.As(err, &dial) && dial.Op == "dial"
}
