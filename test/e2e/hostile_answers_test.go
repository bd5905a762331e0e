package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// nasty has what terminals act upon: an escape sequence, a bell, a backspace, a C1
// control, what reverses text, what is not seen, what breaks a line.
const nasty = "\x1b[31m\x1b]0;title\x07\x08\u009b2J\u202egnp.exe\u2066\u200b\ufeff\u2028\u2029\U000e0041\x7f\r\nkurator-member1 web 0/1 Hacked 9 1s\n\t"

// quoted is nasty within JSON.
const quoted = `\u001b[31m\u001b]0;title\u0007\b\u009b2J\u202egnp.exe\u2066\u200b\ufeff\u2028\u2029\udb40\udc41\u007f\r\nkurator-member1 web 0/1 Hacked 9 1s\n\t`

// body is where an answer is written, compressed where it is said to be.
func body(w http.ResponseWriter, encoding ...string) io.Writer {
	if len(encoding) > 0 && encoding[0] == "gzip" {
		out, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		return out
	}
	return w
}

// bodies are answers that do not end, or not well.
func bodies() []behaviour {
	const table = `{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":[{"name":"Name"}],"rows":[`
	all := []behaviour{
		endless("blanks", "", " "), endless("a text", `{"kind":"`, "x"), endless("lists", "", "["), endless("objects", "", `{"a":`),
		endless("numbers", "", "1"), endless("rows", table, `{"cells":["x"]},`), endless("keys", "{", `"k":1,`), endless("items", `{"kind":"PodList","items":[`, `{"metadata":{"name":"a"}},`),
		endless("conditions", `{"kind":"Kustomization","metadata":{"uid":"a"},"status":{"conditions":[`, `{"type":"Ready"},`), endless("resources", `{"kind":"APIResourceList","resources":[`, `{"name":"a"},`),
		endless("blanks, compressed", "", " ", "gzip"), endless("a text, compressed", `{"kind":"`, "x", "gzip"), endless("lists, compressed", "", "[", "gzip"),
		endless("rows, compressed", table, `{"cells":["x"]},`, "gzip"), endless("one row, compressed", table+`{"cells":["`, "x", "gzip"), endless("zeros, compressed", "", "\x00", "gzip"),
		endlessly(300), endlessly(306), endlessly(399),
		text("gzip that is none", everywhere, 200, "application/json", "x"),
		slow("nothing at all", everywhere, func(_ http.ResponseWriter, done <-chan struct{}, _ []byte) { <-done }),
		slow("a header", everywhere, func(w http.ResponseWriter, done <-chan struct{}, _ []byte) { _, _ = flushed{w}.Write(nil); <-done }),
		slow("half of it", everywhere, func(w http.ResponseWriter, done <-chan struct{}, body []byte) {
			_, _ = flushed{w}.Write(body[:len(body)/2])
			<-done
		}),
		slow("a byte at a time", everywhere, func(w http.ResponseWriter, done <-chan struct{}, body []byte) {
			drip(w, done, body, 200*time.Millisecond)
		}),
		slow("a blank at a time", everywhere, func(w http.ResponseWriter, done <-chan struct{}, body []byte) {
			drip(w, done, append(bytes.Repeat([]byte(" "), 1000), body...), 20*time.Millisecond)
		}),
		slow("a broken end", everywhere, func(w http.ResponseWriter, _ <-chan struct{}, body []byte) {
			_, _ = flushed{w}.Write(body[:len(body)/2])
			panic(http.ErrAbortHandler)
		}),
		slow("no answer", everywhere, func(http.ResponseWriter, <-chan struct{}, []byte) { panic(http.ErrAbortHandler) }),
	}
	for _, encoding := range []string{"gzip", "deflate", "br", "gzip, gzip", nasty[:4]} {
		all = append(all, header(fmt.Sprintf("said to be %q", encoding), nowhere, func(h http.Header) { h["Content-Encoding"] = []string{encoding} }))
	}
	return append(all, compressed("cut off", everywhere, func(data []byte) []byte { return data[:len(data)-9] }),
		compressed("twice", everywhere, squeeze),
		compressed("with something behind", nowhere, func(data []byte) []byte { return append(data, "garbage"...) }))
}

func squeeze(data []byte) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, _ = writer.Write(data)
	writer.Close()
	return out.Bytes()
}

func compressed(what string, fails []string, change func([]byte) []byte) behaviour {
	return behaviour{what: "compressed, " + what, fails: fails, serve: func(w http.ResponseWriter, _ *http.Request, decent *httptest.ResponseRecorder) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(decent.Code)
		_, _ = w.Write(change(squeeze(decent.Body.Bytes())))
	}}
}

func drip(w http.ResponseWriter, done <-chan struct{}, body []byte, pause time.Duration) {
	for i := range body {
		select {
		case <-done:
			return
		case <-time.After(pause):
			_, _ = flushed{w}.Write(body[i : i+1])
		}
	}
}

// shapesOf are answers that are not what was asked for.
func shapesOf() []behaviour {
	all := []behaviour{
		text("a page to log in", everywhere, 200, "text/html", "<html><title>Log in</title><script>"+nasty+"</script>"),
		with("broken: half of it", everywhere, func(body []byte) []byte { return body[:len(body)/2] }),
		with("broken: more behind", inLists, func(body []byte) []byte { return append(body, "garbage"...) }),
		with("broken: twice", inLists, func(body []byte) []byte { return append(body, body...) }),
		with("broken: a mark before", nowhere, func(body []byte) []byte { return append([]byte("\ufeff"), body...) }),
		with("broken: UTF-16", everywhere, func(body []byte) []byte { return []byte(utf16(string(body))) }),
		with("broken: nesting", everywhere, func([]byte) []byte { return []byte(strings.Repeat(`{"metadata":`, 200_000)) }),
		with("broken: nested well", inLists, func([]byte) []byte { return []byte(strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)) }),
		with("types: all numbers", nowhere, changed(func(_ string, value any) any { return number(value) })),
		with("types: all null", nowhere, changed(func(_ string, value any) any { return null(value) })),
		with("types: lists for objects", nowhere, changed(listed)),
		with("types: no bounds", nowhere, func(body []byte) []byte { return bytes.ReplaceAll(body, []byte(":1"), []byte(":1e99999")) }),
		with("types: keys twice", nowhere, func(body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(`"name":`), []byte(`"name":"`+quoted+`","name":`))
		}),
		with("table: too few cells", inTables, rowsOf(func(table map[string]any) { table["rows"] = []any{object{"cells": []any{"a"}}} })),
		with("table: too many cells", inTables, rowsOf(func(table map[string]any) { table["rows"] = []any{object{"cells": many(100_000, "c")}} })),
		with("table: no cells", inTables, rowsOf(func(table map[string]any) { table["rows"] = []any{nil, object{}, object{"cells": nil}} })),
		with("table: no columns", inTables, rowsOf(func(table map[string]any) { delete(table, "columnDefinitions") })),
		with("table: many columns", inTables, rowsOf(func(table map[string]any) { table["columnDefinitions"] = many(100_000, "c") })),
		with("table: columns that are large", nowhere, rowsOf(func(table map[string]any) {
			table["columnDefinitions"] = []any{object{"name": strings.Repeat("C", 1<<20)}}
			table["rows"] = []any{object{"cells": []any{strings.Repeat("c", 1<<20)}}}
		})),
		with("table: objects for cells", nowhere, rowsOf(func(table map[string]any) {
			table["rows"] = []any{object{"cells": []any{object{nasty: nasty}, []any{nasty}, nil, true, 1e300}}}
		})),
		with("table: rows that are a text", inTables, rowsOf(func(table map[string]any) { table["rows"] = nasty })),
		with("table: items in it", inTables, rowsOf(func(table map[string]any) { table["items"] = []any{object{}} })),
	}
	for _, body := range []string{"", "null", "[]", `"x"`, "123", "true", "{}", "NaN", "'x'", "{\"kind\":\"Table\",\"rows\":{}}", "\x00", "\xff\xfe", `{"kind":"Status","status":"Success"}`} {
		all = append(all, text(fmt.Sprintf("answers %.40q", body), inLists, 200, "application/json", body))
	}
	for _, contentType := range []string{"", "text/html", "text/plain; charset=utf-16", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor", "multipart/mixed; boundary=x", ";;;", nasty[:4], strings.Repeat("x", 60_000)} {
		all = append(all, header(fmt.Sprintf("type %.40q", contentType), nowhere, func(h http.Header) { h["Content-Type"] = []string{contentType} }))
	}
	return all
}

func number(value any) any {
	if _, ok := value.(string); ok {
		return 7
	}
	return value
}

func null(value any) any {
	switch value.(type) {
	case map[string]any, []any:
		return value
	}
	return nil
}

func listed(key string, value any) any {
	if _, ok := value.(map[string]any); ok && key != "" {
		return []any{value}
	}
	return value
}

// words are decent answers in which every text is another one.
func words() []behaviour {
	return []behaviour{
		worded("controls", quoted), worded("a megabyte", strings.Repeat("w", 1<<20)), worded("not UTF-8", "\xff\xfe\x80\xc0\xaf\xed\xa0\x80"),
		worded("a megabyte of controls", strings.Repeat(quoted, 1<<20/len(quoted))), worded("a format", "%s%n%d%!(EXTRA)"), worded("a path", "../../../../api/v1/secrets?x=y#z"),
		worded("a template", "{{.}}${HOME}$(id)`id`"), worded("wide", strings.Repeat("\uff37\u0301\U0001f469\u200d\U0001f680", 1000)), worded("nothing", ""), worded("blanks", "   \u3000\u00a0  "),
		worded("the other members' names", "kurator-member1"), worded("lone surrogates", `\ud800\udfff\ud800`), worded("YAML", "- &a !!binary |\\n  *a: ---\\n..."),
	}
}
