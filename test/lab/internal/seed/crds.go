package seed

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// CRDs applies the custom resource definitions of a folder, at once, and
// waits until the API server has established each.
func CRDs(ctx context.Context, client dynamic.Interface, dir string) error {
	crds, err := Read(dir)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, crd := range crds {
		if crd.GetKind() != "CustomResourceDefinition" {
			return fmt.Errorf("read %s: %s %q is not a CustomResourceDefinition", dir, crd.GetKind(), crd.GetName())
		}
		group.Go(func() error {
			if err := Apply(ctx, client, crd); err != nil {
				return err
			}
			return wait(ctx, client, crd, "be established", func(got *unstructured.Unstructured) bool {
				return hasCondition(got, "Established")
			})
		})
	}
	return group.Wait()
}

// wait repeats reading an object until it is as wanted. Its name for that is
// what the error says.
func wait(
	ctx context.Context, client dynamic.Interface, object *unstructured.Unstructured,
	what string, done func(*unstructured.Unstructured) bool,
) error {
	for {
		got, err := resource(client, object).Get(ctx, object.GetName(), metav1.GetOptions{})
		if err == nil && done(got) {
			return nil
		}
		if waitErr := pause(ctx); waitErr != nil {
			if err != nil {
				waitErr = fmt.Errorf("%w; last answer: %w", waitErr, err)
			}
			return fmt.Errorf("wait for %s %q to %s: %w", object.GetKind(), object.GetName(), what, waitErr)
		}
	}
}

// hasCondition says whether status.conditions holds the type with status True.
func hasCondition(object *unstructured.Unstructured, conditionType string) bool {
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		return false
	}
	for _, item := range conditions {
		condition, ok := item.(map[string]any)
		if ok && condition["type"] == conditionType && condition["status"] == "True" {
			return true
		}
	}
	return false
}
