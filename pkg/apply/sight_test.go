package apply_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// What was seen meanwhile is deleted without another look, if it has not changed.
func TestWhatWasSeenIsDeletedAtOnce(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+webPath, answer(http.StatusOK, flux("w", resourceVersion("7"))))
		s.on("DELETE "+webPath, after(time.Second, begins("w")))
		s.on("WATCH "+webPath, goes(2*time.Second, "w"))
		on := s.Member
		on.Sights = on.Look(t.Context(), ids(t)[1:2])
		check(t, on.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
		if watched := s.requests("WATCH " + webPath)[0]; watched.at != 0 || watched.query.Get("resourceVersion") != "7" {
			t.Errorf("it was watched from %v on, as of version %s", watched.at, watched.query.Get("resourceVersion"))
		}
		if looks := len(s.requests("GET " + webPath)); looks != 1 {
			t.Errorf("it was looked at %d times", looks)
		}
		checkDeletion(t, s, webPath, "w")
		var sent struct {
			Preconditions struct{ ResourceVersion string }
		}
		if err := json.Unmarshal(s.requests("DELETE " + webPath)[0].body, &sent); err != nil || sent.Preconditions.ResourceVersion != "7" {
			t.Errorf("it is deleted as of version %q, %v", sent.Preconditions.ResourceVersion, err)
		}
	})
}

// What has changed since is looked at again: it may be somebody else's by now.
func TestWhatHasChangedSinceIsLookedAtAgain(t *testing.T) {
	changed := after(time.Second, refuse(http.StatusConflict, "Conflict", "the ResourceVersion in the precondition (7) does not match the ResourceVersion in record (8)", nil))
	for name, test := range map[string]struct {
		now     http.HandlerFunc
		deletes []http.HandlerFunc
		want    string
		uid     string
	}{
		"its status":  {answer(http.StatusOK, flux("w", resourceVersion("8"))), []http.HandlerFunc{changed, begins("w")}, "web deleted=w", "w"},
		"its owner":   {answer(http.StatusOK, flux("w", set("host/webapp/other", "metadata", "annotations", plan.OwnerAnnotation))), []http.HandlerFunc{changed}, "web released", ""},
		"it is gone":  {notFound("kustomizations", "web"), []http.HandlerFunc{changed}, "web deleted", ""},
		"another one": {answer(http.StatusOK, flux("x", resourceVersion("9"))), []http.HandlerFunc{changed, begins("x")}, "web deleted=x", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+webPath, answer(http.StatusOK, flux("w", resourceVersion("7"))), test.now)
				s.on("DELETE "+webPath, test.deletes...)
				s.on("WATCH "+webPath, hang) // it is given up
				if len(test.deletes) > 1 {
					s.on("WATCH "+webPath, stream(event{0, "DELETED", flux(test.uid, deleting(), resourceVersion("9"))}))
				}
				on := s.Member
				on.Sights = on.Look(t.Context(), ids(t)[1:2])
				check(t, on.Delete(t.Context(), ids(t)[1:2]), test.want)
			})
		})
	}
}

// What is not as usual is not seen: Delete looks at it by itself.
func TestWhatIsNotUsualIsNotSeen(t *testing.T) {
	for name, found := range map[string]http.HandlerFunc{
		"another's":    answer(http.StatusOK, flux("w", set("host/webapp/other", "metadata", "annotations", plan.OwnerAnnotation))),
		"suspended":    answer(http.StatusOK, flux("w", set(true, "spec", "suspend"))),
		"on its way":   answer(http.StatusOK, flux("w", deleting())),
		"gone":         notFound("kustomizations", "web"),
		"forbidden":    refuse(http.StatusForbidden, "Forbidden", "forbidden", nil),
		"a long story": answer(http.StatusOK, flux("w", resourceVersion(string(make([]byte, 1000))))),
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+webPath, found)
				if sights := s.Look(t.Context(), ids(t)[1:2]); len(sights) > 0 {
					t.Errorf("%v was seen", sights)
				}
			})
		})
	}
}

// A create of what was never seen may still come: that takes a look of its own.
func TestWhatMayComeLateIsNotDeletedAsItWasSeen(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		found, gone := answer(http.StatusOK, flux("w", resourceVersion("7"))), notFound("kustomizations", "web")
		s.on("GET "+webPath, found, found, gone, gone, gone, gone, gone)
		s.on("DELETE "+webPath, begins("w"))
		s.on("WATCH "+webPath, goes(0, "w"))
		on := s.Member
		on.Unsure = ids(t)[1:2]
		on.Sights = on.Look(t.Context(), ids(t)[1:2])
		check(t, on.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
	})
}
