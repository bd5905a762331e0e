package plan_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
)

// notSecrets are the fields of Flux's specs that look like a reference to a
// Secret or a ConfigMap and are none. What a later version of Flux adds, and
// looks like one, has to be found by the plan or named here.
func notSecrets() map[string]string {
	return map[string]string{
		"gitRepository.ref":                   "a branch, a tag or a commit",
		"gitRepository.include[0].repository": "a GitRepository",
		"helmRepository.passCredentials":      "yes or no",
		"ociRepository.ref":                   "a tag or a digest",
		"kustomization.sourceRef":             "the source, which the plan sets",
		"kustomization.kubeConfig":            "refused: Flux works in its own cluster",
		"kustomization.dependsOn[0]":          "a Kustomization",
		"kustomization.healthChecks[0]":       "what Flux waits for",
		"helm.chartRef":                       "the source, which the plan sets",
		"helm.chart.spec.sourceRef":           "the source, which the plan sets",
		"helm.kubeConfig":                     "refused: Flux works in its own cluster",
		"helm.dependsOn[0]":                   "a HelmRelease",
	}
}

// references walks one of Flux's types.
type references struct {
	looksLike, isCalled *regexp.Regexp
	// not are those that are none; what was met is struck off.
	not   map[string]string
	paths []string
}

// example is a value of a type in which every reference is set, each to another
// name, and nothing else; nil where there is none.
func (r *references) example(of reflect.Type, field, path string) any {
	if of.Kind() == reflect.Pointer {
		return r.example(of.Elem(), field, path)
	}
	if _, not := r.not[path]; not {
		delete(r.not, path)
		return nil
	}
	switch {
	case of.Kind() == reflect.Slice:
		if one := r.example(of.Elem(), field, path+"[0]"); one != nil {
			return []any{one}
		}
		return nil
	case r.looksLike.MatchString(of.Name()) || r.isCalled.MatchString(field):
		r.paths = append(r.paths, path)
		return r.reference(of)
	case of.Kind() != reflect.Struct || reflect.PointerTo(of).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil
	}
	value := map[string]any{}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if part := r.example(of.Field(i).Type, name, path+"."+name); part != nil {
			value[name] = part
		}
	}
	if len(value) == 0 {
		return nil
	}
	return value
}

// reference is one to a Secret, whatever type it has.
func (r *references) reference(of reflect.Type) any {
	name := fmt.Sprintf("name-%d", len(r.paths))
	if of.Kind() != reflect.Struct {
		return name
	}
	if _, ok := of.FieldByName("Kind"); ok {
		return map[string]any{"kind": "Secret", "name": name}
	}
	return map[string]any{"name": name}
}

// No Secret or ConfigMap that Flux knows how to look for is missed, in today's
// types or in those of a later version that this is built with.
func TestEveryReferenceOfFluxIsFound(t *testing.T) {
	r := references{
		looksLike: regexp.MustCompile(`Ref(erence)?$|KeySelector$`),
		isCalled:  regexp.MustCompile(`(?i)secret|config_?map|credentials|valuesFrom|substituteFrom`),
		not:       notSecrets(),
	}
	for field, of := range map[string]any{
		"gitRepository": sourcev1.GitRepositorySpec{}, "helmRepository": sourcev1.HelmRepositorySpec{}, "ociRepository": sourcev1.OCIRepositorySpec{},
		"kustomization": kustomizev1.KustomizationSpec{}, "helm": helmv2.HelmReleaseSpec{},
	} {
		t.Run(field, func(t *testing.T) {
			r.paths = nil
			value, err := json.Marshal(r.example(reflect.TypeOf(of), field, field))
			if err != nil {
				t.Fatal(err)
			}
			written := fmt.Sprintf("%s: %s", field, value)
			a, prefix := app{source: written, policies: []string{"helm: {chart: {spec: {}}}"}}, "spec.source."
			switch field {
			case "ociRepository":
				a.policies = nil
			case "kustomization", "helm":
				a, prefix = app{policies: []string{written}}, "spec.syncPolicies[0]."
			}
			var found []string
			for _, ref := range a.build(t).Members[0].Refs {
				found = append(found, strings.TrimPrefix(ref.Path, prefix))
			}
			slices.Sort(found)
			slices.Sort(r.paths)
			if len(found) == 0 || !slices.Equal(found, r.paths) {
				t.Errorf("in %s\nthe plan finds\n  %s\nthere are\n  %s", written, strings.Join(found, "\n  "), strings.Join(r.paths, "\n  "))
			}
		})
	}
	for path, what := range r.not {
		t.Errorf("%s (%s) is not there any more", path, what)
	}
}
