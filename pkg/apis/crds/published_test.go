package crds_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	clusterv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/cluster/v1alpha1"
	fleetv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/fleet/v1alpha1"
)

// manifest is one document of a manifest that Kurator publishes.
type manifest struct {
	where string // file and number of the document, for messages
	kind  string
	json  []byte
}

// TestPublishedManifestsDecodeStrictly reads what Kurator publishes for its
// users: the guide's examples, and in testdata its examples of a rollout, of
// fleets with plugins and of a Cluster.
func TestPublishedManifestsDecodeStrictly(t *testing.T) {
	seen := map[string]int{}
	for _, m := range published(t) {
		into := map[string]any{
			"Application":     &appsv1alpha1.Application{},
			"Fleet":           &fleetv1alpha1.Fleet{},
			"AttachedCluster": &clusterv1alpha1.AttachedCluster{},
			"Cluster":         &clusterv1alpha1.Cluster{},
		}[m.kind]
		if into == nil {
			t.Errorf("%s: no type for kind %q", m.where, m.kind)
			continue
		}
		seen[m.kind]++
		strict, err := json.UnmarshalStrict(m.json, into)
		if err != nil {
			t.Errorf("%s: %v", m.where, err)
		}
		// Most of a Cluster is not modelled, on purpose.
		if len(strict) > 0 && m.kind != "Cluster" {
			t.Errorf("%s: %v", m.where, strict)
		}
		if cluster, ok := into.(*clusterv1alpha1.Cluster); ok && cluster.Spec.Credential.SecretRef != "quickstart" {
			t.Errorf("%s: spec.credential.secretRef not decoded: %+v", m.where, cluster.Spec)
		}
	}
	for _, kind := range []string{"Application", "Fleet", "AttachedCluster", "Cluster"} {
		if seen[kind] == 0 {
			t.Errorf("no published manifest of kind %s was read", kind)
		}
	}
}

// TestDefinitionsKeepPublishedFields walks each published manifest along the
// schema of its definition, and fails on every field that an API server with
// our definitions would drop or refuse.
func TestDefinitionsKeepPublishedFields(t *testing.T) {
	schemas := map[string]schema{}
	for _, file := range []string{
		"apps.kurator.dev_applications.yaml", "fleet.kurator.dev_fleets.yaml",
		"cluster.kurator.dev_attachedclusters.yaml", "cluster.kurator.dev_clusters.yaml",
	} {
		spec := load(t, file).Spec
		schemas[spec.Names.Kind] = spec.Versions[0].Schema.OpenAPIV3Schema
	}
	for _, m := range published(t) {
		var object map[string]any
		if err := json.UnmarshalCaseSensitivePreserveInts(m.json, &object); err != nil {
			t.Fatalf("%s: %v", m.where, err)
		}
		delete(object, "metadata") // the API server's own, not in the schema
		for _, problem := range schemas[m.kind].problems("", object) {
			t.Errorf("%s: %s", m.where, problem)
		}
	}
}

// TestDefinitionsDropUnknownFields proves that the walk above can fail.
func TestDefinitionsDropUnknownFields(t *testing.T) {
	crd := load(t, "apps.kurator.dev_applications.yaml")
	got := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.problems("", map[string]any{
		"spec": map[string]any{
			"source":      map[string]any{"gitRepository": map[string]any{"any": "thing"}, "bucket": map[string]any{}},
			"destination": map[string]any{},
		},
	})
	slices.Sort(got)
	want := []string{
		".spec.destination.fleet is required",
		".spec.source.bucket is unknown",
		".spec.syncPolicies is required",
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems are %q, want %q", got, want)
	}
}

// published reads every document of the examples and of testdata.
func published(t *testing.T) []manifest {
	t.Helper()
	var manifests []manifest
	for _, pattern := range []string{
		"../../../examples/application/*.yaml", "../../../examples/application/common/*.yaml", "../../../examples/application/prerequisites/*-fleets-demo.yaml", "testdata/*.yaml",
	} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files match %s (%v)", pattern, err)
		}
		for _, file := range files {
			manifests = append(manifests, documents(t, file)...)
		}
	}
	return manifests
}

func documents(t *testing.T, file string) []manifest {
	t.Helper()
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()

	var manifests []manifest
	reader := utilyaml.NewYAMLReader(bufio.NewReader(content))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return manifests
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		where := fmt.Sprintf("%s, document %d", filepath.Base(file), len(manifests)+1)
		encoded, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		var meta metav1.TypeMeta
		if err := json.UnmarshalCaseSensitivePreserveInts(encoded, &meta); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		manifests = append(manifests, manifest{where: where, kind: meta.Kind, json: encoded})
	}
}
