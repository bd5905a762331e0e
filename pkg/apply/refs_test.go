package apply_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	authPath   = "/api/v1/namespaces/webapp/secrets/auth"
	kubeSystem = "/api/v1/namespaces/kube-system"
)

// withAuth are the objects of shop, whose source needs a Secret: that, the
// source, web and db.
func withAuth(t *testing.T) []apply.Wanted {
	t.Helper()
	manifests, err := manifest.Parse("shop.yaml", []byte(strings.Replace(shop, "{interval: 3m,", "{interval: 3m, secretRef: {name: auth},", 1)))
	if err != nil {
		t.Fatal(err)
	}
	built, err := plan.Build(manifests[0].Application, owner(), func(*appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
		return []fleet.Member{{Name: "one", Kind: fleet.KindAttachedCluster}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := built.Copy(map[plan.Identity]*fleet.Content{built.Refs()[0].Identity: {Data: map[string]string{"k": "djE="}}}); err != nil {
		t.Fatal(err)
	}
	var all []apply.Wanted
	for _, object := range built.Members[0].Objects {
		all = append(all, apply.Wanted{Object: object})
	}
	return all
}

// auth is the Secret alone, after an earlier apply.
func auth(t *testing.T, before apply.State) []apply.Wanted {
	t.Helper()
	only := withAuth(t)[:1]
	only[0].State = before
	return only
}

// secret is what an apply of one answers: it has no generation.
func secret(uid, version string, at time.Time) object {
	made := applied(uid, at)
	set(version, "metadata", "resourceVersion")(made)
	set(0, "metadata", "generation")(made)
	return made
}

func TestWhatIsReferredToIsThereFirst(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+authPath, after(time.Second, answer(http.StatusCreated, secret("a", "1", time.Now()))))
		for _, path := range []string{sourcePath, webPath, dbPath} {
			s.on("PATCH "+path, answer(http.StatusCreated, applied("x", time.Now())))
		}
		check(t, s.Apply(t.Context(), withAuth(t)), "auth created=a\nshop created=x\nweb created=x\ndb created=x")
		if began := s.requests("PATCH " + sourcePath)[0].at; began != time.Second {
			t.Errorf("the source was applied after %v, want after the Secret", began)
		}
	})
}

func TestWhatIsReferredToAndCannotBeThereStopsNothing(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+authPath, refuse(http.StatusForbidden, "Forbidden", "forbidden", nil))
		for _, path := range []string{sourcePath, webPath, dbPath} {
			s.on("PATCH "+path, answer(http.StatusCreated, applied("x", time.Now())))
		}
		check(t, s.Apply(t.Context(), withAuth(t)), "auth: secret/auth: forbidden\nshop created=x\nweb created=x\ndb created=x")
	})
}

// A namespace is made once, for all that is applied.
func TestTheNamespaceIsMadeForWhatIsReferredTo(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+authPath, notFound("namespaces", "webapp"), answer(http.StatusCreated, secret("a", "1", time.Now())))
		s.on("POST "+namespacePath, answer(http.StatusCreated, object{}))
		for _, path := range []string{sourcePath, webPath, dbPath} {
			s.on("PATCH "+path, answer(http.StatusCreated, applied("x", time.Now())))
		}
		check(t, s.Apply(t.Context(), withAuth(t)), "auth created=a\nshop created=x\nweb created=x\ndb created=x")
	})
}

// A Secret has no generation that tells a change within one second from none.
func TestWhatAnApplyOfASecretDid(t *testing.T) {
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		before  time.Time // when it was changed last, as the inventory has it
		version string    // and the resourceVersion then, as a number
		want    string
	}{
		"nothing":                   {began, "7", "auth unchanged=a"},
		"a change":                  {began.Add(-time.Minute), "6", "auth configured=a"},
		"a change, the same second": {began, "6", "auth configured=a"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("PATCH "+authPath, answer(http.StatusOK, secret("a", test.version, test.before)), answer(http.StatusOK, secret("a", "7", began)))
				first := s.Apply(t.Context(), auth(t, apply.State{UID: "a"}))
				check(t, s.Apply(t.Context(), auth(t, first[0].State)), test.want)
			})
		})
	}
}

func TestASecretThatIsThereAlready(t *testing.T) {
	const another = "host/webapp/other"
	host := answer(http.StatusOK, object{"metadata": object{"uid": "host"}})
	member := answer(http.StatusOK, object{"metadata": object{"uid": "member"}})
	for name, test := range map[string]struct {
		force  bool
		owner  any
		where  http.HandlerFunc // nil where it makes no difference
		second bool             // a second apply
		want   string
	}{
		"ours":                  {owner: owner().String(), second: true, want: "auth configured=there"},
		"somebody's":            {where: member, want: "auth: secret/auth: it is there already, and was not made by kubectl fleetapp; --force-conflicts takes it over"},
		"another's":             {owner: another, where: member, want: "auth unchanged"}, // of the same host, and so of the same content
		"another host's":        {owner: "elsewhere/webapp/other", where: member, want: "auth: secret/auth: it belongs to application elsewhere/webapp/other; --force-conflicts takes it over"},
		"by force":              {force: true, where: member, second: true, want: "auth configured=there"},
		"the host's own":        {where: host, want: "auth unchanged"},
		"the host's, by force":  {force: true, where: host, want: "auth unchanged"},
		"nobody knows where":    {force: true, where: refuse(http.StatusForbidden, "Forbidden", "forbidden", nil), want: "auth: secret/auth: forbidden"},
		"another's on the host": {owner: another, where: host, want: "auth unchanged"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Force = test.force
				s.on("PATCH "+authPath, conflict(modified))
				s.on("GET "+authPath, answer(http.StatusOK, flux("there", set(test.owner, "metadata", "annotations", plan.OwnerAnnotation))))
				if test.where != nil {
					s.on("GET "+kubeSystem, test.where)
				}
				if test.second {
					s.on("PATCH "+authPath, answer(http.StatusOK, secret("there", "7", time.Now())))
				}
				check(t, s.Apply(t.Context(), auth(t, apply.State{})), test.want)
			})
		})
	}
}

func TestASecretThatCannotBeChanged(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+authPath, refuse(http.StatusUnprocessableEntity, "Invalid", "data: Forbidden: field is immutable when `immutable` is set", object{}))
		results := s.Apply(t.Context(), auth(t, apply.State{UID: "a"}))
		check(t, results, "auth: secret/auth: data: Forbidden: field is immutable when `immutable` is set; where it cannot be changed, delete it in the member and run the same again")
		checkReason(t, results[0], reason.Invalid)
	})
}

func TestWhatIsReferredToGoesLast(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.Orphan = true // which has a meaning for sync objects only
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("s")))
		s.on("DELETE "+sourcePath, begins("s"))
		s.on("WATCH "+sourcePath, goes(2*time.Second, "s"))
		s.on("GET "+authPath, answer(http.StatusOK, flux("a")))
		s.on("DELETE "+authPath, success())
		check(t, s.Delete(t.Context(), []plan.Identity{withAuth(t)[0].Identity, withAuth(t)[1].Identity}), "shop deleted=s\nauth deleted=a")
		checkDeletion(t, s, authPath, "a")
		if began := s.requests("GET " + authPath)[0].at; began != 2*time.Second {
			t.Errorf("the Secret was asked for after %v, want after the source is gone", began)
		}
	})
}

func TestWhatIsReferredToStaysWithTheSource(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+sourcePath, refuse(http.StatusForbidden, "Forbidden", "forbidden", nil))
		results := s.Delete(t.Context(), []plan.Identity{withAuth(t)[1].Identity, withAuth(t)[0].Identity})
		if len(results) != 2 || results[1].Name != "auth" || !errors.Is(results[1].Err, apply.ErrKept) {
			t.Errorf("got %+v", results)
		}
	})
}

// Credentials are not left where the application is not.
func TestASecretWhoseSourceIsSomebodyElses(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+authPath, answer(http.StatusCreated, secret("a", "1", time.Now())))
		s.on("PATCH "+sourcePath, conflict(modified))
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("other", set(nil, "metadata", "annotations", plan.OwnerAnnotation))))
		s.on("DELETE "+authPath, success())
		check(t, s.Apply(t.Context(), withAuth(t)[:2]), "auth: secret/auth"+withdrawn+"\n"+theirs)
		checkDeletion(t, s, authPath, "a")
	})
}
