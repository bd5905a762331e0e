package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"
)

// redirects lead away: to a server that we trust as well, to one without TLS, to
// where clouds keep credentials, to nowhere, and around.
func redirects(secure, plain string) []behaviour {
	var all []behaviour
	to := func(what string, code int, location ...string) {
		all = append(all, behaviour{what: "redirect: " + what, fails: everywhere, serve: func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
			if len(location) > 0 {
				w.Header()["Location"] = location
			}
			w.WriteHeader(code)
		}})
	}
	for _, code := range []int{301, 302, 303, 307, 308} {
		for what, location := range map[string]string{
			"another server": secure, "no TLS": "http://" + plain, "metadata": "http://169.254.169.254/latest/meta-data/", "metadata over TLS": "https://169.254.169.254/", "itself": "/api/v1/pods",
		} {
			to(fmt.Sprintf("%d to %s", code, what), code, location)
		}
		to(fmt.Sprintf("%d to nowhere", code), code)
	}
	for _, location := range []string{"//" + plain + "/x", "file:///etc/passwd", "javascript:alert(1)", nasty[:5], "https://" + nasty[:4] + "@" + plain, "?", strings.Repeat("x", 60_000), "http://[", secure + "#" + canary} {
		to(fmt.Sprintf("307 to %.20q", location), 307, location)
	}
	to("two places", 302, secure, "http://"+plain)
	for _, code := range []int{300, 304, 305, 306, 399} {
		to(fmt.Sprint(code), code, secure)
	}
	return all
}

// failures are errors, and what servers say in them.
func failures() []behaviour {
	var all []behaviour
	status := func(what string, fails []string, is object) {
		body, err := json.Marshal(is)
		if err != nil {
			panic(err) // it is ours
		}
		code, _ := is["code"].(int)
		all = append(all, text("error: "+what, fails, code, "application/json", string(body)))
	}
	for code, reason := range map[int]string{
		400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable", 409: "Conflict", 410: "Expired", 413: "RequestEntityTooLarge",
		415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout", 418: nasty, 599: canary[:6],
	} {
		status(fmt.Sprintf("%d, nasty", code), inWrites, statusOf(code, reason, nasty))
		status(fmt.Sprintf("%d, a megabyte", code), inWrites, statusOf(code, reason, strings.Repeat("m", 1_000_000)))
		status(fmt.Sprintf("%d, more than is read", code), inWrites, statusOf(code, reason, strings.Repeat("m", 1<<20)))
		all = append(all, text(fmt.Sprintf("error: %d, text", code), inWrites, code, "text/plain", nasty+strings.Repeat("t", 1<<20)))
	}
	many := make([]any, 50_000)
	for i := range many {
		many[i] = object{"reason": "FieldManagerConflict", "message": "conflict with \"" + nasty + "\"", "field": ".spec." + nasty}
	}
	for _, code := range []int{409, 422} {
		is := statusOf(code, map[int]string{409: "Conflict", 422: "Invalid"}[code], nasty)
		is["details"] = object{"name": nasty, "group": nasty, "kind": nasty, "causes": many, "retryAfterSeconds": 1 << 30}
		status(fmt.Sprintf("%d of many causes", code), inWrites, is)
	}
	missing := statusOf(404, "NotFound", nasty)
	missing["details"] = object{"kind": "namespaces", "name": nasty}
	status("a namespace that is never there", inWrites, missing)
	success := statusOf(200, "", nasty)
	status("a failure with 200", inLists, success)
	for _, after := range []string{"0", "1", "3600", "99999999999999999999", "-1", nasty[:4], "Fri, 31 Dec 9999 23:59:59 GMT"} {
		for _, code := range []int{429, 503} {
			all = append(all, behaviour{what: fmt.Sprintf("error: %d, retry after %.10q", code, after), fails: everywhere, serve: func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
				w.Header()["Retry-After"] = []string{after}
				w.WriteHeader(code)
			}})
		}
	}
	return all
}

// headers are decent answers with more than that.
func headers(elsewhere string) []behaviour {
	warnings := func(count int, text string) func(http.Header) {
		return func(h http.Header) {
			for range count {
				h.Add("Warning", `299 - "`+text+`"`)
			}
		}
	}
	return []behaviour{
		header("header: a warning", nowhere, warnings(1, "\u202e"+nasty[:4]+"[2J")), header("header: many warnings", nowhere, warnings(1000, "w")), header("header: a large warning", nowhere, warnings(1, strings.Repeat("w", 50_000))),
		header("header: larger than may be", everywhere, func(h http.Header) { h.Set("X", strings.Repeat("x", 200_000)) }),
		header("header: many", everywhere, func(h http.Header) {
			for i := range 20_000 {
				h.Set(fmt.Sprintf("X-%d", i), "x")
			}
		}),
		header("header: cookies", nowhere, func(h http.Header) { h["Set-Cookie"] = []string{"a=b; Domain=127.0.0.1", strings.Repeat("c", 10_000)} }),
		header("header: another service", nowhere, func(h http.Header) {
			h.Set("Alt-Svc", `h2="`+elsewhere+`"; ma=9999`)
			h.Set("Link", "<https://"+elsewhere+">; rel=preload")
			h.Set("Refresh", "0; url=https://"+elsewhere)
			h.Set("Content-Location", "https://"+elsewhere)
		}),
		header("header: a challenge", nowhere, func(h http.Header) { h.Set("WWW-Authenticate", `Negotiate, Bearer realm="https://`+elsewhere+`"`) }),
		header("header: trailers", nowhere, func(h http.Header) { h.Set("Trailer", "X-"+strings.Repeat("T", 1000)) }),
		{what: "header: hints without end", fails: everywhere, serve: func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) {
			w.Header().Set("Link", "<https://"+elsewhere+">; rel=preload")
			forLong(func() error {
				w.WriteHeader(http.StatusEarlyHints)
				return r.Context().Err()
			})
		}},
		{what: "header: to go on", fails: nowhere, serve: func(w http.ResponseWriter, _ *http.Request, decent *httptest.ResponseRecorder) {
			for range 3 {
				w.WriteHeader(http.StatusProcessing)
			}
			w.WriteHeader(decent.Code)
			_, _ = w.Write(decent.Body.Bytes())
		}},
		text("status 204", inLists, 204, "application/json", ""), text("status 205", inLists, 205, "application/json", ""), text("status 206", inLists, 206, "application/json", "{"), text("status 999", everywhere, 999, "application/json", "{}"),
	}
}

// pages are lists whose next page is always there, and watches that go wrong.
func pages() []behaviour {
	var count atomic.Int64
	next := func(what string, token func() string) behaviour {
		return with("pages: "+what, inLists, func(body []byte) []byte {
			var is map[string]any
			if json.Unmarshal(body, &is) != nil || is["rows"] == nil && is["items"] == nil {
				return body
			}
			is["metadata"] = object{"continue": token(), "resourceVersion": "8", "remainingItemCount": 1 << 60}
			out, _ := json.Marshal(is)
			return out
		})
	}
	watch := func(what string, events func(write func(string) bool)) behaviour {
		return behaviour{what: "watch: " + what, fails: nowhere, serve: func(w http.ResponseWriter, r *http.Request, decent *httptest.ResponseRecorder) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Query().Get("watch") != "true" {
				w.WriteHeader(decent.Code)
				_, _ = w.Write(decent.Body.Bytes())
				return
			}
			events(func(event string) bool {
				_, err := flushed{w}.Write([]byte(event))
				return err == nil && r.Context().Err() == nil
			})
		}}
	}
	const row = `{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"%d"},"columnDefinitions":[{"name":"Name"}],"rows":[{"cells":["%s"],"object":{"metadata":{"name":"a%d","uid":"u%d","resourceVersion":"%d"}}}]}}`
	return []behaviour{
		next("always another", func() string { return fmt.Sprint("token", count.Add(1)) }), next("the same", func() string { return "again" }), next("nasty", func() string { return nasty + fmt.Sprint(count.Add(1)) }),
		next("a megabyte", func() string { return fmt.Sprint(strings.Repeat("c", 1<<20), count.Add(1)) }),
		watch("ends at once", func(func(string) bool) {}), watch("broken", func(write func(string) bool) { write(`{"type":"ADDED","object":`) }), watch("nothing", func(write func(string) bool) { write(nasty) }),
		watch("expired", func(write func(string) bool) {
			write(`{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"` + quoted + `"}}`)
		}),
		watch("bookmarks without end", func(write func(string) bool) {
			for i := 9; write(fmt.Sprintf(`{"type":"BOOKMARK","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"%d"}}}`, i)); i++ {
				time.Sleep(time.Millisecond)
			}
		}),
		watch("one event without end", func(write func(string) bool) {
			write(`{"type":"`)
			for write(strings.Repeat("x", 64<<10)) {
			}
		}),
		watch("nasty rows", func(write func(string) bool) {
			for i := 9; i < 100 && write(fmt.Sprintf(row, i, quoted, i, i, i)); i++ {
				time.Sleep(time.Millisecond)
			}
		}),
	}
}
