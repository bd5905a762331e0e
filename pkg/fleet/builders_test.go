package fleet

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// canary is in every value of a kubeconfig here that must not be repeated.
const canary = "canary-2f1c"

// kubeconfig has a valid server, context and token; a test states what varies.
type kubeconfig struct {
	server string
	// cluster and user are further fields, in YAML's flow style.
	cluster, user string
	// token stands for one that the user has; "none" is none.
	token string
}

func (k kubeconfig) String() string {
	if k.server == "" {
		k.server = "https://127.0.0.1:6443"
	}
	if k.token == "" {
		k.token = canary
	}
	user := "token: " + k.token
	if k.token == "none" {
		user = "extensions: []"
	}
	if k.user != "" {
		user += ", " + k.user
	}
	cluster := fmt.Sprintf("server: %q", k.server)
	if k.cluster != "" {
		cluster += ", " + k.cluster
	}
	return strings.Join([]string{
		"apiVersion: v1",
		"kind: Config",
		"current-context: at",
		"contexts: [{name: at, context: {cluster: there, user: me}}]",
		"clusters: [{name: there, cluster: {" + cluster + "}}]",
		"users: [{name: me, user: {" + user + "}}]",
		"",
	}, "\n")
}

// authority is the field that makes a client trust a server of httptest.
func authority(server *httptest.Server) string {
	return "certificate-authority-data: " + base64.StdEncoding.EncodeToString(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// newHost is a host that answers with the JSON of these paths, and fails the
// test on any other request.
func newHost(t *testing.T, answers map[string]any) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok || r.Method != http.MethodGet {
			t.Errorf("unexpected request to the host: %s %s", r.Method, r.URL)
		}
		if handle, ok := answer.(http.HandlerFunc); ok {
			handle(w, r)
			return
		}
		answerJSON(w, http.StatusOK, answer)
	}))
	t.Cleanup(server.Close)
	client, err := NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func answerJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// status is an API server's error.
func status(code int, why, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, code, map[string]any{
			"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{},
			"status": "Failure", "code": code, "reason": why, "message": message,
		})
	}
}

const secretPath = "/api/v1/namespaces/default/secrets/shop"

func secretMember() Member {
	return Member{Name: "shop", Kind: KindAttachedCluster, Kubeconfig: SecretKey{"default", "shop", "value"}}
}

// connect goes the whole way from the host's Secret to a client.
func connect(t *testing.T, config fmt.Stringer) (*Client, error) {
	t.Helper()
	host := newHost(t, map[string]any{secretPath: map[string]any{
		"data": map[string][]byte{"value": []byte(config.String())},
	}})
	client, err := Connector{Host: host, UserAgent: "tests"}.Connect(t.Context(), secretMember())
	if err == nil {
		t.Cleanup(client.Close)
	}
	return client, err
}

func mustConnect(t *testing.T, config fmt.Stringer) *Client {
	t.Helper()
	client, err := connect(t, config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newMember starts a TLS server as a member's API server would be.
func newMember(t *testing.T, http2 bool, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func get(ctx context.Context, client *Client) ([]byte, error) {
	return client.Get().AbsPath("api").Do(ctx).Raw()
}

// checkError compares an error's text whole, and its reason.
func checkError(t *testing.T, err error, want string, why reason.Reason) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if got := err.Error(); got != want {
		t.Errorf("error\n  %s, want\n  %s", got, want)
	}
	if got := reason.Of(err); got != why {
		t.Errorf("reason %s, want %s", got, why)
	}
}

func noCanary(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), canary) {
			t.Errorf("the error repeats a value: %v", err)
		}
	}
}

// newClientCertificate is a self-signed one, with its key, as the fields of a
// kubeconfig.
func newClientCertificate(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	template.Subject.CommonName = name
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, data []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
	}
	return fmt.Sprintf("client-certificate-data: %s, client-key-data: %s", encode("CERTIFICATE", certificate), encode("PRIVATE KEY", der))
}
