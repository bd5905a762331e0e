package manifest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
)

// An overlay that gives two applications a namespace, a label and another
// fleet.
func TestKustomizeBuildsApplications(t *testing.T) {
	folder := write(t, map[string]string{
		"base/kustomization.yaml": "resources: [b.yaml, a.yaml]\n",
		"base/a.yaml":             app("a"),
		"base/b.yaml":             app("b"),
		"prod/kustomization.yaml": `
namespace: prod
namePrefix: my-
resources: [../base]
patches:
- target: {kind: Application}
  patch: |-
    - {op: add, path: /spec/destination, value: {fleet: prod}}
`,
	})
	got, err := manifest.Kustomize(filepath.Join(folder, "prod"))
	if err != nil || places(got) != "my-a@1 my-b@2" {
		t.Fatalf("got %q, %v", places(got), err)
	}
	if want := "kustomization " + filepath.Join(folder, "prod") + ": document 2"; got[1].Where() != want {
		t.Errorf("the second is at %q, want %q", got[1].Where(), want)
	}
	if got[1].Namespace != "prod" || got[1].Spec.Destination == nil || got[1].Spec.Destination.Fleet != "prod" {
		t.Errorf("not patched: %+v", got[1].Application)
	}
}

func TestKustomizeFails(t *testing.T) {
	folder := write(t, map[string]string{
		"none/x.txt":                  "",
		"field/kustomization.yaml":    "resourcez: []\n",
		"absent/kustomization.yaml":   "resources: [app.yaml]\n",
		"other/kustomization.yaml":    "configMapGenerator: [{name: a, literals: [a=b]}]\n",
		"unknown/kustomization.yaml":  "resources: [app.yaml]\n",
		"unknown/app.yaml":            strings.Replace(app("a"), "spec:", "spec:\n  sauce: {}", 1),
		"app.yaml":                    app("a"),
		"outside/kustomization.yaml":  "resources: [../app.yaml]\n",
		"helm/kustomization.yaml":     "helmCharts: [{name: x, repo: 'https://127.0.0.1:1'}]\n",
		"program/kustomization.yaml":  "generators: [program.yaml]\n",
		"program/program.yaml":        "apiVersion: v1\nkind: Program\nmetadata:\n  name: p\n  annotations: {config.kubernetes.io/function: 'exec: {path: ./run.sh}'}\n",
		"nothing/kustomization.yaml":  "resources: [../deleted]\n",
		"deleted/kustomization.yaml":  "resources: [app.yaml]\npatches: [{target: {kind: Application}, patch: '{apiVersion: apps.kurator.dev/v1alpha1, kind: Application, metadata: {name: a}, $patch: delete}'}]\n",
		"deleted/app.yaml":            app("a"),
		"broken/kustomization.yaml":   "a: [\n",
		"program/run.sh":              "#!/bin/sh\ntouch started\n",
		"unlisted/kustomization.yaml": "# nothing\n",
		"large/kustomization.yaml":    "resources: [app.yaml]\ncommonAnnotations: {large: " + strings.Repeat("x", 4<<20) + "}\n",
		"large/app.yaml":              app("a"),
	})
	if err := os.Chmod(filepath.Join(folder, "program", "run.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"none":     "unable to find one of 'kustomization.yaml'",
		"gone":     "no such file or directory",
		"app.yaml": "file is not directory",
		"field":    `unknown field "resourcez"`,
		"absent":   "no such file or directory",
		"broken":   "yaml: line 1",
		"unlisted": "kustomization.yaml is empty",
		"other":    `document 1: it is kind "ConfigMap" of "v1"; only Application of "apps.kurator.dev/v1alpha1" can be deployed`,
		"unknown":  "document 1: spec.sauce: unknown field",
		"nothing":  "no Application in kustomization ",
		"large":    ": larger than 4 MiB",
		// What could surprise is refused.
		"outside": "is not in or below",
		"helm":    "must specify --enable-helm",
		"program": "external plugins disabled",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Kustomize(filepath.Join(folder, name))
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q, want one line with %q", err, want)
			}
			if !strings.Contains(err.Error(), "kustomization "+filepath.Join(folder, name)) {
				t.Errorf("error %q does not name the folder", err)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(folder, "program", "started")); err == nil {
		t.Error("a program was run")
	}
}
