package view_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// step is how a server answers one request.
type step struct {
	// query is what has to be in the URL's.
	query  string
	answer any
	// events are those of a watch, after which it ends: in order, or else broken.
	events []string
	broken bool
}

// newSteps is a member that answers so, in order, and fails the test where it
// is asked for something else.
func newSteps(t *testing.T, steps ...step) *fleet.Client {
	t.Helper()
	var asked atomic.Int32
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		i := int(asked.Add(1))
		if i > len(steps) {
			t.Errorf("unexpected request: %s", r.URL)
			http.Error(w, "", http.StatusTeapot)
			return
		}
		step := steps[i-1]
		query := r.URL.Query()
		for pair := range strings.FieldsSeq(step.query) {
			name, value, _ := strings.Cut(pair, "=")
			if got := query.Get(name); got != value {
				t.Errorf("request %d: %s is %q, want %q: %s", i, name, got, value, r.URL)
			}
		}
		if is, ok := step.answer.(object); query.Has("watch") != (step.answer == nil) && (!ok || is["kind"] != "Status") {
			t.Errorf("request %d is %s", i, r.URL)
		}
		if step.answer != nil {
			writeJSON(w, step.answer)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		for _, event := range step.events {
			_, _ = io.WriteString(w, event)
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		if step.broken {
			panic(http.ErrAbortHandler)
		}
	})
	t.Cleanup(func() {
		if int(asked.Load()) < len(steps) {
			t.Errorf("%d of %d requests came", asked.Load(), len(steps))
		}
	})
	return client
}

// pod is the metadata of one; its UID is its name's unless that has one.
func pod(name, version string) object {
	name, uid, ok := strings.Cut(name, "#")
	if !ok {
		uid = name
	}
	return object{"name": name, "namespace": "ns", "uid": uid, "resourceVersion": version}
}

func watchedPod(name, version string) object {
	is := pod(name, version)
	return object{"cells": []any{is["name"], version}, "object": object{"metadata": is}}
}

// listed is a list of pods in the table's form: "a@1 b@2".
func listed(version, pods string) object {
	var rows []object
	for one := range strings.FieldsSeq(pods) {
		name, version, _ := strings.Cut(one, "@")
		rows = append(rows, watchedPod(name, version))
	}
	list := table("", []string{"Name", "Version"}, rows...)
	list["metadata"] = object{"resourceVersion": version}
	return list
}

// names is what is answered where no more than the version matters.
func newest(version string) string {
	return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"` + version + `"},"items":[]}`
}

// event is one of a watch: "ADDED a@1". Its table has no columns.
func event(text string) string {
	typ, one, _ := strings.Cut(text, " ")
	name, version, _ := strings.Cut(one, "@")
	is := listed(version, one)
	is["columnDefinitions"] = nil
	if typ == "BOOKMARK" {
		is["rows"] = []object{{"cells": []any{"", ""}, "object": object{"metadata": object{"resourceVersion": name}}}}
		is["metadata"] = object{"resourceVersion": name}
	}
	return eventOf(typ, is)
}

func eventOf(typ string, object any) string {
	body, err := json.Marshal(map[string]any{"type": typ, "object": object})
	if err != nil {
		panic(err)
	}
	return string(body) + "\n"
}

func events(all ...string) []string {
	for i := range all {
		all[i] = event(all[i])
	}
	return all
}

func expired() object { return status(410, "Expired", "too old resource version: 1 (5)") }

func newWatcher(t *testing.T, q view.Query) *view.Watcher {
	t.Helper()
	w, err := view.NewWatcher(q)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// list is what a watcher lists, in one line.
func list(t *testing.T, w *view.Watcher, client rest.Interface) (string, error) {
	t.Helper()
	var lines []string
	err := w.List(t.Context(), client, func(page view.Page) error {
		if page.Resource.Name != "pods" || len(page.Rows) == 0 {
			t.Errorf("a page of %s with %d rows", page.Resource, len(page.Rows))
		}
		for _, row := range page.Rows {
			lines = append(lines, strings.Join(row.Cells, "@"))
		}
		return nil
	})
	return strings.Join(lines, " "), err
}

func mustList(t *testing.T, w *view.Watcher, client rest.Interface, want string) {
	t.Helper()
	if got, err := list(t, w, client); err != nil || got != want {
		t.Fatalf("listed %q, %v, want %q", got, err, want)
	}
}

// follow is what a watcher hands over, in one line.
func follow(t *testing.T, w *view.Watcher, client rest.Interface) (string, error) {
	t.Helper()
	var lines []string
	err := w.Follow(t.Context(), client, func(event view.Event) error {
		if len(event.Rows) != 1 || event.Resource.Name != "pods" {
			t.Fatalf("an event of %s with %d rows", event.Resource, len(event.Rows))
		}
		row := event.Rows[0]
		text := strings.Join(row.Cells, "@")
		if len(event.Columns) == 1 && text == row.Name { // of which no more is known
			text = row.Namespace + "/" + row.Name
		} else if len(event.Columns) != 2 {
			t.Errorf("%s has columns %v", text, event.Columns)
		}
		lines = append(lines, string(event.Type)+" "+text)
		return nil
	})
	return strings.Join(lines, ", "), err
}

func mustFollow(t *testing.T, w *view.Watcher, client rest.Interface, want string) {
	t.Helper()
	if got, err := follow(t, w, client); err != nil || got != want {
		t.Fatalf("followed %q, %v, want %q", got, err, want)
	}
}

func TestWatch(t *testing.T) {
	client := newSteps(t,
		step{query: "limit=500 includeObject=Metadata labelSelector=a=b", answer: listed("7", "a@1 b@2")},
		step{
			query: "resourceVersion=7 allowWatchBookmarks=true timeoutSeconds=300 includeObject=Metadata labelSelector=a=b limit=",
			events: []string{
				eventOf("ADDED", listed("8", "c@8")), event("MODIFIED a@9"), event("DELETED b@10"), event("ADDED b#new@11"), event("BOOKMARK 15"),
			},
		},
		// The server ended the watch: it may have ended itself.
		step{query: "limit=1 resourceVersion= labelSelector=a=b includeObject=", answer: newest("15")},
		step{query: "resourceVersion=15", events: events("MODIFIED c@16")},
		step{query: "limit=1", answer: newest("20")},
		step{query: "resourceVersion=16"},
	)
	w := newWatcher(t, query(selecting))
	mustList(t, w, client, "a@1 b@2")
	mustFollow(t, w, client, "ADDED c@8, MODIFIED a@9, DELETED b@10, ADDED b@11")
	mustFollow(t, w, client, "MODIFIED c@16")
	mustFollow(t, w, client, "")
}

// Columns are those of the list until a watch says others.
func TestColumnsOfEvents(t *testing.T) {
	other := listed("9", "a@9")
	other["columnDefinitions"] = []object{{"name": "X"}, {"name": "Y", "priority": 1}}
	client := newSteps(t, step{answer: listed("7", "a@1")}, step{events: []string{event("MODIFIED a@8"), eventOf("MODIFIED", other), event("MODIFIED a@10")}})
	w := newWatcher(t, query())
	mustList(t, w, client, "a@1")
	var got []string
	if err := w.Follow(t.Context(), client, func(event view.Event) error {
		got = append(got, event.Columns[0].Name, fmt.Sprint(event.Columns[1].Priority))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Name", "0", "X", "1", "X", "1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A bookmark may be the first event, and then it has the columns.
func TestColumnsOfABookmark(t *testing.T) {
	bookmark := listed("8", "")
	client := newSteps(t, step{answer: newest("7")}, step{events: []string{eventOf("BOOKMARK", bookmark), event("ADDED a@9")}})
	w := newWatcher(t, query())
	if err := w.List(t.Context(), client, nil); err != nil {
		t.Fatal(err)
	}
	mustFollow(t, w, client, "ADDED a@9")
}

func TestABrokenWatchGoesOn(t *testing.T) {
	first := newSteps(t, step{answer: listed("7", "a@1")}, step{events: events("ADDED b@8", "MODIFIED a@9"), broken: true})
	w := newWatcher(t, query())
	mustList(t, w, first, "a@1")
	got, err := follow(t, w, first)
	if got != "ADDED b@8, MODIFIED a@9" || reason.Of(err) != reason.Unreachable {
		t.Fatalf("followed %q, %v", got, err)
	}
	second := newSteps(t,
		step{query: "limit=1", answer: newest("11")},
		step{query: "resourceVersion=9", events: events("MODIFIED a@9", "MODIFIED b@8", "MODIFIED b@10", "DELETED a@11")})
	mustFollow(t, w, second, "MODIFIED b@10, DELETED a@11") // nothing twice
}

// Between the list and the watch the connection may change as well.
func TestAnotherClientThanListed(t *testing.T) {
	w := newWatcher(t, query())
	mustList(t, w, newSteps(t, step{answer: listed("7", "a@1")}), "a@1")
	mustFollow(t, w, newSteps(t, step{query: "limit=1", answer: newest("7")}, step{query: "resourceVersion=7"}), "")
}

// However it comes that the versions are forgotten, what is new since is
// handed over.
func TestWhatWasMissed(t *testing.T) {
	const missed = "MODIFIED b@12, ADDED d@13, ADDED c@14, DELETED ns/a, DELETED ns/c"
	relisted := step{query: "limit=500 resourceVersion= watch=", answer: listed("20", "b@12 d@13 c#new@14 e@5")}
	watch := step{query: "resourceVersion=20", events: events("DELETED b@21")}
	check := step{query: "limit=1", answer: newest("19")}
	future := status(504, "Timeout", "Timeout: Too large resource version: 9, current: 5")
	future["details"] = object{"causes": []object{{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}}}
	for name, steps := range map[string][]step{
		"answered with 410":         {check, {query: "watch=true", answer: expired()}, relisted, watch},
		"an event with 410":         {check, {events: []string{eventOf("ERROR", expired())}}, relisted, watch},
		"of another store":          {{query: "limit=1", answer: newest("6")}, relisted, watch},
		"of no number":              {{query: "limit=1", answer: newest("abc")}, relisted, watch},
		"of a list without version": {{query: "limit=1", answer: newest("")}, relisted, watch},
		"too large":                 {check, {query: "watch=true", answer: future}, relisted, watch},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher(t, query())
			client := newSteps(t, step{answer: listed("7", "a@1 b@2 c@3 e@5")}, step{events: []string{}})
			mustList(t, w, client, "a@1 b@2 c@3 e@5")
			mustFollow(t, w, client, "")
			client = newSteps(t, steps...)
			if len(steps) == 4 {
				mustFollow(t, w, client, "")
			}
			mustFollow(t, w, client, missed+", DELETED b@21")
		})
	}
}

// A server that has forgotten what it has just listed would be asked without
// end.
func TestForgottenAtOnce(t *testing.T) {
	w := newWatcher(t, query())
	client := newSteps(t, step{answer: listed("7", "a@1")}, step{answer: expired()}, step{answer: listed("8", "a@1")}, step{answer: expired()})
	mustList(t, w, client, "a@1")
	mustFollow(t, w, client, "")
	if got, err := follow(t, w, client); got != "" || err == nil || !strings.Contains(err.Error(), "too old resource version") {
		t.Errorf("followed %q, %v", got, err)
	}
}

// What was handed over before a list broke off is not handed over again.
func TestAListThatBreaksOff(t *testing.T) {
	first := listed("7", "a@1 b@2")
	first["metadata"] = object{"resourceVersion": "7", "continue": "x"}
	w := newWatcher(t, query())
	got, err := list(t, w, newSteps(t, step{answer: first}, step{query: "continue=x", answer: `{"kind":"Table","columnDef`}))
	if got != "a@1 b@2" || err == nil {
		t.Fatalf("listed %q, %v", got, err)
	}
	mustList(t, w, newSteps(t, step{answer: listed("9", "b@8 c@3")}), "b@8 c@3")
	mustFollow(t, w, newSteps(t, step{answer: newest("9")}, step{query: "resourceVersion=9", events: events("DELETED b@10")}), "DELETED b@10")
}

// Follow lists by itself where that was not done.
func TestFollowWithoutList(t *testing.T) {
	w := newWatcher(t, query())
	mustFollow(t, w, newSteps(t, step{answer: listed("7", "a@1 b@2")}, step{query: "resourceVersion=7", events: events("MODIFIED a@8")}),
		"ADDED a@1, ADDED b@2, MODIFIED a@8")
}

func TestWatchOnly(t *testing.T) {
	client := newSteps(t,
		step{answer: `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7"},"items":[
			{"metadata":{"name":"a","namespace":"ns","uid":"a","resourceVersion":"1"}}]}`},
		step{query: "includeObject=Metadata", answer: expired()},
		step{answer: listed("9", "a@1 b@8")},
		step{query: "resourceVersion=9", events: events("MODIFIED a@10")},
	)
	w := newWatcher(t, query())
	if err := w.List(t.Context(), client, nil); err != nil {
		t.Fatal(err)
	}
	mustFollow(t, w, client, "")
	mustFollow(t, w, client, "ADDED b@8, MODIFIED a@10")
}

func TestWatchOneName(t *testing.T) {
	selector := "fieldSelector=metadata.name=a,spec.nodeName=n"
	client := newSteps(t,
		step{query: selector, answer: listed("7", "")},
		step{query: selector + " resourceVersion=7", events: []string{eventOf("ADDED", listed("8", "a@8"))}},
		step{query: selector, answer: newest("8")},
		step{query: selector + " resourceVersion=8", events: events("DELETED a@9")},
	)
	w := newWatcher(t, query(named("a"), func(q *view.Query) { q.FieldSelector = "spec.nodeName=n" }))
	got, err := list(t, w, client)
	if got != "" || reason.Of(err) != reason.NotFound || err.Error() != `pods "a" not found` {
		t.Errorf("listed %q, %v", got, err)
	}
	mustFollow(t, w, client, "ADDED a@8")
	mustFollow(t, w, client, "DELETED a@9")
	w = newWatcher(t, query(named("a"), everywhere))
	if _, err := list(t, w, newSteps(t)); reason.Of(err) != reason.Invalid {
		t.Errorf("a name in all namespaces is listed: %v", err)
	}
}

func TestWhatCannotBeWatched(t *testing.T) {
	for want, q := range map[string]view.Query{
		"one type can be watched at a time, not several":                             {Asks: []view.Ask{{Type: "pods"}, {Type: "nodes"}}},
		"one object can be watched by its name, or all of its type, but not several": query(named("a", "b")),
		"a subresource cannot be watched":                                            query(named("a"), func(q *view.Query) { q.Subresource = "status" }),
	} {
		if _, err := view.NewWatcher(q); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for want, test := range map[string]struct {
		q     view.Query
		paths map[string]any
	}{
		`"all" stands for 2 types, and only one can be watched at a time`: {
			view.Query{Wide: true, Asks: []view.Ask{{Type: "all"}}, Namespace: "ns"},
			map[string]any{
				"/api": `{"kind":"APIVersions","versions":["v1"]}`, "/apis": `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
				"/api/v1": `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"v1","resources":[
					{"name":"pods","kind":"Pod","verbs":["list"],"categories":["all"]},{"name":"services","kind":"Service","verbs":["list"],"categories":["all"]}]}`,
			},
		},
		"its list of pods has no version from which to watch": {query(), map[string]any{"/api/v1/namespaces/ns/pods": listed("", "")}},
		"its table of pods has a row without its object's metadata": {query(), map[string]any{
			"/api/v1/namespaces/ns/pods": table("", []string{"A"}, row("a")),
		}},
	} {
		if _, err := list(t, newWatcher(t, test.q), newPaths(t, test.paths)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestFormsOfEvents(t *testing.T) {
	const metadata = `"metadata":{"name":"a","namespace":"ns","uid":"a","resourceVersion":"8","managedFields":[{}]}`
	for name, test := range map[string]struct {
		form   view.Form
		accept string
		object string
		want   view.Row
	}{
		"whole objects": {
			view.Objects, "application/json", `{"kind":"Pod","apiVersion":"v1",` + metadata + `,"rows":7}`,
			view.Row{Name: "a", Namespace: "ns", Object: json.RawMessage(
				`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ns","resourceVersion":"8","uid":"a"},"rows":7}`)},
		},
		"names": {
			view.Names, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
			`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",` + metadata + `}`,
			view.Row{Name: "a", Namespace: "ns"},
		},
		"of a server without tables": {
			view.Rows, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", `{"kind":"Pod","apiVersion":"v1",` + metadata + `}`,
			view.Row{Cells: []string{"a", "<unknown>"}},
		},
		"a table that is an object": {
			view.Rows, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", `{"kind":"Table","apiVersion":"ikea.example/v1",` + metadata + `,"rows":"four"}`,
			view.Row{Cells: []string{"a", "<unknown>"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				if !r.URL.Query().Has("watch") {
					writeJSON(w, podList(""))
					return
				}
				if got := r.Header.Get("Accept"); got != test.accept {
					t.Errorf("Accept is %q, want %q", got, test.accept)
				}
				writeJSON(w, `{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"8"}}}`+
					`{"type":"ADDED","object":`+test.object+`}`)
			})
			w := newWatcher(t, query(in(test.form)))
			mustList(t, w, client, "")
			var got []view.Row
			if err := w.Follow(t.Context(), client, func(event view.Event) error {
				got = append(got, event.Rows...)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, []view.Row{test.want}) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// Whatever comes, it ends the watch with an error, and what came before counts.
func TestHostileEvents(t *testing.T) {
	const no = "its watch of pods broke off within an event, or sent what is none"
	row := func(more string) string {
		return `{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9"},` + more + `}}`
	}
	long := strings.Repeat("x", 300)
	for name, test := range map[string]struct{ event, want string }{
		"truncated":               {event("ADDED b@9")[:100], no},
		"no JSON":                 {"hello", no},
		"an array":                {"[1,2]", no},
		"the end of an array":     {"]", no},
		"null":                    {"null", no},
		"a number":                {"7", no},
		"no type":                 {`{"object":{"metadata":{"resourceVersion":"9"}}}`, no},
		"an unknown type":         {eventOf("EXPLODED", listed("9", "b@9")), no},
		"no object":               {`{"type":"ADDED"}`, no},
		"no version":              {eventOf("ADDED", listed("", "b@9")), no},
		"a long version":          {eventOf("ADDED", listed(long, "b@9")), no},
		"no version in bookmark":  {`{"type":"BOOKMARK","object":{}}`, no},
		"an object without table": {`{"type":"ADDED","object":{"metadata":{"resourceVersion":"9"},"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":7}}`, no},
		"columns of text":         {row(`"columnDefinitions":"x"`), no},
		"many columns":            {row(`"columnDefinitions":[` + strings.Repeat("{},", 1000) + `{}]`), "its table of pods has more than 1000 columns"},
		"too few cells":           {row(`"rows":[{"cells":["x"],"object":{}}]`), "its table of pods has a row of 1 cells under 2 columns"},
		"too many cells":          {row(`"rows":[{"cells":["x","y","z"],"object":{}}]`), "its table of pods has a row of 3 cells under 2 columns"},
		"no metadata":             {row(`"rows":[{"cells":["x","y"],"object":null}]`), "its table of pods has a row without its object's metadata"},
		"a long UID":              {row(`"rows":[{"cells":["x","y"],"object":{"metadata":{"uid":"` + long + `"}}}]`), "its table of pods has a row without its object's metadata"},
		"a huge event":            {`{"type":"ADDED","object":"` + strings.Repeat("x", 5<<20) + `"}`, "its answer has an object larger than 4 MiB"},
		"an error":                {eventOf("ERROR", status(403, "Forbidden", "no more")), "no more"},
		"an error without Status": {`{"type":"ERROR","object":{}}`, no},
	} {
		t.Run(name, func(t *testing.T) {
			client := newSteps(t, step{answer: listed("7", "z@1")}, step{events: []string{event("ADDED a@8"), test.event}},
				step{answer: newest("9")}, step{query: "resourceVersion=8"})
			w := newWatcher(t, query())
			mustList(t, w, client, "z@1")
			got, err := follow(t, w, client)
			if got != "ADDED a@8" || err == nil || err.Error() != test.want {
				t.Errorf("followed %q, %v, want %s", got, err, test.want)
			}
			mustFollow(t, w, client, "")
		})
	}
}

// An answer of a member may have 32 MiB in all: the watch begins another one
// before that.
func TestAWatchOfManyBytes(t *testing.T) {
	padding := strings.Repeat("\n", 3<<20)
	all, want := []string{event("ADDED a@8")}, "ADDED a@8"
	for version := 9; version <= 14; version++ {
		next := fmt.Sprintf("MODIFIED a@%d", version)
		all, want = append(all, padding, event(next)), want+", "+next
	}
	all = append(all, event("MODIFIED a@15"))
	client := newSteps(t, step{answer: listed("7", "z@1")}, step{events: all, broken: true},
		step{answer: newest("15")}, step{query: "resourceVersion=14", events: events("MODIFIED a@15")})
	w := newWatcher(t, query())
	mustList(t, w, client, "z@1")
	mustFollow(t, w, client, want)
	mustFollow(t, w, client, "MODIFIED a@15")
}

func TestWhoPrintsEndsAWatch(t *testing.T) {
	w := newWatcher(t, query())
	client := newSteps(t, step{answer: listed("7", "a@1")}, step{events: events("ADDED b@8", "ADDED c@9")},
		step{answer: newest("9")}, step{query: "resourceVersion=7", events: events("ADDED b@8")})
	mustList(t, w, client, "a@1")
	full := errors.New("the disk is full")
	if err := w.Follow(t.Context(), client, func(view.Event) error { return full }); !errors.Is(err, full) {
		t.Errorf("it ended with %v", err)
	}
	mustFollow(t, w, client, "ADDED b@8") // nobody has seen it
}

// roundTrips answers requests without a network.
type roundTrips func(*http.Request) (*http.Response, error)

func (f roundTrips) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// silence is a body that says nothing until the request is given up.
type silence struct{ ctx context.Context }

func (s silence) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (silence) Close() error { return nil }

func newSilent(t *testing.T) rest.Interface {
	t.Helper()
	client, err := fleet.NewHostClient(&rest.Config{Host: "http://member", Transport: roundTrips(func(r *http.Request) (*http.Response, error) {
		response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, Body: silence{r.Context()}}
		if !r.URL.Query().Has("watch") {
			response.Body = io.NopCloser(strings.NewReader(podList("")))
		}
		return response, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A connection may be dead and not say so.
func TestASilentWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, began := newWatcher(t, query()), time.Now()
		_, err := follow(t, w, newSilent(t))
		if reason.Of(err) != reason.Timeout || err.Error() != "its watch of pods did not end when it should have" {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(began); took != 5*time.Minute+30*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAnInterruptedWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		time.AfterFunc(time.Minute, func() { cancel(enough) })
		err := newWatcher(t, query()).Follow(ctx, newSilent(t), func(view.Event) error { return nil })
		if !errors.Is(err, enough) {
			t.Errorf("it ended with %v", err)
		}
	})
}
