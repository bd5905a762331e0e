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

// Path is the object's path below its API server's root.
func (id Identity) Path() []string {
	path := []string{"api", id.Version}
	if id.Group != "" {
		path = []string{"apis", id.Group, id.Version}
	}
	if id.Namespace != "" {
		path = append(path, "namespaces", id.Namespace)
	}
	return append(path, id.Resource, id.Name)
}

// IsSource tells a source from a sync object: sources are deleted last.
func (id Identity) IsSource() bool { return id.Group == sourcev1.GroupVersion.Group }

// Object is one object that a member should have.
type Object struct {
	Identity
	metadata, spec json.RawMessage
}

// Body is what is sent, as JSON: what the user wrote and what the plan must
// set, and nothing else, because a server-side apply owns all that it sends.
// With a uid, the API server accepts it for that very object only; empty, for
// any or none.
func (o *Object) Body(uid types.UID) []byte {
	if uid == "" {
		return o.body("")
	}
	quoted, _ := json.Marshal(uid) // a string can always be encoded
	return o.body(fmt.Sprintf(`"uid":%s,`, quoted))
}

// BodyToCreate is a body that the API server accepts only where there is no
// such object: no object has this resourceVersion, so that an apply onto one is
// a conflict, while one onto none creates it all the same.
func (o *Object) BodyToCreate() []byte { return o.body(`"resourceVersion":"1",`) }

func (o *Object) body(condition string) []byte {
	metadata := fmt.Appendf(nil, `{%s%s`, condition, o.metadata[1:])
	version := o.Version
	if o.Group != "" {
		version = o.Group + "/" + o.Version
	}
	return fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,"metadata":%s,"spec":%s}`, version, o.Kind, metadata, o.spec)
}

// MemberPlan is what one member should have: the source before the objects
// that sync it.
type MemberPlan struct {
	Member  fleet.Member
	Objects []*Object
}

// Plan says which objects of an application should be where.
type Plan struct {
	Owner Owner
	// Members come in the order in which the policies first name them. Objects
	// are shared between members, and must not be changed.
	Members []MemberPlan
}
