package view_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// podRow is a row of a pod as an API server of version 1.36 makes it, with what
// it includes of the object.
func podRow(i int, object string) string {
	return fmt.Sprintf(`{"cells":["web-7d4b9c6f5d-%05d","1/1","Running","%d (3d2h ago)","12d","10.244.%d.%d","node-%d","\u003cnone\u003e","\u003cnone\u003e"],"object":%s}`,
		i, i%3, i/256%256, i%256, i%100, object)
}

const podColumns = `[{"name":"Name","type":"string","format":"name","description":"Name must be unique within a namespace.","priority":0},` +
	`{"name":"Ready","type":"string","format":"","description":"x","priority":0},{"name":"Status","type":"string","format":"","description":"x","priority":0},` +
	`{"name":"Restarts","type":"string","format":"","description":"x","priority":0},{"name":"Age","type":"string","format":"","description":"x","priority":0},` +
	`{"name":"IP","type":"string","format":"","description":"x","priority":1},{"name":"Node","type":"string","format":"","description":"x","priority":1},` +
	`{"name":"Nominated Node","type":"string","format":"","description":"x","priority":1},{"name":"Readiness Gates","type":"string","format":"","description":"x","priority":1}]`

// podMetadata is as long as that of a pod of a Deployment.
func podMetadata(i int) string {
	return fmt.Sprintf(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"web-7d4b9c6f5d-%05d","generateName":"web-7d4b9c6f5d-",`+
		`"namespace":"default","uid":"4e5b4e3a-0000-4000-8000-%012d","resourceVersion":"%d","creationTimestamp":"2026-01-02T03:04:05Z",`+
		`"labels":{"app":"web","pod-template-hash":"7d4b9c6f5d","tier":"front"},"managedFields":[%s]}}`, i, i, i,
		strings.TrimSuffix(strings.Repeat(`{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-01-02T03:04:05Z","fieldsType":"FieldsV1",`+
			`"fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{}}}}}},`, 8), ","))
}

// newCrowd is a member that answers with many pods, as many a page as it is
// asked for.
func newCrowd(t testing.TB, pods int) http.HandlerFunc {
	t.Helper()
	none, metadata := make([]string, 500), make([]string, 500)
	for i := range none {
		none[i], metadata[i] = podRow(i, "null"), podRow(i, podMetadata(i))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		rows := none
		if r.URL.Query().Get("includeObject") == "Metadata" {
			rows = metadata
		}
		to, next := pods, ""
		if limit > 0 && from+limit < pods {
			to, next = from+limit, strconv.Itoa(from+limit)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"1","continue":%q},"columnDefinitions":%s,"rows":[`, next, podColumns)
		for i := from; i < to; i++ {
			if i > from {
				_, _ = w.Write([]byte(","))
			}
			_, _ = w.Write([]byte(rows[i%500]))
		}
		_, _ = w.Write([]byte("]}"))
	}
}

// What stays in memory of many rows is what emit keeps of them.
func TestMemory(t *testing.T) {
	const most = 3 << 20
	for name, test := range map[string]struct {
		pods  int
		query view.Query
	}{
		"in pages":            {100_000, query()},
		"all in one":          {100_000, query(func(q *view.Query) { q.ChunkSize = 0 })},
		"with their metadata": {10_000, query(everywhere)},
		"with it, all in one": {10_000, query(everywhere, func(q *view.Query) { q.ChunkSize = 0 })},
	} {
		t.Run(name, func(t *testing.T) {
			client := newServer(t, newCrowd(t, test.pods))
			var before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			rows, grown := 0, int64(0)
			err := view.Get(t.Context(), client, test.query, func(page view.Page) error {
				if rows += len(page.Rows); rows%2_000 == 0 {
					runtime.GC()
					runtime.ReadMemStats(&now)
					grown = max(grown, int64(now.HeapAlloc)-int64(before.HeapAlloc))
				}
				return nil
			})
			if err != nil || rows != test.pods || grown > most {
				t.Errorf("%d rows, heap grew by %d kB, at most %d kB are fine (%v)", rows, grown>>10, most>>10, err)
			}
		})
	}
}

func BenchmarkRows(b *testing.B) {
	for name, q := range map[string]view.Query{"None": query(), "Metadata": query(everywhere)} {
		b.Run(name, func(b *testing.B) {
			client := newServer(b, newCrowd(b, 10_000))
			b.ReportAllocs()
			for b.Loop() {
				if err := view.Get(b.Context(), client, q, func(view.Page) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
		})
	}
}
