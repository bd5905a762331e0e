package inventory

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	readWhat  = "read the inventory (Secret default/fleetapp.v1.shop on the host): "
	writeWhat = "write the inventory (Secret default/fleetapp.v1.shop on the host): "
	raceText  = "another run has changed it meanwhile: see what that one says, then run the same again"
)

func TestAnApplicationsLife(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		first := h.read()
		if first.Exists() || len(first.Members()) > 0 || first.record.Application != nil {
			t.Errorf("there is a record already: %+v", first.record)
		}
		if err := first.Intend(t.Context(), run(1), json.RawMessage(`{"a":1}`), []Placement{place("one", "a", "b")}); err != nil {
			t.Fatal(err)
		}
		checkSecret(t, h, "", "")
		if is := h.record(); is.Epoch != 1 || is.Run.PID != 1 || !is.Run.Renewed.Equal(is.Run.Started) || lines(is) != "one() a b" {
			t.Errorf("intended %+v", is)
		}
		if err := first.Settle(t.Context(), []Outcome{learn("one", "c1", "+a", "-b")}); err != nil {
			t.Fatal(err)
		}
		checkSecret(t, h, "uid-1", "1")
		second := h.read()
		if is := h.record(); !second.Exists() || is.Run != nil || lines(is) != "one(c1) a=uid-a" || string(second.record.Application) != `{"a":1}` {
			t.Errorf("settled %+v", is)
		}
		if err := second.Intend(t.Context(), run(2), nil, nil); err != nil {
			t.Fatal(err)
		}
		checkSecret(t, h, "uid-1", "2")
		if is := h.record(); is.Epoch != 2 || string(is.Application) != `{"a":1}` {
			t.Errorf("intended anew %+v", is)
		}
		if err := second.Settle(t.Context(), []Outcome{learn("one", "c1", "-a")}); err != nil {
			t.Fatal(err)
		}
		var sent struct {
			Kind          string
			Preconditions struct{ UID, ResourceVersion string }
		}
		if err := json.Unmarshal(h.last(), &sent); err != nil || sent.Kind != "DeleteOptions" || sent.Preconditions.UID != "uid-1" || sent.Preconditions.ResourceVersion != "3" {
			t.Errorf("deleted with %s", h.last())
		}
		if got := h.methods(); h.secret != nil || got != "GET POST PUT GET PUT DELETE" {
			t.Errorf("requests %s, and it is %+v", got, h.secret)
		}
	})
}

// checkSecret looks at the last write.
func checkSecret(t *testing.T, h *host, uid, resourceVersion string) {
	t.Helper()
	var sent struct {
		APIVersion, Kind, Type string
		Metadata               struct {
			Name, Namespace, UID, ResourceVersion string
			Labels                                map[string]string
			OwnerReferences                       []any
		}
	}
	if err := json.Unmarshal(h.last(), &sent); err != nil {
		t.Fatal(err)
	}
	meta := sent.Metadata
	if sent.APIVersion != "v1" || sent.Kind != "Secret" || sent.Type != "fleetapp.kurator.dev/inventory.v1" ||
		meta.Name != "fleetapp.v1.shop" || meta.Namespace != "default" || meta.UID != uid || meta.ResourceVersion != resourceVersion ||
		meta.Labels["apps.kurator.dev/app-name"] != "shop" || meta.Labels["app.kubernetes.io/managed-by"] != "kubectl-fleetapp" || len(meta.OwnerReferences) > 0 {
		t.Errorf("sent %+v", sent)
	}
	if got := h.log[len(h.log)-1].query; got != "fieldManager=kubectl-fleetapp" {
		t.Errorf("sent with %s", got)
	}
}

func TestWhereThereWasNothingNothingIsSent(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		if err := h.read().Settle(t.Context(), []Outcome{learn("one", "c1", "-a")}); err != nil {
			t.Error(err)
		}
		if got := h.methods(); got != "GET" {
			t.Errorf("requests %s", got)
		}
	})
}

func TestARecordThatWasDeletedMeanwhile(t *testing.T) {
	withHost(t, func(t *testing.T, h *host) {
		ours := h.mustIntend(1)
		h.secret = nil
		checkError(t, ours.Settle(t.Context(), []Outcome{learn("one", "c1", "+a")}), writeWhat+raceText)
	})
}

func TestSecretsThatAreNoRecord(t *testing.T) {
	const notOurs = `its type is "Opaque", not fleetapp.kurator.dev/inventory.v1: another version of kubectl fleetapp, or another program, made it`
	for name, test := range map[string]struct{ kind, data, text string }{
		"another's": {"Opaque", "", notOurs},
		"empty":     {secretType, "", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				h.stores(test.kind, test.data)
				_, err := Read(t.Context(), h.client, "default", "shop", time.Now)
				checkError(t, err, readWhat+test.text)
			})
		})
	}
}

func TestWritesThatTheHostRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		code      int
		why, text string
		reason    reason.Reason
	}{
		"too large":    {http.StatusUnprocessableEntity, "Invalid", `Secret "fleetapp.v1.shop" is invalid: data: Too long: may not be more than 1048576 bytes`, reason.Invalid},
		"no namespace": {http.StatusNotFound, "NotFound", `namespaces "default" not found`, reason.NotFound},
		"forbidden":    {http.StatusForbidden, "Forbidden", `secrets is forbidden: User "ana" cannot create resource "secrets"`, reason.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				h.before = func(w http.ResponseWriter, _ *http.Request) bool {
					code, body := status(test.code, test.why, test.text)
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(code)
					_ = json.NewEncoder(w).Encode(body)
					return false
				}
				_, err := h.intends(1)
				checkError(t, err, writeWhat+test.text)
				if got := reason.Of(err); got != test.reason {
					t.Errorf("reason %s, want %s", got, test.reason)
				}
			})
		})
	}
}
