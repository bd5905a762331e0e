package apply_test

import (
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

const shop = `
apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: shop, namespace: webapp}
spec:
  source: {gitRepository: {interval: 3m, url: https://example.com/shop}}
  syncPolicies:
  - {name: web, kustomization: {interval: 5m, prune: true, path: ./web}}
  - {name: db, kustomization: {interval: 5m, prune: true, path: ./db}}
`

// Where the objects of shop are in a member.
const (
	sourcePath    = "/apis/source.toolkit.fluxcd.io/v1/namespaces/webapp/gitrepositories/shop"
	webPath       = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/webapp/kustomizations/web"
	dbPath        = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/webapp/kustomizations/db"
	namespacePath = "/api/v1/namespaces"
)

// And how they are called.
const (
	sourceName = "gitrepository.source.toolkit.fluxcd.io/shop"
	webName    = "kustomization.kustomize.toolkit.fluxcd.io/web"
)

func owner() plan.Owner {
	return plan.Owner{HostUID: "host", Namespace: "webapp", Application: "shop"}
}

// wanted are the objects of shop: the source, web and db.
func wanted(t *testing.T) []apply.Wanted {
	t.Helper()
	return planned(t, shop)
}

// planned are the objects of an application.
func planned(t *testing.T, application string) []apply.Wanted {
	t.Helper()
	manifests, err := manifest.Parse("shop.yaml", []byte(application))
	if err != nil {
		t.Fatal(err)
	}
	built, err := plan.Build(manifests[0].Application, owner(), func(*appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
		return []fleet.Member{fleet.HostMember()}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []apply.Wanted
	for _, object := range built.Members[0].Objects {
		all = append(all, apply.Wanted{Object: object})
	}
	return all
}

// web is the Kustomization alone, after an earlier apply.
func web(t *testing.T, before apply.State) []apply.Wanted {
	t.Helper()
	only := wanted(t)[1:2]
	only[0].State = before
	return only
}

// applied is what an apply answers: an object's metadata, with an entry in its
// managedFields for each change, the last one being ours.
func applied(uid string, at time.Time) object {
	entry := func(manager, operation string, at time.Time) object {
		return object{
			"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1",
			"time": at.UTC().Format(time.RFC3339), "fieldsV1": object{},
		}
	}
	return object{
		"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
		"metadata": object{
			"uid": uid, "resourceVersion": "7", "generation": 1,
			"managedFields": []object{
				entry("kustomize-controller", "Apply", at.Add(time.Hour)),
				entry(owner().FieldManager(), "Update", at.Add(time.Hour)),
				entry(owner().FieldManager(), "Apply", at),
			},
		},
	}
}

// ids are the identities of shop's objects, the source first.
func ids(t *testing.T) []plan.Identity {
	t.Helper()
	var all []plan.Identity
	for _, object := range wanted(t) {
		all = append(all, object.Identity)
	}
	return all
}

// flux is an object of ours in a member; a test says what varies.
func flux(uid string, change ...func(object)) object {
	made := object{
		"metadata": object{
			"uid": uid, "resourceVersion": "7",
			"annotations": object{plan.OwnerAnnotation: owner().String()},
		},
		"spec": object{"prune": true}, "status": object{},
	}
	for _, change := range change {
		change(made)
	}
	return made
}

// set changes one field.
func set(value any, path ...string) func(object) {
	return func(o object) {
		for _, part := range path[:len(path)-1] {
			if _, ok := o[part].(object); !ok {
				o[part] = object{}
			}
			o, _ = o[part].(object)
		}
		o[path[len(path)-1]] = value
	}
}

// deleting is set where finalizers have yet to run.
func deleting() func(object) {
	return set("2000-01-01T00:00:00Z", "metadata", "deletionTimestamp")
}

// resourceVersion is an object's later state.
func resourceVersion(version string) func(object) {
	return set(version, "metadata", "resourceVersion")
}

// shape is a result in a line.
func shape(results []apply.Result) string {
	var all []string
	for _, r := range results {
		line := r.Name + " " + string(r.Action)
		if r.UID != "" {
			line += "=" + string(r.UID)
		}
		if r.Err != nil {
			line = r.Name + ": " + r.Err.Error()
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

func check(t *testing.T, results []apply.Result, want string) {
	t.Helper()
	if got := shape(results); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func checkReason(t *testing.T, result apply.Result, want reason.Reason) {
	t.Helper()
	if got := reason.Of(result.Err); got != want {
		t.Errorf("reason %s, want %s: %v", got, want, result.Err)
	}
}
