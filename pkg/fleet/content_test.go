package fleet

import (
	"net/http"
	"reflect"
	"testing"

	clusterv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/cluster/v1alpha1"
)

// withClusters is the snapshot of a namespace with one cluster of each sort,
// and the Secrets that they name.
func withClusters() *Snapshot {
	attached := clusterv1alpha1.AttachedCluster{}
	attached.Name, attached.Spec.Kubeconfig.Name = "a", "of-attached"
	cluster := clusterv1alpha1.Cluster{}
	cluster.Name, cluster.Status.KubeconfigSecretRef = "c", "of-cluster"
	cluster.Spec.Credential = &clusterv1alpha1.CredentialConfig{SecretRef: "of-cloud"}
	return newSnapshot("default", nil, []clusterv1alpha1.AttachedCluster{attached}, []clusterv1alpha1.Cluster{cluster})
}

func TestContent(t *testing.T) {
	const at = "/api/v1/namespaces/default/"
	immutable := true
	for name, test := range map[string]struct {
		resource string
		answer   any
		want     *Content
	}{
		"Secret": {
			"secrets", map[string]any{"metadata": map[string]any{"labels": map[string]string{"a": "b"}}, "type": "Opaque", "data": map[string]string{"k": "AAH/"}},
			&Content{Type: "Opaque", Data: map[string]string{"k": "AAH/"}},
		},
		"ConfigMap": {
			"configmaps", map[string]any{"immutable": true, "data": map[string]string{"k": "<\u2028>"}, "binaryData": map[string]string{"b": "/w=="}},
			&Content{Immutable: &immutable, Data: map[string]string{"k": "<\u2028>"}, BinaryData: map[string]string{"b": "/w=="}},
		},
		"nothing in it": {"configmaps", map[string]any{}, &Content{}},
		"none":          {"secrets", status(http.StatusNotFound, "NotFound", "x"), nil},
		"a ConfigMap of the same name as a cluster's Secret": {"configmaps", map[string]any{}, &Content{}},
	} {
		t.Run(name, func(t *testing.T) {
			ref := "of-attached"
			if test.resource == "secrets" {
				ref = "shop"
			}
			host := newHost(t, map[string]any{at + test.resource + "/" + ref: test.answer})
			got, err := withClusters().Content(t.Context(), host, test.resource, ref)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestContentThatStaysOnTheHost(t *testing.T) {
	for name, test := range map[string]struct{ secret, want string }{
		"an attached cluster's":  {"of-attached", `it holds the credentials of AttachedCluster "a", which are never copied`},
		"a cluster's":            {"of-cluster", `it holds the credentials of Cluster "c", which are never copied`},
		"a cluster's cloud's":    {"of-cloud", `it holds the credentials of Cluster "c", which are never copied`},
		"another namespace's":    {"../../kube-system/secrets/a", `"../../kube-system/secrets/a": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`},
		"of a Cluster without a": {"", `"": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`},
	} {
		t.Run(name, func(t *testing.T) {
			// No request is expected.
			if _, err := withClusters().Content(t.Context(), newHost(t, nil), "secrets", test.secret); err == nil || err.Error() != test.want {
				t.Errorf("error\n  %v, want\n  %s", err, test.want)
			}
		})
	}
	for secretType, want := range map[string]string{
		"fleetapp.kurator.dev/inventory.v1":   "it is an inventory of kubectl fleetapp, which is never copied",
		"fleetapp.kurator.dev/inventory.v2":   "it is an inventory of kubectl fleetapp, which is never copied",
		"kubernetes.io/service-account-token": "it holds a service account's token, which is never copied",
		"bootstrap.kubernetes.io/token":       "it holds a cluster's credentials (type bootstrap.kubernetes.io/token), which are never copied",
		"cluster.x-k8s.io/secret":             "it holds a cluster's credentials (type cluster.x-k8s.io/secret), which are never copied",
	} {
		t.Run(secretType, func(t *testing.T) {
			host := newHost(t, map[string]any{secretPath: map[string]any{"type": secretType, "data": map[string]string{"k": canary}}})
			content, err := withClusters().Content(t.Context(), host, "secrets", "shop")
			if content != nil || err == nil || err.Error() != want {
				t.Errorf("got %v, error\n  %v, want\n  %s", content, err, want)
			}
			noCanary(t, err)
		})
	}
}

func TestContentThatCannotBeRead(t *testing.T) {
	host := newHost(t, map[string]any{secretPath: status(http.StatusForbidden, "Forbidden", `secrets "shop" is forbidden`)})
	_, err := withClusters().Content(t.Context(), host, "secrets", "shop")
	if want := `it cannot be read on the host: secrets "shop" is forbidden`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
