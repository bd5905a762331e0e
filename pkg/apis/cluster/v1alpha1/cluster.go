package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,categories=kurator-dev
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="InfraType",type="string",JSONPath=".spec.infraType",description="Infra type of the cluster"
// +kubebuilder:printcolumn:name="Version",type="string",JSONPath=".spec.version",description="Kubernetes version of the cluster"
// +kubebuilder:printcolumn:name="Phase",type="string",JSONPath=".status.phase",description="Phase of the cluster"

// Cluster is a cluster that Kurator created. Only what leads to its
// kubeconfig is modelled here; the rest is Kurator's own, and decoding it
// strictly reports it as unknown.
type Cluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:pruning:PreserveUnknownFields
	Spec ClusterSpec `json:"spec,omitempty"`
	// +kubebuilder:pruning:PreserveUnknownFields
	Status ClusterStatus `json:"status,omitempty"`
}

// +kubebuilder:object:root=true

// ClusterList is a list of clusters, as the API server answers it.
type ClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Cluster `json:"items"`
}

// ClusterSpec is the part of a cluster's spec that is read here.
type ClusterSpec struct {
	// Credential names the Secret that is used where the status names none.
	// +optional
	Credential *CredentialConfig `json:"credential,omitempty"`
}

// CredentialConfig names a Secret in the cluster's namespace.
type CredentialConfig struct {
	// SecretRef is the name of the Secret.
	SecretRef string `json:"secretRef"`
}

// ClusterStatus is the part of a cluster's status that is read here.
type ClusterStatus struct {
	// Phase is the phase of the cluster's life; a cluster in use is Ready.
	// +optional
	Phase string `json:"phase,omitempty"`
	// KubeconfigSecretRef is the name of the Secret, in the cluster's
	// namespace, with the cluster's kubeconfig.
	// +optional
	KubeconfigSecretRef string `json:"kubeconfigSecretRef,omitempty"`
}
