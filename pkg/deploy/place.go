package deploy

import (
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// Place is where the work would be done, as somebody looks at it who changes
// nothing: what the member should have, then what an inventory lists and nobody
// wants there.
func (w Work) Place() status.Place {
	place := status.Place{Member: w.Member}
	for _, wanted := range w.Wanted {
		place.Objects = append(place.Objects, w.expected(wanted.Identity))
	}
	for _, id := range w.Unwanted() {
		object := w.expected(id)
		object.Leftover = true
		place.Objects = append(place.Objects, object)
	}
	return place
}

// expected is an object in the version in which it was applied, if it was.
func (w Work) expected(id plan.Identity) status.Expected {
	for i := len(w.Recorded) - 1; i >= 0; i-- { // the cluster that the name led to last
		if entry, ok := entryOf(w.Recorded[i], id); ok {
			return status.Expected{Identity: entry.Identity, Listed: true, UID: entry.UID}
		}
	}
	return status.Expected{Identity: id}
}

func entryOf(cluster inventory.Member, id plan.Identity) (inventory.Entry, bool) {
	for _, entry := range cluster.Objects {
		if entry.SameObject(id) {
			return entry, true
		}
	}
	return inventory.Entry{}, false
}
