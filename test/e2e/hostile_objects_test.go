package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// overTLS are servers with which no TLS can be spoken. They get the connection
// as it is.
func overTLS(stranger tls.Certificate) []behaviour {
	plain := func(what string, speak speech) behaviour {
		return behaviour{what: "TLS: " + what, fails: everywhere, speak: speak}
	}
	says := func(text string) speech {
		return func(connection net.Conn) {
			_, _ = io.WriteString(connection, text)
			_, _ = io.Copy(io.Discard, connection)
		}
	}
	with := func(config *tls.Config) speech {
		return func(connection net.Conn) {
			secure := tls.Server(connection, config)
			_ = secure.Handshake()
			_, _ = io.Copy(io.Discard, secure)
		}
	}
	return []behaviour{
		plain("silence", func(connection net.Conn) { _, _ = io.Copy(io.Discard, connection) }),
		plain("the end", func(net.Conn) {}),
		plain("HTTP", says("HTTP/1.1 400 Bad Request\r\n\r\n"+nasty)),
		plain("SSH", says("SSH-2.0-OpenSSH_9.9\r\n")),
		plain("garbage", says(nasty)),
		plain("an alert", says("\x15\x03\x01\x00\x02\x02\x28")),
		plain("a record beyond all", says("\x16\x03\x01\xff\xff"+strings.Repeat("x", 1<<16))),
		plain("a byte at a time", func(connection net.Conn) {
			forLong(func() error {
				time.Sleep(100 * time.Millisecond)
				_, err := io.WriteString(connection, "\x16")
				return err
			})
		}),
		plain("alerts without end", func(connection net.Conn) {
			forLong(func() error { _, err := io.WriteString(connection, "\x15\x03\x01\x00\x02\x01\x00"); return err })
		}),
		plain("a stranger's certificate", with(&tls.Config{Certificates: []tls.Certificate{stranger}})),
		plain("an old version", with(&tls.Config{Certificates: []tls.Certificate{stranger}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})),
		plain("no certificate", with(&tls.Config{})),
	}
}

// hoards are members whose objects have more in them than anyone looks at.
func hoards() []behaviour {
	flux := func(what string, change func(status map[string]any)) behaviour {
		return with("objects: "+what, nowhere, changed(func(key string, value any) any {
			if status, ok := value.(map[string]any); ok && key == "status" && status["inventory"] != nil {
				change(status)
			}
			return value
		}))
	}
	inventory := func(count int, id string) func(map[string]any) {
		return func(status map[string]any) {
			entries := make([]any, count)
			for i := range entries {
				entries[i] = object{"id": strings.ReplaceAll(id, "#", fmt.Sprint(i)), "v": "v1"}
			}
			status["inventory"] = object{"entries": entries}
		}
	}
	always := func(what string, metadata object) behaviour {
		return with("objects: "+what, nowhere, changed(func(key string, value any) any {
			if has, ok := value.(map[string]any); ok && key == "metadata" {
				for name, value := range metadata {
					has[name] = value
				}
			}
			return value
		}))
	}
	return []behaviour{
		flux("a large inventory", inventory(100_000, "x_web#_apps_Deployment")), flux("an inventory of kinds", inventory(20_000, "x_web_g#.io_K#")),
		flux("an inventory of paths", inventory(10, "../../..#_..%2f.._?x=y_#")), flux("a nasty inventory", inventory(10, nasty+"_"+nasty+"_"+nasty+"_#")),
		flux("many conditions", func(status map[string]any) { status["conditions"] = many(100_000, "c") }),
		flux("a large message", func(status map[string]any) {
			status["conditions"] = []any{object{"type": "Ready", "status": "False", "reason": nasty, "message": strings.Repeat(nasty, 20_000), "observedGeneration": 1}}
		}),
		flux("a nasty revision", func(status map[string]any) {
			status["lastAppliedRevision"], status["artifact"] = nasty, object{"revision": nasty}
		}),
		always("all on their way out", object{"deletionTimestamp": "2026-01-01T00:00:00Z"}), always("of another owner", object{"annotations": object{"fleetapp.kurator.dev/owner": strings.Repeat(quoted, 10_000)}}),
		always("of many managers", object{"managedFields": many(100_000, "m")}), always("of no UID", object{"uid": ""}), always("of a large UID", object{"uid": strings.Repeat("u", 1<<20)}),
		always("of many finalizers", object{"finalizers": many(100_000, "f"), "deletionTimestamp": "2026-01-01T00:00:00Z"}), always("of no generation", object{"generation": -1}), always("of many labels", object{"labels": labelled(50_000)}),
	}
}

func labelled(count int) object {
	all := object{}
	for i := range count {
		all[fmt.Sprint("l", i)] = nasty
	}
	return all
}
