package apply_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Where a member is asked what it serves, and where shop is in older versions.
const (
	sourceGroupPath = "/apis/source.toolkit.fluxcd.io"
	syncGroupPath   = "/apis/kustomize.toolkit.fluxcd.io"
	oldSourcePath   = "/apis/source.toolkit.fluxcd.io/v1beta2/namespaces/webapp/gitrepositories/shop"
	oldWebPath      = "/apis/kustomize.toolkit.fluxcd.io/v1beta2/namespaces/webapp/kustomizations/web"
	oldDBPath       = "/apis/kustomize.toolkit.fluxcd.io/v1beta2/namespaces/webapp/kustomizations/db"
)

// serves is a member's answer of what it serves of a group.
func serves(versions ...string) http.HandlerFunc {
	var all []object
	for _, version := range versions {
		all = append(all, object{"groupVersion": "a/" + version, "version": version})
	}
	return answer(http.StatusOK, object{"kind": "APIGroup", "apiVersion": "v1", "versions": all})
}

// versionsOf are the versions in which the objects were dealt with.
func versionsOf(results []apply.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Version)
	}
	return strings.Join(all, " ")
}

// in is an identity in another version.
func in(version string, id plan.Identity) plan.Identity {
	id.Version = version
	return id
}

func TestAMemberWithTodaysFluxIsAskedNothingMore(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		for _, path := range []string{sourcePath, webPath, dbPath} {
			s.on("PATCH "+path, answer(http.StatusCreated, applied("u", time.Now())))
		}
		results := s.Apply(t.Context(), wanted(t))
		check(t, results, "shop created=u\nweb created=u\ndb created=u")
		if got := versionsOf(results); got != "v1 v1 v1" || len(s.log) != 3 {
			t.Errorf("versions %s after %d requests", got, len(s.log))
		}
	})
}

// Each group is asked for once, though two objects are of one.
func TestAMemberWithAnOlderFlux(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+sourcePath, after(time.Second, plainNotFound))
		s.on("PATCH "+webPath, after(time.Second, plainNotFound))
		s.on("PATCH "+dbPath, after(time.Second, plainNotFound))
		s.on("GET "+sourceGroupPath, after(time.Second, serves("v1beta1", "v1beta2")))
		s.on("GET "+syncGroupPath, after(time.Second, serves("v1beta2")))
		s.on("PATCH "+oldSourcePath, after(time.Second, answer(http.StatusCreated, applied("s", time.Now()))))
		s.on("PATCH "+oldWebPath, after(time.Second, answer(http.StatusCreated, applied("w", time.Now()))))
		s.on("PATCH "+oldDBPath, after(time.Second, answer(http.StatusCreated, applied("d", time.Now()))))
		results := s.Apply(t.Context(), wanted(t))
		check(t, results, "shop created=s\nweb created=w\ndb created=d")
		if got := versionsOf(results); got != "v1beta2 v1beta2 v1beta2" {
			t.Errorf("versions %s", got)
		}
		if took := time.Since(s.began); took != 3*time.Second {
			t.Errorf("it took %v, want three round trips", took)
		}
		sent := s.requests("PATCH " + oldWebPath)[0].body
		if want := `{"apiVersion":"kustomize.toolkit.fluxcd.io/v1beta2","kind":"Kustomization","metadata":{"resourceVersion":"1",`; !strings.HasPrefix(string(sent), want) {
			t.Errorf("sent %s", sent)
		}
	})
}

// A member of Flux 2.2 serves v1 of the group, and this resource in v1beta2.
func TestAResourceThatIsOlderThanItsGroup(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, plainNotFound)
		s.on("GET "+syncGroupPath, serves("v1", "v1beta2"))
		s.on("PATCH "+oldWebPath, answer(http.StatusCreated, applied("w", time.Now())))
		check(t, s.Apply(t.Context(), web(t, apply.State{})), "web created=w")
	})
}

func TestAMemberThatServesNoVersionThatWeKnow(t *testing.T) {
	const none = "but no kustomizations in a version that kubectl fleetapp knows (v1, v1beta2); upgrade Flux there, or kubectl fleetapp here"
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf("v%d", i+2)
	}
	for name, test := range map[string]struct {
		group http.HandlerFunc
		older http.HandlerFunc
		text  string
		why   reason.Reason
	}{
		"no Flux":         {group: plainNotFound, text: "Flux is not installed (kustomize.toolkit.fluxcd.io is not served)", why: reason.NoFlux},
		"nothing":         {group: serves(), text: "Flux is not installed (kustomize.toolkit.fluxcd.io is not served)", why: reason.NoFlux},
		"too old":         {group: serves("v1alpha1", "v1beta1"), text: "it serves kustomize.toolkit.fluxcd.io in v1alpha1, v1beta1, " + none, why: reason.NoFlux},
		"not all of it":   {group: serves("v1", "v1beta2"), older: plainNotFound, text: "it serves kustomize.toolkit.fluxcd.io in v1, v1beta2, " + none, why: reason.NoFlux},
		"no versions":     {group: serves("../../..", "v2\x1b[31m", "v2"), text: "it serves kustomize.toolkit.fluxcd.io in v2, " + none, why: reason.NoFlux},
		"very many":       {group: serves(many...), text: "it serves kustomize.toolkit.fluxcd.io in v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, " + none, why: reason.NoFlux},
		"not to be asked": {group: refuse(http.StatusForbidden, "Forbidden", "forbidden", nil), text: "which versions of kustomize.toolkit.fluxcd.io it serves cannot be read: forbidden", why: reason.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("PATCH "+webPath, plainNotFound)
				s.on("GET "+syncGroupPath, test.group)
				if test.older != nil {
					s.on("PATCH "+oldWebPath, test.older)
				}
				results := s.Apply(t.Context(), web(t, apply.State{}))
				check(t, results, "web: "+test.text)
				checkReason(t, results[0], test.why)
				if !apply.NotMade(results[0].Err) {
					t.Error("it was surely not made")
				}
			})
		})
	}
}

// What the older version cannot say is not sent.
func TestAFieldThatTheOlderVersionDoesNotKnow(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, plainNotFound)
		s.on("GET "+syncGroupPath, serves("v1beta2"))
		results := s.Apply(t.Context(), planned(t, strings.Replace(shop, "path: ./web", "deletionPolicy: Orphan", 1))[1:2])
		check(t, results, "web: "+webName+": spec.deletionPolicy is not known in kustomize.toolkit.fluxcd.io/v1beta2, the newest version that this member serves; upgrade Flux there or leave the field out")
		checkReason(t, results[0], reason.Invalid)
		if !apply.NotMade(results[0].Err) {
			t.Error("it was surely not made")
		}
	})
}

// Releases of Flux differ within one version too.
func TestAFieldThatTheMembersFluxDoesNotKnow(t *testing.T) {
	const before = "failed to create typed patch object (webapp/web; kustomize.toolkit.fluxcd.io/v1, Kind=Kustomization): "
	for message, want := range map[string]string{
		before + ".spec.deletionPolicy: field not declared in schema":                                                                      "spec.deletionPolicy",
		before + "errors:\n  .spec.dependsOn[0].readyExpr: field not declared in schema\n  .spec.namePrefix: field not declared in schema": "spec.dependsOn[0].readyExpr, spec.namePrefix",
	} {
		withServer(t, func(t *testing.T, s *server) {
			s.on("PATCH "+webPath, refuse(http.StatusInternalServerError, "", message, nil))
			results := s.Apply(t.Context(), web(t, apply.State{}))
			check(t, results, "web: "+webName+": this member's Flux does not know "+want+" in kustomize.toolkit.fluxcd.io/v1; upgrade Flux there or leave the field out")
			checkReason(t, results[0], reason.Invalid)
		})
	}
}

// What keeps an apply from touching what is not ours, or is not the object that
// was meant, holds in every version.
func TestTheGuardsInAnOlderVersion(t *testing.T) {
	dying := applied("w", time.Now())
	deleting()(dying)
	owned := func(by any) http.HandlerFunc {
		return answer(http.StatusOK, flux("other", set(by, "metadata", "annotations", plan.OwnerAnnotation)))
	}
	for name, test := range map[string]struct {
		known  apply.State
		expect func(*server)
		want   string
		uids   []types.UID // in the older version's applies, in turn
	}{
		"known": {
			apply.State{UID: "w", Applied: "2000-01-01T00:00:00Z", Generation: 1},
			func(s *server) { s.on("PATCH "+oldWebPath, answer(http.StatusOK, applied("w", s.began))) },
			"web unchanged=w", []types.UID{"w"},
		},
		"somebody's": {
			apply.State{},
			func(s *server) {
				s.on("PATCH "+oldWebPath, conflict(modified))
				s.on("GET "+oldWebPath, owned(nil))
			},
			"web: " + webName + ": it is there already, and was not made by kubectl fleetapp; --force-conflicts takes it over", []types.UID{""},
		},
		"made anew": {
			apply.State{UID: "w"},
			func(s *server) {
				s.on("PATCH "+oldWebPath, immutable(), answer(http.StatusOK, applied("other", s.began)))
				s.on("GET "+oldWebPath, owned(owner().String()))
			},
			"web configured=other", []types.UID{"w", "other"},
		},
		"dying": {
			apply.State{UID: "w"},
			func(s *server) {
				s.on("PATCH "+oldWebPath, answer(http.StatusOK, dying), answer(http.StatusCreated, applied("new", s.began)))
				s.on("WATCH "+oldWebPath, goes(time.Second, "w"))
			},
			"web created=new", []types.UID{"w", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("PATCH "+webPath, plainNotFound)
				s.on("GET "+syncGroupPath, serves("v1beta2"))
				test.expect(s)
				check(t, s.Apply(t.Context(), web(t, test.known)), test.want)
				for i, sent := range s.requests("PATCH " + oldWebPath) {
					checkBody(t, sent.body, test.uids[i])
				}
			})
		})
	}
}

// A namespace is made, and the groups are not asked for again.
func TestAMissingNamespaceInAnOlderVersion(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, plainNotFound, plainNotFound)
		s.on("GET "+syncGroupPath, serves("v1beta2"))
		s.on("PATCH "+oldWebPath, noNamespace(), answer(http.StatusCreated, applied("w", time.Now())))
		s.on("POST "+namespacePath, answer(http.StatusCreated, object{"kind": "Namespace"}))
		check(t, s.Apply(t.Context(), web(t, apply.State{})), "web created=w")
	})
}

// The member's Flux may have been changed between two requests.
func TestAVersionThatIsServedNoMore(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, conflict(uidGone))
		s.on("GET "+webPath, plainNotFound)
		s.on("GET "+syncGroupPath, serves("v1beta2"))
		s.on("PATCH "+oldWebPath, answer(http.StatusOK, applied("w", s.began)))
		check(t, s.Apply(t.Context(), web(t, apply.State{UID: "w"})), "web configured=w")
	})
}

// Objects are recorded in the version that they were applied in; the member's
// Flux may be another one since.
func TestADeletionAfterFluxWasChanged(t *testing.T) {
	for name, test := range map[string]struct{ recorded, served, path, now string }{
		"upgraded":   {"v1beta2", "v1", oldWebPath, webPath},
		"downgraded": {"v1", "v1beta2", webPath, oldWebPath},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+test.path, plainNotFound)
				s.on("GET "+syncGroupPath, serves(test.served))
				s.on("GET "+test.now, answer(http.StatusOK, flux("w")))
				s.on("DELETE "+test.now, begins("w"))
				s.on("WATCH "+test.now, goes(time.Second, "w"))
				check(t, s.Delete(t.Context(), []plan.Identity{in(test.recorded, ids(t)[1])}), "web deleted=w")
			})
		})
	}
}

func TestADeletionAsksForAGroupOnce(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+webPath, plainNotFound)
		s.on("GET "+dbPath, plainNotFound)
		s.on("GET "+syncGroupPath, serves("v1beta2"))
		s.on("GET "+oldWebPath, notFound("kustomizations", "web"))
		s.on("GET "+oldDBPath, answer(http.StatusOK, flux("d", set("other", "metadata", "annotations", plan.OwnerAnnotation))))
		check(t, s.Delete(t.Context(), ids(t)[1:]), "web deleted\ndb released")
	})
}

// Flux may be upgraded while an object of its is on its way out.
func TestAVersionThatGoesWhileItsObjectDoes(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+webPath, answer(http.StatusOK, flux("w")), plainNotFound)
		s.on("DELETE "+webPath, begins("w"))
		s.on("WATCH "+webPath, plainNotFound)
		s.on("GET "+syncGroupPath, serves("v1beta2"))
		s.on("GET "+oldWebPath, answer(http.StatusOK, flux("w", deleting())))
		s.on("DELETE "+oldWebPath, begins("w"))
		s.on("WATCH "+oldWebPath, goes(time.Second, "w"))
		check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
	})
}

// An object is gone only where the member was asked in each version that it
// serves: what cannot be asked for is not forgotten.
func TestADeletionWhereNoVersionIsServed(t *testing.T) {
	for name, test := range map[string]struct {
		group http.HandlerFunc
		older http.HandlerFunc
		want  string
	}{
		"no Flux":          {group: plainNotFound, want: "web deleted"},
		"none of its kind": {group: serves("v1", "v1beta2"), older: plainNotFound, want: "web deleted"},
		"a future version": {group: serves("v2", "v1"), want: "web: it serves kustomize.toolkit.fluxcd.io in v2, v1, but no kustomizations in a version that kubectl fleetapp knows (v1, v1beta2); upgrade Flux there, or kubectl fleetapp here"},
		"no versions":      {group: serves(), want: "web: Flux is not installed (kustomize.toolkit.fluxcd.io is not served)"},
		"nobody knows":     {group: refuse(http.StatusForbidden, "Forbidden", "forbidden", nil), want: "web: which versions of kustomize.toolkit.fluxcd.io it serves cannot be read: forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+webPath, plainNotFound)
				s.on("GET "+syncGroupPath, test.group)
				if test.older != nil {
					s.on("GET "+oldWebPath, test.older)
				}
				check(t, s.Delete(t.Context(), ids(t)[1:2]), test.want)
			})
		})
	}
}

// What is not Flux's is served in one version by every API server.
func TestAMemberThatIsNoAPIServer(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		secret := plan.Identity{Version: "v1", Resource: "secrets", Kind: "Secret", Namespace: "webapp", Name: "keys"}
		s.on("GET /api/v1/namespaces/webapp/secrets/keys", plainNotFound)
		results := s.Delete(t.Context(), []plan.Identity{secret})
		check(t, results, "keys: secret/keys: it does not serve secrets: is it a Kubernetes API server?")
		checkReason(t, results[0], reason.NotFound)
	})
}
