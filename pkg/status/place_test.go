package status_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// flock answers no request before so many are there: what is asked in more than
// one round trip never gets an answer.
func flock(t *testing.T, size int, answer func(r *http.Request) (int, string)) rest.Interface {
	t.Helper()
	var (
		mutex   sync.Mutex
		arrived int
		all     = make(chan struct{})
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		if arrived++; arrived == size {
			close(all)
		}
		mutex.Unlock()
		select {
		case <-all:
		case <-time.After(10 * time.Second):
			t.Errorf("%s waits for requests that do not come beside it", r.URL)
		}
		code, body := answer(r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := fleet.NewHostClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if arrived != size {
			t.Errorf("there were %d requests, not %d", arrived, size)
		}
	})
	return client
}

func deployment(group, name string, images ...string) map[string]any {
	var containers []any
	for _, image := range images {
		containers = append(containers, map[string]any{"image": image})
	}
	return map[string]any{
		"metadata": map[string]any{"labels": map[string]string{group + "/name": name, group + "/namespace": "default"}},
		"spec":     map[string]any{"template": map[string]any{"spec": map[string]any{"containers": containers}}},
	}
}

func list(t *testing.T, token string, items ...any) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"kind": "List", "metadata": map[string]string{"continue": token}, "items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const aNotFound = `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`

// All that is to be known of an application in a member is asked at once.
func TestLookTakesOneRoundTrip(t *testing.T) {
	place := status.Place{Objects: []status.Expected{
		{Identity: id("source", "v1", "helmrepositories", "HelmRepository", "web"), Listed: true, UID: "seen"},
		{Identity: id("kustomize", "v1", "kustomizations", "Kustomization", "web-0"), Listed: true},
		{Identity: id("kustomize", "v1", "kustomizations", "Kustomization", "web-1")},
		{Identity: id("helm", "v2", "helmreleases", "HelmRelease", "web-2"), Listed: true, UID: "another"},
		{Identity: id("kustomize", "v1", "kustomizations", "Kustomization", "old"), Listed: true, Leftover: true},
		// What was copied is not read.
		{Identity: plan.Identity{Version: "v1", Resource: "secrets", Kind: "Secret", Namespace: "default", Name: "key"}, Listed: true, Leftover: true},
	}}
	// Five objects, a chart, and three kinds of workloads for each of two groups.
	client := flock(t, 12, func(r *http.Request) (int, string) {
		selector := r.URL.Query().Get("labelSelector")
		switch {
		case strings.HasPrefix(r.URL.Path, "/apis/apps/v1/") && r.URL.Query().Get("limit") != "500":
			t.Errorf("%s has no limit", r.URL)
		case r.URL.Path == "/apis/apps/v1/deployments" && selector == "kustomize.toolkit.fluxcd.io/name in (web-0,web-1,old)":
			return 200, list(t, "", deployment("kustomize.toolkit.fluxcd.io", "web-0", "b", "a\x1b", "b"), deployment("kustomize.toolkit.fluxcd.io", "else", "x"))
		case r.URL.Path == "/apis/apps/v1/deployments" && selector == "helm.toolkit.fluxcd.io/name in (web-2)":
			return 200, list(t, "", deployment("helm.toolkit.fluxcd.io", "web-2", "c"))
		case strings.HasPrefix(r.URL.Path, "/apis/apps/v1/"):
			return 200, list(t, "")
		case strings.HasSuffix(r.URL.Path, "/web-2"):
			return 200, `{"metadata": {"uid": "this", "generation": 1}}`
		}
		return 404, aNotFound
	})
	seen := status.Look(t.Context(), client, place, true)
	if seen.Err != nil || seen.ImagesErr != nil {
		t.Fatal(seen.Err, seen.ImagesErr)
	}
	var got []string
	for _, row := range seen.Rows {
		got = append(got, strings.TrimSpace(row.Kind+" "+string(row.Phase)+" "+row.Reason))
	}
	want := []string{"HelmRepository Missing NotFound", "Kustomization Missing NotDeployed", "Kustomization Missing NotDeployed", "HelmRelease Failed Replaced", "Kustomization Missing NotFound", "Secret"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if images := seen.Images[place.Objects[1].Identity]; !slices.Equal(images, []string{"a\x1b", "b"}) { // the printer escapes
		t.Errorf("images of a Kustomization: %q", images)
	}
	if images := seen.Images[place.Objects[3].Identity]; !slices.Equal(images, []string{"c"}) {
		t.Errorf("images of a HelmRelease: %q", images)
	}
}

// Images are a by-product: without them all else is known.
func TestLookWithoutImages(t *testing.T) {
	place := status.Place{Objects: []status.Expected{{Identity: id("kustomize", "v1", "kustomizations", "Kustomization", "web-0"), Listed: true}}}
	for name, test := range map[string]struct {
		code int
		body string
		want reason.Reason
	}{
		"denied":  {403, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`, reason.Forbidden},
		"odd":     {200, `{"items": [{"metadata": {"labels": [1]}}]}`, reason.Failed},
		"endless": {200, list(t, "more"), reason.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			client := flock(t, 4, func(r *http.Request) (int, string) {
				if strings.HasPrefix(r.URL.Path, "/apis/apps/") {
					return test.code, test.body
				}
				return 404, aNotFound
			})
			seen := status.Look(t.Context(), client, place, true)
			if seen.Rows[0].Phase != status.Missing || reason.Of(seen.ImagesErr) != test.want {
				t.Errorf("got %v, %v", seen.Rows[0], seen.ImagesErr)
			}
		})
	}
}
