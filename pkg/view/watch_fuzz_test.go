package view_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// Whatever a member sends in a watch, it ends in events that hold together, and
// the member is not asked for anything but what was asked of it.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		strings.Join(events("ADDED a@8", "MODIFIED a@9", "BOOKMARK 10", "DELETED a@11"), ""),
		eventOf("ADDED", listed("8", "a@8")) + eventOf("ERROR", expired()),
		`{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"u","resourceVersion":"8","managedFields":[{}]}}}`,
		`{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9"},"columnDefinitions":[{}],"rows":[{"cells":["b\nc"],"object":{"metadata":{}}}]}}`,
		`{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9"},"rows":[{"object":{"metadata":{}}}]}}`,
		`{"type":"BOOKMARK","object":null}`, `null`, `]`, `{"type":"ERROR","object":{"kind":"Status","code":-1}}`,
	} {
		for form := range 3 {
			f.Add([]byte(seed), uint8(form))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, form uint8) {
		client, err := fleet.NewHostClient(&rest.Config{Host: "http://member", Transport: roundTrips(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "member" || r.URL.Path != "/api/v1/namespaces/ns/pods" {
				t.Errorf("asked for %s", r.URL)
			}
			answer := []byte(podList("", `{"metadata":{"name":"a","uid":"a","resourceVersion":"1"}}`))
			if r.URL.Query().Has("watch") {
				answer = body
			}
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
				Body: io.NopCloser(&halting{bytes.NewReader(answer)}),
			}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		q := query(in(view.Form(form % 3)))
		w := newWatcher(t, q)
		for range 2 { // the second goes on where the first has ended
			_ = w.Follow(t.Context(), client, func(event view.Event) error {
				if len(event.Rows) != 1 {
					t.Fatalf("an event has %d rows", len(event.Rows))
				}
				switch event.Type {
				case view.Added, view.Modified:
					checkRow(t, q.Form, event.Columns, event.Rows[0])
				case view.Deleted:
				default:
					t.Errorf("an event of type %q", event.Type)
				}
				return nil
			})
		}
	})
}
