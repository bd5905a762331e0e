package inventory

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

// lister answers one LIST, in pages of one Secret each.
func lister(t *testing.T, path string, secrets ...object) *fleet.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != path || query.Get("fieldSelector") != "type="+secretType || query.Get("limit") != "100" {
			t.Errorf("unexpected request: %s %s", r.Method, r.URL)
		}
		at := 0
		if token := query.Get("continue"); token != "" {
			_, _ = fmt.Sscanf(token, "page-%d", &at)
		}
		metadata := object{}
		if at+1 < len(secrets) {
			metadata["continue"] = fmt.Sprintf("page-%d", at+1)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object{"kind": "SecretList", "apiVersion": "v1", "metadata": metadata, "items": secrets[at:min(at+1, len(secrets))]})
	}))
	t.Cleanup(server.Close)
	client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func stored(t *testing.T, namespace, name string, record *Record) object {
	t.Helper()
	data, err := encode(record)
	if err != nil {
		t.Fatal(err)
	}
	return object{
		"metadata": object{"namespace": namespace, "name": name, "uid": "uid-" + name, "resourceVersion": "7", "creationTimestamp": "2026-01-02T03:04:05Z"},
		"type":     secretType, "data": object{secretKey: data},
	}
}

func TestList(t *testing.T) {
	shop := stored(t, "a", "fleetapp.v1.shop", &Record{Epoch: 1, Application: json.RawMessage(`{"a":1}`), Members: []Member{{Kind: "AttachedCluster", Name: "one"}}})
	spoilt := object{"metadata": object{"namespace": "a", "name": "fleetapp.v1.spoilt"}, "type": secretType, "data": object{secretKey: []byte("nonsense")}}
	web := stored(t, "b", "fleetapp.v1.web", &Record{Epoch: 2, Run: &Run{Holder: "ana@laptop-12"}})

	all, err := List(t.Context(), lister(t, "/api/v1/secrets", shop, spoilt, web), "", time.Now)
	if err == nil || !strings.Contains(err.Error(), "read the inventory (Secret a/fleetapp.v1.spoilt on the host): ") {
		t.Errorf("error %v", err)
	}
	var names []string
	for _, one := range all {
		namespace, application := one.Of()
		names = append(names, namespace+"/"+application)
		if !one.Exists() || !one.Created().Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
			t.Errorf("%s: exists %t, created %s", application, one.Exists(), one.Created())
		}
	}
	if !slices.Equal(names, []string{"a/shop", "b/web"}) {
		t.Fatalf("got %q", names)
	}
	if string(all[0].Asked()) != `{"a":1}` || len(all[0].Members()) != 1 || all[0].Held() != nil {
		t.Errorf("shop is %+v", all[0].record)
	}
	if all[1].Asked() != nil || all[1].Held().Holder != "ana@laptop-12" {
		t.Errorf("web is %+v", all[1].record)
	}

	none, err := List(t.Context(), lister(t, "/api/v1/namespaces/c/secrets"), "c", time.Now)
	if err != nil || len(none) > 0 {
		t.Errorf("%d, %v", len(none), err)
	}
}

// What the API server says is in the error, and not that something is unknown.
func TestListSaysWhyItFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(object{
			"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": http.StatusForbidden,
			"message": `secrets is forbidden: User "ana" cannot list resource "secrets"`,
		})
	}))
	t.Cleanup(server.Close)
	host, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	all, err := List(t.Context(), host, "", time.Now)
	if len(all) > 0 || !apierrors.IsForbidden(err) || !strings.HasSuffix(err.Error(), `User "ana" cannot list resource "secrets"`) {
		t.Errorf("got %d, %v", len(all), err)
	}
}
