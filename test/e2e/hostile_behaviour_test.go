package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// behaviour is one way in which a member misbehaves.
type behaviour struct {
	what string
	// serve answers a request, the decent answer to which is at hand, or speak
	// everything that comes, over a protocol.
	serve    func(w http.ResponseWriter, r *http.Request, decent *httptest.ResponseRecorder)
	speak    speech
	protocol string
	// fails are the commands in which it must be named with a reason, by how they
	// begin.
	fails []string
}

// Where a behaviour cannot pass for an answer.
var (
	everywhere = []string{""}
	inTables   = []string{"get pods --"}
	inLists    = []string{"get pods"}
	inWrites   = []string{"get", "deploy"}
	nowhere    []string
)

func (b behaviour) mustFail(command string) bool {
	for _, prefix := range b.fails {
		if strings.HasPrefix(command, prefix) {
			return true
		}
	}
	return false
}

// member is a member that behaves so.
func (b behaviour) member() http.Handler {
	is := &decent{objects: map[string]object{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") == "true" && !strings.HasPrefix(b.what, "watch: ") {
			is.ServeHTTP(w, r)
			return
		}
		recorder := httptest.NewRecorder()
		if r.URL.Query().Get("watch") != "true" {
			is.ServeHTTP(recorder, r)
		}
		b.serve(w, r, recorder)
	})
}

// with is a behaviour that does something else to the decent answer's body.
func with(what string, fails []string, change func([]byte) []byte) behaviour {
	return behaviour{what: what, fails: fails, serve: func(w http.ResponseWriter, _ *http.Request, decent *httptest.ResponseRecorder) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(decent.Code)
		_, _ = w.Write(change(decent.Body.Bytes()))
	}}
}

// text is one that answers the same to everything.
func text(what string, fails []string, code int, contentType, body string) behaviour {
	return behaviour{what: what, fails: fails, serve: func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}}
}

// header is a decent answer with more in its header.
func header(what string, fails []string, add func(http.Header)) behaviour {
	return behaviour{what: what, fails: fails, serve: func(w http.ResponseWriter, _ *http.Request, decent *httptest.ResponseRecorder) {
		w.Header().Set("Content-Type", "application/json")
		add(w.Header())
		w.WriteHeader(decent.Code)
		_, _ = w.Write(decent.Body.Bytes())
	}}
}

// endless goes on for as long as somebody listens, or for longer than that should
// be.
func endless(what, open, unit string, more ...string) behaviour {
	return behaviour{what: "endless: " + what, fails: everywhere, serve: func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) {
		w.Header().Set("Content-Type", "application/json")
		for _, encoding := range more {
			w.Header().Set("Content-Encoding", encoding)
		}
		out := body(w, more...)
		_, _ = out.Write([]byte(open))
		block := bytes.Repeat([]byte(unit), 8<<10/len(unit)+1) // 40 MB until it becomes slow
		forLong(func() error {
			_, err := out.Write(block)
			return cmp.Or(r.Context().Err(), err)
		})
	}}
}

// endlessly is endless with a status that is neither good nor an error.
func endlessly(status int) behaviour {
	all := endless(fmt.Sprintf("a text, with status %d", status), `{"kind":"`, "x")
	serve := all.serve
	all.serve = func(w http.ResponseWriter, r *http.Request, decent *httptest.ResponseRecorder) {
		w.WriteHeader(status)
		serve(w, r, decent)
	}
	return all
}

// slow answers what is decent in its own time.
func slow(what string, fails []string, serve func(w http.ResponseWriter, done <-chan struct{}, body []byte)) behaviour {
	return behaviour{what: "slow: " + what, fails: fails, serve: func(w http.ResponseWriter, r *http.Request, decent *httptest.ResponseRecorder) {
		w.Header().Set("Content-Type", "application/json")
		serve(w, r.Context().Done(), decent.Body.Bytes())
	}}
}

// changed replaces each value of a decent answer, as it is in its place.
func changed(change func(key string, value any) any) func([]byte) []byte {
	return func(body []byte) []byte {
		var is any
		if json.Unmarshal(body, &is) != nil {
			return body
		}
		out, err := json.Marshal(walk("", is, change))
		if err != nil {
			return body
		}
		return out
	}
}

func walk(key string, value any, change func(string, any) any) any {
	switch is := value.(type) {
	case map[string]any:
		for key, value := range is {
			is[key] = walk(key, value, change)
		}
	case []any:
		for i, value := range is {
			is[i] = walk(key, value, change)
		}
	}
	return change(key, value)
}

// worded is a decent member that says something else in the place of each text
// but those without which nothing would be read.
func worded(what, words string) behaviour {
	return with("words: "+what, nowhere, func(body []byte) []byte {
		out := changed(func(key string, value any) any {
			switch key {
			case "kind", "apiVersion", "type", "format", "status", "groupVersion", "version", "id", "v", "plural", "creationTimestamp", "lastTransitionTime", "resourceVersion":
				return value
			}
			if _, ok := value.(string); ok {
				return "WORDS"
			}
			return value
		})(body)
		return bytes.ReplaceAll(out, []byte("WORDS"), []byte(words))
	})
}

// each goes over the rows of a table, where there are.
func rowsOf(change func(table map[string]any)) func([]byte) []byte {
	return func(body []byte) []byte {
		var table map[string]any
		if json.Unmarshal(body, &table) != nil || table["kind"] != "Table" {
			return body
		}
		change(table)
		out, err := json.Marshal(table)
		if err != nil {
			return body
		}
		return out
	}
}
