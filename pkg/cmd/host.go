package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// kuratorFinalizer is on an Application that Kurator's own controller is
// distributing.
const kuratorFinalizer = "apps.kurator.dev"

// onHost is all that a run over one application needs to know of the host.
type onHost struct {
	uid         types.UID
	snapshot    *fleet.Snapshot
	record      *inventory.Inventory
	application *appsv1alpha1.Application
}

// validApplication checks what becomes part of a path.
func validApplication(namespace, name string) error {
	return errors.Join(plan.CheckNamespace(namespace), plan.CheckName(name))
}

// validBounds checks the bounds of a fan-out.
func validBounds(parallel int, memberTimeout time.Duration) error {
	switch {
	case parallel < 1:
		return fmt.Errorf("--parallel must be at least 1, it is %d", parallel)
	case memberTimeout <= 0:
		return fmt.Errorf("--member-timeout must be more than nothing, it is %s", memberTimeout)
	}
	return nil
}

// readHost reads it in one round trip.
func (f *Factory) readHost(ctx context.Context, host *fleet.Client, namespace, name string) (*onHost, error) {
	var (
		read  onHost
		reads errgroup.Group
	)
	reads.Go(func() (err error) {
		if read.uid, err = fleet.UID(ctx, host); err != nil {
			return fmt.Errorf("read namespace kube-system on the host: %w", err)
		}
		return nil
	})
	reads.Go(func() (err error) {
		read.snapshot, err = fleet.Read(ctx, host, namespace)
		return err
	})
	reads.Go(func() (err error) {
		read.record, err = inventory.Read(ctx, host, namespace, name, f.Now)
		return err
	})
	reads.Go(func() (err error) {
		if read.application, err = fleet.ReadApplication(ctx, host, namespace, name); err != nil {
			return fmt.Errorf("read application %s/%s on the host: %w", namespace, name, err)
		}
		return nil
	})
	if err := reads.Wait(); err != nil {
		return nil, unreachable(err)
	}
	return &read, nil
}

// owner is the application on that host.
func (h *onHost) owner(namespace, name string) plan.Owner {
	return plan.Owner{HostUID: string(h.uid), Namespace: namespace, Application: name}
}

// guardKurator refuses what Kurator's own controller is distributing: two
// masters of the same objects would undo each other's work.
func (h *onHost) guardKurator(namespace, name string) error {
	if h.application != nil && slices.Contains(h.application.Finalizers, kuratorFinalizer) {
		return fmt.Errorf("application %s/%s is distributed by Kurator's own controller on this host (finalizer %s); delete it there first, or use kubectl apply",
			namespace, name, kuratorFinalizer)
	}
	return nil
}

// unreachable turns a failed connection to the host into an error that says
// whose address it was; an API server's own answer says enough.
func unreachable(err error) error {
	var request *url.Error
	if !errors.As(err, &request) || errors.Is(err, context.Canceled) {
		return err
	}
	address, parseErr := url.Parse(request.URL)
	if parseErr != nil {
		return err
	}
	return fmt.Errorf("cannot reach the host %s://%s: %w; does the current context (or --context, --kubeconfig) name the right cluster?",
		address.Scheme, address.Host, request.Err)
}
