package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/cluster"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/examples"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/ports"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/seed"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// starter starts the programs of one lab.
type starter struct {
	options Options
	plan    *plan
	store   *state.Store
	report  Reporter
	// ended takes the first program that ended by itself.
	ended chan error
}

// crashWait is how long to look for the program whose end made another fail.
const crashWait = 200 * time.Millisecond

func newStarter(options Options, plan *plan, store *state.Store, report Reporter) *starter {
	return &starter{options: options, plan: plan, store: store, report: report, ended: make(chan error, 1)}
}

// run starts everything and returns when everything is ready.
func (s *starter) run(ctx context.Context) error {
	ctx, stop := withLimit(ctx, s.options.Timeout)
	defer stop()
	kubeconfigs := map[string]cluster.Kubeconfigs{}
	for _, c := range s.plan.clusters() {
		written, err := c.WriteFiles()
		if err != nil {
			return err
		}
		kubeconfigs[c.Name] = written
	}
	group, groupCtx := errgroup.WithContext(ctx)
	ready, allReady := context.WithCancel(groupCtx)
	defer allReady()
	group.Go(func() error {
		select {
		case err := <-s.ended:
			return err
		case <-ready.Done():
			return nil
		}
	})
	group.Go(func() error {
		defer allReady()
		return s.startEverything(groupCtx, kubeconfigs)
	})
	return s.explain(ctx, group.Wait())
}

// explain finds the best reason for a failed start: that somebody interrupted
// it, or that a program ended, comes before what followed from it.
func (s *starter) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return errors.New("interrupted; what was started is ended again")
	}
	select {
	case ended := <-s.ended:
		return ended
	case <-time.After(crashWait):
		return err
	}
}

func (s *starter) startEverything(ctx context.Context, kubeconfigs map[string]cluster.Kubeconfigs) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startContent(ctx) })
	for _, c := range s.plan.clusters() {
		group.Go(func() error {
			if err := s.startCluster(ctx, c, kubeconfigs); err != nil {
				return err
			}
			s.report(c.Name, "is ready")
			return nil
		})
	}
	return group.Wait()
}

// start runs one program and reports it if it ends.
func (s *starter) start(ctx context.Context, p state.Process) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	handle, err := launch(s.options.Dir, p)
	if err != nil {
		return err
	}
	go func() {
		<-handle.Done
		select {
		case s.ended <- withLog(fmt.Errorf("%s ended (%w)", p.Name(), handle.Err()), p):
		default:
			// Another ended before, and this one perhaps because of it.
		}
	}()
	return s.store.Started(p.Name(), handle.ID)
}

// startAll runs programs and waits until each is ready.
func (s *starter) startAll(ctx context.Context, programs ...state.Process) error {
	for _, p := range programs {
		if err := s.start(ctx, p); err != nil {
			return err
		}
	}
	for _, p := range programs {
		if err := waitHealthy(ctx, p); err != nil {
			return err
		}
		s.report(p.Cluster, p.Program+" is ready")
	}
	return nil
}

// startContent runs the content server and writes the examples that use it.
func (s *starter) startContent(ctx context.Context) error {
	content := s.plan.content
	server := "http://" + ports.Addr(content.Ports[0].Port)
	from := filepath.Join(s.options.Bin, "examples")
	if err := examples.Copy(from, filepath.Join(s.options.Dir, "examples"), server); err != nil {
		return err
	}
	return s.startAll(ctx, content)
}

// startCluster brings one cluster from nothing to ready.
func (s *starter) startCluster(ctx context.Context, c *cluster.Cluster, kubeconfigs map[string]cluster.Kubeconfigs) error {
	client, err := seed.NewClient(kubeconfigs[c.Name].Admin)
	if err != nil {
		return fmt.Errorf("cluster %q: %w", c.Name, err)
	}
	for _, p := range c.ControlPlane[:2] {
		if err := s.startAll(ctx, p); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startAll(ctx, c.ControlPlane[2:]...) })
	group.Go(func() error { return s.startFlux(ctx, c, client) })
	group.Go(func() error { return named(c, seed.Node(ctx, client, c.Name)) })
	group.Go(func() error { return named(c, s.grant(ctx, c, client)) })
	group.Go(func() error { return named(c, seed.WaitUsable(ctx, client, c.Name)) })
	if c.Name == Host {
		group.Go(func() error { return named(c, s.seedHost(ctx, client, kubeconfigs)) })
	}
	return group.Wait()
}

// startFlux runs Flux's controllers as soon as their CRDs are served: before
// that, they end with an error.
func (s *starter) startFlux(ctx context.Context, c *cluster.Cluster, client dynamic.Interface) error {
	if len(c.Flux) == 0 {
		return nil
	}
	if err := seed.Namespace(ctx, client, cluster.FluxNamespace); err != nil {
		return named(c, err)
	}
	if err := seed.CRDs(ctx, client, filepath.Join(s.options.Bin, "crds", "flux")); err != nil {
		return named(c, err)
	}
	return s.startAll(ctx, c.Flux...)
}

// seedHost gives the host what makes it one: Kurator's CRDs, the members'
// Secrets and the fleet.
func (s *starter) seedHost(ctx context.Context, client dynamic.Interface, kubeconfigs map[string]cluster.Kubeconfigs) error {
	var members []seed.Member
	for _, name := range s.options.Members {
		members = append(members, seed.Member{Name: name, Kubeconfig: kubeconfigs[name].Plugin})
	}
	if err := seed.Secrets(ctx, client, members); err != nil {
		return err
	}
	if err := seed.CRDs(ctx, client, s.options.HostCRDs); err != nil {
		return err
	}
	fleet, err := s.fleet()
	if err != nil {
		return err
	}
	return seed.Apply(ctx, client, fleet...)
}

// grant gives the plugin's user the rights that docs/rbac.yaml grants on such a
// cluster. The host may be a member, too.
func (s *starter) grant(ctx context.Context, c *cluster.Cluster, client dynamic.Interface) error {
	on := []string{"member"}
	if c.Name == Host {
		on = append(on, "host")
	}
	return seed.Rights(ctx, client, filepath.Join(s.options.Bin, "rbac.yaml"), on...)
}

// fleet is the guide's own where the members are the guide's.
func (s *starter) fleet() ([]*unstructured.Unstructured, error) {
	if slices.Equal(s.options.Members, GuideMembers()) {
		return seed.GuideFleet(filepath.Join(s.options.Bin, "examples", "application", "common"), s.options.Members)
	}
	return seed.Fleet(s.options.Members), nil
}

// named adds the cluster to an error.
func named(c *cluster.Cluster, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cluster %q: %w", c.Name, err)
}
