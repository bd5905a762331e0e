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
// what is not.
type Work struct {
	Member fleet.Member
	// UID is that of the cluster which the inventory knows by the member's
	// name; empty if it has not seen it yet.
	UID      types.UID
	Wanted   []apply.Wanted
	Unwanted []plan.Identity
}

// Lookup finds a member by kind and name; one that does not exist is Missing.
type Lookup func(kind, name string) fleet.Member

// ToDeploy is the work that brings the members from what the inventory says
// that they may hold to what the plan says that they should.
func ToDeploy(wanted *plan.Plan, recorded []inventory.Member, lookup Lookup) []Work {
	var works []Work
	at := map[[2]string]int{}
	for i, member := range wanted.Members {
		work := Work{Member: member.Member}
		for _, object := range member.Objects {
			work.Wanted = append(work.Wanted, apply.Wanted{Object: object})
		}
		works = append(works, work)
		at[[2]string{member.Member.Kind, member.Member.Name}] = i
	}
	for j, member := range recorded {
		i, planned := at[[2]string{member.Kind, member.Name}]
		if !planned || former(recorded, j) {
			i = len(works)
			works = append(works, Work{Member: lookup(member.Kind, member.Name)})
		}
		work := &works[i]
		work.UID = member.UID
		for _, entry := range member.Objects {
			if wanted := work.find(entry.Identity); wanted != nil {
				wanted.State = apply.State{UID: entry.UID, Applied: entry.Applied, Generation: entry.Generation}
			} else {
				work.Unwanted = append(work.Unwanted, entry.Identity)
			}
		}
		slices.SortStableFunc(work.Unwanted, syncObjectsFirst)
	}
	return works
}

// ToDelete is the work that leaves nothing of what the inventory lists.
func ToDelete(recorded []inventory.Member, lookup Lookup) []Work {
	return ToDeploy(&plan.Plan{}, recorded, lookup)
}

// former tells a cluster whose name another one has by now: the last of a name
// is the one that has it.
func former(recorded []inventory.Member, index int) bool {
	return slices.ContainsFunc(recorded[index+1:], func(later inventory.Member) bool {
		return later.Kind == recorded[index].Kind && later.Name == recorded[index].Name
	})
}

// syncObjectsFirst is the order in which objects are deleted.
func syncObjectsFirst(a, b plan.Identity) int {
	switch {
	case a.IsSource() == b.IsSource():
		return 0
	case a.IsSource():
		return 1
	}
	return -1
}

func (w *Work) find(id plan.Identity) *apply.Wanted {
	for i := range w.Wanted {
		if w.Wanted[i].SameObject(id) {
			return &w.Wanted[i]
		}
	}
	return nil
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
