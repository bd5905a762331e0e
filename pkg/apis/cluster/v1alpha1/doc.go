// Package v1alpha1 holds the wire types of Kurator's group cluster.kurator.dev,
// as far as they have to be decoded here; it has no behaviour.
//
// +kubebuilder:object:generate=true
// +groupName=cluster.kurator.dev
package v1alpha1

import "k8s.io/apimachinery/pkg/runtime/schema"

// The names under which a host serves clusters, as Kurator's own
// CustomResourceDefinitions have them.
const (
	// Group is the API group.
	Group = "cluster.kurator.dev"
	// Version is the group's only version.
	Version = "v1alpha1"
	// APIVersion is group and version as a manifest's apiVersion spells them.
	APIVersion = Group + "/" + Version

	// AttachedClusterKind is the kind of an AttachedCluster.
	AttachedClusterKind = "AttachedCluster"
	// AttachedClusterResource is the plural name of attached clusters in a
	// request's path.
	AttachedClusterResource = "attachedclusters"
	// ClusterKind is the kind of a Cluster.
	ClusterKind = "Cluster"
	// ClusterResource is the plural name of clusters in a request's path.
	ClusterResource = "clusters"

	// DefaultKubeconfigKey is the key of a kubeconfig in its Secret: for an
	// AttachedCluster that names none, and always for a Cluster.
	DefaultKubeconfigKey = "value"
)

// SchemeGroupVersion returns Group and Version as one value.
func SchemeGroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}
