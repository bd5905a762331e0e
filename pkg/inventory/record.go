// Package inventory is the record, on the host, of what one application may
// have put where. It is read, held by one run at a time, written before the
// first member is touched (intend) and again after the last (settle).
package inventory

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

const (
	// maxRecord bounds a record, in bytes after decompression.
	maxRecord = 32 << 20
	// maxSecret is what fits into a Secret, in bytes, with something to spare.
	// Source: MaxSecretSize of the API is 1 MiB.
	maxSecret = 1000 << 10
	// maxHistory is how many earlier revisions of an application are kept.
	maxHistory = 10
)

// Record is what is known of one application on one host.
// The law: an object of ours in a member means an entry here, at every instant.
type Record struct {
	// Application is the manifest as last asked for; none where the application
	// is to be nowhere.
	Application json.RawMessage `json:"application,omitempty"`
	// History holds earlier manifests, the newest first.
	History []Revision `json:"history,omitempty"`
	// Members are all that may hold an object of ours.
	Members []Member `json:"members,omitempty"`
	// Run is the run that holds the record now, if any.
	Run *Run `json:"run,omitempty"`
	// Epoch counts the runs that ever held the record.
	Epoch int64 `json:"epoch"`
}

// Revision is an earlier manifest of the application.
type Revision struct {
	// Replaced is when another manifest took its place.
	Replaced    time.Time       `json:"replaced"`
	Application json.RawMessage `json:"application"`
}

// Member is one cluster and what it may hold.
type Member struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// UID is that of the member's kube-system namespace, once seen: what tells
	// the cluster from another one that later has its name.
	UID     types.UID `json:"uid,omitempty"`
	Objects []Entry   `json:"objects"`
}

// Entry is one object that may be in a member.
type Entry struct {
	plan.Identity
	// UID is the object's, once known.
	UID types.UID `json:"uid,omitempty"`
	// Applied is when an apply of ours last changed the object, by the member's
	// own clock, as it is in the object's managedFields.
	Applied string `json:"applied,omitempty"`
	// Generation is the object's after that.
	Generation int64 `json:"generation,omitempty"`
	// Late says that a create of it may have been under way that nobody saw an answer
	// to: when the object is gone, one may still come.
	Late bool `json:"late,omitempty"`
	// fresh is set, while the run that intended the entry goes on, on one that
	// was not there before.
	fresh bool
}

// Run is one run of deploy or delete that holds a record.
type Run struct {
	// Verb is what it does to the application, as in "is being deployed".
	Verb string `json:"verb"`
	// Holder is user@machine.
	Holder string `json:"holder"`
	PID    int    `json:"pid"`
	// Machine is the same for processes of which one can see by its PID whether
	// another is alive; empty where none can.
	Machine string `json:"machine,omitempty"`
	// Born tells the process from another one that had its PID before or later.
	Born string `json:"born,omitempty"`
	// Started and Renewed are by the holder's clock, which nobody else's is
	// compared with: it is that Renewed changes which shows a living holder.
	Started time.Time `json:"started"`
	Renewed time.Time `json:"renewed"`
}

// Placement is what a run wants in one member.
type Placement struct {
	Kind, Name string
	Objects    []plan.Identity
}

// Outcome is what a run learned of one member.
type Outcome struct {
	Kind, Name string
	// UID is that of the member's kube-system namespace, empty if not seen.
	UID types.UID
	// Present are objects that were seen there, Gone those that are confirmed
	// not to be. NotMade are those that this run surely did not make: whether an
	// earlier one did, is not said. Of all others, nothing is known.
	Present []Entry
	Gone    []plan.Identity
	NotMade []plan.Identity
	// Abandoned makes Gone hold for every cluster of this name, and forgets those
	// that the name does not lead to any more.
	Abandoned bool
}

// intend adds what is wanted to what may be there already.
func (r *Record) intend(wanted []Placement) {
	members := r.indexed()
	for _, placement := range wanted {
		member := members.member(placement.Kind, placement.Name, "")
		for _, id := range placement.Objects {
			if member.entry(id) == nil {
				member.Objects = append(member.Objects, Entry{Identity: id, fresh: true})
			}
		}
	}
}

// settle takes in what was learned, and drops what is confirmed gone.
func (r *Record) settle(outcomes []Outcome) {
	members := r.indexed()
	for _, outcome := range outcomes {
		member := members.member(outcome.Kind, outcome.Name, outcome.UID)
		for _, present := range outcome.Present {
			if entry := member.entry(present.Identity); entry != nil {
				present.Late = entry.Late || entry.UID == "" && !entry.fresh
				*entry = present
			} else {
				member.Objects = append(member.Objects, present)
			}
		}
		member.Objects = slices.DeleteFunc(member.Objects, func(e Entry) bool {
			return slices.ContainsFunc(outcome.Gone, e.SameObject) ||
				e.fresh && slices.ContainsFunc(outcome.NotMade, e.SameObject)
		})
		if outcome.Abandoned {
			r.abandon(outcome)
		}
	}
	r.Members = slices.DeleteFunc(r.Members, func(m Member) bool { return len(m.Objects) == 0 })
}

// abandon forgets what a member may hold, also in clusters that its name led
// to before.
func (r *Record) abandon(outcome Outcome) {
	for i := range r.Members {
		member := &r.Members[i]
		if member.Kind != outcome.Kind || member.Name != outcome.Name {
			continue
		}
		former := outcome.UID != "" && member.UID != outcome.UID
		member.Objects = slices.DeleteFunc(member.Objects, func(e Entry) bool {
			return former || slices.ContainsFunc(outcome.Gone, e.SameObject)
		})
	}
}

// adopt adds the entries of a later state of the record that an earlier one
// did not have.
func (r *Record) adopt(later, earlier []Member) {
	before := (&Record{Members: copied(earlier)}).indexed()
	var added []Outcome
	for _, member := range later {
		known := before.member(member.Kind, member.Name, member.UID)
		for _, entry := range member.Objects {
			if was := known.entry(entry.Identity); was != nil && was.UID == entry.UID {
				continue
			}
			added = append(added, Outcome{Kind: member.Kind, Name: member.Name, UID: member.UID, Present: []Entry{entry}})
		}
	}
	r.settle(added)
}

// copied is a copy that shares nothing.
func copied(members []Member) []Member {
	all := slices.Clone(members)
	for i := range all {
		all[i].Objects = slices.Clone(all[i].Objects)
	}
	return all
}

// Nowhere stands, in the place of a manifest, for an application that is to be
// nowhere any more.
func Nowhere() json.RawMessage { return json.RawMessage("null") }

// revise makes another manifest the one last asked for.
func (r *Record) revise(application json.RawMessage, now time.Time) {
	if bytes.Equal(application, Nowhere()) {
		application = nil
	}
	if bytes.Equal(r.Application, application) {
		return
	}
	if r.Application != nil {
		r.History = slices.Insert(r.History, 0, Revision{Replaced: now, Application: r.Application})
		r.History = r.History[:min(len(r.History), maxHistory)]
	}
	r.Application = application
}

func (m *Member) entry(id plan.Identity) *Entry {
	for i := range m.Objects {
		if m.Objects[i].SameObject(id) {
			return &m.Objects[i]
		}
	}
	return nil
}

// encodeToFit encodes a record, and lets go of the oldest revisions where it
// would be too large for a Secret otherwise.
func encodeToFit(record *Record) ([]byte, error) {
	for {
		data, err := encode(record)
		if err != nil || len(data) <= maxSecret || len(record.History) == 0 {
			return data, err
		}
		record.History = record.History[:len(record.History)-1]
	}
}

func encode(record *Record) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if err := json.NewEncoder(zip).Encode(record); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func decode(data []byte) (*Record, error) {
	unzip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(unzip, maxRecord+1))
	if err != nil {
		return nil, err
	}
	if len(plain) > maxRecord {
		return nil, fmt.Errorf("it is larger than %d MiB", maxRecord>>20)
	}
	record := &Record{}
	if err := json.Unmarshal(plain, record); err != nil {
		return nil, err
	}
	if record.Epoch < 1 {
		return nil, errors.New("it has no epoch")
	}
	return record, nil
}
