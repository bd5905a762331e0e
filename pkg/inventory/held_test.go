package inventory

import (
	"encoding/json"
	"errors"
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
		if is := h.record(); is.Epoch != 1 || is.Run.PID != 1 || is.Run.Expires.Sub(is.Run.Started) != lease || lines(is) != "one() a b" {
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

func TestARecordThatIsHeld(t *testing.T) {
	for name, test := range map[string]struct {
		left time.Duration
		text string
	}{
		"just begun":    {30 * time.Second, "30s"},
		"a while ago":   {20 * time.Second, "20s"},
		"between two":   {20*time.Second + 400*time.Millisecond, "21s"},
		"almost passed": {300 * time.Millisecond, "1s"},
	} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				started := time.Date(2026, 1, 2, 14, 2, 11, 0, time.Local)
				other := Run{Verb: "deleted", Holder: "ana@laptop-12", PID: 4711, Started: started, Expires: time.Now().Add(test.left)}
				h.holds(&Record{Epoch: 3, Run: &other})
				_, err := h.intends(1)
				checkError(t, err, "application default/shop is being deleted by ana@laptop-12 since 14:02:11 (pid 4711); wait for it, or try again in "+test.text+" if it died")
				var held *HeldError
				if !errors.As(err, &held) || held.Run.PID != 4711 || held.Wait != test.left {
					t.Errorf("%+v", held)
				}
				if got := h.methods(); got != "GET" {
					t.Errorf("requests %s", got)
				}
			})
		})
	}
}

func TestADeadRunIsTakenOver(t *testing.T) {
	for name, ago := range map[string]time.Duration{"just now": 0, "long ago": time.Hour} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				dead := run(7)
				dead.Started, dead.Expires = time.Now().Add(-lease-ago), time.Now().Add(-ago)
				h.holds(&Record{Epoch: 7, Run: &dead, Members: []Member{{Kind: "AttachedCluster", Name: "old", Objects: []Entry{{Identity: id("x")}}}}})
				h.mustIntend(8)
				if is := h.record(); is.Epoch != 8 || is.Run.PID != 8 || lines(is) != "old() x\none() a" {
					t.Errorf("taken over as %+v", is)
				}
			})
		})
	}
}

func TestOnlyOneOfTwoRunsTakesHold(t *testing.T) {
	for name, before := range map[string]*Record{"at first": nil, "later": {Epoch: 1}} {
		t.Run(name, func(t *testing.T) {
			withHost(t, func(t *testing.T, h *host) {
				if before != nil {
					h.holds(before)
				}
				slow := h.read()
				h.mustIntend(1)
				checkError(t, slow.Intend(t.Context(), run(2), nil, []Placement{place("two", "b")}), writeWhat+raceText)
				if is := h.record(); is.Run.PID != 1 || lines(is) != "one() a" {
					t.Errorf("the record is %+v", is)
				}
			})
		})
	}
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
