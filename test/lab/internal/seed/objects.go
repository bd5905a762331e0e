package seed

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// namespace is where the guide keeps the fleet and the members' Secrets.
const namespace = "default"

// fleetName is the fleet of the guide's applications.
const fleetName = "quickstart"

// Member is a member as the host is to know it.
type Member struct {
	Name       string
	Kubeconfig []byte
}

// Namespace applies a namespace.
func Namespace(ctx context.Context, client dynamic.Interface, name string) error {
	return Apply(ctx, client, object("v1", "Namespace", "", name, nil))
}

// Node applies the cluster's one node; the annotation is how kwok knows a node
// that has no machine.
func Node(ctx context.Context, client dynamic.Interface, cluster string) error {
	node := object("v1", "Node", "", nodeName(cluster), nil)
	node.SetAnnotations(map[string]string{"kwok.x-k8s.io/node": "fake"})
	node.SetLabels(map[string]string{
		"kubernetes.io/hostname": nodeName(cluster),
		"kubernetes.io/os":       "linux",
		"kubernetes.io/arch":     "amd64",
	})
	return Apply(ctx, client, node)
}

// WaitUsable waits until pods can run: the node is Ready, and the default
// namespace has the service account that its pods will use.
func WaitUsable(ctx context.Context, client dynamic.Interface, cluster string) error {
	node := object("v1", "Node", "", nodeName(cluster), nil)
	err := wait(ctx, client, node, "be Ready", func(got *unstructured.Unstructured) bool {
		return hasCondition(got, "Ready")
	})
	if err != nil {
		return err
	}
	account := object("v1", "ServiceAccount", namespace, "default", nil)
	return wait(ctx, client, account, "exist", func(*unstructured.Unstructured) bool { return true })
}

func nodeName(cluster string) string { return cluster + "-node" }

// Secrets applies the Secrets with the members' kubeconfigs, named and keyed
// as the guide does it.
func Secrets(ctx context.Context, client dynamic.Interface, members []Member) error {
	for _, member := range members {
		secret := object("v1", "Secret", namespace, member.Name, map[string]any{
			"type":       "Opaque",
			"stringData": map[string]any{secretKey(member.Name): string(member.Kubeconfig)},
		})
		if err := Apply(ctx, client, secret); err != nil {
			return err
		}
	}
	return nil
}

func secretKey(member string) string { return member + ".config" }

// Fleet returns the AttachedClusters and the fleet of all members, made as the
// guide's are.
func Fleet(members []string) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	var clusters []any
	for _, member := range members {
		objects = append(objects, object("cluster.kurator.dev/v1alpha1", "AttachedCluster", namespace, member,
			map[string]any{"spec": map[string]any{
				"kubeconfig": map[string]any{"name": member, "key": secretKey(member)},
			}}))
		clusters = append(clusters, map[string]any{"kind": "AttachedCluster", "name": member})
	}
	return append(objects, object("fleet.kurator.dev/v1alpha1", "Fleet", namespace, fleetName,
		map[string]any{"spec": map[string]any{"clusters": clusters}}))
}

// GuideFleet returns the guide's own objects, out of its examples. It fails
// where they do not list exactly the members.
func GuideFleet(dir string, members []string) ([]*unstructured.Unstructured, error) {
	objects, err := Read(dir)
	if err != nil {
		return nil, err
	}
	attached := map[string]bool{}
	for _, object := range objects {
		if object.GetKind() == "AttachedCluster" {
			attached[object.GetName()] = true
		}
	}
	for _, member := range members {
		if !attached[member] {
			return nil, fmt.Errorf("read %s: no AttachedCluster %q", dir, member)
		}
	}
	return objects, nil
}

// object makes an object out of its identity and its other fields.
func object(apiVersion, kind, namespace, name string, fields map[string]any) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: map[string]any{}}
	for key, value := range fields {
		made.Object[key] = value
	}
	made.SetAPIVersion(apiVersion)
	made.SetKind(kind)
	made.SetName(name)
	if namespace != "" {
		made.SetNamespace(namespace)
	}
	return made
}
