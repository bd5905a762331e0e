package apply

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Sight is an object of ours as it was seen before its deletion: all that is to be
// known of it for that, and nothing that a member could make large.
type Sight struct {
	plan.Identity
	uid            types.UID
	version        string
	prune          bool
	deletionPolicy string
}

// Look reads objects that are to be deleted soon, side by side, for a run that has
// something else to wait for meanwhile: it saves Delete the round trip. It leaves
// out whatever is not as usual, which Delete looks at by itself.
func (m Member) Look(ctx context.Context, objects []plan.Identity) []Sight {
	var sights []Sight
	for result := range fanout.Run(ctx, fanout.Options{Limit: abreast}, objects, func(ctx context.Context, id plan.Identity) (Sight, error) {
		object, err := m.get(ctx, id.Path())
		if err != nil || !m.isUsual(object) {
			return Sight{}, err
		}
		return Sight{id, object.Metadata.UID, object.Metadata.ResourceVersion, object.Spec.Prune, object.Spec.DeletionPolicy}, nil
	}) {
		if result.Value != (Sight{}) {
			sights = append(sights, result.Value)
		}
	}
	return sights
}

// isUsual tells an object that is ours and goes as a matter of course.
func (m Member) isUsual(object live) bool {
	return object.Metadata.Annotations[plan.OwnerAnnotation] == m.Owner.String() &&
		object.Metadata.DeletionTimestamp == nil && !object.Spec.Suspend &&
		len(object.Metadata.UID) <= maxWord && len(object.Metadata.ResourceVersion) <= maxWord && len(object.Spec.DeletionPolicy) <= maxWord
}

// maxWord is more than any UID, version or policy has, in bytes.
const maxWord = 128

// sighted is an object as it was seen; its deletion is to fail if it is another
// one by now.
func (m Member) sighted(id plan.Identity) (object live, ok bool) {
	at := slices.IndexFunc(m.Sights, func(sight Sight) bool { return sight.Identity == id })
	if at < 0 || m.Orphan || slices.ContainsFunc(m.Unsure, id.SameObject) {
		return live{}, false
	}
	sight := m.Sights[at]
	object.Metadata.UID, object.Metadata.ResourceVersion = sight.uid, sight.version
	object.Metadata.Annotations = map[string]string{plan.OwnerAnnotation: m.Owner.String()}
	object.Spec.Prune, object.Spec.DeletionPolicy = sight.prune, sight.deletionPolicy
	object.isSight = true
	return object, true
}
