package fleet

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// A connection that broke is opened anew, also one that never took a request.
func TestABrokenConnectionIsOpenedAnew(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, nil) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	broken := *server.TLS.Clone()
	server.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		opened.Add(1)
		return &broken, nil
	}
	member := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	defer member.Close()
	for i := range int32(3) {
		if _, err := get(t.Context(), member); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
		if opened.Load() != i+1 {
			t.Errorf("%d connections for %d that broke", opened.Load(), i)
		}
		server.CloseClientConnections()
	}
}

func TestNothingIsSentAfterClose(t *testing.T) {
	server := newMember(t, true, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	member := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	member.Close()
	if _, err := get(t.Context(), member); !errors.Is(err, errClosed) {
		t.Errorf("error is %v", err)
	}
}

// What fails before the handshake is over was not sent to anybody.
func TestAHandshakeThatFailsIsNotSent(t *testing.T) {
	server := newMember(t, true, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	var notSent *reason.NotSentError
	if _, err := get(t.Context(), mustConnect(t, kubeconfig{server: server.URL})); !errors.As(err, &notSent) || reason.Of(err) != reason.TLS {
		t.Errorf("error is %v", err)
	}
}
