package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Options say where the controller runs.
type Options struct {
	// Config reaches the cluster whose HelmReleases are reconciled.
	Config *rest.Config
	// Namespace is the only one that is looked at, or empty for all.
	Namespace string
	// HealthAddress serves /healthz and /readyz, MetricsAddress /metrics; "0"
	// serves neither.
	HealthAddress, MetricsAddress string
	// Log gets the controller's and Helm's messages.
	Log logr.Logger
}

// Run reconciles until ctx ends, and gives actions under way ten seconds then.
func Run(ctx context.Context, options Options) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, sourcev1.AddToScheme, v2.AddToScheme} {
		if err := add(scheme); err != nil {
			return fmt.Errorf("registering the APIs: %w", err)
		}
	}
	config := rest.CopyConfig(options.Config)
	config.QPS, config.Burst, config.UserAgent = 50, 100, Name
	grace := 10 * time.Second
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                  scheme,
		Logger:                  options.Log,
		HealthProbeBindAddress:  options.HealthAddress,
		Metrics:                 metrics.Options{BindAddress: options.MetricsAddress},
		Cache:                   cacheOptions(options.Namespace),
		GracefulShutdownTimeout: &grace,
		// Informers only tell that something happened; every read is live.
		NewClient: func(config *rest.Config, options client.Options) (client.Client, error) {
			options.Cache = nil
			return client.New(config, options)
		},
	})
	if err != nil {
		return fmt.Errorf("starting the manager: %w", err)
	}
	if err := addController(manager); err != nil {
		return fmt.Errorf("starting the controller: %w", err)
	}
	if err := addProbes(ctx, manager); err != nil {
		return fmt.Errorf("starting the probes: %w", err)
	}
	return manager.Start(ctx)
}

// cacheOptions keep the informers small.
func cacheOptions(namespace string) cache.Options {
	options := cache.Options{DefaultTransform: cache.TransformStripManagedFields()}
	if namespace != "" {
		options.DefaultNamespaces = map[string]cache.Config{namespace: {}}
	}
	return options
}

func addController(manager ctrl.Manager) error {
	r := &reconciler{client: manager.GetClient(), config: manager.GetConfig(), downloader: newDownloader()}
	return ctrl.NewControllerManagedBy(manager).
		Named(Name).
		For(&v2.HelmRelease{}, releaseChanges()).
		Watches(&sourcev1.HelmChart{}, r.releasesOf(sourcev1.HelmChartKind), sourceChanges()).
		Watches(&sourcev1.OCIRepository{}, r.releasesOf(sourcev1.OCIRepositoryKind), sourceChanges()).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: 4,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, time.Minute),
		}).
		Complete(r)
}

// servedWithin is for how long an API server may take to serve what it has
// established.
const servedWithin = 30 * time.Second

// watched watches objects of a kind, as soon as it is served.
func watched(ctx context.Context, manager ctrl.Manager, object client.Object) (cache.Informer, error) {
	for began := time.Now(); ; {
		informer, err := manager.GetCache().GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err == nil || time.Since(began) > servedWithin {
			return informer, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// addProbes makes /readyz wait until all watches have begun.
func addProbes(ctx context.Context, manager ctrl.Manager) error {
	var informers []cache.Informer
	for _, object := range []client.Object{&v2.HelmRelease{}, &sourcev1.HelmChart{}, &sourcev1.OCIRepository{}} {
		informer, err := watched(ctx, manager, object)
		if err != nil {
			return fmt.Errorf("watching %T, are Flux's CRDs installed: %w", object, err)
		}
		informers = append(informers, informer)
	}
	ready := func(*http.Request) error {
		for _, informer := range informers {
			if !informer.HasSynced() {
				return errors.New("the watches have not begun")
			}
		}
		return nil
	}
	return errors.Join(manager.AddHealthzCheck("healthz", healthz.Ping), manager.AddReadyzCheck("readyz", ready))
}
