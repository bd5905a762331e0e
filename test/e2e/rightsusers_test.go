package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

var (
	applications        = schema.GroupVersionResource{Group: "apps.kurator.dev", Version: "v1alpha1", Resource: "applications"}
	helmCharts          = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "helmcharts"}
	serviceAccounts     = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	clusterRoles        = schema.GroupVersionResource{Group: rbacv1.GroupName, Version: "v1", Resource: "clusterroles"}
	clusterRoleBindings = schema.GroupVersionResource{Group: rbacv1.GroupName, Version: "v1", Resource: "clusterrolebindings"}
	accessReviews       = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "subjectaccessreviews"}
)

// readRights reads the rights of docs/rbac.yaml one by one.
func readRights(t *testing.T) []right {
	t.Helper()
	data, err := os.ReadFile("../../docs/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all []right
	for documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		var role rbacv1.ClusterRole
		if err := documents.Decode(&role); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						all = append(all, right{role.Name, rbacv1.PolicyRule{
							APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: rule.ResourceNames, Verbs: []string{verb},
						}})
					}
				}
			}
		}
	}
}

// users are made in a namespace of their own, on each cluster.
type users struct {
	namespace string
	clusters  map[string]dynamic.Interface
	configs   map[string]*rest.Config
	count     atomic.Int64
}

func newUsers(t *testing.T, name string) *users {
	t.Helper()
	u := &users{namespace: fmt.Sprintf("%s-%d", name, started), clusters: newClusters(t), configs: map[string]*rest.Config{}}
	selected := metav1.ListOptions{LabelSelector: "e2e=" + u.namespace}
	for cluster, client := range u.clusters {
		u.configs[cluster] = pluginConfig(t, cluster)
		u.create(t, client.Resource(namespaces), object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": u.namespace}})
		t.Cleanup(func() {
			err := errors.Join(
				client.Resource(clusterRoleBindings).DeleteCollection(context.Background(), metav1.DeleteOptions{}, selected),
				client.Resource(clusterRoles).DeleteCollection(context.Background(), metav1.DeleteOptions{}, selected),
				client.Resource(namespaces).Delete(context.Background(), u.namespace, metav1.DeleteOptions{}),
			)
			if err != nil {
				t.Error(err)
			}
		})
	}
	return u
}

func (u *users) create(t *testing.T, into dynamic.ResourceInterface, content object, subresources ...string) *unstructured.Unstructured {
	t.Helper()
	made, err := into.Create(context.Background(), &unstructured.Unstructured{Object: content}, metav1.CreateOptions{}, subresources...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// restricted is a way to the clusters on which the plugin is, in one of them,
// somebody else.
type restricted struct {
	*users
	in    string
	token string
}

func (r restricted) kubeconfig(cluster string) []byte {
	config := r.configs[cluster]
	if cluster != r.in {
		return kubeconfigFor(config.Host, config.CAData, config.CertData, config.KeyData)
	}
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`, config.Host, base(config.CAData), r.token)
}

// with makes somebody who has these rights in a cluster, and no others.
func (u *users) with(t *testing.T, in string, rights []right) restricted {
	t.Helper()
	var role rbacv1.ClusterRole
	for _, r := range rights {
		role.Rules = append(role.Rules, r.rule)
	}
	granted, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&role)
	if err != nil {
		t.Fatal(err)
	}
	client, name := u.clusters[in], fmt.Sprintf("%s-%d", u.namespace, u.count.Add(1))
	meta := object{"name": name, "labels": object{"e2e": u.namespace}}
	accounts := client.Resource(serviceAccounts).Namespace(u.namespace)
	u.create(t, client.Resource(clusterRoles), object{
		"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": "ClusterRole", "metadata": meta, "rules": granted["rules"],
	})
	u.create(t, client.Resource(clusterRoleBindings), object{
		"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": "ClusterRoleBinding", "metadata": meta,
		"roleRef":  object{"apiGroup": rbacv1.GroupName, "kind": "ClusterRole", "name": name},
		"subjects": []any{object{"kind": "ServiceAccount", "name": name, "namespace": u.namespace}},
	})
	u.create(t, accounts, object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": object{"name": name}})
	answer := u.create(t, accounts, object{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": object{"name": name}, "spec": object{},
	}, "token")
	token, _, err := unstructured.NestedString(answer.Object, "status", "token")
	if err != nil {
		t.Fatal(err)
	}
	u.untilGranted(t, client, name, rights[0].rule)
	return restricted{u, in, token}
}

// untilGranted waits until the API server knows of a role and its binding: the
// authorizer learns of them a moment after they are stored.
func (u *users) untilGranted(t *testing.T, client dynamic.Interface, name string, of rbacv1.PolicyRule) {
	t.Helper()
	attributes := object{"verb": of.Verbs[0], "group": of.APIGroups[0], "resource": of.Resources[0]}
	if len(of.ResourceNames) > 0 {
		attributes["name"] = of.ResourceNames[0]
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		answer := u.create(t, client.Resource(accessReviews), object{
			"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
			"spec": object{"user": "system:serviceaccount:" + u.namespace + ":" + name, "resourceAttributes": attributes},
		})
		if allowed, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed"); allowed {
			return
		}
	}
	t.Fatalf("%s is not granted what it is bound to", name)
}
