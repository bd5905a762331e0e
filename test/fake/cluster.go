// Package fake is an API server that is fast: its objects are in memory. As far
// as the plugin asks, it answers what a real one does: server-side apply with its
// conflicts, preconditions, finalizers, watches. test/e2e asks both the same
// questions and compares. It knows no schemas, no quotas and no rights.
package fake

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/watch"
)

// Resource is one that a cluster serves.
type Resource struct {
	Group, Name, Kind string
	// Versions are the served ones, the stored one first.
	Versions   []string
	Namespaced bool
	// BuiltIn tells what is none of the custom resources, which an API server
	// treats otherwise in places.
	BuiltIn bool
}

func (r Resource) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Name}
}

func (r Resource) kind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Versions[0], Kind: r.Kind}
}

// key is where an object is.
type key struct {
	schema.GroupResource
	types.NamespacedName
}

// Event is one change.
type Event struct {
	Type   watch.EventType
	Object *unstructured.Unstructured
	at     key
	number int64
}

// Cluster is one API server and all that it holds.
type Cluster struct {
	// Changed, if set, is called after each change, before it is answered, while
	// nothing else happens. What it gets is nobody else's. It must not ask the
	// cluster anything but Objects.
	Changed func(Event)

	name      string
	now       func() time.Time
	resources []Resource
	managers  map[schema.GroupResource]*managedfields.FieldManager

	mutex   sync.Mutex // guards the fields below
	objects map[key]*unstructured.Unstructured
	number  int64
	history []Event
	news    chan struct{} // closed when something is added to history
}

// New makes a cluster with a name, which its UIDs have in them, with these
// resources beside those of Kubernetes itself that matter here, and with the
// namespaces kube-system and default.
func New(name string, now func() time.Time, resources ...Resource) (*Cluster, error) {
	c := &Cluster{
		name: name, now: now, objects: map[key]*unstructured.Unstructured{}, news: make(chan struct{}), number: 1,
		managers: map[schema.GroupResource]*managedfields.FieldManager{},
		resources: append([]Resource{
			{Name: "namespaces", Kind: "Namespace", Versions: []string{"v1"}, BuiltIn: true},
			{Name: "secrets", Kind: "Secret", Versions: []string{"v1"}, BuiltIn: true, Namespaced: true},
			{Name: "configmaps", Kind: "ConfigMap", Versions: []string{"v1"}, BuiltIn: true, Namespaced: true},
		}, resources...),
	}
	for _, resource := range c.resources {
		manager, err := newFieldManager(resource)
		if err != nil {
			return nil, err
		}
		c.managers[resource.groupResource()] = manager
	}
	for _, name := range []string{"kube-system", "default"} {
		c.Put(&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
		}})
	}
	return c, nil
}

// Put makes an object, or replaces it, as somebody who may do anything. It
// panics where the object's kind is not served: a test's mistake.
func (c *Cluster) Put(object *unstructured.Unstructured) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	at := slices.IndexFunc(c.resources, func(r Resource) bool {
		return r.Kind == object.GetKind() && r.Group == object.GroupVersionKind().Group
	})
	if at < 0 {
		panic("no " + object.GroupVersionKind().String() + " is served")
	}
	where := key{c.resources[at].groupResource(), types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}}
	if c.objects[where] == nil {
		c.create(where, object.DeepCopy())
		return
	}
	c.replace(where, object.DeepCopy())
}

// Edit changes an object that is there, as its controller would.
func (c *Cluster) Edit(resource schema.GroupResource, namespace, name string, change func(*unstructured.Unstructured)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	where := key{resource, types.NamespacedName{Namespace: namespace, Name: name}}
	if live := c.objects[where]; live != nil {
		changed := live.DeepCopy()
		change(changed)
		c.replace(where, changed)
	}
}

// Objects are copies of all objects of a resource, in the order of their
// names. It may be called by Changed.
func (c *Cluster) Objects(resource schema.GroupResource) []*unstructured.Unstructured {
	if c.mutex.TryLock() { // or Changed asks, for which it is locked
		defer c.mutex.Unlock()
	}
	return c.list(resource, "")
}

// list are copies of the objects of a resource, of a namespace if it is named.
func (c *Cluster) list(resource schema.GroupResource, namespace string) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, at := range slices.SortedFunc(maps.Keys(c.objects), func(a, b key) int { return strings.Compare(a.NamespacedName.String(), b.NamespacedName.String()) }) {
		if at.GroupResource == resource && (namespace == "" || at.Namespace == namespace) {
			all = append(all, c.objects[at].DeepCopy())
		}
	}
	return all
}

// create stores a new object.
func (c *Cluster) create(at key, object *unstructured.Unstructured) *unstructured.Unstructured {
	c.number++
	prepare(object, at, c.now())
	object.SetResourceVersion(strconv.FormatInt(c.number, 10))
	object.SetUID(types.UID(fmt.Sprintf("uid-%s-%s-%d", c.name, at.Name, c.number)))
	c.objects[at] = object
	c.tell(watch.Added, at, object)
	return object
}

// prepare sets what an API server sets on a new object.
func prepare(object *unstructured.Unstructured, at key, now time.Time) {
	object.SetCreationTimestamp(timestamp(now))
	object.SetNamespace(at.Namespace)
	object.SetName(at.Name)
	if at.Group != "" {
		object.SetGeneration(1)
	}
}

// replace stores an object in the place of another one, unless nothing changes.
// One that is being deleted goes when its last finalizer does.
func (c *Cluster) replace(at key, object *unstructured.Unstructured) *unstructured.Unstructured {
	live := c.objects[at]
	if isSame(live, object) {
		return live
	}
	object.SetGeneration(nextGeneration(live, object))
	c.number++
	if object.GetDeletionTimestamp() != nil && len(object.GetFinalizers()) == 0 {
		c.drop(at, object)
		return object
	}
	object.SetResourceVersion(strconv.FormatInt(c.number, 10))
	c.objects[at] = object
	c.tell(watch.Modified, at, object)
	return object
}

func (c *Cluster) drop(at key, object *unstructured.Unstructured) {
	last := object.DeepCopy()
	last.SetResourceVersion(strconv.FormatInt(c.number, 10))
	delete(c.objects, at)
	c.tell(watch.Deleted, at, last)
}

func (c *Cluster) tell(what watch.EventType, at key, object *unstructured.Unstructured) {
	event := Event{what, object.DeepCopy(), at, c.number}
	c.history = append(c.history, event)
	close(c.news)
	c.news = make(chan struct{})
	if c.Changed != nil {
		c.Changed(event)
	}
}
