package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/types"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

// Identity names one object in a member, whoever put it there.
type Identity struct {
	Group     string `json:"group,omitempty"`
	Version   string `json:"version"`
	Resource  string `json:"resource"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// ApplicationIdentity is that of an owner's Application object on its host.
func ApplicationIdentity(owner Owner) Identity {
	return Identity{
		Group: appsv1alpha1.Group, Version: appsv1alpha1.Version, Resource: appsv1alpha1.ApplicationResource,
		Kind: appsv1alpha1.ApplicationKind, Namespace: owner.Namespace, Name: owner.Application,
	}
}

// String is the object as kubectl prints one: kind.group/name.
func (id Identity) String() string {
	kind := strings.ToLower(id.Kind)
	if id.Group == "" {
		return kind + "/" + id.Name
	}
	return kind + "." + id.Group + "/" + id.Name
}

// Short is the object as a line names it that says enough without its group.
func (id Identity) Short() string { return strings.ToLower(id.Kind) + "/" + id.Name }

// SameObject tells whether two identities name one object: the version that
// it is asked for in makes no difference.
func (id Identity) SameObject(other Identity) bool {
	id.Version = other.Version
	return id == other
}

// APIPath is the path of its API version below its API server's root.
func (id Identity) APIPath() []string {
	if id.Group == "" {
		return []string{"api", id.Version}
	}
	return []string{"apis", id.Group, id.Version}
}

// Path is the object's path below its API server's root.
func (id Identity) Path() []string {
	path := id.APIPath()
	if id.Namespace != "" {
		path = append(path, "namespaces", id.Namespace)
	}
	return append(path, id.Resource, id.Name)
}

// IsRef tells what sources and sync objects refer to, a Secret or a ConfigMap,
// from those objects.
func (id Identity) IsRef() bool { return id.Group == "" }

// IsSource tells a source.
func (id Identity) IsSource() bool { return id.Group == sourcev1.GroupVersion.Group }

// IsSync tells a sync object: all that is neither.
func (id Identity) IsSync() bool { return !id.IsRef() && !id.IsSource() }

// DeletionStep is the step in which the object is deleted, beginning with 0: sync
// objects first, then the sources that they sync, then what both refer to.
func (id Identity) DeletionStep() int {
	switch {
	case id.IsSync():
		return 0
	case id.IsSource():
		return 1
	}
	return 2
}

// Object is one object that a member should have.
type Object struct {
	Identity
	metadata, spec json.RawMessage
	// content is, for what has no spec, a JSON object with the fields that stand
	// beside the metadata; shown is the same as people may see it.
	content, shown json.RawMessage
}

// Body is what is sent, as JSON: what the user wrote and what the plan must
// set, and nothing else, because a server-side apply owns all that it sends.
// With a uid, the API server accepts it for that very object only; empty, for
// any or none.
func (o *Object) Body(uid types.UID) []byte {
	if uid == "" {
		return o.body("", o.content)
	}
	quoted, _ := json.Marshal(uid) // a string can always be encoded
	return o.body(fmt.Sprintf(`"uid":%s,`, quoted), o.content)
}

// BodyToCreate is a body that the API server accepts only where there is no
// such object: no object has this resourceVersion, so that an apply onto one is
// a conflict, while one onto none creates it all the same.
func (o *Object) BodyToCreate() []byte { return o.body(`"resourceVersion":"1",`, o.content) }

// Suspended tells whether the user wrote that Flux is to leave the object alone.
func (o *Object) Suspended() bool {
	var content struct {
		Spec struct {
			Suspend bool `json:"suspend"`
		} `json:"spec"`
	}
	return json.Unmarshal(o.Body(""), &content) == nil && content.Spec.Suspend
}

// Redacted is the body as people may see it: without the values of a Secret.
func (o *Object) Redacted() []byte { return o.body("", o.shown) }

func (o *Object) body(condition string, content json.RawMessage) []byte {
	metadata := fmt.Appendf(nil, `{%s%s`, condition, o.metadata[1:])
	version := o.Version
	if o.Group != "" {
		version = o.Group + "/" + o.Version
	}
	if o.spec != nil {
		content = fmt.Appendf(nil, `{"spec":%s}`, o.spec)
	}
	body := fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,"metadata":%s`, version, o.Kind, metadata)
	if len(content) > len("{}") {
		body = append(body, ',')
	}
	return append(body, content[1:]...)
}

// MemberPlan is what one member should have: what is copied for the source and
// the sync objects, then the source, then the objects that sync it.
type MemberPlan struct {
	Member  fleet.Member
	Objects []*Object
	// Refs are what Objects refer to and what is not among them.
	Refs []Ref
}

// Plan says which objects of an application should be where.
type Plan struct {
	Owner Owner
	// Members come in the order in which the policies first name them. Objects
	// are shared between members, and must not be changed.
	Members []MemberPlan
}
