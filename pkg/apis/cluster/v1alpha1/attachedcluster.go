package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,categories=kurator-dev
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type="boolean",JSONPath=".status.ready",description="Indicates if the AttachedCluster is ready"

// AttachedCluster is a cluster that exists without Kurator and is reached
// with a kubeconfig that the user put into a Secret.
type AttachedCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   AttachedClusterSpec   `json:"spec,omitempty"`
	Status AttachedClusterStatus `json:"status,omitempty"`
}

// +kubebuilder:object:root=true

// AttachedClusterList is a list of attached clusters, as the API server
// answers it.
type AttachedClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []AttachedCluster `json:"items"`
}

// AttachedClusterSpec says how the cluster is reached.
type AttachedClusterSpec struct {
	// Kubeconfig names the Secret with the cluster's kubeconfig.
	// +optional
	Kubeconfig SecretKeyRef `json:"kubeconfig,omitempty"`
}

// SecretKeyRef names one value of a Secret in the namespace of the object
// that holds the reference.
type SecretKeyRef struct {
	// Name is the name of the Secret.
	Name string `json:"name"`
	// Key is the key within the Secret; the API server sets
	// DefaultKubeconfigKey where it is absent.
	// +optional
	// +kubebuilder:default:="value"
	Key string `json:"key,omitempty"`
}

// AttachedClusterStatus is what Kurator observed.
type AttachedClusterStatus struct {
	// Ready is true once Kurator could use the kubeconfig.
	// +optional
	Ready bool `json:"ready,omitempty"`
}
