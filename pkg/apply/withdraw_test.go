package apply_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	withdrawn = ": taken away again, because its source was refused"
	theirs    = "shop: " + sourceName + ": it is there already, and was not made by kubectl fleetapp; --force-conflicts takes it over"
)

// What was made to sync from a source that turns out to be somebody else's is
// taken away; what was there before stays as it was.
func TestASourceThatIsSomebodyElses(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		objects := wanted(t)
		objects[2].State = apply.State{UID: "d", Applied: "1999-12-31T00:00:00Z", Generation: 1}
		s.on("PATCH "+sourcePath, conflict(modified))
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("other", set(nil, "metadata", "annotations", plan.OwnerAnnotation))))
		s.on("PATCH "+webPath, answer(http.StatusCreated, applied("w", time.Now())))
		s.on("PATCH "+dbPath, answer(http.StatusOK, applied("d", time.Now())))
		s.on("PATCH "+webPath, answer(http.StatusOK, applied("w", time.Now()))) // suspended
		s.on("DELETE "+webPath, begins("w"))
		s.on("WATCH "+webPath, stream(event{kind: "DELETED", object: flux("w", deleting())}))
		results := s.Apply(t.Context(), objects)
		check(t, results, theirs+"\nweb: "+webName+withdrawn+"\ndb configured=d")
		checkReason(t, results[1], reason.Conflict)
		if !apply.NotMade(results[1].Err) {
			t.Error("it counts as one that may be there")
		}
	})
}

// Where it cannot be taken away, it counts as one that may be there.
func TestWhatCannotBeTakenAwayAgain(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+sourcePath, conflict(modified))
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("other", set(nil, "metadata", "annotations", plan.OwnerAnnotation))))
		s.on("PATCH "+webPath, answer(http.StatusCreated, applied("w", time.Now())))
		s.on("PATCH "+webPath, answer(http.StatusOK, applied("w", time.Now()))) // suspended
		s.on("DELETE "+webPath, refuse(http.StatusForbidden, "Forbidden", "not you", nil))
		result := s.Apply(t.Context(), wanted(t)[:2])[1]
		if result.Err == nil || !result.Made {
			t.Errorf("%+v", result)
		}
	})
}

// A field that another manager owns does not make a source somebody else's.
func TestASourceWithAFieldOfAnotherManager(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+sourcePath, refuse(http.StatusConflict, "Conflict", "conflict", object{
			"causes": []object{{"reason": "FieldManagerConflict", "field": ".spec.interval", "message": "conflict with \"kubectl-edit\""}},
		}))
		s.on("PATCH "+webPath, answer(http.StatusCreated, applied("w", time.Now())))
		if result := s.Apply(t.Context(), wanted(t)[:2])[1]; result.Err != nil || result.Action != apply.Created {
			t.Errorf("%s %v", result.Action, result.Err)
		}
	})
}
