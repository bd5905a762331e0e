package view_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

func asking(asks ...view.Ask) func(*view.Query) { return func(q *view.Query) { q.Asks = asks } }

func TestTypesComeInTheOrderAsked(t *testing.T) {
	client := newPaths(t, map[string]any{
		"/apis/apps/v1/namespaces/ns/deployments": table("", []string{"Name"}, row("d1"), row("d2")),
		"/api/v1/namespaces/ns/pods":              table("", []string{"Name"}, row("p")),
		"/api/v1/namespaces/ns/services/b":        table("", []string{"Name"}, row("b")),
		"/api/v1/namespaces/ns/services/a":        table("", []string{"Name"}, row("a")),
		"/api/v1/namespaces/ns/secrets":           status(http.StatusForbidden, "Forbidden", "no secrets"),
		"/api/v1/nodes":                           table("", []string{"Name"}, row("n")),
	})
	pages, err := get(t.Context(), client, query(asking(view.Ask{Type: "deploy"}, view.Ask{Type: "secret"}, view.Ask{Type: "po"},
		view.Ask{Type: "svc", Names: []string{"b", "a"}}, view.Ask{Type: "no"}, view.Ask{Type: "deployments.apps"})))
	var got []string
	for _, page := range pages {
		for _, row := range page.Rows {
			got = append(got, page.Resource.Prefix()+"/"+row.Cells[0])
		}
	}
	want := strings.Fields("deployment.apps/d1 deployment.apps/d2 pod/p service/b service/a node/n")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err == nil || err.Error() != "no secrets" || reason.Of(err) != reason.Forbidden {
		t.Errorf("error is %v", err)
	}
}

func TestTypesAreAskedForSideBySide(t *testing.T) {
	var together atomic.Int32
	both := make(chan struct{})
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if together.Add(1) == 2 {
			close(both)
		}
		select {
		case <-both:
			writeJSON(w, table("", []string{"Name"}, row("a")))
		case <-r.Context().Done():
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if pages, err := get(ctx, client, query(asking(view.Ask{Type: "pods"}, view.Ask{Type: "services"}))); err != nil || len(pages) != 2 {
		t.Errorf("got %v, %v", pages, err)
	}
}

// Over HTTP/1.1 a member's one connection takes one request at a time. The
// second type is far ahead of the first, and has more than is held for it.
func TestTypesShareAConnection(t *testing.T) {
	const pages = 8
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		next := ""
		if at < pages-1 {
			next = fmt.Sprint(at + 1)
		}
		rows := slices.Repeat([]object{row(strings.Repeat("x", 100<<10))}, 10)
		if strings.HasSuffix(r.URL.Path, "pods") {
			rows = rows[:1]
		}
		writeJSON(w, table(next, []string{"Name"}, rows...))
	}))
	defer server.Close()
	client, err := fleet.NewHostClient(&rest.Config{Host: server.URL, Transport: &http.Transport{MaxConnsPerHost: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := get(ctx, client, query(asking(view.Ask{Type: "pods"}, view.Ask{Type: "services"})))
	if rows := rowsOf(got); err != nil || len(rows) != pages+10*pages {
		t.Errorf("got %d rows, %v", len(rows), err)
	}
}

func TestATypeThatIsNotServed(t *testing.T) {
	unknown := func(err error) bool {
		var is *view.UnknownTypeError
		return errors.As(err, &is) && reason.Of(err) == reason.NotFound
	}
	t.Run("as nobody knows it", func(t *testing.T) {
		client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/api":
				writeJSON(w, object{"kind": "APIVersions", "versions": []string{"v1"}})
			case "/api/v1":
				writeJSON(w, object{"kind": "APIResourceList", "groupVersion": "v1", "resources": []object{
					{"name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": []string{"get", "list"}},
				}})
			case "/apis":
				writeJSON(w, object{"kind": "APIGroupList", "apiVersion": "v1", "groups": []object{}})
			default:
				http.NotFound(w, r)
			}
		})
		if _, err := get(t.Context(), client, query(asking(view.Ask{Type: "foos"}))); !unknown(err) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("on its second page", func(t *testing.T) {
		client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("continue") == "" {
				writeJSON(w, table("next", []string{"Name"}, row("a")))
				return
			}
			http.Error(w, "404 page not found", http.StatusNotFound)
		})
		pages, err := get(t.Context(), client, query())
		if len(rowsOf(pages)) != 1 || err == nil || !strings.HasPrefix(err.Error(), "its list of pods broke off: ") || reason.NotServed(err) {
			t.Errorf("got %v, %v", pages, err)
		}
	})
}

// Of a member that is not there, one error is enough.
func TestErrorsThatSayTheSame(t *testing.T) {
	client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, status(http.StatusUnauthorized, "Unauthorized", "Unauthorized"))
	})
	_, err := get(t.Context(), client, query(asking(view.Ask{Type: "pods"}, view.Ask{Type: "services"}, view.Ask{Type: "pods", Names: []string{"a", "b"}})))
	if err == nil || err.Error() != "Unauthorized" || !apierrors.IsUnauthorized(err) {
		t.Errorf("error is %v", err)
	}
}

func TestManyNames(t *testing.T) {
	var now, most atomic.Int32
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		_, name, _ := strings.Cut(r.URL.Path, "pods/")
		writeJSON(w, object{"kind": "Pod", "metadata": object{"name": name}})
	})
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprint(i))
	}
	pages, err := get(t.Context(), client, query(in(view.Names), named(names...)))
	var got []string
	for _, row := range rowsOf(pages) {
		got = append(got, row.Name)
	}
	if err != nil || !reflect.DeepEqual(got, names) || most.Load() > 10 {
		t.Errorf("got %v, %v; %d at once", got, err, most.Load())
	}
}

func TestAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := get(ctx, client, query()); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestWellKnown(t *testing.T) {
	for want, names := range map[string][]string{
		"pods":                        {"po", "pod", "pods", "PO", "Pods", "pods.v1.", "pods."},
		"deployments.apps":            {"deploy", "deployment", "deployments", "deployments.apps", "Deploy.apps", "deployments.v1.apps", "Deployment.v1.apps"},
		"services":                    {"svc"},
		"nodes":                       {"no"},
		"namespaces":                  {"ns"},
		"ingresses.networking.k8s.io": {"ing", "ingress", "ingresses.networking.k8s.io", "ingresses.v1.networking.k8s.io"},
		"customresourcedefinitions.apiextensions.k8s.io": {"crd", "crds"},
		"kustomizations.kustomize.toolkit.fluxcd.io":     {"ks", "kustomization"},
		"helmreleases.helm.toolkit.fluxcd.io":            {"hr", "helmreleases.v2.helm.toolkit.fluxcd.io"},
		"gitrepositories.source.toolkit.fluxcd.io":       {"gitrepo"},
	} {
		for _, name := range names {
			if got, err := view.WellKnown(name); err != nil || got.String() != want {
				t.Errorf("%s is %q, %v, want %s", name, got, err, want)
			}
		}
	}
	for _, name := range []string{"", ".", "pods.apps", "deployments.extensions", "deployments.v1beta1.apps", "deployments.v1", "pods.v2.", "podsv1", "pods/x", "../pods"} {
		if got, err := view.WellKnown(name); err == nil || err.Error() != fmt.Sprintf("resource type %q is not known", name) {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
}

func TestPrefix(t *testing.T) {
	for name, want := range map[string]string{"pods": "pod", "deploy": "deployment.apps", "ep": "endpoints", "hpa": "horizontalpodautoscaler.autoscaling"} {
		if got, err := view.WellKnown(name); err != nil || got.Prefix() != want {
			t.Errorf("%s has the prefix %q, want %q (%v)", name, got.Prefix(), want, err)
		}
	}
}
