// Package v1alpha1 holds the wire types of Kurator's group apps.kurator.dev,
// as far as they have to be decoded here; it has no behaviour.
//
// Where Kurator embeds a spec or a status of Flux, these types keep the JSON
// object as it was written. What is sent to a member is what the user wrote:
// a decoded Flux struct would add the zero value of every field it knows, and
// drop every field it does not.
//
// +kubebuilder:object:generate=true
// +groupName=apps.kurator.dev
package v1alpha1

import "k8s.io/apimachinery/pkg/runtime/schema"

// The names under which a host serves applications, as Kurator's own
// CustomResourceDefinition has them.
const (
	// Group is the API group.
	Group = "apps.kurator.dev"
	// Version is the group's only version.
	Version = "v1alpha1"
	// APIVersion is group and version as a manifest's apiVersion spells them.
	APIVersion = Group + "/" + Version

	// ApplicationKind is the kind of an Application.
	ApplicationKind = "Application"
	// ApplicationResource is the plural name of applications in a request's path.
	ApplicationResource = "applications"
)

// SchemeGroupVersion returns Group and Version as one value.
func SchemeGroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}
