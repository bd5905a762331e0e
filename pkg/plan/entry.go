package plan

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxPart is how long a name can be, and so any part of an identity.
const maxPart = validation.DNS1123SubdomainMaxLength

// Entry is one object that Flux says it applied, as the status.inventory of a
// Kustomization or HelmRelease spells it.
type Entry struct {
	// ID is <namespace>_<name>_<group>_<kind>.
	ID      string `json:"id"`
	Version string `json:"v"`
}

// Identity is the object that an entry names, without its resource: only its
// member knows that. It is false where the entry names no object but a path of
// the API server's choice: what stands in a member's status may come from
// anybody who may write there.
func (e Entry) Identity() (id Identity, ok bool) {
	fields := strings.Split(e.ID, "_")
	if len(fields) < 4 {
		return Identity{}, false
	}
	last := len(fields) - 1
	id = Identity{
		Group: fields[last-1], Version: e.Version, Kind: fields[last], Namespace: fields[0],
		// A colon, which RBAC allows in names, is spelled "__".
		Name: strings.ReplaceAll(strings.Join(fields[1:last-1], "_"), "__", ":"),
	}
	return id, id.IsObject()
}

// IsObject tells whether the parts of an identity can be those of an object:
// each is one segment of a path, and those are there that must be, but for the
// resource.
func (id Identity) IsObject() bool {
	for _, part := range []string{id.Group, id.Version, id.Kind, id.Namespace, id.Name} {
		if len(content.IsPathSegmentName(part)) > 0 || len(part) > maxPart {
			return false
		}
	}
	return id.Version != "" && id.Kind != "" && id.Name != ""
}
