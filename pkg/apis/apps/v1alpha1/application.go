package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,categories=kurator-dev
// +kubebuilder:subresource:status

// Application says which artifact is to be synced, how, and to which clusters.
type Application struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ApplicationSpec   `json:"spec,omitempty"`
	Status ApplicationStatus `json:"status,omitempty"`
}

// +kubebuilder:object:root=true

// ApplicationList is a list of applications, as the API server answers it.
type ApplicationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Application `json:"items"`
}

// ApplicationSpec is what the user asks for.
type ApplicationSpec struct {
	// Source is where the artifact comes from.
	Source ApplicationSource `json:"source"`
	// SyncPolicies say how the artifact is synced; each stands for one Flux
	// object in every cluster of its destination.
	SyncPolicies []ApplicationSyncPolicy `json:"syncPolicies"`
	// Destination is where policies go that have no destination of their own.
	// Without either, a policy goes to the host itself.
	// +optional
	Destination *ApplicationDestination `json:"destination,omitempty"`
}

// ApplicationSource names exactly one source. Each field is the spec of the
// Flux object of that kind, as the user wrote it.
type ApplicationSource struct {
	// GitRepository is the spec of a Flux GitRepository.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	GitRepository *runtime.RawExtension `json:"gitRepository,omitempty"`
	// HelmRepository is the spec of a Flux HelmRepository.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	HelmRepository *runtime.RawExtension `json:"helmRepository,omitempty"`
	// OCIRepository is the spec of a Flux OCIRepository.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	OCIRepository *runtime.RawExtension `json:"ociRepository,omitempty"`
}

// ApplicationSyncPolicy is one way to sync the artifact; exactly one of
// Kustomization and Helm is set.
type ApplicationSyncPolicy struct {
	// Name is the name of the Flux object. Empty stands for
	// <application>-<index of the policy>.
	// +optional
	Name string `json:"name,omitempty"`
	// Kustomization is the spec of a Flux Kustomization without sourceRef and
	// kubeConfig, as the user wrote it.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	Kustomization *runtime.RawExtension `json:"kustomization,omitempty"`
	// Helm is the spec of a Flux HelmRelease without kubeConfig, whose
	// chart.spec has no sourceRef, as the user wrote it.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	Helm *runtime.RawExtension `json:"helm,omitempty"`
	// Destination stands in for the application's destination, whole; the two
	// do not merge.
	// +optional
	Destination *ApplicationDestination `json:"destination,omitempty"`
	// Rollout is Kurator's configuration of Flagger, as the user wrote it.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	Rollout *runtime.RawExtension `json:"rollout,omitempty"`
}

// ApplicationDestination is a set of clusters: those of a fleet, or the part
// of them that a selector matches.
type ApplicationDestination struct {
	// Fleet is the name of a fleet in the application's namespace.
	Fleet string `json:"fleet"`
	// ClusterSelector matches labels of the fleet's AttachedCluster and Cluster
	// objects. Absent or empty, it matches every cluster of the fleet.
	// Kurator itself knows matchLabels only.
	// +optional
	ClusterSelector *metav1.LabelSelector `json:"clusterSelector,omitempty"`
}

// ApplicationStatus is what Kurator's controller observed. Applications that
// it does not distribute have none.
type ApplicationStatus struct {
	// SourceStatus is the state of the source.
	// +optional
	SourceStatus *ApplicationSourceStatus `json:"sourceStatus,omitempty"`
	// SyncStatus is the state of each Flux object, one per policy and cluster.
	// +optional
	SyncStatus []ApplicationSyncStatus `json:"syncStatus,omitempty"`
}

// ApplicationSourceStatus has the field of the source's kind set. Each field
// is the status of the Flux object of that kind, as the host holds it.
type ApplicationSourceStatus struct {
	// GitRepoStatus is the status of a Flux GitRepository.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	GitRepoStatus *runtime.RawExtension `json:"gitRepoStatus,omitempty"`
	// HelmRepoStatus is the status of a Flux HelmRepository.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	HelmRepoStatus *runtime.RawExtension `json:"helmRepoStatus,omitempty"`
	// OCIRepoStatus is the status of a Flux OCIRepository.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	OCIRepoStatus *runtime.RawExtension `json:"ociRepoStatus,omitempty"`
}

// ApplicationSyncStatus is the state of one Flux object.
type ApplicationSyncStatus struct {
	// Name is the name of the Flux object.
	// +optional
	Name string `json:"name,omitempty"`
	// KustomizationStatus is the status of a Flux Kustomization.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	KustomizationStatus *runtime.RawExtension `json:"kustomizationStatus,omitempty"`
	// HelmReleaseStatus is the status of a Flux HelmRelease. Kurator spells
	// this one field with a capital letter.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	HelmReleaseStatus *runtime.RawExtension `json:"HelmReleaseStatus,omitempty"`
	// RolloutStatus is the state of a rollout in one cluster.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	RolloutStatus *runtime.RawExtension `json:"rolloutStatus,omitempty"`
}
