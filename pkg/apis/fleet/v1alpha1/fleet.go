package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,categories=kurator-dev
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Phase",type="string",JSONPath=".status.phase",description="Phase of the fleet"

// Fleet lists the clusters that are managed together.
type Fleet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec FleetSpec `json:"spec,omitempty"`
	// +kubebuilder:pruning:PreserveUnknownFields
	Status FleetStatus `json:"status,omitempty"`
}

// +kubebuilder:object:root=true

// FleetList is a list of fleets, as the API server answers it.
type FleetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Fleet `json:"items"`
}

// FleetSpec is what the fleet consists of.
type FleetSpec struct {
	// Clusters are the fleet's clusters, in the order in which they are shown.
	// +optional
	Clusters []ClusterReference `json:"clusters,omitempty"`
	// Plugin is Kurator's configuration of what it installs in the clusters,
	// as the host holds it.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	Plugin *runtime.RawExtension `json:"plugin,omitempty"`
}

// ClusterReference names a cluster of the fleet. Kurator has a whole
// core/v1 ObjectReference here, and uses kind and name of it.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ClusterReference struct {
	// APIVersion is the cluster's group and version; Kurator ignores it.
	// +optional
	APIVersion string `json:"apiVersion,omitempty"`
	// Kind is AttachedCluster or Cluster.
	// +optional
	Kind string `json:"kind,omitempty"`
	// Name is the name of the cluster's object on the host.
	// +optional
	Name string `json:"name,omitempty"`
	// Namespace is ignored: a fleet's cluster lives in the fleet's namespace,
	// whatever stands here.
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// FleetStatus is what Kurator's fleet manager observed.
type FleetStatus struct {
	// Phase is the phase of the fleet's control plane: Pending, Running, Ready,
	// Failed, Terminating, TerminateSucceeded or TerminateFailed.
	// +optional
	Phase string `json:"phase,omitempty"`
	// Reason says in CamelCase why the fleet is in this phase.
	// +optional
	Reason string `json:"reason,omitempty"`
	// ReadyClusters is the number of clusters that are ready for use.
	// +optional
	ReadyClusters int32 `json:"readyClusters,omitempty"`
	// UnReadyClusters is the number of clusters that are not.
	// +optional
	UnReadyClusters int32 `json:"unReadyClusters,omitempty"`
}
