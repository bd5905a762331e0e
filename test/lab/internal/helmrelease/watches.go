package helmrelease

import (
	"context"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/fluxcd/pkg/runtime/predicates"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// releaseChanges lets through what a user does to a HelmRelease: a new spec, a
// deletion, or a reconcile.fluxcd.io/requestedAt annotation.
func releaseChanges() builder.Predicates {
	return builder.WithPredicates(predicate.Or(
		predicate.GenerationChangedPredicate{},
		predicates.ReconcileRequestedPredicate{},
	))
}

// sourceChanges lets through a new artifact, and a source that has become
// ready or not, whose message the release repeats.
func sourceChanges() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return true },
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, beforeOK := e.ObjectOld.(source)
			after, afterOK := e.ObjectNew.(source)
			if !beforeOK || !afterOK {
				return false
			}
			return !apiequality.Semantic.DeepEqual(before.GetArtifact(), after.GetArtifact()) ||
				observedGeneration(before) != observedGeneration(after) ||
				conditions.GetMessage(before, meta.ReadyCondition) != conditions.GetMessage(after, meta.ReadyCondition)
		},
	})
}

// releasesOf finds the releases whose chart comes from a source of this kind.
func (r *reconciler) releasesOf(kind string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []reconcile.Request {
		var releases v2.HelmReleaseList
		if err := r.client.List(ctx, &releases); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "listing the HelmReleases of a source")
			return nil
		}
		var requests []reconcile.Request
		for i := range releases.Items {
			key := client.ObjectKeyFromObject(&releases.Items[i])
			if of, name := sourceKey(&releases.Items[i]); of == kind && name == client.ObjectKeyFromObject(object) {
				requests = append(requests, reconcile.Request{NamespacedName: key})
			}
		}
		return requests
	})
}
