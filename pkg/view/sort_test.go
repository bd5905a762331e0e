package view_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

func TestParseField(t *testing.T) {
	for expression, want := range map[string]string{
		".metadata.name": "{.metadata.name}", "metadata.name": "{.metadata.name}", "{.metadata.name}": "{.metadata.name}", "{metadata.name}": "{.metadata.name}",
		`.metadata.labels.app\.kubernetes\.io/name`: `{.metadata.labels.app\.kubernetes\.io/name}`, ".spec.containers[0].image": "{.spec.containers[0].image}",
		".spec.containers[].resources.requests.cpu": "{.spec.containers[].resources.requests.cpu}",
	} {
		if got, err := view.ParseField(expression); err != nil || got.String() != want {
			t.Errorf("%s is %v, %v, want %s", expression, got, err, want)
		}
	}
	for _, expression := range []string{"", "{", "{}", "{.a}{.b}", "{{.a}}", "x{.a}", ".a[", ".a[?(", ".a['"} {
		if got, err := view.ParseField(expression); err == nil || !strings.Contains(err.Error(), "is not a field such as .metadata.name") {
			t.Errorf("%q is %v, %v", expression, got, err)
		}
	}
}

// key is what a field finds in an object.
func key(t *testing.T, expression, item string) any {
	t.Helper()
	pages, err := get(t.Context(), newMember(t, answer(podList("", item))), query(in(view.Objects), sortedBy(t, expression)))
	if err != nil || len(rowsOf(pages)) != 1 {
		t.Fatalf("%s of %s: %v, %v", expression, item, pages, err)
	}
	return rowsOf(pages)[0].Key
}

func TestKeys(t *testing.T) {
	const item = `{"metadata":{"name":"a","labels":{"a.b/c":"x"},"creationTimestamp":"2026-01-02T03:04:05Z"},
		"spec":{"n":3,"f":0.5,"big":9007199254740993,"no":null,"yes":true,"long":"1e999999999","q":"100m","list":["b","c"],"containers":[{"name":"one"},{"name":"two"}]}}`
	for expression, want := range map[string]any{
		".metadata.name": "a", `.metadata.labels.a\.b/c`: "x", ".metadata.labels['a\\.b/c']": "x", ".metadata.creationTimestamp": "2026-01-02T03:04:05Z",
		".spec.n": int64(3), ".spec.f": 0.5, ".spec.big": int64(9007199254740993), ".spec.no": nil, ".spec.yes": true, ".spec.long": "1e999999999",
		".spec.list[1]": "c", ".spec.list[7]": nil, ".spec.n[0]": nil, ".spec.n.x": nil, ".spec.containers[*].name": "one",
		`.spec.containers[?(@.name=="two")].name`: "two", `.spec.containers[?(@.name>3)].name`: nil, `.spec.no[?(@.x)]`: nil, ".nothing": nil, ".kind": nil,
	} {
		if got := key(t, expression, item); got != want {
			t.Errorf("%s is %v, want %v", expression, got, want)
		}
	}
	if got, ok := key(t, ".spec.q", item).(resource.Quantity); !ok || got.String() != "100m" {
		t.Errorf("a quantity is %v", got)
	}
}

// The cases of kubectl's own test of --sort-by, as facts: the values that it
// puts in this order.
func TestOrder(t *testing.T) {
	for name, test := range map[string]struct {
		field string
		want  []string
	}{
		"names":      {".metadata.name", []string{`{"metadata":{"name":"a"}}`, `{"metadata":{"name":"b"}}`, `{"metadata":{"name":"c"}}`}},
		"timestamps": {".metadata.creationTimestamp", []string{`{"metadata":{"creationTimestamp":"1970-01-01T00:01:40Z"}}`, `{"metadata":{"creationTimestamp":"1970-01-01T00:03:20Z"}}`, `{"metadata":{"creationTimestamp":"1970-01-01T00:05:00Z"}}`}},
		"null first": {".lastTimestamp", []string{`{"metadata":{},"lastTimestamp":null}`, `{"metadata":{},"lastTimestamp":"1970-01-01T00:05:00Z"}`}},
		"numbers":    {".spec.replicas", []string{`{"metadata":{},"spec":{"replicas":1}}`, `{"metadata":{},"spec":{"replicas":5}}`, `{"metadata":{},"spec":{"replicas":9}}`, `{"metadata":{},"spec":{"replicas":10}}`}},
		"missing":    {"{.status.availableReplicas}", []string{`{"metadata":{},"status":{}}`, `{"metadata":{},"status":{"availableReplicas":1}}`, `{"metadata":{},"status":{"availableReplicas":2}}`}},
		"cpu":        {"{.spec.containers[].resources.requests.cpu}", resources("cpu", "", "10m", "100m", "0.5", "2", "10")},
		"memory":     {"{.spec.containers[].resources.requests.memory}", resources("memory", "", "1Ki", "2Ki", "128Mi", "1Gi", "64Gi", "1Ti", "8Ti", "55Pi", "10Ei")},
	} {
		t.Run(name, func(t *testing.T) {
			var keys []any
			for _, item := range test.want {
				keys = append(keys, key(t, test.field, item))
			}
			for i := range keys {
				for j := range keys {
					if got := view.Compare(keys[i], keys[j]); got < 0 != (i < j) || got == 0 != (i == j) {
						t.Errorf("%v and %v compare to %d", keys[i], keys[j], got)
					}
				}
			}
		})
	}
}

func resources(name string, amounts ...string) []string {
	var items []string
	for _, amount := range amounts {
		requests := `{}`
		if amount != "" {
			requests = `{"` + name + `":"` + amount + `"}`
		}
		items = append(items, `{"metadata":{},"spec":{"containers":[{"resources":{"requests":`+requests+`}}]}}`)
	}
	return items
}

// Whatever a member answers has one order, and the same in the end whichever
// order it began in.
func TestCompareIsATotalOrder(t *testing.T) {
	quantity := resource.MustParse
	keys := []any{
		nil, false, true, int64(math.MinInt64), -1.5, int64(-1), int64(0), 0.5, int64(1), int64(9007199254740992), int64(9007199254740993),
		9007199254740994.0, int64(math.MaxInt64), 1e300, "", quantity("-1"), quantity("10m"), quantity("0.5"), quantity("1"), quantity("2"), quantity("10"), quantity("1Ki"),
		"!", "10.0.0.1", "1a", "a", "b", "é", []any{"x"},
	}
	for i, a := range keys {
		for j, b := range keys {
			if got := view.Compare(a, b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%v and %v compare to %d", a, b, got)
			}
		}
	}
	same := []any{[]any{"y"}, map[string]any{"a": 1}, json.Number("1"), int8(3)}
	if slices.ContainsFunc(same, func(key any) bool { return view.Compare(key, same[0]) != 0 }) {
		t.Error("what has no order is ordered")
	}
	if view.Compare(int64(1), 1.0) != 0 || view.Compare(quantity("1000m"), quantity("1")) != 0 {
		t.Error("equal numbers are not")
	}
}
