package plan

import (
	"bytes"
	"encoding/json"
	"fmt"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	sourcev1beta2 "github.com/fluxcd/source-controller/api/v1beta2"
	"k8s.io/apimachinery/pkg/runtime/schema"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

// target is a kind of Flux object, in the newest version that we know.
type target struct {
	gv             schema.GroupVersion
	kind, resource string
}

// source is the one source that an application has.
type source struct {
	target
	// field is its field in spec.source, and raw what the user wrote there.
	field string
	raw   json.RawMessage
	// spec is an empty value of Flux's type for it; former the same in the
	// version that Kurator was built with.
	spec, former any
}

// sources returns those of the application's sources that are set.
func sources(app *appsv1alpha1.Application) []source {
	from := &app.Spec.Source
	var set []source
	if from.GitRepository != nil {
		set = append(set, source{
			target: gitRepositories(),
			field:  "gitRepository", raw: from.GitRepository.Raw,
			spec: &sourcev1.GitRepositorySpec{}, former: &sourcev1beta2.GitRepositorySpec{},
		})
	}
	if from.HelmRepository != nil {
		set = append(set, source{
			target: helmRepositories(),
			field:  "helmRepository", raw: from.HelmRepository.Raw,
			spec: &sourcev1.HelmRepositorySpec{}, former: &sourcev1beta2.HelmRepositorySpec{},
		})
	}
	if from.OCIRepository != nil {
		set = append(set, source{
			target: ociRepositories(),
			field:  "ociRepository", raw: from.OCIRepository.Raw,
			spec: &sourcev1.OCIRepositorySpec{}, former: &sourcev1beta2.OCIRepositorySpec{},
		})
	}
	return set
}

// sourceOf is the one source of an application that Validate has passed.
func sourceOf(app *appsv1alpha1.Application) source { return sources(app)[0] }

// PolicyName is Kurator's: the policy's own name, or <application>-<index>.
func PolicyName(app *appsv1alpha1.Application, index int) string {
	if name := app.Spec.SyncPolicies[index].Name; name != "" {
		return name
	}
	return fmt.Sprintf("%s-%d", app.Name, index)
}

// syncObject is the object that one policy stands for, with its reference to
// the source filled in.
func syncObject(app *appsv1alpha1.Application, owner Owner, from source, index int) (*Object, error) {
	policy := &app.Spec.SyncPolicies[index]
	if policy.Kustomization != nil {
		spec, err := decodeMap(policy.Kustomization.Raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", policyPath(index).Child("kustomization"), err)
		}
		spec["sourceRef"] = reference(from, app.Name)
		return newObject(owner, kustomizations(), app.Namespace, PolicyName(app, index), spec)
	}
	spec, err := decodeMap(policy.Helm.Raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", policyPath(index).Child("helm"), err)
	}
	referHelm(spec, from, app.Name)
	return newObject(owner, helmReleases(), app.Namespace, PolicyName(app, index), spec)
}

// referHelm points a release at its source: an OCI artifact is the chart
// itself, any other source holds charts, of which chart.spec names one.
func referHelm(spec map[string]any, from source, name string) {
	if from.kind == sourcev1.OCIRepositoryKind {
		spec["chartRef"] = reference(from, name)
		return
	}
	chart, _ := spec["chart"].(map[string]any)
	chartSpec, _ := chart["spec"].(map[string]any)
	if chartSpec != nil {
		chartSpec["sourceRef"] = reference(from, name)
	}
}

func reference(from source, name string) map[string]any {
	return map[string]any{"kind": from.kind, "name": name}
}

// decodeMap keeps numbers as they are written.
func decodeMap(raw []byte) (map[string]any, error) {
	var spec map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&spec); err != nil {
		return nil, err
	}
	if spec == nil {
		spec = map[string]any{}
	}
	return spec, nil
}
