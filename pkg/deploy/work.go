package deploy

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Work is what a run does in one member: apply what is wanted, then delete
// what is recorded and not wanted.
type Work struct {
	Member fleet.Member
	Wanted []*plan.Object
	// Refs are what Wanted refers to and does not hold. What an earlier run put
	// there of it stays as it is.
	Refs []plan.Ref
	// Recorded is what the inventory lists under the member's name. There is
	// more than one where the name has led to more than one cluster.
	Recorded []inventory.Member
	// Skip leaves the member alone in this run, and what is recorded of it.
	Skip bool
	// Abandon forgets what is not wanted in the member and cannot be deleted.
	Abandon bool
}

// Lookup finds a member by kind and name; one that does not exist is Missing.
type Lookup func(kind, name string) fleet.Member

// ToDeploy is the work that brings the members from what the inventory says
// that they may hold to what the plan says that they should.
func ToDeploy(wanted *plan.Plan, recorded []inventory.Member, lookup Lookup) []Work {
	var works []Work
	at := map[[2]string]int{}
	for _, member := range wanted.Members {
		at[[2]string{member.Member.Kind, member.Member.Name}] = len(works)
		works = append(works, Work{Member: member.Member, Wanted: member.Objects, Refs: member.Refs})
	}
	for _, member := range recorded {
		key := [2]string{member.Kind, member.Name}
		i, known := at[key]
		if !known {
			i = len(works)
			at[key] = i
			works = append(works, Work{Member: lookup(member.Kind, member.Name)})
		}
		works[i].Recorded = append(works[i].Recorded, member)
	}
	return works
}

// ToDelete is the work that leaves nothing of what the inventory lists.
func ToDelete(recorded []inventory.Member, lookup Lookup) []Work {
	return ToDeploy(&plan.Plan{}, recorded, lookup)
}

// Unwanted lists what the work will delete, in the order in which it goes.
func (w Work) Unwanted() []plan.Identity {
	var all []plan.Identity
	for _, cluster := range w.Recorded {
		all = append(all, w.unwantedIn(cluster)...)
	}
	return all
}

func (w Work) unwantedIn(cluster inventory.Member) []plan.Identity {
	var all []plan.Identity
	for _, entry := range cluster.Objects {
		if !w.wants(entry.Identity) {
			all = append(all, entry.Identity)
		}
	}
	slices.SortStableFunc(all, func(a, b plan.Identity) int { return a.DeletionStep() - b.DeletionStep() })
	return all
}

func (w Work) wants(id plan.Identity) bool {
	return slices.ContainsFunc(w.Wanted, func(o *plan.Object) bool { return o.SameObject(id) }) ||
		slices.ContainsFunc(w.Refs, func(r plan.Ref) bool { return r.SameObject(id) })
}

// NotOurs are the Secrets and ConfigMaps that the member must have from
// somebody else: neither this run nor an earlier one puts them there.
func (w Work) NotOurs() []plan.Ref {
	if w.Skip || w.Member.Kind == fleet.KindHost { // the host has what it has
		return nil
	}
	var all []plan.Ref
	for _, ref := range w.Refs {
		if !w.lists(ref.Identity) {
			all = append(all, ref)
		}
	}
	return all
}

// in splits what is recorded into that of the cluster with this UID, and that
// of others which had the member's name. A cluster that was never seen is taken
// to be this one.
func (w Work) in(uid types.UID) (here inventory.Member, elsewhere []inventory.Member) {
	for _, cluster := range w.Recorded {
		if cluster.UID == uid || cluster.UID == "" {
			here.Objects = append(here.Objects, cluster.Objects...)
		} else {
			elsewhere = append(elsewhere, cluster)
		}
	}
	return here, elsewhere
}

// applies is what to apply, with what is known of each object in a cluster.
func (w Work) applies(cluster inventory.Member) []apply.Wanted {
	all := make([]apply.Wanted, len(w.Wanted))
	for i, object := range w.Wanted {
		all[i].Object = object
		for _, entry := range cluster.Objects {
			if entry.SameObject(object.Identity) {
				all[i].State = apply.State{UID: entry.UID, Applied: entry.Applied, Generation: entry.Generation}
			}
		}
	}
	return all
}

// placements are what the inventory must list before the work begins.
func placements(works []Work) []inventory.Placement {
	var all []inventory.Placement
	for _, work := range works {
		if len(work.Wanted) == 0 {
			continue
		}
		placement := inventory.Placement{Kind: work.Member.Kind, Name: work.Member.Name}
		for _, wanted := range work.Wanted {
			placement.Objects = append(placement.Objects, wanted.Identity)
		}
		all = append(all, placement)
	}
	return all
}

// lists tells whether the inventory lists an object of the member.
func (w Work) lists(id plan.Identity) bool {
	return slices.ContainsFunc(w.Recorded, func(cluster inventory.Member) bool {
		return slices.ContainsFunc(cluster.Objects, func(e inventory.Entry) bool { return e.SameObject(id) })
	})
}
