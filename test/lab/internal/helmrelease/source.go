package helmrelease

import (
	"context"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// source is an object of source-controller that offers a chart.
type source interface {
	client.Object
	conditions.Getter
	GetArtifact() *meta.Artifact
}

// sourceKey is the object that holds the release's chart: the one of chartRef,
// or the HelmChart made from spec.chart. Kind is empty where there is neither.
func sourceKey(hr *v2.HelmRelease) (kind string, key types.NamespacedName) {
	switch {
	case hr.Spec.ChartRef != nil:
		key = types.NamespacedName{Namespace: hr.Spec.ChartRef.Namespace, Name: hr.Spec.ChartRef.Name}
		if key.Namespace == "" {
			key.Namespace = hr.Namespace
		}
		return hr.Spec.ChartRef.Kind, key
	case hr.Spec.Chart != nil:
		return sourcev1.HelmChartKind, chartKey(hr)
	default:
		return "", key
	}
}

// getSource returns the release's source once it has an artifact.
func (r *reconciler) getSource(ctx context.Context, hr *v2.HelmRelease) (source, error) {
	kind, key := sourceKey(hr)
	var object source
	switch kind {
	case sourcev1.HelmChartKind:
		object = &sourcev1.HelmChart{}
	case sourcev1.OCIRepositoryKind:
		object = &sourcev1.OCIRepository{}
	default:
		return nil, unsupported("spec.chartRef.kind " + kind)
	}
	if err := r.client.Get(ctx, key, object); err != nil {
		return nil, failed(v2.ArtifactFailedReason, "could not get Source object: %w", err)
	}
	if why := notReady(object, observedGeneration(object)); why != "" {
		// The watch on sources ends the wait; the interval is the latest.
		return nil, &failure{
			reason:     "SourceNotReady",
			err:        fmt.Errorf("%s '%s' is not ready: %s", kind, key, why),
			retryAfter: hr.GetRequeueAfter(),
		}
	}
	return object, nil
}

func observedGeneration(object source) int64 {
	switch object := object.(type) {
	case *sourcev1.HelmChart:
		return object.Status.ObservedGeneration
	case *sourcev1.OCIRepository:
		return object.Status.ObservedGeneration
	default:
		return -1
	}
}

// notReady says why the source's artifact cannot be used, in Flux's words, or
// nothing where it can.
func notReady(object source, observed int64) string {
	switch {
	case object.GetGeneration() != observed:
		if conditions.IsFalse(object, meta.ReadyCondition) {
			return conditions.GetMessage(object, meta.ReadyCondition)
		}
		return "latest generation of object has not been reconciled"
	case conditions.IsStalled(object):
		return conditions.GetMessage(object, meta.StalledCondition)
	case object.GetArtifact() == nil:
		return "does not have an artifact"
	default:
		return ""
	}
}

// stampRevision adds twelve digits of the artifact's digest to the version of a
// chart from an OCIRepository, so that a moved tag is a new version, and
// returns that digest. Other charts keep their version and have no digest.
func stampRevision(chrt *chart.Chart, object source) (string, error) {
	if _, ok := object.(*sourcev1.OCIRepository); !ok {
		return "", nil
	}
	revision := object.GetArtifact().Revision
	digest := revision[strings.LastIndex(revision, "@")+1:]
	_, hex, found := strings.Cut(digest, ":")
	if !found || len(hex) < 12 {
		return "", fmt.Errorf("the revision %q of the artifact has no digest", revision)
	}
	version, err := semver.NewVersion(chrt.Metadata.Version)
	if err != nil {
		return "", fmt.Errorf("the chart's version %q: %w", chrt.Metadata.Version, err)
	}
	stamped, err := version.SetMetadata(hex[:12])
	if err != nil {
		return "", fmt.Errorf("the chart's version %q: %w", chrt.Metadata.Version, err)
	}
	chrt.Metadata.Version = stamped.String()
	return digest, nil
}
