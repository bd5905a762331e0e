package v1alpha1_test

import (
	"encoding/json"
	"testing"

	strictjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

// raw has what a decoder into Go values would change: keys out of order, a
// number beyond float64, a zero value, an explicit null, an unknown field.
const raw = `{"wait":false,"interval":"5m","values":{"b":12345678901234567890,"a":1.0,"c":null},"prune":true,"not":{"known":[]}}`

func TestRawFieldsKeepTheirBytes(t *testing.T) {
	for name, spec := range map[string]string{
		"gitRepository":  `{"source":{"gitRepository":` + raw + `},"syncPolicies":null}`,
		"helmRepository": `{"source":{"helmRepository":` + raw + `},"syncPolicies":null}`,
		"ociRepository":  `{"source":{"ociRepository":` + raw + `},"syncPolicies":null}`,
		"kustomization":  `{"source":{},"syncPolicies":[{"kustomization":` + raw + `}]}`,
		"helm":           `{"source":{},"syncPolicies":[{"helm":` + raw + `}]}`,
		"rollout":        `{"source":{},"syncPolicies":[{"rollout":` + raw + `}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var decoded v1alpha1.ApplicationSpec
			if err := json.Unmarshal([]byte(spec), &decoded); err != nil {
				t.Fatal(err)
			}
			encoded, err := json.Marshal(decoded.DeepCopy())
			if err != nil {
				t.Fatal(err)
			}
			if string(encoded) != spec {
				t.Errorf("round trip changed\n%s\nto\n%s", spec, encoded)
			}
		})
	}
}

func TestRawFieldsKeepTheirBytesThroughYAML(t *testing.T) {
	manifest := "source: {}\nsyncPolicies:\n- kustomization:\n    wait: false\n    timeout: 2m0s\n    values: {big: 9007199254740993, mode: \"off\"}\n"
	// YAML has no order of keys; the conversion to JSON sorts them.
	const want = `{"timeout":"2m0s","values":{"big":9007199254740993,"mode":"off"},"wait":false}`

	var decoded v1alpha1.ApplicationSpec
	if err := yaml.UnmarshalStrict([]byte(manifest), &decoded); err != nil {
		t.Fatal(err)
	}
	if got := string(decoded.SyncPolicies[0].Kustomization.Raw); got != want {
		t.Errorf("decoded as %s, want %s", got, want)
	}

	encoded, err := yaml.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	var again v1alpha1.ApplicationSpec
	if err := yaml.UnmarshalStrict(encoded, &again); err != nil {
		t.Fatalf("%v in\n%s", err, encoded)
	}
	if got := string(again.SyncPolicies[0].Kustomization.Raw); got != want {
		t.Errorf("after a round trip %s, want %s", got, want)
	}
}

// Absent raw fields must stay absent: an encoded null would own the field.
func TestAbsentRawFieldsStayAbsent(t *testing.T) {
	encoded, err := json.Marshal(v1alpha1.ApplicationSpec{SyncPolicies: []v1alpha1.ApplicationSyncPolicy{{Name: "only"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"source":{},"syncPolicies":[{"name":"only"}]}`; string(encoded) != want {
		t.Errorf("encoded as %s, want %s", encoded, want)
	}
}

// Strictness ends where a raw field begins: what is inside is for the plan to
// judge, everything around it is known here.
func TestStrictDecoding(t *testing.T) {
	for name, test := range map[string]struct{ spec, want string }{
		"inside a raw field":   {`{"syncPolicies":[{"kustomization":{"pruned":true}}]}`, ""},
		"match expressions":    {`{"destination":{"fleet":"f","clusterSelector":{"matchExpressions":[{"key":"env","operator":"Exists"}]}}}`, ""},
		"beside a raw field":   {`{"syncPolicies":[{"kustomisation":{}}]}`, `unknown field "syncPolicies[0].kustomisation"`},
		"wrong case":           {`{"syncpolicies":[]}`, `unknown field "syncpolicies"`},
		"in a destination":     {`{"destination":{"fleets":"a"}}`, `unknown field "destination.fleets"`},
		"the same field twice": {`{"source":{},"source":{}}`, `duplicate field "source"`},
	} {
		t.Run(name, func(t *testing.T) {
			var decoded v1alpha1.ApplicationSpec
			strict, err := strictjson.UnmarshalStrict([]byte(test.spec), &decoded)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			if len(strict) > 0 {
				got = strict[0].Error()
			}
			if got != test.want || len(strict) > 1 {
				t.Errorf("strict errors are %v, want %q", strict, test.want)
			}
		})
	}
}

// A status comes along when a manifest was printed by kubectl get -o yaml.
func TestStatusDecodesStrictly(t *testing.T) {
	const status = `{"sourceStatus":{"gitRepoStatus":{"observedGeneration":1}},"syncStatus":[` +
		`{"name":"a","kustomizationStatus":{"conditions":[]}},` +
		`{"name":"b","HelmReleaseStatus":{"failures":0}},` +
		`{"name":"c","rolloutStatus":{"clusterName":"kurator-member1"}}]}`
	var decoded v1alpha1.ApplicationStatus
	strict, err := strictjson.UnmarshalStrict([]byte(status), &decoded)
	if err != nil || len(strict) > 0 {
		t.Fatal(err, strict)
	}
	encoded, err := json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	if string(encoded) != status {
		t.Errorf("round trip changed\n%s\nto\n%s", status, encoded)
	}
}
