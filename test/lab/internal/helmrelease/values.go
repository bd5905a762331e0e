package helmrelease

import (
	"context"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/chartutil"
	"github.com/opencontainers/go-digest"
	"helm.sh/helm/v4/pkg/chart/common"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// composeValues merges the release's values with Flux's own code: valuesFrom in
// their order, then spec.values over them.
func composeValues(ctx context.Context, reader client.Client, hr *v2.HelmRelease) (common.Values, error) {
	values, err := chartutil.ChartValuesFromReferences(ctx, ctrl.LoggerFrom(ctx), reader,
		hr.Namespace, hr.GetValues(), hr.Spec.ValuesFrom...)
	if err != nil {
		return nil, failed("ValuesError", "%w", err)
	}
	return values, nil
}

// configDigest is the digest of composed values that Flux reports.
func configDigest(values common.Values) string {
	return chartutil.DigestValues(digest.Canonical, values).String()
}
