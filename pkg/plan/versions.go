package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	helmv2beta1 "github.com/fluxcd/helm-controller/api/v2beta1"
	helmv2beta2 "github.com/fluxcd/helm-controller/api/v2beta2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	kustomizev1beta2 "github.com/fluxcd/kustomize-controller/api/v1beta2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	sourcev1beta2 "github.com/fluxcd/source-controller/api/v1beta2"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

// Versions are those of one of Flux's groups that we know, the newest first;
// none of any other group.
func Versions(group string) []string {
	switch group {
	case sourcev1.GroupVersion.Group:
		return []string{sourcev1.GroupVersion.Version, sourcev1beta2.GroupVersion.Version}
	case kustomizev1.GroupVersion.Group:
		return []string{kustomizev1.GroupVersion.Version, kustomizev1beta2.GroupVersion.Version}
	case helmv2.GroupVersion.Group:
		return []string{helmv2.GroupVersion.Version, helmv2beta2.GroupVersion.Version, helmv2beta1.GroupVersion.Version}
	}
	return nil
}

// In returns the object in an older version of its group. What that version
// cannot say is an error that names each field.
func (o *Object) In(version string) (*Object, error) {
	spec, unknown, err := olderSpec(o.Resource, version, o.spec)
	switch {
	case err != nil:
		return nil, err
	case len(unknown) == 1:
		return nil, fmt.Errorf("%s is not known in %s/%s", unknown[0], o.Group, version)
	case len(unknown) > 1:
		return nil, fmt.Errorf("%s are not known in %s/%s", strings.Join(unknown, ", "), o.Group, version)
	}
	older := &Object{Identity: o.Identity, metadata: o.metadata, spec: spec}
	older.Version = version
	return older, nil
}

// olderSpec is a spec of the newest version as an older one spells it, and what
// that one does not know of it.
func olderSpec(resource, version string, newest json.RawMessage) (spec json.RawMessage, unknown []string, err error) {
	// ociChart is set by the plan, not by the user.
	const ociChart = "chartRef (a chart from an OCIRepository)"
	switch resource + "/" + version {
	case "gitrepositories/v1beta2":
		spec, unknown, err = olderVerification(newest)
		return spec, append(unknown, lacks(&sourcev1beta2.GitRepositorySpec{}, newest)...), err
	case "helmrepositories/v1beta2":
		return newest, lacks(&sourcev1beta2.HelmRepositorySpec{}, newest), nil
	case "ocirepositories/v1beta2":
		return newest, lacks(&sourcev1beta2.OCIRepositorySpec{}, newest), nil
	case "kustomizations/v1beta2":
		return newest, lacks(&kustomizev1beta2.KustomizationSpec{}, newest), nil
	case "helmreleases/v2beta2":
		return newest, lacks(&helmv2beta2.HelmReleaseSpec{}, newest, ociChart), nil
	case "helmreleases/v2beta1":
		return newest, lacks(&helmv2beta1.HelmReleaseSpec{}, newest, ociChart, "driftDetection"), nil
	}
	return nil, nil, fmt.Errorf("version %s of %s is not known", version, resource)
}

// lacks are the fields of a spec that an older version's type does not have,
// and those of unused. That are fields that the type has, but that its own
// comments call "not actively used" in that version: set there, they would do
// nothing.
func lacks(older any, spec json.RawMessage, unused ...string) []string {
	var all []string
	for _, problem := range strict.Decode(spec, older) {
		field := "spec." + problem.Path
		if problem.Text != strict.UnknownField {
			field += " (" + problem.Text + ")"
		}
		all = append(all, field)
	}
	var set map[string]json.RawMessage
	_ = json.Unmarshal(spec, &set) // strict.Decode has said what is wrong with it
	for _, field := range unused {
		name, _, _ := strings.Cut(field, " ")
		if _, used := set[name]; used {
			all = append(all, "spec."+field)
		}
	}
	return all
}

// olderVerification spells the mode in which a GitRepository is verified as
// v1beta2 does: that knows one, must be told it, and calls it "head".
func olderVerification(newest json.RawMessage) (spec json.RawMessage, unknown []string, err error) {
	fields, err := decodeMap(newest)
	if err != nil {
		return nil, nil, err
	}
	verify, ok := fields["verify"].(map[string]any)
	if !ok {
		return newest, nil, nil
	}
	switch mode := verify["mode"]; mode {
	case nil, "", "head", string(sourcev1.ModeGitHEAD):
		verify["mode"] = "head"
	default:
		return nil, []string{fmt.Sprintf("spec.verify.mode %q", mode)}, nil
	}
	spec, err = json.Marshal(fields)
	return spec, nil, err
}
