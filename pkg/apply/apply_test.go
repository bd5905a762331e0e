package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

func TestObjectsAreAppliedSideBySide(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+sourcePath, after(3*time.Second, answer(http.StatusCreated, applied("s", time.Now()))))
		s.on("PATCH "+webPath, after(time.Second, answer(http.StatusCreated, applied("w", time.Now()))))
		s.on("PATCH "+dbPath, after(2*time.Second, answer(http.StatusCreated, applied("d", time.Now()))))
		check(t, s.Apply(t.Context(), wanted(t)), "shop created=s\nweb created=w\ndb created=d")
		if took := time.Since(s.began); took != 3*time.Second {
			t.Errorf("it took %v, want as long as the slowest alone", took)
		}
	})
}

func TestWhatAnApplySends(t *testing.T) {
	for name, test := range map[string]struct {
		force bool
		uid   types.UID
		want  map[string]string
	}{
		"at first": {want: map[string]string{"force": "false"}},
		"again":    {uid: "w", want: map[string]string{"force": "false"}},
		"by force": {force: true, want: map[string]string{"force": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Force = test.force
				s.on("PATCH "+webPath, answer(http.StatusOK, applied("w", time.Now())))
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				check(t, s.Apply(ctx, web(t, apply.State{UID: test.uid})), "web configured=w")
				sent := s.requests("PATCH " + webPath)[0]
				test.want["fieldManager"], test.want["fieldValidation"], test.want["timeout"] = owner().FieldManager(), "Strict", "30s"
				for param, want := range test.want {
					if got := sent.query.Get(param); got != want {
						t.Errorf("%s=%s, want %s", param, got, want)
					}
				}
				if len(sent.query) != len(test.want) {
					t.Errorf("sent %v", sent.query)
				}
				if got := sent.header.Get("Content-Type"); got != string(types.ApplyYAMLPatchType) {
					t.Errorf("content type %s", got)
				}
				if got := sent.header.Get("Accept"); got != "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" {
					t.Errorf("accepts %s", got)
				}
				checkBody(t, sent.body, test.uid)
			})
		})
	}
}

func checkBody(t *testing.T, body []byte, uid types.UID) {
	t.Helper()
	var sent struct {
		APIVersion, Kind string
		Metadata         struct {
			Name, Namespace string
			UID             types.UID
			ResourceVersion string
		}
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	if sent.Kind != "Kustomization" || sent.Metadata.Name != "web" || sent.Metadata.Namespace != "webapp" ||
		// Without a UID, a version that no object has keeps it from changing one.
		sent.Metadata.UID != uid || (sent.Metadata.ResourceVersion == "") != (uid != "") {
		t.Errorf("sent %+v", sent)
	}
}

// A server that works on a request longer than anybody waits carries it out
// when a later run may have done the opposite.
func TestTheServerWorksNoLongerThanSomebodyWaits(t *testing.T) {
	for _, deadline := range []time.Duration{30 * time.Second, 90 * time.Second, 1600 * time.Millisecond, 300 * time.Millisecond} {
		t.Run(deadline.String(), func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("PATCH "+webPath, answer(http.StatusOK, applied("w", time.Now())))
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				check(t, s.Apply(ctx, web(t, apply.State{})), "web configured=w")
				sent := s.requests("PATCH " + webPath)[0].query.Get("timeout")
				if timeout, err := time.ParseDuration(sent); err != nil || timeout <= 0 || timeout > deadline {
					t.Errorf("timeout=%s, want at most %v", sent, deadline)
				}
			})
		})
	}
}

func TestWhatAnApplyDid(t *testing.T) {
	// When the bubbles' clock begins, and when the object was last changed.
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	before := began.Add(-time.Hour)
	known := apply.State{UID: "w", Applied: before.Format(time.RFC3339), Generation: 1}
	now := apply.State{UID: "w", Applied: began.Format(time.RFC3339), Generation: 2}
	for name, test := range map[string]struct {
		known  apply.State
		status int
		at     time.Time
		want   string
	}{
		"made":                       {apply.State{}, http.StatusCreated, began, "created"},
		"made anew":                  {known, http.StatusCreated, before, "created"},
		"changed":                    {known, http.StatusOK, began, "configured"},
		"not changed":                {known, http.StatusOK, before, "unchanged"},
		"changed twice in a second":  {now, http.StatusOK, began, "configured"},
		"changed by others since":    {apply.State{UID: "w", Applied: known.Applied, Generation: 9}, http.StatusOK, before, "unchanged"},
		"a clock that is a bit fast": {apply.State{UID: "w", Applied: began.Add(2 * time.Second).Format(time.RFC3339), Generation: 2}, http.StatusOK, began.Add(2 * time.Second), "configured"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("PATCH "+webPath, answer(test.status, applied("w", test.at)))
				results := s.Apply(t.Context(), web(t, test.known))
				check(t, results, "web "+test.want+"=w")
				if want := (apply.State{UID: "w", Applied: test.at.Format(time.RFC3339), Generation: 1}); results[0].State != want {
					t.Errorf("state %+v, want %+v", results[0].State, want)
				}
			})
		})
	}
}

// An apply onto an object that is being deleted succeeds, and is lost with it.
func TestAnObjectThatIsBeingDeletedIsAppliedWhenItIsGone(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		dying := applied("w", time.Now())
		deleting()(dying)
		s.on("PATCH "+webPath, answer(http.StatusOK, dying), answer(http.StatusCreated, applied("new", time.Now())))
		s.on("WATCH "+webPath, stream(
			event{time.Second, "MODIFIED", flux("w", deleting(), resourceVersion("8"))},
			event{time.Second, "DELETED", flux("w", deleting(), resourceVersion("9"))},
			event{}))
		check(t, s.Apply(t.Context(), web(t, apply.State{UID: "w"})), "web created=new")
		watched := s.requests("WATCH " + webPath)[0].query
		if watched.Get("resourceVersion") != "7" || watched.Get("timeoutSeconds") == "" {
			t.Errorf("watched with %v", watched)
		}
		last := s.requests("PATCH " + webPath)[1]
		checkBody(t, last.body, "")
		if last.at != 2*time.Second {
			t.Errorf("applied again after %v, want as soon as it is gone", last.at)
		}
	})
}

func TestErrorsOfAnApply(t *testing.T) {
	fieldConflict := func(causes ...object) http.HandlerFunc {
		return refuse(http.StatusConflict, "Conflict", "Apply failed with some conflicts", object{"causes": causes})
	}
	owned := func(field string) object {
		return object{
			"reason": "FieldManagerConflict", "field": field,
			"message": `conflict with "kubectl-edit" using kustomize.toolkit.fluxcd.io/v1 at 2026-01-02T03:04:05Z`,
		}
	}
	const interval = webName + `: .spec.interval: conflict with "kubectl-edit" using kustomize.toolkit.fluxcd.io/v1 at 2026-01-02T03:04:05Z`
	forbidden := `kustomizations.kustomize.toolkit.fluxcd.io "web" is forbidden: unable to create new content in namespace webapp because it is being terminated`
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		text   string
		why    reason.Reason
	}{
		"a field of another":  {fieldConflict(owned(".spec.interval")), interval + "; --force-conflicts takes it over", reason.Conflict},
		"fields of others":    {fieldConflict(owned(".spec.interval"), owned(".spec.path"), owned(".spec.prune")), interval + ", and 2 more; --force-conflicts takes it over", reason.Conflict},
		"invalid":             {refuse(http.StatusUnprocessableEntity, "Invalid", `Kustomization "web" is invalid: spec.path: bad`, object{"causes": []object{{"reason": "FieldValueInvalid", "field": "spec.path", "message": "bad"}}}), webName + `: Kustomization "web" is invalid: spec.path: bad`, reason.Invalid},
		"a namespace's end":   {refuse(http.StatusForbidden, "Forbidden", forbidden, object{"causes": []object{{"reason": "NamespaceTerminating", "field": "metadata.namespace", "message": "namespace webapp is being terminated"}}}), webName + ": " + forbidden, reason.Forbidden},
		"who are you":         {refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized", nil), webName + ": Unauthorized", reason.Unauthorized},
		"the server's time":   {refuse(http.StatusGatewayTimeout, "Timeout", "Timeout: request did not complete within requested timeout - context deadline exceeded", object{}), webName + ": Timeout: request did not complete within requested timeout - context deadline exceeded", reason.Timeout},
		"no JSON":             {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, webName + ": invalid character '<' looking for beginning of value", reason.Failed},
		"an answer cut short": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, webName + `: Patch "http://member.test` + webPath + `?fieldManager=` + owner().FieldManager() + `&fieldValidation=Strict&force=false": EOF`, reason.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("PATCH "+webPath, test.answer)
				results := s.Apply(t.Context(), web(t, apply.State{}))
				check(t, results, "web: "+test.text)
				checkReason(t, results[0], test.why)
			})
		})
	}
}

// What an API server says of a second attempt is not what became of the first.
func TestAnApplyIsSentAgainOnlyWhereItWasTurnedAway(t *testing.T) {
	busy := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "2")
			http.Error(w, "try again later", code)
		}
	}
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, busy(http.StatusTooManyRequests), busy(http.StatusTooManyRequests), answer(http.StatusCreated, applied("w", time.Now())))
		check(t, s.Apply(t.Context(), web(t, apply.State{})), "web created=w")
		if took := time.Since(s.began); took != 4*time.Second {
			t.Errorf("it took %v, want what was asked for", took)
		}
	})
	for _, code := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		withServer(t, func(t *testing.T, s *server) {
			s.on("PATCH "+webPath, busy(code))
			if result := s.Apply(t.Context(), web(t, apply.State{}))[0]; result.Err == nil || apply.NotMade(result.Err) {
				t.Errorf("after %d: %v is taken for not made", code, result.Err)
			}
		})
	}
}

func TestAMemberThatNeverAnswers(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("PATCH "+webPath, hang)
		s.on("PATCH "+sourcePath, answer(http.StatusCreated, applied("s", time.Now())))
		s.on("PATCH "+dbPath, hang)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		results := s.Apply(ctx, wanted(t))
		if results[0].Action != apply.Created {
			t.Errorf("got\n%s", shape(results))
		}
		for _, late := range results[1:] {
			checkReason(t, late, reason.Timeout)
		}
		if took := time.Since(s.began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestNothingIsSentAfterTheEnd(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, result := range append(s.Apply(ctx, wanted(t)), s.Delete(ctx, ids(t)[1:])...) {
			if !errors.Is(result.Err, fanout.ErrNotAttempted) {
				t.Errorf("%s: %v", result.Identity, result.Err)
			}
		}
		if len(s.log) > 0 {
			t.Errorf("%d requests", len(s.log))
		}
	})
}

func TestAPanicIsOneObjectsError(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.panicAt = webPath
		s.on("PATCH "+sourcePath, answer(http.StatusCreated, applied("s", time.Now())))
		s.on("PATCH "+dbPath, answer(http.StatusCreated, applied("d", time.Now())))
		check(t, s.Apply(t.Context(), wanted(t)), "shop created=s\nweb: internal error, please report it: a string, at server_test.go:169\ndb created=d")
	})
}
