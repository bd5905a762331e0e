package preflight_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

// object is anything that is sent as JSON.
type object = map[string]any

// member is an API server that answers GETs by their path, and reviews. It fails
// the test on all else.
type member struct {
	t       *testing.T
	answers map[string]http.HandlerFunc
	// lacks are the rights that it denies: "verb resource.group namespace/name".
	lacks []string
	// reviews answers reviews of access, where it is set.
	reviews http.HandlerFunc

	mutex sync.Mutex // guards the fields below
	seen  []string
	// held is how many requests are to be there before any is answered.
	held    int
	release chan struct{}
}

// ready is one with all of Flux, where everything may be done.
func ready(t *testing.T) *member {
	t.Helper()
	m := &member{t: t, answers: map[string]http.HandlerFunc{}, release: make(chan struct{})}
	m.on("/api/v1/namespaces/kube-system", object{"metadata": object{"uid": "one"}})
	m.on("/api/v1/namespaces/apps", object{"metadata": object{"uid": "two"}})
	m.on("/version", object{"gitVersion": "v1.36.3"})
	for group, version := range map[string]string{"source": "v1", "kustomize": "v1", "helm": "v2"} {
		m.group(group, version)
	}
	m.serves("source/v1", "gitrepositories", "helmrepositories", "ocirepositories")
	m.serves("kustomize/v1", "kustomizations")
	m.serves("helm/v2", "helmreleases")
	for _, version := range []string{"source/v1beta2", "kustomize/v1beta2", "helm/v2beta2", "helm/v2beta1"} {
		m.answers[apis(version)] = plainNotFound
	}
	m.flux(controller("source-controller", "v1.9.6", 1), controller("kustomize-controller", "v1.9.5", 1), controller("helm-controller", "v1.6.5", 1))
	return m
}

func (m *member) on(path string, body any) { m.answers[path] = answer(http.StatusOK, body) }

// group serves one of Flux's in these versions; none where there are none.
func (m *member) group(name string, versions ...string) {
	var all []object
	for _, version := range versions {
		all = append(all, object{"version": version})
	}
	m.on(apis(name), object{"versions": all})
	if len(versions) == 0 {
		m.answers[apis(name)] = plainNotFound
	}
}

func (m *member) serves(version string, resources ...string) {
	var all []object
	for _, resource := range resources {
		all = append(all, object{"name": resource})
	}
	m.on(apis(version), object{"resources": all})
}

// flux are the Deployments in Flux's own namespace, and those with its label.
func (m *member) flux(deployments ...deployment) {
	m.on("/apis/apps/v1/deployments", object{"items": deployments})
	m.on("/apis/apps/v1/namespaces/flux-system/deployments", object{"items": deployments})
}

func (m *member) client() *fleet.Client {
	m.t.Helper()
	server := httptest.NewServer(m)
	m.t.Cleanup(server.Close)
	client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		m.t.Fatal(err)
	}
	return client
}

func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.wait(r)
	switch r.Method + " " + r.URL.Path {
	case "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
		if m.reviews != nil {
			m.reviews(w, r)
			return
		}
		m.review(w, r)
	case "POST /apis/authentication.k8s.io/v1/selfsubjectreviews":
		answer(http.StatusCreated, object{"status": object{"userInfo": object{"username": "ana"}}})(w, r)
	default:
		known := m.answers[r.URL.Path]
		if r.Method != http.MethodGet || known == nil {
			m.t.Errorf("unexpected request: %s %s", r.Method, r.URL)
			known = plainNotFound
		}
		known(w, r)
	}
}

// wait holds a request until as many are there as are to come.
func (m *member) wait(r *http.Request) {
	m.mutex.Lock()
	m.seen = append(m.seen, r.Method+" "+r.URL.RequestURI())
	if m.held == len(m.seen) {
		close(m.release)
	}
	held := m.held
	m.mutex.Unlock()
	if held == 0 {
		return
	}
	select {
	case <-m.release:
	case <-time.After(10 * time.Second):
		m.t.Errorf("%s was not answered, and so no other request came", r.URL)
	}
}

func (m *member) review(w http.ResponseWriter, r *http.Request) {
	var review struct {
		Spec struct {
			ResourceAttributes struct{ Verb, Group, Resource, Namespace, Name string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		m.t.Error(err)
	}
	of := review.Spec.ResourceAttributes
	right := fmt.Sprintf("%s %s.%s %s/%s", of.Verb, of.Resource, of.Group, of.Namespace, of.Name)
	allowed := true
	for _, lacks := range m.lacks {
		if strings.HasPrefix(right, lacks) || lacks == "*" {
			allowed = false
		}
	}
	answer(http.StatusCreated, object{"status": object{"allowed": allowed}})(w, r)
}

// apis is the path of one of Flux's groups, or of a version of it.
func apis(of string) string {
	name, version, _ := strings.Cut(of, "/")
	return strings.TrimSuffix("/apis/"+name+".toolkit.fluxcd.io/"+version, "/")
}

// deployment is one as an API server has it.
type deployment struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Replicas *int     `json:"replicas,omitempty"`
		Template template `json:"template"`
	} `json:"spec"`
	Status struct {
		AvailableReplicas int `json:"availableReplicas,omitempty"`
	} `json:"status"`
}

type metadata struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels,omitempty"`
}

type template struct {
	Spec struct {
		Containers []container `json:"containers"`
	} `json:"spec"`
}

type container struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

// controller is the Deployment of one as Flux makes it.
func controller(name, version string, available int, changes ...func(*deployment)) deployment {
	d := deployment{Metadata: metadata{
		Name: name, Namespace: "flux-system",
		Labels: map[string]string{"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/component": name},
	}}
	d.Spec.Template.Spec.Containers = []container{{"manager", "ghcr.io/fluxcd/" + name + ":" + version}}
	d.Status.AvailableReplicas = available
	for _, change := range changes {
		change(&d)
	}
	return d
}

func named(name string) func(*deployment) { return func(d *deployment) { d.Metadata.Name = name } }
func in(namespace string) func(*deployment) {
	return func(d *deployment) { d.Metadata.Namespace = namespace }
}
func unlabelled(d *deployment) { d.Metadata.Labels = nil }
func image(image string) func(*deployment) {
	return func(d *deployment) { d.Spec.Template.Spec.Containers[0].Image = image }
}

func answer(code int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// refuse answers with a Status, as kube-apiserver spells one.
func refuse(code int, why, message string) http.HandlerFunc {
	return answer(code, object{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": why, "code": code,
	})
}

func forbidden(who string) http.HandlerFunc {
	return refuse(http.StatusForbidden, "Forbidden", fmt.Sprintf("this is forbidden: User %q cannot do it", who))
}

// plainNotFound is what kube-apiserver says of a path that it does not serve.
func plainNotFound(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "404 page not found", http.StatusNotFound)
}
