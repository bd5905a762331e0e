package cmd

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// readApp reads what is known of the application that --app names, if it names
// one.
func (s *scope) readApp(ctx context.Context, factory *Factory, host *fleet.Client, reads *errgroup.Group,
	record **inventory.Inventory, application **appsv1alpha1.Application,
) {
	if s.app == "" {
		return
	}
	reads.Go(func() (err error) {
		*record, err = inventory.Read(ctx, host, s.fleetNamespace, s.app, factory.Now)
		return err
	})
	reads.Go(func() (err error) {
		*application, err = fleet.ReadApplication(ctx, host, s.fleetNamespace, s.app)
		return err
	})
}

// membersOf lists those that the application may be in: by its inventory, or,
// where another tool deploys it, by what it asks for.
func (s *scope) membersOf(snapshot *fleet.Snapshot, record *inventory.Inventory, application *appsv1alpha1.Application) ([]fleet.Member, error) {
	if !record.Exists() && application == nil {
		return nil, reason.Errorf(reason.NotFound, "application %q not found in namespace %q on the host%s", s.app, s.fleetNamespace, listsAll)
	}
	var members []fleet.Member
	if record.Exists() {
		for _, listed := range record.Members() {
			members = append(members, snapshot.Member(listed.Kind, listed.Name))
		}
	}
	if !record.Exists() || s.next {
		resolved, err := destinations(snapshot, record, application)
		if err != nil {
			return nil, err
		}
		members = append(members, resolved...)
	}
	return snapshot.InOrder(members), nil
}

// destinations are the members that an application asks for: its object on the
// host, and what was last deployed, which may have come from a file. An earlier
// destination that is there no more is no matter where the object has another one.
func destinations(snapshot *fleet.Snapshot, record *inventory.Inventory, application *appsv1alpha1.Application) ([]fleet.Member, error) {
	asked, err := askedOf(record)
	if err != nil {
		return nil, err
	}
	members, err := destinationsOf(snapshot, application)
	if err != nil {
		return nil, err
	}
	last, err := destinationsOf(snapshot, asked)
	if err != nil && application == nil {
		return nil, err
	}
	return append(members, last...), nil
}

func destinationsOf(snapshot *fleet.Snapshot, application *appsv1alpha1.Application) ([]fleet.Member, error) {
	if application == nil {
		return nil, nil
	}
	var members []fleet.Member
	for i := range application.Spec.SyncPolicies {
		destination, _ := plan.DestinationOf(application, i)
		resolved, err := snapshot.Resolve(destination)
		if err != nil {
			return nil, err
		}
		members = append(members, resolved...)
	}
	return members, nil
}

// askedOf is the application as it was last deployed; nil where it was not, or is
// to be nowhere.
func askedOf(record *inventory.Inventory) (*appsv1alpha1.Application, error) {
	if record == nil || !record.Exists() || record.Asked() == nil {
		return nil, nil
	}
	app := &appsv1alpha1.Application{}
	if err := json.Unmarshal(record.Asked(), app); err != nil {
		return nil, fmt.Errorf("its manifest in the inventory cannot be read: %w", err)
	}
	return app, nil
}
