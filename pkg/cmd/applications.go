package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// onHosts is what the host says of many applications.
type onHosts struct {
	snapshots    map[string]*fleet.Snapshot
	records      []*inventory.Inventory
	applications []appsv1alpha1.Application
}

// readApplications reads it in one round trip: of one application, or of all of
// a namespace, or of all namespaces. The error may be of some inventories alone;
// the others are returned then.
func (f *Factory) readApplications(ctx context.Context, host *fleet.Client, namespace, name string) (*onHosts, error) {
	var (
		read      onHosts
		recordErr error
		reads     errgroup.Group
	)
	reads.Go(func() (err error) {
		if namespace == "" {
			read.snapshots, err = fleet.ReadAll(ctx, host)
			return err
		}
		snapshot, err := fleet.Read(ctx, host, namespace)
		read.snapshots = map[string]*fleet.Snapshot{namespace: snapshot}
		return err
	})
	reads.Go(func() (err error) {
		if name == "" {
			read.records, recordErr = inventory.List(ctx, host, namespace, f.Now)
			return nil
		}
		record, err := inventory.Read(ctx, host, namespace, name, f.Now)
		if err == nil && record.Exists() {
			read.records = []*inventory.Inventory{record}
		}
		return err
	})
	reads.Go(func() (err error) {
		if name == "" {
			read.applications, err = fleet.Applications(ctx, host, namespace)
			return err
		}
		application, err := fleet.ReadApplication(ctx, host, namespace, name)
		if application != nil {
			read.applications = []appsv1alpha1.Application{*application}
		}
		return err
	})
	if err := reads.Wait(); err != nil {
		return nil, unreachable(err)
	}
	if recordErr != nil && len(read.records) == 0 {
		return nil, unreachable(recordErr)
	}
	return &read, recordErr
}

// snapshot is that of a namespace.
func (h *onHosts) snapshot(namespace string) *fleet.Snapshot {
	if snapshot := h.snapshots[namespace]; snapshot != nil {
		return snapshot
	}
	return fleet.NoSnapshot(namespace)
}

// surveys are all applications, by namespace and name, before any member was
// looked at: of those that were deployed from here, what should and may be where.
// Such a one comes before Kurator's of the same name.
func (h *onHosts) surveys() []*status.Application {
	var all []*status.Application
	deployed := map[[2]string]*status.Application{}
	for _, record := range h.records {
		namespace, name := record.Of()
		survey := h.deployed(record)
		deployed[[2]string{namespace, name}] = survey
		all = append(all, survey)
	}
	for i := range h.applications {
		app := &h.applications[i]
		ours := deployed[[2]string{app.Namespace, app.Name}]
		switch {
		case slices.Contains(app.Finalizers, kuratorFinalizer):
			if ours != nil {
				ours.Conflict = fmt.Errorf("an Application of that name on this host is distributed by Kurator's own controller, too (finalizer %s): "+
					"each undoes the other's work, so delete one of the two", kuratorFinalizer)
			}
			all = append(all, h.kurators(app))
		case ours == nil:
			all = append(all, h.nobodys(app))
		}
	}
	slices.SortStableFunc(all, func(a, b *status.Application) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return all
}

// deployed is an application that has an inventory.
func (h *onHosts) deployed(record *inventory.Inventory) *status.Application {
	namespace, name := record.Of()
	survey := &status.Application{Namespace: namespace, Name: name, Manager: status.ByFleetapp, Created: record.Created()}
	if held := record.Held(); held != nil {
		survey.Run = &status.Run{Verb: held.Verb, Holder: held.Holder, PID: held.PID, Started: held.Started}
	}
	snapshot := h.snapshot(namespace)
	works, err := wanted(record, snapshot, survey)
	if err != nil {
		survey.Problem = err
		works = deploy.ToDelete(record.Members(), snapshot.Member)
	}
	for _, work := range works {
		place := work.Place()
		if err != nil { // without a plan nobody knows what is not wanted
			// Copied Secrets and ConfigMaps are not looked at where they may be wanted.
			place.Objects = slices.DeleteFunc(place.Objects, func(object status.Expected) bool { return object.IsRef() })
			for i := range place.Objects {
				place.Objects[i].Leftover = false
			}
		}
		survey.Seen = append(survey.Seen, status.Seen{Place: place})
	}
	inOrder(snapshot, survey)
	return survey
}

// wanted is the work that brings an application from where its inventory lists it
// to where it was last asked to be.
func wanted(record *inventory.Inventory, snapshot *fleet.Snapshot, survey *status.Application) ([]deploy.Work, error) {
	app, err := askedOf(record)
	switch {
	case err != nil:
		return nil, err
	case app == nil:
		return deploy.ToDelete(record.Members(), snapshot.Member), nil
	}
	survey.Fleets = fleetsOf(app)
	built, err := plan.BuildToShow(app, plan.Owner{Namespace: survey.Namespace, Application: survey.Name}, snapshot.Resolve)
	if err != nil {
		return nil, err
	}
	return deploy.ToDeploy(built, record.Members(), snapshot.Member), nil
}

// kurators is an application that Kurator's own controller distributes.
func (h *onHosts) kurators(app *appsv1alpha1.Application) *status.Application {
	survey := &status.Application{
		Namespace: app.Namespace, Name: app.Name, Manager: status.ByKurator, Fleets: fleetsOf(app), Created: app.CreationTimestamp.Time,
	}
	snapshot := h.snapshot(app.Namespace)
	survey.Seen, survey.Problem = status.OfKurator(app, snapshot.Resolve)
	inOrder(snapshot, survey)
	return survey
}

// nobodys is an Application that is nowhere but on the host.
func (h *onHosts) nobodys(app *appsv1alpha1.Application) *status.Application {
	survey := &status.Application{
		Namespace: app.Namespace, Name: app.Name, Manager: status.ByNobody, Fleets: fleetsOf(app), Created: app.CreationTimestamp.Time,
	}
	snapshot := h.snapshot(app.Namespace)
	built, err := plan.BuildToShow(app, plan.Owner{Namespace: app.Namespace, Application: app.Name}, snapshot.Resolve)
	if err != nil {
		survey.Problem = err
		return survey
	}
	for _, work := range deploy.ToDeploy(built, nil, snapshot.Member) {
		survey.Seen = append(survey.Seen, status.NotDeployed(work.Place()))
	}
	inOrder(snapshot, survey)
	return survey
}

// fleetsOf are the fleets of an application's destinations, each once.
func fleetsOf(app *appsv1alpha1.Application) []string {
	var all []string
	for i := range app.Spec.SyncPolicies {
		if destination, _ := plan.DestinationOf(app, i); destination != nil && !slices.Contains(all, destination.Fleet) {
			all = append(all, destination.Fleet)
		}
	}
	return all
}

// inOrder brings the members of an application into the order of their fleets.
func inOrder(snapshot *fleet.Snapshot, survey *status.Application) {
	place := map[memberKey]int{}
	for i, member := range snapshot.InOrder(membersIn(survey)) {
		place[memberKey{member.Kind, member.Name}] = i
	}
	slices.SortStableFunc(survey.Seen, func(a, b status.Seen) int {
		return place[memberKey{a.Member.Kind, a.Member.Name}] - place[memberKey{b.Member.Kind, b.Member.Name}]
	})
}

func membersIn(survey *status.Application) []fleet.Member {
	members := make([]fleet.Member, len(survey.Seen))
	for i := range survey.Seen {
		members[i] = survey.Seen[i].Member
	}
	return members
}
