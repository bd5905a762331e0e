package status_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

const namespaced = "/namespaces/default/"

// member answers GETs of what it has: a file of testdata, or a status code and
// a body. All else is an error of the test.
func member(t *testing.T, answers map[string]string) (client rest.Interface, asked func() []string) {
	t.Helper()
	var (
		mutex sync.Mutex
		paths []string
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		paths = append(paths, strings.TrimPrefix(r.URL.Path, "/apis/"))
		mutex.Unlock()
		answer, known := answers[strings.TrimPrefix(r.URL.Path, "/apis/")]
		if !known || r.Method != http.MethodGet {
			t.Errorf("unexpected request: %s %s", r.Method, r.URL)
		}
		var code int
		var body string
		if _, err := fmt.Sscanf(answer, "%d", &code); err == nil {
			_, body, _ = strings.Cut(answer, " ")
		} else {
			data, err := os.ReadFile("testdata/" + answer + ".json")
			if err != nil {
				t.Error(err)
			}
			code, body = http.StatusOK, string(data)
		}
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasPrefix(body, "{") {
			w.Header().Set("Content-Type", "text/plain")
		}
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	made, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return made, func() []string { return slices.Sorted(slices.Values(paths)) }
}

func id(group, version, resource, kind, name string) plan.Identity {
	return plan.Identity{
		Group: group + ".toolkit.fluxcd.io", Version: version, Resource: resource, Kind: kind, Namespace: "default", Name: name,
	}
}

const notFound = `404 {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`

func TestReadAsksForNoMoreThanItNeeds(t *testing.T) {
	const (
		source  = "source.toolkit.fluxcd.io/v1beta2" + namespaced + "helmrepositories/helmrepo-helmrelease-demo"
		release = "helm.toolkit.fluxcd.io/v2beta2" + namespaced + "helmreleases/helmrepo-helmrelease-demo-0"
		chart   = "source.toolkit.fluxcd.io/v1beta2" + namespaced + "helmcharts/default-helmrepo-helmrelease-demo-0"
	)
	client, asked := member(t, map[string]string{source: "helmrelease-ready-source", release: "helmrelease-ready", chart: "helmrelease-ready-chart"})
	rows := status.Read(t.Context(), client, []plan.Identity{
		id("source", "v1beta2", "helmrepositories", "HelmRepository", "helmrepo-helmrelease-demo"),
		id("helm", "v2beta2", "helmreleases", "HelmRelease", "helmrepo-helmrelease-demo-0"),
	})
	for i, want := range []string{"HelmRepository", "HelmRelease"} {
		if row := rows[i]; row.Kind != want || row.Phase != status.Ready || row.Err != nil || row.UID == "" || row.Generation != 1 {
			t.Errorf("row %d is %+v", i, row)
		}
	}
	if got := asked(); !slices.Equal(got, []string{release, chart, source}) {
		t.Errorf("asked for %q", got)
	}
}

func TestReadWhatIsNotThere(t *testing.T) {
	const (
		source = "source.toolkit.fluxcd.io/v1" + namespaced + "gitrepositories/health"
		syncs  = "kustomize.toolkit.fluxcd.io/v1" + namespaced + "kustomizations/health-0"
		denied = `403 {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`
	)
	for name, test := range map[string]struct {
		source, syncs string
		want          string // the phase, or the reason of the error, of each
		message       string // of the second
	}{
		"all there":          {"git-ready", "kustomization-ready", "Ready Ready", "Applied revision"},
		"no source":          {notFound, "kustomization-ready", "Missing Waiting", "gitrepository/health has no revision yet"},
		"no sync object":     {"git-ready", notFound, "Ready Missing", "it is not there"},
		"not served":         {"404 404 page not found", "404 404 page not found", "NoFlux NoFlux", ""},
		"refused":            {"git-ready", `403 {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`, "Ready Forbidden", ""},
		"no JSON":            {"git-ready", "200 nonsense", "Ready Failed", ""},
		"JSON of other type": {"git-ready", `200 {"metadata": {"generation": "one"}}`, "Ready Failed", ""},
		"unreadable source":  {denied, "kustomization-ready", "Forbidden Forbidden", ""},
		"unreadable source of what fails": {denied, `200 {"metadata": {"generation": 1}, "spec": {"sourceRef": {"kind": "GitRepository", "name": "health"}},
			"status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no such path", "observedGeneration": 1}]}}`, "Forbidden Failed", "no such path"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{source: test.source, syncs: test.syncs}
			if name == "not served" { // nor is what is known beside v1
				answers[strings.Replace(source, "v1", "v1beta2", 1)] = test.source
				answers[strings.Replace(syncs, "v1", "v1beta2", 1)] = test.syncs
			}
			client, _ := member(t, answers)
			rows := status.Read(t.Context(), client, []plan.Identity{
				id("source", "v1", "gitrepositories", "GitRepository", "health"),
				id("kustomize", "v1", "kustomizations", "Kustomization", "health-0"),
			})
			var got []string
			for _, row := range rows {
				word := string(row.Phase)
				if row.Err != nil {
					word = string(reason.Of(row.Err))
				}
				got = append(got, word)
			}
			if strings.Join(got, " ") != test.want || !strings.Contains(rows[1].Message, test.message) {
				t.Errorf("got %q and %q, want %q and %q; %v, %v", got, rows[1].Message, test.want, test.message, rows[0].Err, rows[1].Err)
			}
		})
	}
}

// Whether a release is ready cannot be told without its chart.
func TestReadWithoutTheChart(t *testing.T) {
	const name = "helmrepo-helmrelease-demo"
	client, _ := member(t, map[string]string{
		"source.toolkit.fluxcd.io/v1" + namespaced + "helmrepositories/" + name:          "helmrelease-ready-source",
		"helm.toolkit.fluxcd.io/v2" + namespaced + "helmreleases/" + name + "-0":         "helmrelease-ready",
		"source.toolkit.fluxcd.io/v1" + namespaced + "helmcharts/default-" + name + "-0": `403 {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`,
	})
	seen := status.Look(t.Context(), client, place(
		id("source", "v1", "helmrepositories", "HelmRepository", name), id("helm", "v2", "helmreleases", "HelmRelease", name+"-0")), false)
	if row := seen.Rows[1]; reason.Of(row.Err) != reason.Forbidden || row.State != (status.State{}) {
		t.Errorf("got %+v", row)
	}
	app := &status.Application{Seen: []status.Seen{seen}}
	if v := app.Judge(); v.Ready != status.Unknown || v.Counts.Unknown != 1 || len(v.Revisions) > 0 {
		t.Errorf("judged %s, %+v, %q", v.Ready, v.Counts, v.Revisions)
	}
}

// A member says where a release's chart is. What it says becomes no part of a
// path.
func TestReadFollowsNoPath(t *testing.T) {
	for _, chart := range []string{"", "x", "/", "default/../../secrets", "../x/y", "default/x/y", "default/a?watch=true"} {
		const (
			release = "helm.toolkit.fluxcd.io/v2" + namespaced + "helmreleases/web"
			its     = "source.toolkit.fluxcd.io/v1" + namespaced + "helmcharts/default-web"
		)
		client, asked := member(t, map[string]string{
			release: fmt.Sprintf(`200 {"metadata": {"generation": 1}, "status": {"helmChart": %q}}`, chart), its: "helmrelease-ready-chart",
		})
		rows := status.Read(t.Context(), client, []plan.Identity{id("helm", "v2", "helmreleases", "HelmRelease", "web")})
		if !slices.Equal(asked(), []string{release, its}) || rows[0].Phase == status.Ready {
			t.Errorf("%q: asked for %q, and got %+v", chart, asked(), rows[0])
		}
	}
}

func TestReadWithoutAnAnswer(t *testing.T) {
	client, err := fleet.NewHostClient(&rest.Config{Host: "http://x", Transport: broken{}})
	if err != nil {
		t.Fatal(err)
	}
	rows := status.Read(t.Context(), client, []plan.Identity{id("helm", "v2", "helmreleases", "HelmRelease", "web")})
	if !errors.Is(rows[0].Err, errBroken) || rows[0].Phase != "" {
		t.Errorf("got %+v", rows[0])
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, errBroken }
