package deploy

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// claim is what one member's name has in a cluster to which other names may
// lead, too.
type claim struct {
	work Work
	// listed is what the inventory lists under that name when the run is over.
	listed []plan.Identity
}

// claims are those of the members that are skipped, by the clusters that they
// were last seen to be.
func claims(works []Work) map[types.UID][]claim {
	known := map[types.UID][]claim{}
	for _, work := range works {
		if !work.Skip {
			continue
		}
		for _, cluster := range work.Recorded {
			if cluster.UID != "" { // all others would count as one
				known[cluster.UID] = append(known[cluster.UID], claim{work, identities(cluster)})
			}
		}
	}
	return known
}

// claim is that of a member that was brought what it should have.
func (o *outcome) claim(work Work) claim {
	applied := claim{work: work}
	for _, object := range o.objects {
		if object.Err == nil {
			applied.listed = append(applied.listed, object.Identity)
		}
	}
	return applied
}

// listed tells whether any of the names lists an object, so that another one
// need not.
func listed(claims []claim, id plan.Identity) bool {
	return slices.ContainsFunc(claims, func(c claim) bool { return slices.ContainsFunc(c.listed, id.SameObject) })
}

// wanted tells whether any of the names should have an object.
func wanted(claims []claim, id plan.Identity) bool {
	return slices.ContainsFunc(claims, func(c claim) bool { return c.work.wants(id) })
}

func identities(cluster inventory.Member) []plan.Identity {
	all := make([]plan.Identity, len(cluster.Objects))
	for i, entry := range cluster.Objects {
		all[i] = entry.Identity
	}
	return all
}
