package fake

import (
	"fmt"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
)

// newFieldManager makes what merges applies, and knows who set which field: an
// API server's own, but without a schema.
func newFieldManager(resource Resource) (*managedfields.FieldManager, error) {
	kind := resource.kind()
	if resource.BuiltIn {
		return managedfields.NewDefaultFieldManager(managedfields.NewDeducedTypeConverter(), plain{}, plain{}, plain{}, kind, kind.GroupVersion(), "", nil)
	}
	return managedfields.NewDefaultCRDFieldManager(managedfields.NewDeducedTypeConverter(), plain{}, plain{}, plain{}, kind, kind.GroupVersion(), "", nil)
}

// plain converts, defaults and makes objects: nothing is to be done for any.
type plain struct{}

func (plain) Default(runtime.Object) {}

func (plain) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(kind)
	return object, nil
}

func (plain) ConvertToVersion(in runtime.Object, to runtime.GroupVersioner) (runtime.Object, error) {
	kind, ok := to.KindForGroupVersionKinds([]schema.GroupVersionKind{in.GetObjectKind().GroupVersionKind()})
	if !ok {
		return nil, fmt.Errorf("%s is not in %s", in.GetObjectKind().GroupVersionKind(), to)
	}
	in.GetObjectKind().SetGroupVersionKind(kind)
	return in, nil
}

func (plain) Convert(_, _, _ any) error { return fmt.Errorf("it is never asked for") }

func (plain) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

// isSame tells whether nothing differs, but for when a manager last set its
// fields.
func isSame(a, b *unstructured.Unstructured) bool { return reflect.DeepEqual(timeless(a), timeless(b)) }

func timeless(object *unstructured.Unstructured) map[string]any {
	object = object.DeepCopy()
	fields := object.GetManagedFields()
	for i := range fields {
		fields[i].Time = nil
	}
	object.SetManagedFields(fields)
	return object.Object
}

// nextGeneration counts the changes of a custom resource but for those of its
// metadata and status.
func nextGeneration(before, after *unstructured.Unstructured) int64 {
	generation := before.GetGeneration()
	if generation == 0 {
		return 0
	}
	if begins := before.GetDeletionTimestamp() == nil && after.GetDeletionTimestamp() != nil; begins ||
		!reflect.DeepEqual(before.Object["spec"], after.Object["spec"]) {
		generation++
	}
	return generation
}

func timestamp(at time.Time) metav1.Time { return metav1.NewTime(at.UTC().Truncate(time.Second)) }
