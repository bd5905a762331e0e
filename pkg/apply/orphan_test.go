package apply_test

import (
	"net/http"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

const (
	releasePath = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/webapp/helmreleases/db"
	chartPath   = "/apis/source.toolkit.fluxcd.io/v1/namespaces/webapp/helmcharts/webapp-db"
)

// Flux makes a HelmChart for a HelmRelease, and leaves it where that is
// suspended: it goes, the workloads stay.
func TestAnOrphansChartGoes(t *testing.T) {
	release := plan.Identity{Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases", Kind: "HelmRelease", Namespace: "webapp", Name: "db"}
	ours := func(name, namespace string) http.HandlerFunc {
		return answer(http.StatusOK, flux("c", set(object{"helm.toolkit.fluxcd.io/name": name, "helm.toolkit.fluxcd.io/namespace": namespace}, "metadata", "labels")))
	}
	for name, test := range map[string]struct {
		chart, deletion http.HandlerFunc
		want            string
	}{
		"it goes":           {ours("db", "webapp"), success(), "db deleted=r"},
		"it is gone":        {notFound("helmcharts", "webapp-db"), nil, "db deleted=r"},
		"another's":         {ours("other", "webapp"), nil, "db deleted=r"},
		"another namespace": {ours("db", "other"), nil, "db deleted=r"},
		"may not be read": {
			refuse(http.StatusForbidden, "Forbidden", "no", nil), nil,
			"db: helmrelease.helm.toolkit.fluxcd.io/db: helmchart.source.toolkit.fluxcd.io/webapp-db: no",
		},
		"may not go": {
			ours("db", "webapp"), refuse(http.StatusForbidden, "Forbidden", "no", nil),
			"db: helmrelease.helm.toolkit.fluxcd.io/db: helmchart.source.toolkit.fluxcd.io/webapp-db: no",
		},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.Orphan = true
				s.on("GET "+releasePath, answer(http.StatusOK, flux("r")))
				s.on("PATCH "+releasePath, answer(http.StatusOK, object{}))
				s.on("GET "+chartPath, test.chart)
				if test.deletion != nil {
					s.on("DELETE "+chartPath, test.deletion)
				}
				if test.want == "db deleted=r" {
					s.on("DELETE "+releasePath, success())
				}
				check(t, s.Delete(t.Context(), []plan.Identity{release}), test.want)
				if test.deletion != nil {
					checkDeletion(t, s, chartPath, "c")
				}
			})
		})
	}
}

// A delete that was to leave the workloads may have been stopped after it had
// suspended an object. Where that is to go with them after all, it is woken.
func TestWhatWasLetGoIsToGoWithItsWorkloads(t *testing.T) {
	ours := set([]object{{
		"manager": owner().FieldManager(), "operation": "Update", "fieldsType": "FieldsV1",
		"fieldsV1": object{"f:spec": object{"f:suspend": object{}}},
	}}, "metadata", "managedFields")
	suspended := answer(http.StatusOK, flux("w", set(true, "spec", "suspend"), set(true, "spec", "prune"), ours))
	for name, test := range map[string]struct {
		patch http.HandlerFunc
		want  string
	}{
		"woken":          {answer(http.StatusOK, object{}), "web deleted=w"},
		"gone by then":   {notFound("kustomizations", "web"), "web deleted=w"},
		"may not be":     {refuse(http.StatusForbidden, "Forbidden", "no", nil), "web: " + webName + ": no"},
		"in a dry run":   {nil, "web deleted=w"},
		"left to orphan": {answer(http.StatusOK, object{}), "web deleted=w"},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *server) {
				s.DryRun, s.Orphan = name == "in a dry run", name == "left to orphan"
				s.on("GET "+webPath, suspended)
				if test.patch != nil {
					s.on("PATCH "+webPath, test.patch)
				}
				if name != "may not be" {
					s.on("DELETE "+webPath, success())
				}
				results := s.Delete(t.Context(), ids(t)[1:2])
				check(t, results, test.want)
				if left := name == "gone by then"; results[0].Left != left {
					t.Errorf("that its workloads stay is said: %t, want %t", results[0].Left, left)
				}
				for _, sent := range s.requests("PATCH " + webPath) {
					if is := string(sent.body); (is == `{"metadata":{"uid":"w"},"spec":{"suspend":null}}`) == s.Orphan {
						t.Errorf("sent %s", is)
					}
				}
			})
		})
	}
}
