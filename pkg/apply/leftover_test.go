package apply_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// entry is one of status.inventory.entries.
func entry(id, version string) object { return object{"id": id, "v": version} }

func inventory(entries ...object) func(object) {
	return set(entries, "status", "inventory", "entries")
}

const (
	deploymentPath = "/apis/apps/v1/namespaces/webapp/deployments/late"
	toolkit        = "kustomize.toolkit.fluxcd.io"
)

func late() object { return entry("webapp_late_apps_Deployment", "v1") }

// workload is an object that Flux applied for web.
func workload(change ...func(object)) object {
	made := object{"metadata": object{"uid": "x", "labels": object{toolkit + "/name": "web", toolkit + "/namespace": "webapp"}}}
	for _, change := range change {
		change(made)
	}
	return made
}

// appsV1 is what discovery says of apps/v1.
func appsV1() http.HandlerFunc {
	return resources(
		object{"name": "deployments", "kind": "Deployment", "namespaced": true},
		object{"name": "deployments/status", "kind": "Deployment", "namespaced": true},
		object{"name": "deployments/scale", "kind": "Scale", "namespaced": true})
}

func resources(all ...object) http.HandlerFunc {
	return answer(http.StatusOK, object{"kind": "APIResourceList", "apiVersion": "v1", "resources": all})
}

// deletes expects the deletion of web, whose inventory changes while it goes.
func (s *server) deletes(before, at, end []object, change ...func(object)) {
	with := func(entries []object) []func(object) { return append([]func(object){inventory(entries...)}, change...) }
	s.on("GET "+webPath, answer(http.StatusOK, flux("w", with(before)...)))
	s.on("DELETE "+webPath, begins("w", with(at)...))
	s.on("WATCH "+webPath, stream(
		event{0, "MODIFIED", flux("w", append(with(end), deleting(), resourceVersion("9"))...)},
		event{time.Second, "DELETED", flux("w", append(with(end), deleting(), resourceVersion("10"))...)}))
}

func TestWhatCameLateIsDeleted(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		known := entry("webapp_known_apps_Deployment", "v1")
		// What came between the look and the deletion, Flux knows as well.
		s.deletes(nil, []object{known}, []object{known, late()})
		s.on("GET /apis/apps/v1", appsV1())
		s.on("GET "+deploymentPath, answer(http.StatusOK, workload()))
		s.on("DELETE "+deploymentPath, success())
		check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
		checkDeletion(t, s, deploymentPath, "x")
	})
}

// A conflict of what came late is said, and is none of what was seen before.
func TestAConflictOfWhatCameLateIsSaid(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		s.deletes(nil, nil, []object{late()}, resourceVersion("7"))
		s.on("GET /apis/apps/v1", appsV1())
		s.on("GET "+deploymentPath, answer(http.StatusOK, workload()))
		s.on("DELETE "+deploymentPath, refuse(http.StatusConflict, "Conflict", "its UID is another one", nil))
		on := s.Member
		on.Sights = on.Look(t.Context(), ids(t)[1:2])
		result := on.Delete(t.Context(), ids(t)[1:2])[0]
		if result.Err == nil || !strings.Contains(result.Err.Error(), "its UID is another one") {
			t.Errorf("it is %v, %v", result.Action, result.Err)
		}
	})
}

func TestWhatIsKnownIsNotAskedFor(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		all := []object{late(), entry("../.._x__y", "v1")}
		s.deletes(all, all, all)
		check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
	})
}

// Where the deletion began before this run, nobody knows what came since.
func TestADeletionThatAnotherRunBegan(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		all := []object{late()}
		s.deletes(all, all, all, deleting())
		s.on("GET /apis/apps/v1", appsV1())
		s.on("GET "+deploymentPath, notFound("deployments.apps", "late"))
		check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
	})
}

// Source of what stays: kustomize-controller's finalizer and its exclusions,
// whose case makes no difference.
func TestWhatStays(t *testing.T) {
	for name, test := range map[string]http.HandlerFunc{
		"gone":                  notFound("deployments.apps", "late"),
		"terminating":           answer(200, workload(deleting())),
		"nobody's":              answer(200, workload(set(nil, "metadata", "labels"))),
		"another's":             answer(200, workload(set("db", "metadata", "labels", toolkit+"/name"))),
		"another namespace's":   answer(200, workload(set("prod", "metadata", "labels", toolkit+"/namespace"))),
		"pruning disabled":      answer(200, workload(set("disabled", "metadata", "annotations", toolkit+"/prune"))),
		"by a label":            answer(200, workload(set("disabled", "metadata", "labels", toolkit+"/prune"))),
		"in capitals":           answer(200, workload(set("Disabled", "metadata", "annotations", toolkit+"/prune"))),
		"reconciling disabled":  answer(200, workload(set("disabled", "metadata", "annotations", toolkit+"/reconcile"))),
		"server-side apply off": answer(200, workload(set("Ignore", "metadata", "annotations", toolkit+"/ssa"))),
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.deletes(nil, nil, []object{late()})
				s.on("GET /apis/apps/v1", appsV1())
				s.on("GET "+deploymentPath, test)
				check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
			})
		})
	}
}

// Flux leaves the workloads where the Kustomization says so, and so do we.
func TestAKustomizationThatLeavesItsWorkloads(t *testing.T) {
	for name, test := range map[string]struct {
		prune  bool
		policy string
		swept  bool
	}{
		"as it is pruned":      {true, "", true},
		"mirrored":             {true, "MirrorPrune", true},
		"not pruned":           {false, "", false},
		"not pruned, mirrored": {false, "MirrorPrune", false},
		"orphaned":             {true, "Orphan", false},
		"deleted all the same": {false, "Delete", true},
		"waited for":           {false, "WaitForTermination", true},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				change := []func(object){set(test.prune, "spec", "prune")}
				if test.policy != "" {
					change = append(change, set(test.policy, "spec", "deletionPolicy"))
				}
				s.deletes(nil, nil, []object{late()}, change...)
				if test.swept {
					s.on("GET /apis/apps/v1", appsV1())
					s.on("GET "+deploymentPath, answer(http.StatusOK, workload()))
					s.on("DELETE "+deploymentPath, success())
				}
				check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
			})
		})
	}
}

func TestWhereAWorkloadIs(t *testing.T) {
	const rbac = "rbac.authorization.k8s.io"
	for name, test := range map[string]struct {
		entry    object
		version  string
		resource object
		path     string
	}{
		"cluster-scoped":      {entry("_prod__Namespace", "v1"), "/api/v1", object{"name": "namespaces", "kind": "Namespace"}, "/api/v1/namespaces/prod"},
		"of the core":         {entry("webapp_conf__ConfigMap", "v1"), "/api/v1", object{"name": "configmaps", "kind": "ConfigMap", "namespaced": true}, "/api/v1/namespaces/webapp/configmaps/conf"},
		"a colon in its name": {entry("_shop__web__edit_"+rbac+"_ClusterRole", "v1"), "/apis/" + rbac + "/v1", object{"name": "clusterroles", "kind": "ClusterRole"}, "/apis/" + rbac + "/v1/clusterroles/shop:web:edit"},
		"a colon in front":    {entry("webapp___edit_"+rbac+"_Role", "v1"), "/apis/" + rbac + "/v1", object{"name": "roles", "kind": "Role", "namespaced": true}, "/apis/" + rbac + "/v1/namespaces/webapp/roles/:edit"},
		"a resource of its own": {
			entry("webapp_web_example.com_Widget", "v1beta1"), "/apis/example.com/v1beta1",
			object{"name": "widgets", "kind": "Widget", "namespaced": true}, "/apis/example.com/v1beta1/namespaces/webapp/widgets/web",
		},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.deletes(nil, nil, []object{test.entry})
				s.on("GET "+test.version, resources(test.resource))
				s.on("GET "+test.path, answer(http.StatusOK, workload()))
				s.on("DELETE "+test.path, answer(http.StatusOK, workload(deleting())))
				check(t, s.Delete(t.Context(), ids(t)[1:2]), "web deleted=w")
			})
		})
	}
}

// What stands in a member's status may come from anybody who may write there.
func TestEntriesThatAreNotWhatTheySeem(t *testing.T) {
	const left = "web: " + webName + ": it is gone, but what it applied last may be left, to be deleted by hand: "
	for name, test := range map[string]struct {
		entry object
		// discovered is set where asking for the API version is in order.
		discovered bool
	}{
		"a path as a name":      {entry("webapp_../../.._apps_Deployment", "v1"), false},
		"a path as a namespace": {entry("../.._late_apps_Deployment", "v1"), false},
		"dots":                  {entry("webapp_.._apps_Deployment", "v1"), false},
		"a percent sign":        {entry("webapp_%2e%2e%2fx_apps_Deployment", "v1"), false},
		"no name":               {entry("webapp__apps_Deployment", "v1"), false},
		"no namespace":          {entry("_late_apps_Deployment", "v1"), true},
		"no such kind":          {entry("webapp_late_apps_Nothing", "v1"), true},
		"a subresource's kind":  {entry("webapp_late_apps_Scale", "v1"), true},
		"nothing":               {entry("", "v1"), false},
		"a path":                {entry("../..", "v1"), false},
		"too few parts":         {entry("late_apps_Deployment", "v1"), false},
		"no kind":               {entry("webapp_late_apps_", "v1"), false},
		"a path as a group":     {entry("webapp_late_../../version_Deployment", "v1"), false},
		"a path as a version":   {entry("webapp_late_apps_Deployment", "../../api/v1/secrets"), false},
		"no version":            {entry("webapp_late_apps_Deployment", ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.deletes(nil, nil, []object{test.entry})
				if test.discovered {
					s.on("GET /apis/apps/v1", appsV1())
				}
				got := shape(s.Delete(t.Context(), ids(t)[1:2]))
				id, _ := test.entry["id"].(string)
				if !strings.HasPrefix(got, left+id+": ") {
					t.Errorf("got\n%s\nwant\n%s%s: …", got, left, id)
				}
			})
		})
	}
}

func TestOneFailureKeepsNoOtherFromBeingDeleted(t *testing.T) {
	const left = "web: " + webName + ": it is gone, but what it applied last may be left, to be deleted by hand: "
	widget := entry("webapp_web_example.com_Widget", "v1")
	for name, test := range map[string]struct {
		first  object
		expect func(*server)
		want   string
	}{
		"discovery": {widget, func(s *server) {
			s.on("GET /apis/example.com/v1", refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "the server is currently unable to handle the request", nil))
		}, left + "webapp_web_example.com_Widget: the server is currently unable to handle the request"},
		"not served": {widget, func(s *server) {
			s.on("GET /apis/example.com/v1", plainNotFound)
		}, left + "webapp_web_example.com_Widget: the server could not find the requested resource"},
		"forbidden": {entry("webapp_first_apps_Deployment", "v1"), func(s *server) {
			s.on("GET /apis/apps/v1/namespaces/webapp/deployments/first", refuse(http.StatusForbidden, "Forbidden", "forbidden", nil))
		}, left + "webapp_first_apps_Deployment: forbidden"},
		"panic": {entry("webapp_first_apps_Deployment", "v1"), func(s *server) {
			s.panicAt = "/apis/apps/v1/namespaces/webapp/deployments/first"
		}, left + "webapp_first_apps_Deployment: internal error, please report it: a string, at server_test.go:169"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.deletes(nil, nil, []object{test.first, late()})
				test.expect(s)
				s.on("GET /apis/apps/v1", appsV1())
				s.on("GET "+deploymentPath, answer(http.StatusOK, workload()))
				s.on("DELETE "+deploymentPath, success())
				check(t, s.Delete(t.Context(), ids(t)[1:2]), test.want)
			})
		})
	}
}

// A HelmRelease has no such inventory; nor has a source.
func TestOnlyAKustomizationLeavesAnything(t *testing.T) {
	withServer(t, func(t *testing.T, s *server) {
		all := inventory(late())
		s.on("GET "+sourcePath, answer(http.StatusOK, flux("s")))
		s.on("DELETE "+sourcePath, begins("s"))
		s.on("WATCH "+sourcePath, stream(event{0, "DELETED", flux("s", all, deleting())}))
		check(t, s.Delete(t.Context(), ids(t)[:1]), "shop deleted=s")
	})
}
