package apply_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

func noNamespace() http.HandlerFunc { return notFound("namespaces", "webapp") }

func TestAMissingNamespaceIsMadeOnce(t *testing.T) {
	for name, made := range map[string]http.HandlerFunc{
		"missing": answer(http.StatusCreated, object{"kind": "Namespace"}),
		// Another run was faster.
		"made meanwhile": refuse(http.StatusConflict, "AlreadyExists", `namespaces "webapp" already exists`, object{"name": "webapp", "kind": "namespaces"}),
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("PATCH "+sourcePath, noNamespace(), answer(http.StatusCreated, applied("s", time.Now())))
				s.on("PATCH "+webPath, answer(http.StatusOK, applied("w", time.Now())))
				s.on("PATCH "+dbPath, noNamespace(), answer(http.StatusCreated, applied("d", time.Now())))
				s.on("POST "+namespacePath, made)
				check(t, s.Apply(t.Context(), wanted(t)), "shop created=s\nweb configured=w\ndb created=d")
				sent := s.requests("POST " + namespacePath)[0]
				var body struct {
					Kind     string
					Metadata struct{ Name string }
				}
				if err := json.Unmarshal(sent.body, &body); err != nil || body.Kind != "Namespace" || body.Metadata.Name != "webapp" {
					t.Errorf("sent %s", sent.body)
				}
				if sent.query.Get("fieldManager") != owner().FieldManager() {
					t.Errorf("sent %v", sent.query)
				}
			})
		})
	}
}

func TestANamespaceThatMayNotBeMade(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+sourcePath, noNamespace())
		s.on("PATCH "+webPath, noNamespace())
		s.on("PATCH "+dbPath, noNamespace())
		const why = `namespaces is forbidden: User "ana" cannot create resource "namespaces" in API group "" at the cluster scope`
		s.on("POST "+namespacePath, refuse(http.StatusForbidden, "Forbidden", why, object{"kind": "namespaces"}))
		results := s.Apply(t.Context(), wanted(t))
		const text = `make namespace "webapp": ` + why
		check(t, results, "shop: "+text+"\nweb: "+text+"\ndb: "+text)
		checkReason(t, results[0], reason.Forbidden)
	})
}

// The server looks at the UID before it looks at the namespace.
func TestANamespaceThatWentWithItsObjects(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, conflict(uidGone), noNamespace(), conflict(uidGone), answer(http.StatusCreated, applied("new", time.Now())))
		s.on("GET "+webPath, notFound("kustomizations", "web"), notFound("kustomizations", "web"))
		s.on("POST "+namespacePath, answer(http.StatusCreated, object{"kind": "Namespace"}))
		check(t, s.Apply(t.Context(), web(t, apply.State{UID: "w"})), "web created=new")
	})
}

// A namespace that does not stay is an error, not a reason to go on for ever.
func TestANamespaceIsMadeOnlyOnce(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, noNamespace(), noNamespace())
		s.on("POST "+namespacePath, answer(http.StatusCreated, object{"kind": "Namespace"}))
		results := s.Apply(t.Context(), web(t, apply.State{}))
		check(t, results, `web: namespaces "webapp" not found`)
		checkReason(t, results[0], reason.NotFound)
	})
}
