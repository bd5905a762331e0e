package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

type object = map[string]any

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code int, why string) {
	answer(w, code, object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": why, "message": why})
}

// serve starts a server and returns what makes clients of it.
func serve(t *testing.T, handler http.HandlerFunc) func() *fleet.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return func() *fleet.Client {
		client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
}

const recordPath = "/api/v1/namespaces/default/secrets/fleetapp.v1.shop"

// host keeps the inventory's Secret as an API server would, and logs the
// requests.
type host struct {
	// before, if set, is called before a write is answered; where it returns
	// false it has answered itself.
	before func(http.ResponseWriter, *http.Request) bool

	mutex   sync.Mutex // guards the fields below
	secret  object
	version int
	log     []string
}

func (h *host) handler(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.before != nil && r.Method != http.MethodGet && !h.before(w, r) {
			return
		}
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.log = append(h.log, r.Method)
		switch {
		case r.Method == http.MethodGet && r.URL.Path == recordPath && h.secret == nil:
			refuse(w, http.StatusNotFound, "NotFound")
		case r.Method == http.MethodGet && r.URL.Path == recordPath:
			answer(w, http.StatusOK, h.secret)
		case r.Method == http.MethodPost && r.URL.Path+"/fleetapp.v1.shop" == recordPath, r.Method == http.MethodPut && r.URL.Path == recordPath:
			var sent object
			_ = json.NewDecoder(r.Body).Decode(&sent)
			h.version++
			metadata, _ := sent["metadata"].(object)
			metadata["uid"], metadata["resourceVersion"] = "uid-of-record", string(rune('0'+h.version))
			h.secret = sent
			answer(w, http.StatusOK, sent)
		case r.Method == http.MethodDelete && r.URL.Path == recordPath:
			h.secret = nil
			answer(w, http.StatusOK, object{"kind": "Status", "status": "Success"})
		default:
			t.Errorf("unexpected request to the host: %s %s", r.Method, r.URL)
		}
	}
}

func (h *host) writes() string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return strings.ReplaceAll(strings.Join(h.log, " "), "GET ", "")
}

// newMember applies whatever it is sent.
func newMember(t *testing.T, seen func(*http.Request)) func() *fleet.Client {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen(r)
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/api/v1/namespaces/kube-system":
			answer(w, http.StatusOK, object{"metadata": object{"uid": "cluster"}})
		case r.Method == http.MethodPatch:
			answer(w, http.StatusCreated, object{"metadata": object{"uid": "uid" + r.URL.Path}})
		default:
			t.Errorf("unexpected request to a member: %s %s", r.Method, r.URL)
		}
	})
}

// works are those of an application with one policy, for these members.
func works(t *testing.T, members ...string) []deploy.Work {
	t.Helper()
	read, err := manifest.Parse("f", []byte(`{apiVersion: apps.kurator.dev/v1alpha1, kind: Application, metadata: {name: shop, namespace: default},
 spec: {source: {gitRepository: {url: x}}, destination: {fleet: f}, syncPolicies: [{kustomization: {path: x}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(read[0].Application, owner(), func(*appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
		var all []fleet.Member
		for _, name := range members {
			all = append(all, attached(name))
		}
		return all, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return deploy.ToDeploy(p, nil, lookup)
}

func owner() plan.Owner {
	return plan.Owner{HostUID: "u", Namespace: "default", Application: "shop"}
}

// run runs an engine over members that connect as they are given; one without
// a client cannot be connected to.
func run(ctx context.Context, t *testing.T, h *host, members map[string]func() *fleet.Client, works []deploy.Work) (deploy.Summary, []deploy.Event, error) {
	t.Helper()
	client := serve(t, h.handler(t))()
	record, err := inventory.Read(ctx, client, "default", "shop", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var events []deploy.Event
	engine := deploy.Engine{
		Owner: owner(), Options: deploy.Options{Parallel: 8, MemberTimeout: 10 * time.Second},
		Connect: func(_ context.Context, m fleet.Member) (*fleet.Client, error) {
			if members[m.Name] == nil {
				return nil, errors.New("no way to " + m.Name)
			}
			return members[m.Name](), nil
		},
		Emit: func(e deploy.Event) { events = append(events, e) },
	}
	summary, err := engine.Run(ctx, record, inventory.Run{Verb: "deployed", Holder: "me@here"}, nil, works)
	return summary, events, err
}

func never(t *testing.T) func(*http.Request) {
	return func(r *http.Request) { t.Errorf("a member was asked: %s %s", r.Method, r.URL) }
}

func TestAMemberIsNotTouchedBeforeTheInventoryIsWritten(t *testing.T) {
	var (
		mutex    sync.Mutex
		answered bool
	)
	h := &host{before: func(http.ResponseWriter, *http.Request) bool {
		time.Sleep(100 * time.Millisecond) // all that could come too early comes now
		mutex.Lock()
		defer mutex.Unlock()
		answered = true
		return true
	}}
	member := newMember(t, func(r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		if !answered {
			t.Errorf("too early: %s %s", r.Method, r.URL)
		}
	})
	summary, events, err := run(t.Context(), t, h, map[string]func() *fleet.Client{"one": member, "two": member}, works(t, "one", "two"))
	if err != nil || summary.Failed != 0 || summary.Actions["created"] != 4 || len(events) != 2 {
		t.Errorf("%+v, %v, %v", summary, events, err)
	}
	if got := h.writes(); got != "POST PUT" {
		t.Errorf("the host saw %s", got)
	}
}

func TestWithoutTheInventoryNothingIsDoneOrSaid(t *testing.T) {
	for name, code := range map[string]int{"conflict": http.StatusConflict, "forbidden": http.StatusForbidden, "quota": http.StatusForbidden} {
		t.Run(name, func(t *testing.T) {
			h := &host{before: func(w http.ResponseWriter, _ *http.Request) bool {
				time.Sleep(50 * time.Millisecond)
				refuse(w, code, map[int]string{409: "AlreadyExists", 403: "Forbidden"}[code])
				return false
			}}
			// The first cannot even be connected to, and says so at once.
			members := map[string]func() *fleet.Client{"two": newMember(t, never(t)), "three": newMember(t, never(t))}
			_, events, err := run(t.Context(), t, h, members, works(t, "one", "two", "three"))
			if err == nil || !strings.Contains(err.Error(), "write the inventory (Secret default/fleetapp.v1.shop on the host)") {
				t.Errorf("error is %v", err)
			}
			if len(events) != 0 {
				t.Errorf("the run did not begin, and of members it says %v", events)
			}
		})
	}
}

func TestOneMembersFailureDoesNotDisturbTheOthers(t *testing.T) {
	h := &host{}
	good := newMember(t, func(*http.Request) {})
	bad := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden, "Forbidden") })
	members := map[string]func() *fleet.Client{"bad": bad, "good": good, "panics": func() *fleet.Client { panic("x") }}
	summary, events, err := run(t.Context(), t, h, members, works(t, "lost", "bad", "panics", "good"))
	if err != nil || summary.Failed != 3 || summary.Members != 4 || summary.Actions["created"] != 2 {
		t.Errorf("%+v, %v", summary, err)
	}
	for i, name := range []string{"lost", "bad", "panics", "good"} {
		if events[i].Member.Name != name || (len(events[i].Errs) == 0) != (name == "good") {
			t.Errorf("event %d is %+v", i, events[i])
		}
	}
}

// What was done before a run was stopped is written down all the same.
func TestARunThatIsStoppedSettles(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	h := &host{}
	reached := make(chan struct{})
	var once sync.Once
	hangs := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client has gone
		if r.Method == http.MethodPatch {  // before that, there is nothing to settle
			<-reached
			stop()
		}
		<-r.Context().Done()
	})
	good := newMember(t, func(r *http.Request) {
		if r.Method == http.MethodPatch {
			once.Do(func() { close(reached) })
		}
	})
	members := map[string]func() *fleet.Client{"good": good, "hangs": hangs}
	summary, _, err := run(ctx, t, h, members, works(t, "hangs", "good"))
	if !errors.Is(err, context.Canceled) || summary.Failed == 0 {
		t.Errorf("%+v, %v", summary, err)
	}
	if got := h.writes(); got != "POST PUT" {
		t.Errorf("the host saw %s", got)
	}
	client := serve(t, h.handler(t))()
	record, err := inventory.Read(t.Context(), client, "default", "shop", time.Now)
	if err != nil || len(record.Members()) != 2 {
		t.Fatalf("the record has %+v, %v", record, err)
	}
	if err := record.Intend(t.Context(), inventory.Run{}, nil, nil); err != nil {
		t.Errorf("the record is still held: %v", err)
	}
}
