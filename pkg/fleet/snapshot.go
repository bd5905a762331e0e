// Package fleet reads the host: fleets, clusters and the kubeconfig Secrets
// that they name, into ordered members and clients for them. It is the only
// package that touches kubeconfig bytes.
package fleet

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	clusterv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/cluster/v1alpha1"
	fleetv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/fleet/v1alpha1"
)

// Snapshot is what one namespace of the host said about fleets at one time.
// A fleet's clusters live in the fleet's own namespace, whatever namespace its
// references name, so one namespace is all there is to read.
type Snapshot struct {
	Namespace string
	fleets    []fleetv1alpha1.Fleet
	clusters  map[clusterKey]Member
	order     []clusterKey
	// listedBy are, by cluster, the fleets that list it.
	listedBy map[clusterKey][]string
	// credentials are the Secrets that give access to a cluster, and whose they
	// are.
	credentials map[string]string
}

type clusterKey struct{ kind, name string }

// Read takes a snapshot of a namespace, in one round trip.
func Read(ctx context.Context, host rest.Interface, namespace string) (*Snapshot, error) {
	all, err := read(ctx, host, namespace)
	if err != nil {
		return nil, err
	}
	return newSnapshot(namespace, all.fleets.Items, all.attached.Items, all.clusters.Items), nil
}

// ReadAll takes a snapshot of every namespace that has a fleet or a cluster, in
// one round trip.
func ReadAll(ctx context.Context, host rest.Interface) (map[string]*Snapshot, error) {
	all, err := read(ctx, host, "")
	if err != nil {
		return nil, err
	}
	fleets, attached, clusters := byNamespace(all.fleets.Items), byNamespace(all.attached.Items), byNamespace(all.clusters.Items)
	snapshots := map[string]*Snapshot{}
	for _, namespaces := range []iter.Seq[string]{maps.Keys(fleets), maps.Keys(attached), maps.Keys(clusters)} {
		for namespace := range namespaces {
			snapshots[namespace] = newSnapshot(namespace, fleets[namespace], attached[namespace], clusters[namespace])
		}
	}
	return snapshots, nil
}

// NoSnapshot is that of a namespace which has neither fleets nor clusters.
func NoSnapshot(namespace string) *Snapshot { return newSnapshot(namespace, nil, nil, nil) }

func byNamespace[T any, P interface {
	*T
	metav1.Object
}](items []T) map[string][]T {
	by := map[string][]T{}
	for _, item := range items {
		namespace := P(&item).GetNamespace()
		by[namespace] = append(by[namespace], item)
	}
	return by
}

// lists are what a snapshot is made of.
type lists struct {
	fleets   fleetv1alpha1.FleetList
	attached clusterv1alpha1.AttachedClusterList
	clusters clusterv1alpha1.ClusterList
}

// read reads them in one namespace, or in all of them where it is empty.
func read(ctx context.Context, host rest.Interface, namespace string) (*lists, error) {
	var (
		all   lists
		reads errgroup.Group
	)
	list := func(group, resource string, into any) error {
		err := getJSON(ctx, host, into, collectionPath(group, namespace, resource)...)
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("the host does not serve %s.%s: is this the cluster that Kurator's objects are on?", resource, group)
		}
		if err != nil {
			return fmt.Errorf("read %s in %s on the host: %w", resource, inNamespace(namespace), err)
		}
		return nil
	}
	reads.Go(func() error { return list(fleetv1alpha1.Group, fleetv1alpha1.FleetResource, &all.fleets) })
	reads.Go(func() error {
		return list(clusterv1alpha1.Group, clusterv1alpha1.AttachedClusterResource, &all.attached)
	})
	reads.Go(func() error { return list(clusterv1alpha1.Group, clusterv1alpha1.ClusterResource, &all.clusters) })
	return &all, reads.Wait()
}

// collectionPath is that of one of Kurator's resources, in one namespace or, where
// it is empty, in all.
func collectionPath(group, namespace, resource string) []string {
	path := []string{"apis", group, "v1alpha1"}
	if namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	return append(path, resource)
}

func inNamespace(namespace string) string {
	if namespace == "" {
		return "all namespaces"
	}
	return fmt.Sprintf("namespace %q", namespace)
}

func newSnapshot(namespace string, fleets []fleetv1alpha1.Fleet,
	attached []clusterv1alpha1.AttachedCluster, clusters []clusterv1alpha1.Cluster,
) *Snapshot {
	s := &Snapshot{
		Namespace: namespace, fleets: fleets, clusters: map[clusterKey]Member{}, credentials: map[string]string{},
		listedBy: map[clusterKey][]string{},
	}
	add := func(member Member) {
		key := clusterKey{member.Kind, member.Name}
		s.clusters[key] = member
		s.order = append(s.order, key)
		s.credentials[member.Kubeconfig.Name] = fmt.Sprintf("%s %q", member.Kind, member.Name)
	}
	for _, c := range attached {
		key := c.Spec.Kubeconfig.Key
		if key == "" {
			key = clusterv1alpha1.DefaultKubeconfigKey
		}
		add(Member{
			Name: c.Name, Kind: KindAttachedCluster, Labels: c.Labels,
			Kubeconfig: SecretKey{namespace, c.Spec.Kubeconfig.Name, key},
		})
	}
	for _, c := range clusters {
		secret := c.Status.KubeconfigSecretRef
		if c.Spec.Credential != nil {
			s.credentials[c.Spec.Credential.SecretRef] = fmt.Sprintf("%s %q", KindCluster, c.Name)
			if secret == "" {
				secret = c.Spec.Credential.SecretRef
			}
		}
		add(Member{
			Name: c.Name, Kind: KindCluster, Labels: c.Labels,
			Kubeconfig: SecretKey{namespace, secret, clusterv1alpha1.DefaultKubeconfigKey},
		})
	}
	for _, f := range fleets {
		for _, reference := range f.Spec.Clusters {
			key := keyOf(reference)
			if listed := s.listedBy[key]; !slices.Contains(listed, f.Name) {
				s.listedBy[key] = append(listed, f.Name)
			}
		}
	}
	return s
}
