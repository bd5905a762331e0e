package status

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Place is one member of an application, and what should or may be there.
type Place struct {
	Member  fleet.Member
	Objects []Expected
}

// Expected is one object of an application in a member.
type Expected struct {
	plan.Identity
	// Leftover says that the application does not want it there, and the
	// inventory lists it: a prune or a deletion that is yet to come.
	Leftover bool
	// Listed says that the inventory lists it. What it does not list was never
	// brought there.
	Listed bool
	// UID is the object's, where the inventory knows it.
	UID types.UID
}

// Seen is what was seen at a place.
type Seen struct {
	Place
	// Rows are the objects, one each and in their order.
	Rows []Row
	// Images are those of the workloads of each sync object, by its kind and name.
	Images map[plan.Identity][]string
	// ImagesErr is why they are not known, or not all of them: then they are not
	// compared.
	ImagesErr error
	// Below is what Flux applied for each of the objects, where that was looked at.
	Below []Branch
	// Err is why the member could not be asked; nothing is known of it then.
	Err error
}

// wanted tells whether the member should have anything.
func (p Place) wanted() bool {
	for _, object := range p.Objects {
		if !object.Leftover {
			return true
		}
	}
	return false
}

// Look looks at what one application has in a member, in one round trip. Copied
// Secrets and ConfigMaps are not read.
func Look(ctx context.Context, client rest.Interface, place Place, images bool) Seen {
	seen, _ := look(ctx, client, place, images)
	return seen
}

// look is Look, and returns the objects as they were read, in their order.
func look(ctx context.Context, client rest.Interface, place Place, images bool) (Seen, []found) {
	seen := Seen{Place: place, Rows: make([]Row, len(place.Objects))}
	var ids []plan.Identity
	for i, object := range place.Objects {
		seen.Rows[i].Identity = object.Identity
		if !object.IsRef() {
			ids = append(ids, object.Identity)
		}
	}
	var looking sync.WaitGroup
	if images {
		looking.Go(func() { seen.Images, seen.ImagesErr = imagesOf(ctx, client, ids) })
	}
	rows, read := readJudged(ctx, client, ids)
	looking.Wait()
	objects := make([]found, len(place.Objects))
	for i, object := range place.Objects {
		if object.IsRef() {
			continue
		}
		seen.Rows[i], rows = rows[0], rows[1:]
		objects[i], read = read[0], read[1:]
		object.compare(&seen.Rows[i])
	}
	seen.unite()
	return seen, objects
}

// unite takes what is wrong with every object that was read for what is wrong
// with the member.
func (s *Seen) unite() {
	var first error
	for _, row := range s.Rows {
		switch {
		case row.IsRef():
		case row.Err == nil, first != nil && reason.Message(first) != reason.Message(row.Err):
			return
		default:
			first = row.Err
		}
	}
	if first != nil {
		s.Err, s.ImagesErr = first, nil
	}
}

// compare says of an object that it is not the one that the inventory knows, or
// that it was never brought here.
func (e Expected) compare(row *Row) {
	switch {
	case row.Err != nil || e.Leftover:
	case row.Phase == Missing && !e.Listed:
		row.Reason, row.Message = notDeployed, "it was not deployed here yet"
	case row.Phase == Missing && e.UID == "": // the run that was to bring it saw nothing of it
		row.Reason, row.Message = notDeployed, "it was never seen here; deploy again"
	case row.Phase == Missing:
		row.Message = "somebody deleted it; deploy again"
	case e.UID != "" && row.UID != e.UID:
		row.State = State{Phase: Failed, Reason: "Replaced", Message: "somebody deleted it and made another one of its name; deploy again"}
	}
}

// NotDeployed is what is seen at a place to which nobody brought anything, and
// where nobody needs to look therefore.
func NotDeployed(place Place) Seen {
	seen := Seen{Place: place}
	for _, object := range place.Objects {
		row := Row{Identity: object.Identity, State: State{Phase: Missing}}
		object.compare(&row)
		seen.Rows = append(seen.Rows, row)
	}
	return seen
}
