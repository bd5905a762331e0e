package plan_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// The kinds of object that a plan holds: its source, and what syncs it.
const (
	theSource = 0
	theSync   = 1
)

const (
	git  = "gitRepository: {url: 'https://example.com/repo', interval: 1m"
	helm = "helm: {interval: 5m, chart: {spec: {chart: podinfo"
)

func TestWhatAnOlderVersionDoesNotKnow(t *testing.T) {
	for name, test := range map[string]struct {
		app     app
		object  int
		version string
		want    string
	}{
		"a field":            {app{policies: []string{"kustomization: {path: ., prune: true, interval: 5m, deletionPolicy: Orphan}"}}, theSync, "v1beta2", "spec.deletionPolicy is not known in kustomize.toolkit.fluxcd.io/v1beta2"},
		"several fields":     {app{policies: []string{"kustomization: {prune: true, interval: 5m, namePrefix: a-, nameSuffix: -b}"}}, theSync, "v1beta2", "spec.namePrefix, spec.nameSuffix are not known in kustomize.toolkit.fluxcd.io/v1beta2"},
		"a field in a list":  {app{policies: []string{"kustomization: {prune: true, interval: 5m, dependsOn: [{name: a}, {name: b, readyExpr: 'true'}]}"}}, theSync, "v1beta2", "spec.dependsOn[1].readyExpr is not known in kustomize.toolkit.fluxcd.io/v1beta2"},
		"a Git field":        {app{source: git + ", sparseCheckout: [deploy]}"}, theSource, "v1beta2", "spec.sparseCheckout is not known in source.toolkit.fluxcd.io/v1beta2"},
		"a Git mode":         {app{source: git + ", verify: {mode: TagAndHEAD, secretRef: {name: keys}}}"}, theSource, "v1beta2", `spec.verify.mode "TagAndHEAD" is not known in source.toolkit.fluxcd.io/v1beta2`},
		"a mode and a field": {app{source: git + ", provider: github, verify: {mode: Tag, secretRef: {name: keys}}}"}, theSource, "v1beta2", `spec.verify.mode "Tag", spec.provider are not known in source.toolkit.fluxcd.io/v1beta2`},
		"Helm's new":         {app{source: helmSource, policies: []string{helm + "}}, commonMetadata: {labels: {a: b}}}"}}, theSync, "v2beta2", "spec.commonMetadata is not known in helm.toolkit.fluxcd.io/v2beta2"},
		"Helm's newer":       {app{source: helmSource, policies: []string{helm + "}}, test: {filters: [{name: a}]}}"}}, theSync, "v2beta1", "spec.test.filters is not known in helm.toolkit.fluxcd.io/v2beta1"},
		// v2beta1's type has these fields, and its controller does nothing with them.
		"drift":                 {app{source: helmSource, policies: []string{helm + "}}, driftDetection: {mode: enabled}}"}}, theSync, "v2beta1", "spec.driftDetection is not known in helm.toolkit.fluxcd.io/v2beta1"},
		"a chart by OCI":        {app{source: ociSource, policies: []string{"helm: {interval: 5m}"}}, theSync, "v2beta2", "spec.chartRef (a chart from an OCIRepository) is not known in helm.toolkit.fluxcd.io/v2beta2"},
		"a chart by OCI, older": {app{source: ociSource, policies: []string{"helm: {interval: 5m}"}}, theSync, "v2beta1", "spec.chartRef (a chart from an OCIRepository) is not known in helm.toolkit.fluxcd.io/v2beta1"},
		"that version":          {app{}, theSync, "v1beta1", "version v1beta1 of kustomizations is not known"},
		"another's version":     {app{}, theSource, "v2beta1", "version v2beta1 of gitrepositories is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			object := test.app.build(t).Members[0].Objects[test.object]
			older, err := object.In(test.version)
			if err == nil || err.Error() != test.want || older != nil {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// Where the older version has all the fields, the spec goes there as it is.
func TestWhatAnOlderVersionKnowsToo(t *testing.T) {
	for name, test := range map[string]struct {
		app     app
		object  int
		version string
	}{
		"GitRepository":    {app{source: git + ", ref: {semver: '>=1'}, recurseSubmodules: true, include: [{repository: {name: other}}], secretRef: {name: s}, ignore: a, timeout: 9m, suspend: true}"}, theSource, "v1beta2"},
		"HelmRepository":   {app{source: "helmRepository: {url: 'oci://example.com/charts', type: oci, interval: 1m, passCredentials: true, provider: aws, insecure: true}", policies: []string{aHelmRelease}}, theSource, "v1beta2"},
		"OCIRepository":    {app{source: "ociRepository: {url: 'oci://example.com/a', interval: 1m, ref: {digest: 'sha256:0'}, layerSelector: {operation: copy}}"}, theSource, "v1beta2"},
		"Kustomization":    {app{policies: []string{"kustomization: {interval: 5m, retryInterval: 1m, path: ., prune: false, wait: true, force: true, targetNamespace: a, postBuild: {substitute: {a: '007'}}, patches: [{patch: '<a> & b'}], healthChecks: [{kind: Deployment, name: a}]}"}}, theSync, "v1beta2"},
		"HelmRelease":      {app{source: helmSource, policies: []string{helm + ", version: '1.x', interval: 1m}}, values: {count: 9007199254740993}, driftDetection: {mode: warn}, test: {filters: []}, install: {crds: Create}}"}}, theSync, "v2beta2"},
		"HelmRelease, old": {app{source: helmSource, policies: []string{helm + ", version: '1.x'}}, values: {count: 9007199254740993}, uninstall: {keepHistory: true}, postRenderers: [{kustomize: {images: [{name: a}]}}]}"}}, theSync, "v2beta1"},
	} {
		t.Run(name, func(t *testing.T) {
			object := test.app.build(t).Members[0].Objects[test.object]
			before := string(object.Body("u"))
			older, err := object.In(test.version)
			if err != nil {
				t.Fatal(err)
			}
			if string(object.Body("u")) != before {
				t.Error("it changed the object that members share")
			}
			newest := object.Version
			if older.Version != test.version || !older.SameObject(object.Identity) {
				t.Errorf("it is %+v", older.Identity)
			}
			want := strings.Replace(before, object.Group+"/"+newest+`"`, object.Group+"/"+test.version+`"`, 1)
			if got := string(older.Body("u")); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// v1beta2 calls the one mode that it knows by another name.
func TestTheModeOfAVerification(t *testing.T) {
	for name, verify := range map[string]string{
		"today's":  "{mode: HEAD, secretRef: {name: keys}}",
		"left out": "{secretRef: {name: keys}}",
		"empty":    "{mode: '', secretRef: {name: keys}}",
		"former":   "{mode: head, secretRef: {name: keys}}",
	} {
		t.Run(name, func(t *testing.T) {
			object := app{source: git + ", verify: " + verify + "}"}.build(t).Members[0].Objects[theSource]
			older, err := object.In("v1beta2")
			if err != nil {
				t.Fatal(err)
			}
			const want = `{"interval":"1m","url":"https://example.com/repo","verify":{"mode":"head","secretRef":{"name":"keys"}}}`
			if got := spec(t, older); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Each object can be asked for in each version of its group that is listed.
func TestVersions(t *testing.T) {
	apps := []app{{}, {source: helmSource, policies: []string{aHelmRelease}}, {source: ociSource}}
	for _, a := range apps {
		for _, object := range a.build(t).Members[0].Objects {
			versions := plan.Versions(object.Group)
			if len(versions) < 2 || versions[0] != object.Version {
				t.Fatalf("%s: versions %v, and a plan makes %s", object.Identity, versions, object.Version)
			}
			for _, version := range versions[1:] {
				older, err := object.In(version)
				if err != nil {
					t.Errorf("%s in %s: %v", object.Identity, version, err)
					continue
				}
				var body struct{ APIVersion string }
				if err := json.Unmarshal(older.Body(""), &body); err != nil || body.APIVersion != object.Group+"/"+version || !slices.Contains(older.Path(), version) {
					t.Errorf("%s: %s at %v", object.Identity, older.Body(""), older.Path())
				}
			}
		}
	}
	if versions := plan.Versions("apps"); versions != nil {
		t.Errorf("versions %v of a group that is not Flux's", versions)
	}
}
