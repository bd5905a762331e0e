package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// success is the answer to the deletion of an object without finalizers.
func success() http.HandlerFunc {
	return answer(http.StatusOK, object{"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Success"})
}

// begins is the answer to the deletion of one that has some.
func begins(uid string, change ...func(object)) http.HandlerFunc {
	return answer(http.StatusOK, flux(uid, append(change, deleting(), resourceVersion("8"))...))
}

// goes is a watch that sees it go.
func goes(after time.Duration, uid string) http.HandlerFunc {
	return stream(event{after, "DELETED", flux(uid, deleting(), resourceVersion("9"))})
}

func TestSyncObjectsAreGoneBeforeTheSourceIsTouched(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
		s.on("GET "+dbPath, answer(http.StatusOK, flux("d")))
		s.on("DELETE "+webPath, begins("w"))
		s.on("DELETE "+dbPath, begins("d"))
		s.on("WATCH "+webPath, goes(2*time.Second, "w"))
		s.on("WATCH "+dbPath, goes(3*time.Second, "d"))
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("s")))
		s.on("DELETE "+sourcePath, success())
		check(t, s.Delete(t.Context(), ids(t)), "web deleted=w\ndb deleted=d\nshop deleted=s")
		if began := s.requests("GET " + sourcePath)[0].at; began != 3*time.Second {
			t.Errorf("the source was asked for after %v, want after both sync objects are gone", began)
		}
	})
}

func TestWhatADeletionSends(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
		s.on("DELETE "+webPath, begins("w"))
		s.on("WATCH "+webPath, goes(0, "w"))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		check(t, s.Delete(ctx, ids(t)[1:2]), "web deleted=w")
		checkDeletion(t, s, webPath, "w")
		if got := s.requests("DELETE " + webPath)[0].query.Get("timeout"); got != "30s" {
			t.Errorf("timeout=%s", got)
		}
		if got := s.requests("WATCH " + webPath)[0].query.Get("resourceVersion"); got != "8" {
			t.Errorf("watched from %s, want from when the deletion began", got)
		}
	})
}

// checkDeletion looks at what was sent to delete an object.
func checkDeletion(t *testing.T, s *server, path, uid string) {
	t.Helper()
	var sent struct {
		Kind, PropagationPolicy string
		Preconditions           struct{ UID string }
	}
	body := s.requests("DELETE " + path)[0].body
	if err := json.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	if sent.Kind != "DeleteOptions" || sent.PropagationPolicy != "Background" || sent.Preconditions.UID != uid {
		t.Errorf("sent %s", body)
	}
}

func TestWhatIsNotDeleted(t *testing.T) {
	const suspended = webName + " is suspended: deleted now, it would leave its workloads behind; resume it first, or leave them on purpose with delete --cascade=orphan"
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
		why    reason.Reason
	}{
		"gone":             {notFound("kustomizations", "web"), "web deleted", ""},
		"another's":        {answer(http.StatusOK, flux("w", set("host/webapp/other", "metadata", "annotations", plan.OwnerAnnotation))), "web released", ""},
		"another host's":   {answer(http.StatusOK, flux("w", set("other/webapp/shop", "metadata", "annotations", plan.OwnerAnnotation))), "web released", ""},
		"nobody's":         {answer(http.StatusOK, flux("w", set(nil, "metadata", "annotations"))), "web released", ""},
		"suspended":        {answer(http.StatusOK, flux("w", set(true, "spec", "suspend"))), "web: " + suspended, reason.Failed},
		"not to be read":   {refuse(http.StatusForbidden, "Forbidden", "forbidden", nil), "web: " + webName + ": forbidden", reason.Forbidden},
		"suspended anyhow": {answer(http.StatusOK, flux("w", set(true, "spec", "suspend"), set("other", "metadata", "annotations", plan.OwnerAnnotation))), "web released", ""},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+webPath, test.answer)
				results := s.Delete(t.Context(), ids(t)[1:2])
				check(t, results, test.want)
				if test.why != "" {
					checkReason(t, results[0], test.why)
				}
			})
		})
	}
}

// A suspended source is deleted: it has no workloads of its own.
func TestASuspendedSource(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("s", set(true, "spec", "suspend"))))
		s.on("DELETE "+sourcePath, success())
		check(t, s.Delete(t.Context(), ids(t)[:1]), "shop deleted=s")
	})
}

func TestAFailedSyncObjectKeepsTheSource(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
		s.on("DELETE "+webPath, refuse(http.StatusForbidden, "Forbidden", "forbidden", nil))
		s.on("GET "+dbPath, notFound("kustomizations", "db"))
		results := s.Delete(t.Context(), ids(t))
		check(t, results, "web: "+webName+": forbidden\ndb deleted\nshop: kept until the objects that sync it are gone")
		if !errors.Is(results[2].Err, apply.ErrKept) {
			t.Errorf("error %v", results[2].Err)
		}
	})
}

// breaks is a watch whose connection does.
func breaks(w http.ResponseWriter, _ *http.Request) {
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestHowADeletionEnds(t *testing.T) {
	again := flux("w", deleting(), resourceVersion("20"))
	expired := object{"kind": "Status", "status": "Failure", "reason": "Expired", "code": http.StatusGone, "message": "too old resource version: 8 (20)"}
	forbidden := refuse(http.StatusForbidden, "Forbidden", "kustomizations is forbidden: User \"ana\" cannot watch", nil)
	for name, test := range map[string]struct {
		delete      http.HandlerFunc
		watch, look []http.HandlerFunc
		want        string
		took        time.Duration
	}{
		"at once":           {delete: success()},
		"by somebody else":  {delete: notFound("kustomizations", "web")},
		"seen":              {delete: begins("w"), watch: []http.HandlerFunc{goes(20*time.Second, "w")}, took: 20 * time.Second},
		"no watch":          {delete: begins("w"), watch: []http.HandlerFunc{forbidden, forbidden, forbidden}, look: []http.HandlerFunc{answer(200, again), answer(200, again), notFound("kustomizations", "web")}, took: 3 * time.Second},
		"a watch broken":    {delete: begins("w"), watch: []http.HandlerFunc{stream(event{20 * time.Second, "MODIFIED", again}), goes(0, "w")}, look: []http.HandlerFunc{answer(200, again)}, took: 21 * time.Second},
		"a dead watch":      {delete: begins("w"), watch: []http.HandlerFunc{stream(event{}), goes(0, "w")}, look: []http.HandlerFunc{answer(200, again)}, took: 31 * time.Second},
		"a watch cut short": {delete: begins("w"), watch: []http.HandlerFunc{breaks}, look: []http.HandlerFunc{notFound("kustomizations", "web")}, took: time.Second},
		"too old":           {delete: begins("w"), watch: []http.HandlerFunc{stream(event{0, "ERROR", expired}, event{}), goes(0, "w")}, look: []http.HandlerFunc{answer(200, again)}, took: time.Second},
		"no JSON":           {delete: begins("w"), watch: []http.HandlerFunc{answer(200, "x")}, look: []http.HandlerFunc{notFound("kustomizations", "web")}, took: time.Second},
		"another watched":   {delete: begins("w"), watch: []http.HandlerFunc{stream(event{time.Second, "ADDED", flux("other")}, event{})}, took: time.Second},
		"another looked at": {delete: begins("w"), watch: []http.HandlerFunc{stream()}, look: []http.HandlerFunc{answer(200, flux("other"))}, took: time.Second},
		"another before":    {delete: conflict(uidIsOther), want: "web: " + webName + ": " + uidIsOther},
		"an answer lost":    {delete: begins("w"), watch: []http.HandlerFunc{stream()}, look: []http.HandlerFunc{refuse(http.StatusForbidden, "Forbidden", "forbidden", nil)}, want: "web: " + webName + ": forbidden", took: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+webPath, append([]http.HandlerFunc{answer(http.StatusOK, flux("w"))}, test.look...)...)
				s.on("DELETE "+webPath, test.delete)
				s.on("WATCH "+webPath, test.watch...)
				if test.want == "" {
					test.want = "web deleted=w"
				}
				check(t, s.Delete(t.Context(), ids(t)[1:2]), test.want)
				if took := time.Since(s.began); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				if watches := s.requests("WATCH " + webPath); len(watches) > 1 && watches[1].query.Get("resourceVersion") != "20" && name != "no watch" {
					t.Errorf("watched again from %s", watches[1].query.Get("resourceVersion"))
				}
			})
		})
	}
}

// Where nothing runs that would finalise it, the error says so.
func TestADeletionThatDoesNotEnd(t *testing.T) {
	const text = "it is being deleted, but has finalizers left when the time was over (--timeout): does Flux's controller run in the member?"
	look := func() http.HandlerFunc { return answer(http.StatusOK, flux("w", deleting())) }
	for name, test := range map[string]struct{ watch, look []http.HandlerFunc }{
		"watched":   {watch: []http.HandlerFunc{stream(event{})}},
		"looked at": {watch: []http.HandlerFunc{plainNotFound, plainNotFound, plainNotFound}, look: []http.HandlerFunc{look(), look()}},
		"no answer": {watch: []http.HandlerFunc{plainNotFound}, look: []http.HandlerFunc{hang}},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+webPath, append([]http.HandlerFunc{answer(http.StatusOK, flux("w"))}, test.look...)...)
				s.on("DELETE "+webPath, begins("w"))
				s.on("WATCH "+webPath, test.watch...)
				ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
				defer cancel()
				results := s.Delete(ctx, ids(t)[:2])
				check(t, results, "web: "+webName+": "+text+"\nshop: kept until the objects that sync it are gone")
				checkReason(t, results[0], reason.Timeout)
				if got := reason.Message(results[0].Err); got != webName+": "+text {
					t.Errorf("message %q", got)
				}
				if took := time.Since(s.began); took != 2500*time.Millisecond {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// Who interrupts a run has not waited too long.
func TestADeletionThatIsInterrupted(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.on("GET "+webPath, answer(http.StatusOK, flux("w")))
		s.on("DELETE "+webPath, begins("w"))
		s.on("WATCH "+webPath, stream(event{}))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		result := s.Delete(ctx, ids(t)[1:2])[0]
		if !errors.Is(result.Err, context.Canceled) || reason.Of(result.Err) == reason.Timeout {
			t.Errorf("%s: %v", reason.Of(result.Err), result.Err)
		}
	})
}

// What was never seen may still be under way: it is looked for again.
func TestACreateThatComesLate(t *testing.T) {
	gone := notFound("kustomizations", "web")
	is := answer(http.StatusOK, flux("w"))
	for name, test := range map[string]struct {
		looks     []http.HandlerFunc
		deletions int
		want      string
		took      time.Duration
	}{
		"it comes":         {[]http.HandlerFunc{gone, gone, is, gone, gone, gone, gone, gone}, 1, "web deleted=w", 7 * time.Second},
		"it does not":      {[]http.HandlerFunc{gone, gone, gone, gone, gone, gone}, 0, "web deleted", 5 * time.Second},
		"another one does": {[]http.HandlerFunc{is, gone, answer(http.StatusOK, flux("v"))}, 2, "web deleted=v", 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Unsure = ids(t)[1:2]
				s.on("GET "+webPath, test.looks...)
				for range test.deletions {
					s.on("DELETE "+webPath, success())
				}
				check(t, s.Delete(t.Context(), ids(t)[1:2]), test.want)
				if took := time.Since(s.began); took != test.took {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// Only a deletion that the member speaks of, of that very object, ends it.
func TestAWatchThatSaysNothing(t *testing.T) {
	for name, e := range map[string]event{
		"no object": {kind: "DELETED", object: object{}},
		"bookmark":  {kind: "BOOKMARK", object: object{"metadata": object{"resourceVersion": "9"}}},
		"no type":   {kind: "other", object: flux("x")},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.on("GET "+webPath, answer(http.StatusOK, flux("w")), notFound("kustomizations", "web"))
				s.on("DELETE "+webPath, begins("w"))
				s.on("WATCH "+webPath, stream(e))
				check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
			})
		})
	}
}

// A delete that was stopped may have left an object suspended that is wanted.
func TestWhatWasLetGoIsWantedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		manager string
		resumes bool
	}{"by us": {owner().FieldManager(), true}, "by the user": {"kubectl-edit", false}} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				body := applied("w", time.Now())
				metadata, _ := body["metadata"].(object)
				metadata["managedFields"] = []object{{
					"manager": test.manager, "operation": "Update", "fieldsType": "FieldsV1",
					"fieldsV1": object{"f:spec": object{"f:suspend": object{}}},
				}}
				s.on("PATCH "+webPath, answer(http.StatusOK, body))
				if test.resumes {
					s.on("PATCH "+webPath, answer(http.StatusOK, applied("w", time.Now())))
				}
				if result := s.Apply(t.Context(), web(t, apply.State{UID: "w"}))[0]; result.Err != nil {
					t.Error(result.Err)
				}
				sent := s.requests("PATCH " + webPath)
				if last := string(sent[len(sent)-1].body); test.resumes != (last == `{"metadata":{"uid":"w"},"spec":{"suspend":null}}`) {
					t.Errorf("the last was %s", last)
				}
			})
		})
	}
}
