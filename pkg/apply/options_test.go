package apply_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// checkDry checks that every request that writes is a dry run.
func checkDry(t *testing.T, s *server, want int) {
	t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	writes := 0
	for _, r := range s.log {
		method, _, _ := strings.Cut(r.call, " ")
		switch method {
		case "GET":
			continue
		case "WATCH":
			t.Errorf("it waits: %s", r.call)
			continue
		}
		writes++
		var options struct{ DryRun []string }
		_ = json.Unmarshal(r.body, &options)
		inBody := len(options.DryRun) == 1 && options.DryRun[0] == "All"
		if r.query.Get("dryRun") != "All" && (method != http.MethodDelete || !inBody) {
			t.Errorf("%s %s with %v changes something: %s", method, r.call, r.query, r.body)
		}
	}
	if writes != want {
		t.Errorf("%d requests that write, want %d", writes, want)
	}
}

func TestADryRunOfAnApply(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.DryRun = true
		s.StillHeld = func(context.Context, ...plan.Identity) error { return nil }
		objects := wanted(t)
		objects[2].State = apply.State{UID: "d", Applied: "1999-12-31T00:00:00Z", Generation: 1}
		dying := applied("d", time.Now())
		deleting()(dying)
		// One that is there and ours, one that is not there, one that is going.
		s.on("PATCH "+sourcePath, conflict(modified), answer(http.StatusOK, applied("s", time.Now())))
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("s")))
		s.on("PATCH "+webPath, answer(http.StatusCreated, applied("w", time.Now())))
		s.on("PATCH "+dbPath, answer(http.StatusOK, dying))
		check(t, s.Apply(t.Context(), objects), "shop configured=s\nweb created=w\ndb created=d")
		checkDry(t, s, 4)
	})
}

// The namespace is tried, too, and counts as made.
func TestADryRunInAMissingNamespace(t *testing.T) {
	missing := func() http.HandlerFunc { return notFound("namespaces", "webapp") }
	for name, test := range map[string]struct {
		namespace http.HandlerFunc
		want      string
		why       reason.Reason
	}{
		"may be made":     {answer(http.StatusCreated, object{}), "shop created\nweb created", ""},
		"may not be made": {refuse(http.StatusForbidden, "Forbidden", "no", nil), "shop: make namespace \"webapp\": no\nweb: make namespace \"webapp\": no", reason.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.DryRun = true
				s.on("PATCH "+sourcePath, missing())
				s.on("PATCH "+webPath, missing())
				s.on("POST "+namespacePath, test.namespace)
				results := s.Apply(t.Context(), wanted(t)[:2])
				check(t, results, test.want)
				if test.why != "" {
					checkReason(t, results[0], test.why)
				}
				checkDry(t, s, 3)
			})
		})
	}
}

// What would sync from somebody else's source is not there to be taken away.
func TestADryRunOntoSomebodyElsesSource(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.DryRun = true
		s.on("PATCH "+sourcePath, conflict(modified))
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("other", set(nil, "metadata", "annotations"))))
		s.on("PATCH "+webPath, answer(http.StatusCreated, applied("w", time.Now())))
		check(t, s.Apply(t.Context(), wanted(t)[:2]), theirs+"\nweb created=w")
		checkDry(t, s, 2)
	})
}

func TestADryRunOfADeletion(t *testing.T) {
	for name, test := range map[string]struct {
		orphan, noWait bool
		writes         int
	}{
		"plain": {writes: 3}, "orphan": {orphan: true, writes: 5}, "not waited for": {noWait: true, writes: 3},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.DryRun, s.Orphan, s.NoWait = true, test.orphan, test.noWait
				for path, uid := range map[string]string{sourcePath: "s", webPath: "w", dbPath: "d"} {
					s.on("GET "+path, answer(http.StatusOK, flux(uid)))
					s.on("DELETE "+path, begins(uid))
				}
				if test.orphan {
					s.on("PATCH "+webPath, answer(http.StatusOK, object{}))
					s.on("PATCH "+dbPath, answer(http.StatusOK, object{}))
				}
				check(t, s.Delete(t.Context(), ids(t)), "web deleted=w\ndb deleted=d\nshop deleted=s")
				checkDry(t, s, test.writes)
			})
		})
	}
}

// What Flux applied stays where it is told to leave it before the deletion
// begins.
func TestOrphan(t *testing.T) {
	for name, suspended := range map[string]bool{"running": false, "suspended": true} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Orphan = true
				s.on("GET "+webPath, answer(http.StatusOK, flux("w", set(suspended, "spec", "suspend"))))
				s.on("PATCH "+webPath, after(time.Second, answer(http.StatusOK, object{})))
				s.on("DELETE "+webPath, begins("w"))
				// Its inventory comes late: nothing of it is swept.
				s.on("WATCH "+webPath, stream(event{time.Second, "DELETED", flux("w", deleting(),
					set([]object{{"id": "webapp_web_apps_Deployment", "v": "v1"}}, "status", "inventory", "entries"))}))
				s.on("GET "+sourcePath, answer(http.StatusOK, flux("s")))
				s.on("DELETE "+sourcePath, success())
				check(t, s.Delete(t.Context(), ids(t)[:2]), "web deleted=w\nshop deleted=s")
				sent := s.requests("PATCH " + webPath)[0]
				if string(sent.body) != `{"metadata":{"uid":"w"},"spec":{"suspend":true}}` || sent.query.Get("fieldManager") != owner().FieldManager() {
					t.Errorf("sent %s with %v", sent.body, sent.query)
				}
				if s.requests("DELETE " + webPath)[0].at != time.Second {
					t.Error("deleted before it was suspended")
				}
			})
		})
	}
}

func TestAnOrphanThatCannotBeSuspended(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"refused": {refuse(http.StatusForbidden, "Forbidden", "no", nil), "web: " + webName + ": no\nshop: kept until the objects that sync it are gone"},
		"another": {refuse(http.StatusConflict, "Conflict", "the UID is another", nil), "web: " + webName + ": the UID is another\nshop: kept until the objects that sync it are gone"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Orphan = true
				s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
				s.on("PATCH "+webPath, test.answer)
				check(t, s.Delete(t.Context(), ids(t)[:2]), test.want)
			})
		})
	}
	t.Run("gone by now", func(t *testing.T) {
		withServer(t, func(t *testing.T, s *server) {
			s.Orphan = true
			s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
			s.on("PATCH "+webPath, notFound("kustomizations", "web"))
			check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
		})
	})
}

func TestNoWait(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.NoWait = true
		s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
		s.on("DELETE "+webPath, begins("w"))
		s.on("GET "+dbPath, answer(http.StatusOK, flux("d")))
		s.on("DELETE "+dbPath, success())
		check(t, s.Delete(t.Context(), ids(t)), "web being deleted=w\ndb deleted=d\nshop kept")
	})
}

// A member that does not answer is told from a Flux that is slow.
func TestAnswer(t *testing.T) {
	for name, hangs := range map[string]string{"look": "GET ", "deletion": "DELETE "} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Answer = 3 * time.Second
				s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
				s.on("DELETE "+webPath, hang)
				if hangs == "GET " {
					s.answers = map[string][]http.HandlerFunc{"GET " + webPath: {hang}}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				result := s.Delete(ctx, ids(t)[1:2])[0]
				checkReason(t, result, reason.Timeout)
				if text := reason.Message(result.Err); !strings.Contains(text, "--member-timeout") {
					t.Errorf("message %q", text)
				}
				if took := time.Since(s.began); took != 3*time.Second {
					t.Errorf("it took %v", took)
				}
				if got := s.requests(hangs + webPath)[0].query.Get("timeout"); got != "3s" {
					t.Errorf("timeout=%s", got)
				}
			})
		})
	}
	t.Run("apply", func(t *testing.T) {
		withServer(t, func(t *testing.T, s *server) {
			s.Answer = 3 * time.Second
			s.on("PATCH "+webPath, hang)
			result := s.Apply(t.Context(), web(t, apply.State{}))[0]
			checkReason(t, result, reason.Timeout)
			if took := time.Since(s.began); took != 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	})
	// Waiting for Flux may take longer than any one answer.
	t.Run("waiting", func(t *testing.T) {
		withServer(t, func(t *testing.T, s *server) {
			s.Answer = 3 * time.Second
			s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
			s.on("DELETE "+webPath, begins("w"))
			s.on("WATCH "+webPath, goes(20*time.Second, "w"))
			check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
		})
	})
	// Which groups a member serves is an answer like any other.
	t.Run("discovery", func(t *testing.T) {
		withServer(t, func(t *testing.T, s *server) {
			s.Answer = 3 * time.Second
			s.on("GET "+webPath, plainNotFound)
			s.on("GET /apis/kustomize.toolkit.fluxcd.io", hang)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if result := s.Delete(ctx, ids(t)[1:2])[0]; result.Err == nil {
				t.Error("no error")
			}
			if took := time.Since(s.began); took != 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	})
}
