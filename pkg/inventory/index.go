package inventory

import "k8s.io/apimachinery/pkg/types"

// index finds a record's members by their names: each of thousands is looked for.
// Whoever takes one out of the record makes another index.
type index struct {
	record *Record
	// places are where in the record the clusters of a name are, in its order.
	places map[clusterName][]int
}

type clusterName struct{ kind, name string }

func (r *Record) indexed() index {
	places := make(map[clusterName][]int, len(r.Members))
	for i, member := range r.Members {
		name := clusterName{member.Kind, member.Name}
		places[name] = append(places[name], i)
	}
	return index{r, places}
}

// member returns the record's entry for a member, and makes it if need be. A
// cluster that took over another one's name gets an entry of its own, and the
// former keeps what it may hold. Where the cluster is not known yet, the entry
// is that of the last one of this name.
func (x index) member(kind, name string, uid types.UID) *Member {
	of := clusterName{kind, name}
	places := x.places[of]
	for i := len(places) - 1; i >= 0; i-- {
		member := &x.record.Members[places[i]]
		if member.UID == "" {
			member.UID = uid
		}
		if uid == "" || member.UID == uid {
			return member
		}
	}
	x.record.Members = append(x.record.Members, Member{Kind: kind, Name: name, UID: uid})
	x.places[of] = append(places, len(x.record.Members)-1)
	return &x.record.Members[len(x.record.Members)-1]
}
