package fake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// errModified is the reason of a conflict over a resourceVersion. Source:
// OptimisticLockErrorMsg of k8s.io/apiserver.
var errModified = errors.New("the object has been modified; please apply your changes to the latest version and try again")

// otherError is the reason of a conflict over a UID.
type otherError struct{ sent, is types.UID }

// Error is in an API server's words. Source: Preconditions of
// k8s.io/apiserver/pkg/storage.
func (e otherError) Error() string {
	return fmt.Sprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", e.sent, e.is)
}

func (c *Cluster) post(r call) (*unstructured.Unstructured, error) {
	object, err := r.sent()
	if err != nil {
		return nil, err
	}
	r.at.Name = object.GetName()
	if c.objects[r.at] != nil {
		return nil, apierrors.NewAlreadyExists(r.at.GroupResource, r.at.Name)
	}
	object, err = c.owned(r, c.empty(r), object)
	if err != nil {
		return nil, err
	}
	return c.createFor(r, object)
}

func (c *Cluster) put(r call) (*unstructured.Unstructured, error) {
	object, err := r.sent()
	if err != nil {
		return nil, err
	}
	live := c.objects[r.at]
	if live == nil {
		return nil, apierrors.NewNotFound(r.at.GroupResource, r.at.Name)
	}
	if err := r.guard(live, object); err != nil {
		return nil, err
	}
	for _, kept := range []string{"creationTimestamp", "deletionTimestamp", "uid", "generation", "finalizers"} {
		if value, found, _ := unstructured.NestedFieldCopy(live.Object, "metadata", kept); found {
			_ = unstructured.SetNestedField(object.Object, value, "metadata", kept)
		}
	}
	if object, err = c.owned(r, live, object); err != nil {
		return nil, err
	}
	return c.replaceFor(r, object)
}

func (c *Cluster) patch(r call) (int, *unstructured.Unstructured, error) {
	live := c.objects[r.at]
	if r.Header.Get("Content-Type") != string(types.ApplyPatchType) {
		object, err := c.merge(r, live)
		return http.StatusOK, object, err
	}
	object, err := r.sent()
	if err != nil {
		return 0, nil, err
	}
	before := live
	if live == nil {
		before = c.empty(r)
	}
	query := r.URL.Query()
	force, _ := strconv.ParseBool(query.Get("force"))
	merged, err := c.managers[r.at.GroupResource].Apply(before.DeepCopy(), object, query.Get("fieldManager"), force)
	if err != nil {
		return 0, nil, err
	}
	after, err := unstructuredOf(merged)
	if err != nil {
		return 0, nil, err
	}
	switch {
	case live != nil:
		if err := r.guard(live, after); err != nil {
			return 0, nil, err
		}
		object, err = c.replaceFor(r, after)
		return http.StatusOK, object, err
	case after.GetUID() != "":
		return 0, nil, apierrors.NewConflict(r.at.GroupResource, r.at.Name,
			fmt.Errorf("uid mismatch: the provided object specified uid %s, and no existing object was found", after.GetUID()))
	}
	after, err = c.createFor(r, after)
	return http.StatusCreated, after, err
}

// merge carries out a JSON merge patch.
func (c *Cluster) merge(r call, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if r.Header.Get("Content-Type") != string(types.MergePatchType) {
		return nil, apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, "patch", r.at.GroupResource, r.at.Name, "", 0, true)
	}
	if live == nil {
		return nil, apierrors.NewNotFound(r.at.GroupResource, r.at.Name)
	}
	before, err := json.Marshal(live.Object)
	if err != nil {
		return nil, err
	}
	after, err := jsonpatch.MergePatch(before, r.body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(after); err != nil {
		return nil, err
	}
	for _, list := range []string{"annotations", "labels", "finalizers"} {
		if value, _, _ := unstructured.NestedFieldNoCopy(object.Object, "metadata", list); isEmpty(value) {
			unstructured.RemoveNestedField(object.Object, "metadata", list)
		}
	}
	if err := r.guard(live, object); err != nil {
		return nil, err
	}
	if object, err = c.owned(r, live, object); err != nil {
		return nil, err
	}
	return c.replaceFor(r, object)
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return value == nil
}

// remove deletes an object, or begins to where it has finalizers.
func (c *Cluster) remove(r call) (any, error) {
	live := c.objects[r.at]
	if live == nil {
		return nil, apierrors.NewNotFound(r.at.GroupResource, r.at.Name)
	}
	var options metav1.DeleteOptions
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &options); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
	}
	if err := r.precondition(options.Preconditions, live); err != nil {
		return nil, err
	}
	isDryRun := r.isDryRun || len(options.DryRun) > 0
	if len(live.GetFinalizers()) == 0 {
		if !isDryRun {
			c.number++
			c.drop(r.at, live)
		}
		return metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess,
			Details: &metav1.StatusDetails{Name: r.at.Name, Group: r.Group, Kind: r.Name, UID: live.GetUID()},
		}, nil
	}
	if live.GetDeletionTimestamp() != nil {
		return r.shown(live), nil
	}
	dying := live.DeepCopy()
	now := timestamp(c.now())
	dying.SetDeletionTimestamp(&now)
	grace := int64(0)
	dying.SetDeletionGracePeriodSeconds(&grace)
	if isDryRun {
		dying.SetGeneration(nextGeneration(live, dying))
		return r.shown(dying), nil
	}
	return r.shown(c.replace(r.at, dying)), nil
}

// precondition checks those of a delete. Source: BeforeDelete of
// k8s.io/apiserver/pkg/registry/rest.
func (r call) precondition(want *metav1.Preconditions, live *unstructured.Unstructured) error {
	const (
		other    = "the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated"
		modified = "the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified"
	)
	var err error
	switch {
	case want == nil:
		return nil
	case want.UID != nil && *want.UID != live.GetUID():
		err = fmt.Errorf(other, *want.UID, live.GetUID())
	case want.ResourceVersion != nil && *want.ResourceVersion != live.GetResourceVersion():
		err = fmt.Errorf(modified, *want.ResourceVersion, live.GetResourceVersion())
	default:
		return nil
	}
	return apierrors.NewConflict(schema.GroupResource{Group: r.Group, Resource: r.Kind}, r.at.Name, err)
}

// guard checks that what was sent is about that very object, in that state, if it
// says which.
func (r call) guard(live, sent *unstructured.Unstructured) error {
	if uid := sent.GetUID(); uid != "" && uid != live.GetUID() {
		if r.Method == http.MethodPut {
			return apierrors.NewConflict(r.at.GroupResource, r.at.Name, otherError{uid, live.GetUID()})
		}
		immutable := field.Invalid(field.NewPath("metadata", "uid"), uid, "field is immutable")
		// It is looked at by two who do not know of each other.
		return apierrors.NewInvalid(schema.GroupKind{Group: r.Group, Kind: r.Kind}, r.at.Name, field.ErrorList{immutable, immutable})
	}
	if version := sent.GetResourceVersion(); version != "" && version != live.GetResourceVersion() {
		return apierrors.NewConflict(r.at.GroupResource, r.at.Name, errModified)
	}
	return nil
}

// createFor creates an object for a request, if it may be.
func (c *Cluster) createFor(r call, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	namespace := key{schema.GroupResource{Resource: "namespaces"}, types.NamespacedName{Name: r.at.Namespace}}
	if r.Namespaced && c.objects[namespace] == nil {
		return nil, apierrors.NewNotFound(namespace.GroupResource, r.at.Namespace)
	}
	if r.isDryRun {
		prepare(object, r.at, c.now())
		object.SetUID("uid-dry-run-0")
		object.SetResourceVersion("")
		return object, nil
	}
	return c.create(r.at, object), nil
}

func (c *Cluster) replaceFor(r call, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live := c.objects[r.at]
	object.SetUID(live.GetUID())
	object.SetResourceVersion(live.GetResourceVersion())
	if r.isDryRun {
		object.SetGeneration(nextGeneration(live, object))
		return object, nil
	}
	return c.replace(r.at, object), nil
}

// owned is an object with the fields noted that the request's manager set.
func (c *Cluster) owned(r call, before, after *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	object, err := c.managers[r.at.GroupResource].Update(before.DeepCopy(), after, r.URL.Query().Get("fieldManager"))
	if err != nil {
		return nil, err
	}
	return unstructuredOf(object)
}

// empty is what there is before an object is.
func (c *Cluster) empty(r call) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(r.kind())
	return object
}

// sent is the object in a request's body.
func (r call) sent() (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(r.body); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	object.SetGroupVersionKind(r.kind())
	object.SetNamespace(r.at.Namespace)
	return object, nil
}

func unstructuredOf(object runtime.Object) (*unstructured.Unstructured, error) {
	if is, ok := object.(*unstructured.Unstructured); ok {
		return is, nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	return &unstructured.Unstructured{Object: content}, err
}
