package crds_test

import (
	"io/fs"
	"testing"

	"sigs.k8s.io/yaml"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	clusterv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/cluster/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/apis/crds"
	fleetv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/fleet/v1alpha1"
)

// definition is the part of a CustomResourceDefinition that the tests read.
type definition struct {
	Spec struct {
		Group    string `json:"group"`
		Scope    string `json:"scope"`
		Names    names  `json:"names"`
		Versions []struct {
			Name         string         `json:"name"`
			Served       bool           `json:"served"`
			Storage      bool           `json:"storage"`
			Subresources map[string]any `json:"subresources"`
			Schema       struct {
				OpenAPIV3Schema schema `json:"openAPIV3Schema"`
			} `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

type names struct {
	Kind     string `json:"kind"`
	ListKind string `json:"listKind"`
	Plural   string `json:"plural"`
	Singular string `json:"singular"`
}

// TestServedNames holds the names that our definitions serve to those that
// Kurator's own definitions serve: a request's path is made of them, so a
// slip would make every host answer 404.
func TestServedNames(t *testing.T) {
	// From manifests/charts/{fleet-manager,cluster-operator}/crds in Kurator's
	// repository; all four are namespaced and served and stored as v1alpha1.
	kurators := map[string]struct {
		group string
		names names
	}{
		"apps.kurator.dev_applications.yaml": {
			"apps.kurator.dev", names{"Application", "ApplicationList", "applications", "application"},
		},
		"fleet.kurator.dev_fleets.yaml": {
			"fleet.kurator.dev", names{"Fleet", "FleetList", "fleets", "fleet"},
		},
		"cluster.kurator.dev_attachedclusters.yaml": {
			"cluster.kurator.dev", names{"AttachedCluster", "AttachedClusterList", "attachedclusters", "attachedcluster"},
		},
		"cluster.kurator.dev_clusters.yaml": {
			"cluster.kurator.dev", names{"Cluster", "ClusterList", "clusters", "cluster"},
		},
	}

	files, err := fs.Glob(crds.FS, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(kurators) {
		t.Errorf("embedded definitions: %v, want the %d of Kurator", files, len(kurators))
	}
	for file, want := range kurators {
		t.Run(file, func(t *testing.T) {
			spec := load(t, file).Spec
			if spec.Group != want.group || spec.Names != want.names || spec.Scope != "Namespaced" {
				t.Errorf("served as %s %+v %s, want %s %+v Namespaced",
					spec.Group, spec.Names, spec.Scope, want.group, want.names)
			}
			if len(spec.Versions) != 1 {
				t.Fatalf("%d versions, want 1", len(spec.Versions))
			}
			version := spec.Versions[0]
			if version.Name != "v1alpha1" || !version.Served || !version.Storage {
				t.Errorf("version %s served=%t storage=%t, want v1alpha1, served and stored",
					version.Name, version.Served, version.Storage)
			}
			if _, ok := version.Subresources["status"]; !ok {
				t.Error("no status subresource, Kurator's definition has one")
			}
		})
	}
}

// TestConstants holds the names that requests are made of to the definitions.
func TestConstants(t *testing.T) {
	for _, test := range []struct{ file, apiVersion, kind, resource string }{
		{
			"apps.kurator.dev_applications.yaml",
			appsv1alpha1.APIVersion, appsv1alpha1.ApplicationKind, appsv1alpha1.ApplicationResource,
		},
		{
			"fleet.kurator.dev_fleets.yaml",
			fleetv1alpha1.APIVersion, fleetv1alpha1.FleetKind, fleetv1alpha1.FleetResource,
		},
		{
			"cluster.kurator.dev_attachedclusters.yaml",
			clusterv1alpha1.APIVersion, clusterv1alpha1.AttachedClusterKind, clusterv1alpha1.AttachedClusterResource,
		},
		{
			"cluster.kurator.dev_clusters.yaml",
			clusterv1alpha1.APIVersion, clusterv1alpha1.ClusterKind, clusterv1alpha1.ClusterResource,
		},
	} {
		spec := load(t, test.file).Spec
		if got := spec.Group + "/" + spec.Versions[0].Name; got != test.apiVersion {
			t.Errorf("%s: APIVersion is %q, the definition serves %q", test.file, test.apiVersion, got)
		}
		if spec.Names.Kind != test.kind || spec.Names.Plural != test.resource {
			t.Errorf("%s: kind and resource are %q, %q, the definition serves %q, %q",
				test.file, test.kind, test.resource, spec.Names.Kind, spec.Names.Plural)
		}
	}
	for group, got := range map[string]string{
		appsv1alpha1.APIVersion:    appsv1alpha1.SchemeGroupVersion().String(),
		fleetv1alpha1.APIVersion:   fleetv1alpha1.SchemeGroupVersion().String(),
		clusterv1alpha1.APIVersion: clusterv1alpha1.SchemeGroupVersion().String(),
	} {
		if got != group {
			t.Errorf("SchemeGroupVersion() is %q, APIVersion %q", got, group)
		}
	}
}

func load(t *testing.T, file string) definition {
	t.Helper()
	content, err := crds.FS.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var crd definition
	if err := yaml.Unmarshal(content, &crd); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return crd
}
