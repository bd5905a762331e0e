package fleet

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

func TestOneConnectionForParallelFirstRequests(t *testing.T) {
	const n = 8
	var (
		connections atomic.Int32
		together    sync.WaitGroup
	)
	together.Add(n)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("asked with %s", r.Proto)
		}
		together.Done()
		together.Wait() // none is answered before all are there
		answerJSON(w, http.StatusOK, nil)
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	client := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if _, err := get(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if connections.Load() != 1 {
		t.Errorf("%d connections for %d requests", connections.Load(), n)
	}
}

// A member that takes connections and does not speak must cost the time of
// one attempt, not of one for each request.
func TestADeadMemberCostsOneAttempt(t *testing.T) {
	const n, wait = 5, 300 * time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			time.AfterFunc(wait, func() { conn.Close() })
		}
	}()
	client := mustConnect(t, kubeconfig{server: "https://" + listener.Addr().String()})
	began := time.Now()
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			// Not a GET, which client-go itself repeats.
			if err := client.Post().AbsPath("api").Do(t.Context()).Error(); err == nil {
				t.Error("no error")
			}
		})
	}
	group.Wait()
	if took := time.Since(began); took > (n-1)*wait {
		t.Errorf("%d parallel requests took %v where one takes %v: they waited for each other's attempts", n, took, wait)
	}
}

func TestTheTokenAndTheNameAreSent(t *testing.T) {
	server := newMember(t, true, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+canary {
			t.Errorf("Authorization is %q", got)
		}
		if got := r.Header.Get("User-Agent"); got != "tests" {
			t.Errorf("User-Agent is %q", got)
		}
		answerJSON(w, http.StatusOK, nil)
	})
	if _, err := get(t.Context(), mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})); err != nil {
		t.Error(err)
	}
}

func TestRedirectsAreNeverFollowed(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodGet, http.MethodPatch} {
			t.Run(fmt.Sprint(method, code), func(t *testing.T) {
				elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					t.Errorf("followed, with Authorization %q", r.Header.Get("Authorization"))
				}))
				defer elsewhere.Close()
				server := newMember(t, true, func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, elsewhere.URL, code)
				})
				client := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
				err := client.Verb(method).AbsPath("api").Body([]byte("{}")).Do(t.Context()).Error()
				if err == nil || !strings.Contains(err.Error(), "redirect, which is never followed") {
					t.Errorf("error is %v", err)
				}
			})
		}
	}
}

func TestAServerOfHTTP1Works(t *testing.T) {
	server := newMember(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("asked with %s", r.Proto)
		}
		answerJSON(w, http.StatusOK, "yes")
	})
	client := mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if body, err := get(t.Context(), client); string(body) != "\"yes\"\n" || err != nil {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
	group.Wait()
}

func TestLinkLocalAddressesAreRefusedWhereTheyAreDialled(t *testing.T) {
	for _, host := range []string{
		"169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "224.0.0.1", "[ff02::1]", "0.0.0.0", "[::]", "[::ffff:0.0.0.0]",
	} {
		t.Run(host, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			err := mustConnect(t, kubeconfig{server: "https://" + host + ":1"}).Post().AbsPath("api").Do(ctx).Error()
			if err == nil || !strings.Contains(err.Error(), "a link-local, multicast or unspecified address, which is refused") {
				t.Errorf("error is %v", err)
			}
			if why := reason.Of(err); why != reason.BadKubeconfig {
				t.Errorf("reason is %s", why)
			}
		})
	}
}

func TestAddressesThatMayBeDialled(t *testing.T) {
	for _, address := range []string{"10.0.0.1:6443", "127.0.0.1:6443", "[::1]:6443", "[2001:db8::1]:443", "[fd00::1]:443"} {
		if err := refuseLinkLocal("tcp", address, nil); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTheEnvironmentsProxyIsNotUsed(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the proxy was asked for %s", r.URL)
	}))
	defer proxy.Close()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	// The standard library reads the environment once for all tests, and never
	// uses a proxy for loopback, so that only the field itself can tell.
	connection, err := newConnection(endpoint{})
	if err != nil {
		t.Fatal(err)
	}
	if connection.http1.Proxy != nil {
		t.Error("HTTP/1.1 has a proxy; HTTP/2 knows none")
	}
}

func TestTheServersNameIsTheKubeconfigs(t *testing.T) {
	server := newMember(t, true, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, nil) })
	// httptest's certificate is for example.com and the loopback addresses.
	address := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	named := kubeconfig{server: address, cluster: authority(server) + ", tls-server-name: example.com"}
	if _, err := get(t.Context(), mustConnect(t, named)); err != nil {
		t.Error(err)
	}
	other := kubeconfig{server: server.URL, cluster: authority(server) + ", tls-server-name: example.org"}
	if _, err := get(t.Context(), mustConnect(t, other)); reason.Of(err) != reason.TLS {
		t.Errorf("under another name: %v", err)
	}
}

func TestAnUnknownAuthorityIsRefused(t *testing.T) {
	server := newMember(t, true, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("asked, with Authorization %q", r.Header.Get("Authorization"))
	})
	if _, err := get(t.Context(), mustConnect(t, kubeconfig{server: server.URL})); reason.Of(err) != reason.TLS {
		t.Errorf("error is %v", err)
	}
}

func TestTheClientCertificateIsSent(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.TLS.PeerCertificates[0].Subject.CommonName; name != "operator" {
			t.Errorf("the certificate is %q's", name)
		}
		if got := r.Header.Get("Authorization"); got != "" {
			t.Errorf("Authorization is %q", got)
		}
		answerJSON(w, http.StatusOK, nil)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	config := kubeconfig{server: server.URL, cluster: authority(server), token: "none", user: newClientCertificate(t, "operator")}
	if _, err := get(t.Context(), mustConnect(t, config)); err != nil {
		t.Error(err)
	}
}
