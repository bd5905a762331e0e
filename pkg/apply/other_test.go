package apply_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	uidGone    = `Operation cannot be fulfilled on kustomizations.kustomize.toolkit.fluxcd.io "web": uid mismatch: the provided object specified uid w, and no existing object was found`
	uidIsOther = `Operation cannot be fulfilled on kustomizations.kustomize.toolkit.fluxcd.io "web": Precondition failed: UID in precondition: w, UID in object meta: other`
	modified   = `Operation cannot be fulfilled on kustomizations.kustomize.toolkit.fluxcd.io "web": the object has been modified; please apply your changes to the latest version and try again`
)

func conflict(message string) http.HandlerFunc {
	return refuse(http.StatusConflict, "Conflict", message, object{
		"name": "web", "group": "kustomize.toolkit.fluxcd.io", "kind": "kustomizations",
	})
}

// ownerConflict is how the API server says it where fields differ, too.
func ownerConflict() http.HandlerFunc {
	return refuse(http.StatusConflict, "Conflict", "conflict", object{"causes": []object{
		{"reason": "FieldManagerConflict", "field": ".metadata.annotations." + plan.OwnerAnnotation, "message": "conflict with \"kubectl-fleetapp-x\""},
		{"reason": "FieldManagerConflict", "field": ".spec.path", "message": "conflict with \"kubectl-fleetapp-x\""},
	}})
}

// immutable is how the API server says it of a custom resource.
func immutable() http.HandlerFunc {
	return refuse(http.StatusUnprocessableEntity, "Invalid", `Kustomization "web" is invalid: metadata.uid: Invalid value: "w": field is immutable`, object{
		"causes": []object{{"reason": "FieldValueInvalid", "field": "metadata.uid", "message": "field is immutable"}},
	})
}

// What stands where an object should is looked at before it is changed.
func TestAnObjectThatIsNotTheOneThatWasMeant(t *testing.T) {
	owned := func(by any) http.HandlerFunc {
		return answer(http.StatusOK, flux("other", set(by, "metadata", "annotations", plan.OwnerAnnotation)))
	}
	ours := owned(owner().String())
	gone := notFound("kustomizations", "web")
	for name, test := range map[string]struct {
		known         types.UID
		force         bool
		first, look   http.HandlerFunc
		second        http.HandlerFunc
		want          string
		uid           types.UID // that is sent the second time
		nothingIsSent bool
	}{
		"gone":                 {known: "w", first: conflict(uidGone), look: gone, second: answer(201, applied("new", time.Now())), want: "web created=new"},
		"made anew":            {known: "w", first: conflict(uidIsOther), look: ours, second: answer(200, applied("other", time.Now())), want: "web configured=other", uid: "other"},
		"made anew, as a CR":   {known: "w", first: immutable(), look: ours, second: answer(200, applied("other", time.Now())), want: "web configured=other", uid: "other"},
		"ours, not known":      {first: conflict(modified), look: ours, second: answer(200, applied("other", time.Now())), want: "web configured=other", uid: "other"},
		"somebody's":           {first: conflict(modified), look: owned(nil), want: "web: " + webName + ": it is there already, and was not made by kubectl fleetapp; --force-conflicts takes it over", nothingIsSent: true},
		"another's":            {known: "w", first: conflict(uidIsOther), look: owned("host/webapp/other"), want: "web: " + webName + ": it belongs to application webapp/other of this host; give yours another name (--force-conflicts takes it over)", nothingIsSent: true},
		"another host's":       {known: "w", first: conflict(uidIsOther), look: owned("elsewhere/webapp/other"), want: "web: " + webName + ": it belongs to application elsewhere/webapp/other; --force-conflicts takes it over", nothingIsSent: true},
		"another's, by fields": {first: ownerConflict(), look: owned("host/webapp/other"), want: "web: " + webName + ": it belongs to application webapp/other of this host; give yours another name (--force-conflicts takes it over)", nothingIsSent: true},
		"another's, by force":  {force: true, first: conflict(modified), look: owned("host/webapp/other"), second: answer(200, applied("other", time.Now())), want: "web configured=other", uid: "other"},
		"not to be looked at":  {known: "w", first: conflict(uidIsOther), look: refuse(http.StatusForbidden, "Forbidden", "forbidden", nil), want: "web: " + webName + ": forbidden", nothingIsSent: true},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Force = test.force
				s.on("PATCH "+webPath, test.first)
				s.on("GET "+webPath, test.look)
				if test.second != nil {
					s.on("PATCH "+webPath, test.second)
				}
				before := apply.State{UID: test.known, Applied: "1999-12-31T00:00:00Z", Generation: 1}
				check(t, s.Apply(t.Context(), web(t, before)), test.want)
				sent := s.requests("PATCH " + webPath)
				checkBody(t, sent[0].body, test.known)
				if len(sent) > 1 {
					checkBody(t, sent[1].body, test.uid)
				}
				if test.nothingIsSent != (len(sent) == 1) {
					t.Errorf("%d applies", len(sent))
				}
			})
		})
	}
}

// Who has lost the inventory meanwhile must not touch what another run makes.
// What is made anew is named, so that the inventory can say so first.
func TestARunThatHasLostTheInventoryGoesNoFurther(t *testing.T) {
	for name, test := range map[string]struct {
		is     http.HandlerFunc
		remade int
	}{"there is another": {answer(http.StatusOK, flux("v")), 0}, "there is none": {notFound("kustomizations", "web"), 1}} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				lost := errors.New("another run has changed it")
				s.StillHeld = func(_ context.Context, remade ...plan.Identity) error {
					if len(remade) != test.remade {
						t.Errorf("made anew are %v", remade)
					}
					return lost
				}
				s.on("PATCH "+webPath, conflict(uidGone))
				s.on("GET "+webPath, test.is)
				result := s.Apply(t.Context(), web(t, apply.State{UID: "w"}))[0]
				if !errors.Is(result.Err, lost) {
					t.Errorf("error %v", result.Err)
				}
			})
		})
	}
}

func TestAnObjectThatNeverStaysTheSame(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		for range 5 {
			s.on("PATCH "+webPath, conflict(uidIsOther))
			s.on("GET "+webPath, answer(http.StatusOK, flux("other")))
		}
		results := s.Apply(t.Context(), web(t, apply.State{UID: "w"}))
		check(t, results, "web: "+webName+": somebody else makes and deletes it meanwhile")
		checkReason(t, results[0], reason.Conflict)
	})
}
