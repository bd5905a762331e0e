package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	apidiscovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// apiVersion is a version of a group that a server serves.
type apiVersion struct {
	group, version string
	resources      []metav1.APIResource
	down           bool
}

func apiResource(name, kind string, more ...func(*metav1.APIResource)) metav1.APIResource {
	resource := metav1.APIResource{
		Name: name, Kind: kind, SingularName: strings.ToLower(kind), Namespaced: true,
		Verbs: metav1.Verbs{"get", "list", "watch"},
	}
	for _, change := range more {
		change(&resource)
	}
	return resource
}

func global(r *metav1.APIResource) { r.Namespaced = false }

func creatable(r *metav1.APIResource) { r.Verbs = metav1.Verbs{"create"} }

func short(names ...string) func(*metav1.APIResource) {
	return func(r *metav1.APIResource) { r.ShortNames = names }
}

func in(categories ...string) func(*metav1.APIResource) {
	return func(r *metav1.APIResource) { r.Categories = categories }
}

// usual are the APIs of a member: the preferred version of a group is its
// first.
func usual() []apiVersion {
	return []apiVersion{
		{version: "v1", resources: []metav1.APIResource{
			apiResource("bindings", "Binding", creatable, in("all")),
			apiResource("events", "Event", short("ev")),
			apiResource("pods", "Pod", short("po"), in("all")),
			apiResource("pods/log", "Pod"),
			apiResource("services", "Service", short("svc"), in("all")),
		}},
		{group: "metrics.k8s.io", version: "v1beta1", resources: []metav1.APIResource{apiResource("pods", "PodMetrics")}},
		{group: "apps", version: "v1", resources: []metav1.APIResource{
			apiResource("deployments", "Deployment", short("deploy"), in("all")),
			apiResource("deployments/scale", "Scale"),
		}},
		{group: "events.k8s.io", version: "v1", resources: []metav1.APIResource{apiResource("events", "Event", short("ev"))}},
		{group: "autoscaling", version: "v2", resources: []metav1.APIResource{
			apiResource("horizontalpodautoscalers", "HorizontalPodAutoscaler", short("hpa"), in("all")),
		}},
		{group: "autoscaling", version: "v1", resources: []metav1.APIResource{
			apiResource("horizontalpodautoscalers", "HorizontalPodAutoscaler", short("hpa"), in("all")),
			apiResource("dinosaurs", "Dinosaur", in("all", "beasts")),
		}},
		{group: "storage.k8s.io", version: "v1", resources: []metav1.APIResource{
			apiResource("storageclasses", "StorageClass", short("sc"), global),
		}},
		{group: "example.com", version: "v1alpha1", resources: []metav1.APIResource{
			apiResource("sheep", "Sheep", short("po", "sh"), in("beasts")),
		}},
	}
}

// apis is a server of APIs that counts what it is asked.
type apis struct {
	versions []apiVersion
	// legacy is how servers before Kubernetes 1.27 answer.
	legacy bool
	// beta is how those before 1.30 do.
	beta  bool
	asked chan string
}

func (a apis) client(t *testing.T) rest.Interface {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.asked != nil {
			a.asked <- r.URL.Path
		}
		a.answer(t, w, r)
	}))
	t.Cleanup(server.Close)
	client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func (a apis) answer(t *testing.T, w http.ResponseWriter, r *http.Request) {
	core := func(v apiVersion) bool { return v.group == "" }
	others := func(v apiVersion) bool { return v.group != "" }
	switch {
	case r.URL.RawQuery != "" || r.Method != http.MethodGet:
		t.Errorf("unexpected request %s %s", r.Method, r.URL)
	case !a.legacy && r.URL.Path == "/api":
		a.answerAggregated(t, w, r, core)
		return
	case !a.legacy && r.URL.Path == "/apis":
		a.answerAggregated(t, w, r, others)
		return
	case a.legacy && r.URL.Path == "/api":
		found := metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}}
		for _, one := range slices.DeleteFunc(slices.Clone(a.versions), others) {
			found.Versions = append(found.Versions, one.version)
		}
		answerWith(t, w, found)
		return
	case a.legacy && r.URL.Path == "/apis":
		answerWith(t, w, a.groups())
		return
	case a.legacy:
		for _, one := range a.versions {
			if "/apis/"+one.group+"/"+one.version != r.URL.Path && "/api/"+one.version != r.URL.Path {
				continue
			}
			if one.down {
				http.Error(w, "service unavailable", http.StatusServiceUnavailable)
				return
			}
			answerWith(t, w, metav1.APIResourceList{
				TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
				GroupVersion: "what/ever", APIResources: one.resources,
			})
			return
		}
		t.Errorf("unexpected request %s", r.URL)
	default:
		t.Errorf("unexpected request %s", r.URL)
	}
	http.NotFound(w, r)
}

func (a apis) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, one := range a.versions {
		if one.group == "" {
			continue
		}
		version := metav1.GroupVersionForDiscovery{GroupVersion: one.group + "/" + one.version, Version: one.version}
		if last := len(list.Groups) - 1; last >= 0 && list.Groups[last].Name == one.group {
			list.Groups[last].Versions = append(list.Groups[last].Versions, version)
			continue
		}
		list.Groups = append(list.Groups, metav1.APIGroup{
			Name: one.group, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version,
		})
	}
	return list
}

func (a apis) answerAggregated(t *testing.T, w http.ResponseWriter, r *http.Request, of func(apiVersion) bool) {
	as := "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
	if a.beta {
		as = "g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
	}
	if accept := r.Header.Get("Accept"); !strings.Contains(accept, as) {
		t.Errorf("Accept is %q", accept)
	}
	var list apidiscovery.APIGroupDiscoveryList
	for _, one := range a.versions {
		if !of(one) {
			continue
		}
		if last := len(list.Items) - 1; last < 0 || list.Items[last].Name != one.group {
			list.Items = append(list.Items, apidiscovery.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: one.group}})
		}
		version := apidiscovery.APIVersionDiscovery{Version: one.version, Freshness: apidiscovery.DiscoveryFreshnessCurrent}
		if one.down {
			version.Freshness = apidiscovery.DiscoveryFreshnessStale
		}
		for _, resource := range one.resources {
			version.Resources = append(version.Resources, aggregated(resource))
		}
		group := &list.Items[len(list.Items)-1]
		group.Versions = append(group.Versions, version)
	}
	w.Header().Set("Content-Type", "application/json;"+as)
	if err := json.NewEncoder(w).Encode(list); err != nil {
		t.Error(err)
	}
}

func aggregated(resource metav1.APIResource) apidiscovery.APIResourceDiscovery {
	name, sub, _ := strings.Cut(resource.Name, "/")
	found := apidiscovery.APIResourceDiscovery{
		Resource: name, SingularResource: resource.SingularName, Scope: apidiscovery.ScopeCluster,
		ShortNames: resource.ShortNames, Categories: resource.Categories, Verbs: resource.Verbs,
	}
	kind := &metav1.GroupVersionKind{Version: "v1", Kind: resource.Kind}
	if resource.Namespaced {
		found.Scope = apidiscovery.ScopeNamespace
	}
	if sub == "" {
		found.ResponseKind = kind
	} else {
		found.Subresources = []apidiscovery.APISubresourceDiscovery{{Subresource: sub, ResponseKind: kind, Verbs: resource.Verbs}}
	}
	return found
}

func answerWith(t *testing.T, w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		t.Error(err)
	}
}

// found writes what a lookup finds as group/version/name.
func found(resources []Resource) string {
	var all []string
	for _, one := range resources {
		all = append(all, one.Group+"/"+one.Version+"/"+one.Name)
	}
	return strings.Join(all, " ")
}

// silent fails the test where anything is logged.
func silent(t *testing.T) context.Context {
	return klog.NewContext(t.Context(), funcr.New(func(prefix, args string) { t.Errorf("logged: %s %s", prefix, args) }, funcr.Options{}))
}

func TestLookup(t *testing.T) {
	for _, server := range []apis{{}, {legacy: true}, {beta: true}} {
		legacy := server.legacy
		server.versions = usual()
		lookup := newLookup(server.client(t))
		for name, want := range map[string]string{
			"pods":                              "/v1/pods",
			"pod":                               "/v1/pods",
			"po":                                "/v1/pods", // a CRD has it as well
			"Pod":                               "/v1/pods",
			"PODS":                              "/v1/pods",
			"pods.v1.":                          "/v1/pods",
			"pods.metrics.k8s.io":               "metrics.k8s.io/v1beta1/pods",
			"podmetrics":                        "metrics.k8s.io/v1beta1/pods",
			"PodMetrics.v1beta1.metrics.k8s.io": "metrics.k8s.io/v1beta1/pods",
			"events":                            "/v1/events",
			"ev":                                "/v1/events",
			"events.events.k8s.io":              "events.k8s.io/v1/events",
			"deploy":                            "apps/v1/deployments",
			"deploy.apps":                       "apps/v1/deployments",
			"deployments.v1.apps":               "apps/v1/deployments",
			"hpa":                               "autoscaling/v2/horizontalpodautoscalers",
			"hpa.v1.autoscaling":                "autoscaling/v2/horizontalpodautoscalers", // kubectl drops it, too
			"horizontalpodautoscalers.v1.autoscaling": "autoscaling/v1/horizontalpodautoscalers",
			"dinosaur":             "autoscaling/v1/dinosaurs", // which the preferred version has not
			"sc":                   "storage.k8s.io/v1/storageclasses",
			"storageclass.storage": "storage.k8s.io/v1/storageclasses",
			"sh":                   "example.com/v1alpha1/sheep",
			"bindings":             "/v1/bindings",
			"beasts":               "autoscaling/v1/dinosaurs example.com/v1alpha1/sheep",
			"all": "/v1/pods /v1/services apps/v1/deployments " +
				"autoscaling/v2/horizontalpodautoscalers autoscaling/v1/dinosaurs",
		} {
			got, err := lookup(silent(t), name)
			if err != nil {
				t.Errorf("%s (legacy: %t): %v", name, legacy, err)
			}
			if found(got) != want {
				t.Errorf("%s (legacy: %t) is %q, want %q", name, legacy, found(got), want)
			}
		}
		got, err := lookup(silent(t), "sc")
		if want := []Resource{{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false}}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("sc (legacy: %t) is %v, %v, want %v", legacy, got, err, want)
		}
	}
}

func TestUnknownType(t *testing.T) {
	lookup := newLookup(apis{versions: usual()}.client(t))
	for _, name := range []string{"", ".", "..", "x", "deployment.apps.x", "pods/log", "log", "scale", "podlist", "list", "pods.v2.", "a\x1bb", strings.Repeat("x.", 1000)} {
		got, err := lookup(silent(t), name)
		var unknown *UnknownTypeError
		if got != nil || !errors.As(err, &unknown) || reason.Of(err) != reason.NotFound || unknown.Type != name {
			t.Fatalf("%q is %v, %v", name, got, err)
		}
		if want := fmt.Sprintf("the server doesn't have a resource type %q", name); err.Error() != want {
			t.Errorf("it says %s", err)
		}
	}
	for name, want := range map[string]string{
		"x": "all beasts deploy deployment deployments dinosaur dinosaurs ev event events horizontalpodautoscaler horizontalpodautoscalers hpa " +
			"po pod podmetrics pods sc service services sh sheep storageclass storageclasses svc",
		"x.y": "deployments.apps dinosaurs.autoscaling events events.events.k8s.io horizontalpodautoscalers.autoscaling " +
			"pods pods.metrics.k8s.io services sheep.example.com storageclasses.storage.k8s.io",
	} {
		_, err := lookup(t.Context(), name)
		var unknown *UnknownTypeError
		if !errors.As(err, &unknown) || strings.Join(unknown.Served, " ") != want {
			t.Errorf("there are %s, want %s", unknown.Served, want)
		}
	}
}

func TestLookupAsksOnce(t *testing.T) {
	for _, test := range []struct {
		legacy bool
		want   []string
	}{
		{false, []string{"/api", "/apis"}},
		{true, []string{
			"/api", "/api/v1", "/apis", "/apis/apps/v1", "/apis/autoscaling/v1", "/apis/autoscaling/v2", "/apis/events.k8s.io/v1",
			"/apis/example.com/v1alpha1", "/apis/metrics.k8s.io/v1beta1", "/apis/storage.k8s.io/v1",
		}},
	} {
		asked := make(chan string, 100)
		lookup := newLookup(apis{versions: usual(), legacy: test.legacy, asked: asked}.client(t))
		if len(asked) > 0 {
			t.Error("it asks before it is used")
		}
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				if _, err := lookup(silent(t), []string{"pods", "all", "sheep.example.com"}[i%3]); err != nil {
					t.Error(err)
				}
				if _, err := lookup(silent(t), "unknown"); err == nil {
					t.Error("it is found")
				}
			})
		}
		group.Wait()
		close(asked)
		var got []string
		for path := range asked {
			got = append(got, path)
		}
		if slices.Sort(got); !slices.Equal(got, test.want) {
			t.Errorf("it was asked for %s, want %s", got, test.want)
		}
	}
}

// A group that is down keeps what it serves to itself, and nothing else.
func TestLookupWithAGroupDown(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		versions := usual()
		versions[1].down = true
		asked := make(chan string, 100)
		lookup := newLookup(apis{versions: versions, legacy: legacy, asked: asked}.client(t))
		for _, name := range []string{"pods", "hpa", "all"} {
			if _, err := lookup(silent(t), name); err != nil {
				t.Error(err)
			}
		}
		_, err := lookup(silent(t), "podmetrics")
		const want = `the server doesn't have a resource type "podmetrics", or it is one of metrics.k8s.io/v1beta1, which the server could not look into`
		if err == nil || err.Error() != want || reason.Of(err) != reason.NotFound {
			t.Errorf("legacy %t: it says %v", legacy, err)
		}
		if want := map[bool]int{false: 2, true: 2 + len(versions)}[legacy]; len(asked) != want {
			t.Errorf("legacy %t: asked %d times, want %d", legacy, len(asked), want)
		}
	}
}

func TestLookupFails(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    reason.Reason
		text    string
	}{
		"no API server": {http.NotFound, reason.Failed, "it does not say what it serves: is it a Kubernetes API server?"},
		"forbidden": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no"}`)
		}, reason.Forbidden, "its credentials may not ask what it serves (system:discovery)"},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, reason.Failed, "what it serves cannot be read: "},
		"broken": {func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/api":
				fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
			case "/apis":
				fmt.Fprint(w, `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`)
			default:
				w.Header().Set("Content-Length", "100")
				fmt.Fprint(w, "{")
			}
		}, reason.Unreachable, "what it serves cannot be read: "},
	} {
		server := httptest.NewServer(test.handler)
		client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = newLookup(client)(klog.NewContext(t.Context(), logr.Discard()), "pods")
		if reason.Of(err) != test.want || !strings.HasPrefix(err.Error(), test.text) {
			t.Errorf("%s: %s: %v", name, reason.Of(err), err)
		}
		client.Close()
		server.Close()
	}
}

// Who asks first may give up: that is not the answer of the others.
func TestLookupIsAskedAgainAfterACancellation(t *testing.T) {
	asked := make(chan string) // as long as nobody receives, there is no answer
	lookup := newLookup(apis{versions: usual(), asked: asked}.client(t))
	first, cancel := context.WithCancel(t.Context())
	gone := errors.New("gone")
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := lookup(first, "pods"); !errors.Is(err, context.Canceled) {
			t.Errorf("the first gets %v", err)
		}
	})
	<-asked
	waits, stop := context.WithCancelCause(t.Context())
	group.Go(func() {
		if _, err := lookup(waits, "pods"); !errors.Is(err, gone) {
			t.Errorf("the second gets %v", err)
		}
	})
	stop(gone)
	group.Go(func() {
		if got, err := lookup(t.Context(), "pods"); err != nil || found(got) != "/v1/pods" {
			t.Errorf("the third gets %v, %v", got, err)
		}
	})
	cancel()
	go func() {
		for range asked {
		}
	}()
	group.Wait()
}

// Whatever a member says that it serves, no request leaves its API.
func TestHostileDiscovery(t *testing.T) {
	evil := []string{"..", "../..", "a/b", "/", "", "%2e%2e", "a?b", "a\x1b[2J", "ä", "A", strings.Repeat("x", 300), "-", "a#"}
	many := func(n int, text string) []string {
		return slices.Collect(maps.Keys(maps.Collect(func(yield func(string, bool) bool) {
			for i := range n {
				yield(fmt.Sprintf("%s%d", text, i), true)
			}
		})))
	}
	var versions []apiVersion
	for _, name := range evil {
		pods := []metav1.APIResource{apiResource("things", "Thing", short(evil...), in("things", "all"), in(evil...))}
		versions = append(versions,
			apiVersion{group: name, version: "v1", resources: pods},
			apiVersion{group: "ok.example", version: name, resources: pods},
			apiVersion{version: name, resources: pods},
			apiVersion{group: "fine.example", version: "v1", resources: []metav1.APIResource{
				apiResource(name, "Thing", in("all")), apiResource("nokinds", name), apiResource("tools", "Tool", short(evil...), in(append(evil, "tools")...)),
				apiResource("tools", "Tool", func(r *metav1.APIResource) { r.SingularName = name }),
			}})
	}
	for _, legacy := range []bool{false, true} {
		asked := make(chan string, 1000)
		server := apis{versions: versions, legacy: legacy, asked: asked}
		lookup := newLookup(server.client(t))
		for _, name := range append(slices.Clone(evil), "thing", "things", "tool", "tools", "all", "nokind", "nokinds") {
			got, err := lookup(silent(t), name)
			for _, resource := range got {
				for _, part := range []string{resource.Group + "x", resource.Version, resource.Name} { // all but the group must be there
					if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || strings.Contains(part, "..") {
						t.Errorf("legacy %t: %q leads to %q", legacy, name, resource)
					}
				}
			}
			var unknown *UnknownTypeError
			if errors.As(err, &unknown) {
				if slices.ContainsFunc(unknown.Served, func(served string) bool { return served != "a" && slices.Contains(evil, served) }) {
					t.Errorf("there are %q", unknown.Served)
				}
			} else if err != nil {
				t.Errorf("legacy %t: %q: %v", legacy, name, err)
			}
		}
		if got, err := lookup(t.Context(), "tools"); err != nil || found(got) != "fine.example/v1/tools" {
			t.Errorf("legacy %t: tools are %v, %v", legacy, got, err)
		}
		close(asked)
		for path := range asked {
			if path != "/api" && path != "/apis" && path != "/api/v1" && path != "/apis/fine.example/v1" {
				t.Errorf("legacy %t: asked for %q", legacy, path)
			}
		}
	}
	for name, test := range map[string][]apiVersion{
		"names":      {{group: "x.y", version: "v1", resources: []metav1.APIResource{apiResource("a", "A", short(many(maxNames, "n")...))}}},
		"categories": {{group: "x.y", version: "v1", resources: []metav1.APIResource{apiResource("a", "A", in(many(maxNames, "n")...))}}},
		"versions": func() (all []apiVersion) {
			for _, version := range many(maxVersions+1, "v") {
				all = append(all, apiVersion{group: "x.y", version: version})
			}
			return all
		}(),
	} {
		for _, legacy := range []bool{false, true} {
			if _, err := newLookup(apis{versions: test, legacy: legacy}.client(t))(silent(t), "a"); err == nil || !strings.Contains(err.Error(), "not believed") {
				t.Errorf("too many %s (legacy: %t): %v", name, legacy, err)
			}
		}
	}
}

// A server that names too much is asked no more, whether those are names or not.
func TestAnOldServerIsAskedNoMoreOnceThereIsTooMuch(t *testing.T) {
	var resources []metav1.APIResource
	for i := range maxNames / 10 {
		resources = append(resources, apiResource(fmt.Sprintf("NO-NAME-%d", i), "Thing"))
	}
	var versions []apiVersion
	for i := range 200 {
		versions = append(versions, apiVersion{group: "x.y", version: fmt.Sprintf("v%d", i+1), resources: resources})
	}
	asked := make(chan string, 1000)
	_, err := newLookup(apis{versions: versions, legacy: true, asked: asked}.client(t))(silent(t), "a")
	if err == nil || !strings.Contains(err.Error(), "not believed") {
		t.Errorf("the error is %v", err)
	}
	// The two roots, what it takes to be too much, and what is under way then.
	if most := 2 + 10 + 1 + versionsAtOnce; len(asked) > most {
		t.Errorf("it is asked %d times, want %d at most", len(asked), most)
	}
}
