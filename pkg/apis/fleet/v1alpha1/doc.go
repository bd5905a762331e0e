// Package v1alpha1 holds the wire types of Kurator's group fleet.kurator.dev,
// as far as they have to be decoded here; it has no behaviour.
//
// +kubebuilder:object:generate=true
// +groupName=fleet.kurator.dev
package v1alpha1

import "k8s.io/apimachinery/pkg/runtime/schema"

// The names under which a host serves fleets, as Kurator's own
// CustomResourceDefinition has them.
const (
	// Group is the API group.
	Group = "fleet.kurator.dev"
	// Version is the group's only version.
	Version = "v1alpha1"
	// APIVersion is group and version as a manifest's apiVersion spells them.
	APIVersion = Group + "/" + Version

	// FleetKind is the kind of a Fleet.
	FleetKind = "Fleet"
	// FleetResource is the plural name of fleets in a request's path.
	FleetResource = "fleets"
)

// SchemeGroupVersion returns Group and Version as one value.
func SchemeGroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}
