package view_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// next answers with the body where it is asked for the page of this token.
func next(t *testing.T, token string, body any) func(*http.Request) any {
	return func(r *http.Request) any {
		if got := r.URL.Query().Get("continue"); got != token {
			t.Errorf("continues at %q, want %q", got, token)
		}
		if got := r.URL.Query().Get("labelSelector"); got != "a=b" {
			t.Errorf("the selector became %q", got)
		}
		return body
	}
}

func selecting(q *view.Query) { q.LabelSelector = "a=b" }

func TestPages(t *testing.T) {
	columns := []string{"Name"}
	client := newMember(t,
		next(t, "", table("one", columns, row("a"))), next(t, "one", table("two", columns, row("b"), row("c"))), next(t, "two", table("", columns)))
	pages, err := get(t.Context(), client, query(selecting))
	if want := [][]string{{"a"}, {"b"}, {"c"}}; err != nil || !reflect.DeepEqual(cellsOf(pages), want) {
		t.Errorf("got %q, %v, want %q", cellsOf(pages), err, want)
	}
}

// Objects whose types a server does not know are encoded with their keys in the
// order of the alphabet: the items come before the list's metadata.
func TestATokenAfterTheItems(t *testing.T) {
	client := newMember(t,
		next(t, "", `{"apiVersion":"x/v1","items":[{"metadata":{"name":"a"}}],"kind":"FooList","metadata":{"continue":"one"}}`),
		next(t, "one", `{"apiVersion":"x/v1","items":[{"metadata":{"name":"b"}}],"kind":"FooList","metadata":{}}`))
	pages, err := get(t.Context(), client, query(selecting, in(view.Names)))
	if want := []view.Row{{Name: "a"}, {Name: "b"}}; err != nil || !reflect.DeepEqual(rowsOf(pages), want) {
		t.Errorf("got %+v, %v", rowsOf(pages), err)
	}
}

// The API's own documentation: a page may be empty where all of it was
// filtered out, and only the continue field tells whether there are more.
func TestAnEmptyPageIsNotTheLast(t *testing.T) {
	columns := []string{"Name"}
	client := newMember(t, answer(table("one", columns)), answer(table("", columns, row("a"))))
	pages, err := get(t.Context(), client, query())
	if err != nil || len(rowsOf(pages)) != 1 {
		t.Errorf("got %+v, %v", pages, err)
	}
}

func TestATokenThatExpired(t *testing.T) {
	expired := func(again string) object {
		is := status(http.StatusGone, "Expired", "the continue token is too old")
		is["metadata"] = object{"continue": again}
		return is
	}
	columns := []string{"Name"}
	t.Run("with another in its place", func(t *testing.T) {
		client := newMember(t, next(t, "", table("old", columns, row("a"))), next(t, "old", expired("new")),
			next(t, "new", table("", columns, row("b"))))
		pages, err := get(t.Context(), client, query(selecting))
		if want := [][]string{{"a"}, {"b"}}; err != nil || !reflect.DeepEqual(cellsOf(pages), want) {
			t.Errorf("got %q, %v", cellsOf(pages), err)
		}
	})
	t.Run("with the same", func(t *testing.T) {
		_, err := get(t.Context(), newMember(t, answer(table("old", columns)), answer(expired("old"))), query())
		if err == nil || err.Error() != "its list of pods has a next page without end" {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("with none", func(t *testing.T) {
		pages, err := get(t.Context(), newMember(t, answer(table("old", columns, row("a"))), answer(expired(""))), query())
		if err == nil || err.Error() != "the continue token is too old" || len(rowsOf(pages)) != 1 {
			t.Errorf("got %v, %v", pages, err)
		}
	})
	t.Run("that was never given", func(t *testing.T) {
		if _, err := get(t.Context(), newMember(t, answer(expired("new"))), query()); err == nil || err.Error() != "the continue token is too old" {
			t.Errorf("error is %v", err)
		}
	})
}

func TestEndlessPagesAreStopped(t *testing.T) {
	for name, test := range map[string]struct {
		token func(int) string
		chunk int
		most  int32
	}{
		"the same":          {func(int) string { return "again" }, 500, 2},
		"others":            {func(i int) string { return fmt.Sprint(i) }, 500, 2001},
		"in turn":           {func(i int) string { return fmt.Sprint(i % 2) }, 500, 2001},
		"of larger pages":   {func(i int) string { return fmt.Sprint(i) }, 10_000, 101},
		"without a request": {func(i int) string { return fmt.Sprint(i) }, 0, 2001},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, table(test.token(int(asked.Add(1))), []string{"Name"}))
			})
			_, err := get(t.Context(), client, query(func(q *view.Query) { q.ChunkSize = test.chunk }))
			if err == nil || err.Error() != "its list of pods has a next page without end" || reason.Of(err) != reason.Failed || asked.Load() != test.most {
				t.Errorf("after %d pages: %v", asked.Load(), err)
			}
		})
	}
}

func TestMoreThanAMillionObjects(t *testing.T) {
	rows := strings.TrimSuffix(strings.Repeat(`{"cells":[]},`, 100_000), ",")
	asked := 0
	client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		writeJSON(w, fmt.Sprintf(`{"kind":"Table","metadata":{"continue":"%d"},"columnDefinitions":[],"rows":[%s]}`, asked, rows))
	})
	got := 0
	err := view.Get(t.Context(), client, query(), func(page view.Page) error {
		got += len(page.Rows)
		return nil
	})
	if err == nil || err.Error() != "its list of pods has more than 1000000 objects" || got != 1_000_000 {
		t.Errorf("after %d objects: %v", got, err)
	}
}

// A server need not break a list into pages, but what it answers is handed over
// in parts, the first before the last has come.
func TestALongAnswerIsHandedOverInParts(t *testing.T) {
	first := make(chan struct{})
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"kind":"Table","columnDefinitions":[{"name":"A"}],"rows":[`, strings.Repeat(`{"cells":["a"]},`, 150))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-first:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, strings.Repeat(`{"cells":["`+strings.Repeat("x", 100<<10)+`"]},`, 5), `{"cells":["b"]}]}`)
	})
	var sizes []int
	err := view.Get(t.Context(), client, query(), func(page view.Page) error {
		if sizes = append(sizes, len(page.Rows)); len(sizes) == 1 {
			close(first)
		}
		return nil
	})
	if want := []int{100, 53, 3}; err != nil || !reflect.DeepEqual(sizes, want) {
		t.Errorf("the parts have %v rows, want %v (%v)", sizes, want, err)
	}
}

func TestErrorsOfTheServer(t *testing.T) {
	for name, test := range map[string]struct {
		answer object
		reason reason.Reason
	}{
		"forbidden": {status(http.StatusForbidden, "Forbidden", "no"), reason.Forbidden},
		"not found": {status(http.StatusNotFound, "NotFound", "no"), reason.NotFound},
		"invalid":   {status(http.StatusBadRequest, "BadRequest", "no"), reason.Invalid},
	} {
		for _, q := range []view.Query{query(), query(named("a")), query(in(view.Objects)), query(in(view.Names), named("a"))} {
			_, err := get(t.Context(), newMember(t, answer(test.answer)), q)
			if err == nil || err.Error() != "no" || reason.Of(err) != test.reason || reason.NotServed(err) {
				t.Errorf("%s: error is %v (%s)", name, err, reason.Of(err))
			}
		}
	}
}

func TestAConnectionThatBreaks(t *testing.T) {
	client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_ = json.NewEncoder(w).Encode(table("", []string{"Name"}, row("a")))
	})
	_, err := get(t.Context(), client, query())
	if err == nil || reason.Of(err) != reason.Unreachable {
		t.Errorf("error is %v (%s)", err, reason.Of(err))
	}
}

func TestEmitEndsIt(t *testing.T) {
	full := errors.New("the pipe is closed")
	client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, table(r.URL.Query().Get("continue")+"x", []string{"Name"}, row("a")))
	})
	emitted := 0
	err := view.Get(t.Context(), client, query(), func(view.Page) error {
		if emitted++; emitted == 3 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || emitted != 3 {
		t.Errorf("error after %d is %v", emitted, err)
	}
}
