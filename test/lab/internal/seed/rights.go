package seed

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/client-go/dynamic"
)

// onLabel tells for which clusters a part of docs/rbac.yaml is.
const onLabel = "fleetapp.kurator.dev/on"

// Rights applies those parts of docs/rbac.yaml that are for such a cluster: host
// or member.
func Rights(ctx context.Context, client dynamic.Interface, path string, on ...string) error {
	objects, err := readFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	for _, object := range objects {
		if !slices.Contains(on, object.GetLabels()[onLabel]) {
			continue
		}
		if err := Apply(ctx, client, object); err != nil {
			return err
		}
	}
	return nil
}
