package helmrelease

import (
	"context"
	"fmt"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	"k8s.io/apimachinery/pkg/types"
)

// dependencyInterval is how often a dependency is looked at again.
const dependencyInterval = 5 * time.Second

// checkDependencies waits for the releases in spec.dependsOn to be ready.
func (r *reconciler) checkDependencies(ctx context.Context, hr *v2.HelmRelease) error {
	for _, reference := range hr.Spec.DependsOn {
		key := types.NamespacedName{Namespace: reference.Namespace, Name: reference.Name}
		if key.Namespace == "" {
			key.Namespace = hr.Namespace
		}
		dependency := &v2.HelmRelease{}
		err := r.client.Get(ctx, key, dependency)
		switch {
		case err != nil:
			err = fmt.Errorf("unable to get '%s' dependency: %w", key, err)
		case dependency.Generation != dependency.Status.ObservedGeneration || !conditions.IsTrue(dependency, meta.ReadyCondition):
			err = fmt.Errorf("dependency '%s' is not ready", key)
		default:
			continue
		}
		return &failure{reason: v2.DependencyNotReadyReason, err: err, retryAfter: dependencyInterval}
	}
	return nil
}
