package status

import (
	"context"
	"fmt"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// maxApplied is of how many objects that Flux applied one tree tells.
const maxApplied = 1000

// Level is how far a node is from being fine.
type Level string

// The levels there are.
const (
	Fine    Level = "Fine"
	Working Level = "Working" // on its way, or told to stand still
	Bad     Level = "Bad"
	Unseen  Level = "Unknown" // it could not be read
)

// Node is one object of a member, with what is below it: what Flux applied
// below a sync object, and a workload's pods below that. All its texts are one
// line, and bounded.
type Node struct {
	plan.Identity
	Level Level
	// Health is a phase of a source or sync object or a word beside these, what
	// kstatus says of an object that Flux applied, and of a pod what kubectl shows
	// as its STATUS.
	Health string
	// Ready is how many of so many pods of a workload, or containers of a pod,
	// are ready: "1/2". Restarts is a pod's, as kubectl shows them.
	Ready, Restarts string
	// Revision is what a source or sync object stands at.
	Revision string
	// Reason and Message say more where it is not fine.
	Reason, Message string
	// Images are those of a workload's containers.
	Images []string
	// Notes say what is not among the children, and why.
	Notes    []string
	Children []Node
	// Gaps are why something below it is not known that should be.
	Gaps []error
	// Err is why the object could not be read; nothing is known of it then.
	Err error
}

// IsWorkload tells what has pods.
func (n *Node) IsWorkload() bool {
	switch n.Group {
	case "apps":
		return n.Kind == "Deployment" || n.Kind == "StatefulSet" || n.Kind == "DaemonSet" || n.Kind == "ReplicaSet"
	case "batch":
		return n.Kind == "Job" || n.Kind == "CronJob"
	}
	return false
}

// Branch is what is below one object of an application: what Flux says that it
// applied for it, as far as it is known.
type Branch struct {
	Nodes []Node
	// Notes say what is not among the nodes, and why.
	Notes []string
	// Gaps are why something that Flux applied is not known.
	Gaps []error
	// more counts what is not among the nodes because it is too many.
	more int
}

// add adds nodes, as many as one tree may have.
func (b *Branch) add(nodes ...Node) {
	most := min(len(nodes), maxApplied-len(b.Nodes))
	b.Nodes, b.more = append(b.Nodes, nodes[:most]...), b.more+len(nodes)-most
}

// gap notes what is not known though nobody failed to answer.
func (b *Branch) gap(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	b.Notes, b.Gaps = append(b.Notes, err.Error()), append(b.Gaps, err)
}

// LookBelow is Look, and looks at what is below the objects. That takes two
// round trips more: all that Flux applied, and then the pods; a third for a
// release of a helm-controller that does not say what it applied, and two more
// where the plural of a kind is not the usual one.
func LookBelow(ctx context.Context, client rest.Interface, place Place) Seen {
	seen, read := look(ctx, client, place, false)
	member := newReader(client)
	seen.Below = member.branches(ctx, read)
	var (
		all  []*Node
		left = maxApplied
	)
	for i := range seen.Below {
		branch := &seen.Below[i]
		branch.limit(left)
		left -= len(branch.Nodes)
		for j := range branch.Nodes {
			all = append(all, &branch.Nodes[j])
		}
	}
	member.readPods(ctx, member.readApplied(ctx, all))
	for _, branch := range seen.Below {
		workloadsFirst(branch.Nodes)
	}
	return seen
}

// limit leaves out what is too many.
func (b *Branch) limit(most int) {
	if more := len(b.Nodes) - most; more > 0 {
		b.Nodes, b.more = b.Nodes[:most], b.more+more
	}
	if b.more > 0 {
		b.gap("%d more, which are not looked at: no more than %d objects of a cluster are", b.more, maxApplied)
	}
}

// Tree is a member's objects with what is below them, but for copied Secrets and
// ConfigMaps. It is empty where the member could not be asked.
func (s *Seen) Tree() []Node {
	if s.Err != nil {
		return nil
	}
	var nodes []Node
	for i, line := range s.lines() {
		if line.IsRef() {
			continue
		}
		node := line.node()
		if i < len(s.Below) {
			node.Children, node.Notes = s.Below[i].Nodes, s.Below[i].Notes
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// below counts what Flux applied and is not fine, and lists why something of it
// is not known. A pod is what its workload makes of it.
func (s *Seen) below() (notFine int, gaps []error) {
	for _, branch := range s.Below {
		gaps = append(gaps, branch.Gaps...)
		for _, node := range branch.Nodes {
			switch {
			case node.Err != nil:
				gaps = append(gaps, node.Err)
			case node.Level != Fine:
				notFine++
			}
			gaps = append(gaps, node.Gaps...)
		}
	}
	return notFine, gaps
}

// node is that of a source or a sync object.
func (l Line) node() Node {
	node := Node{
		Identity: l.Identity, Level: levelOf(l.Ready), Health: string(l.Ready), Revision: l.Revision,
		Reason: l.Why, Message: l.Message, Err: l.Err,
	}
	switch l.Ready {
	case True:
		node.Health, node.Reason, node.Message = string(Ready), "", ""
	case False:
		node.Health = string(Failed)
	}
	return node
}

func levelOf(word Word) Level {
	switch word {
	case True:
		return Fine
	case Unknown:
		return Unseen
	case False, Word(Stalled), Word(Missing):
		return Bad
	}
	return Working
}

// fail says that the object could not be read.
func (n *Node) fail(err error) {
	n.Err, n.Level, n.Health, n.Reason, n.Message = err, Unseen, string(Unknown), string(reason.Of(err)), text(reason.Message(err), maxMessage)
}

// branches finds what each of the objects applied, with no more than its
// identity; nothing, for a source.
func (r *reader) branches(ctx context.Context, read []found) []Branch {
	all := make([]Branch, 0, len(read))
	for result := range fanout.Run(ctx, fanout.Options{Limit: parallel}, read, r.branch) {
		branch := result.Value
		if result.Err != nil {
			branch.Notes, branch.Gaps = append(branch.Notes, note("what it applied is not known", result.Err)), append(branch.Gaps, result.Err)
		}
		all = append(all, branch)
	}
	return all
}

func (r *reader) branch(ctx context.Context, of found) (Branch, error) {
	known := of.object != nil && of.err == nil && !of.missing
	switch {
	case known && of.Status.Inventory != nil:
		return fromInventory(of.Status.Inventory.Entries), nil
	case known && of.Kind == helmRelease:
		return r.fromRecord(ctx, of.object)
	}
	return Branch{}, nil // a source, or what never applied anything
}

// fromInventory lists what Flux wrote down of what it applied.
func fromInventory(entries []plan.Entry) Branch {
	var of Branch
	strange := 0
	for _, entry := range entries {
		if id, ok := entry.Identity(); ok {
			of.add(Node{Identity: id})
		} else {
			strange++
		}
	}
	if strange > 0 {
		of.gap("%d more in its inventory, which name no object", strange)
	}
	return of
}

// note says what is missing and why.
func note(what string, err error) string {
	return text(fmt.Sprintf("%s: %s: %s", what, reason.Of(err), reason.Message(err)), maxMessage)
}

// workloadsFirst puts what has pods before the rest.
func workloadsFirst(nodes []Node) {
	var sorted, rest []Node
	for _, node := range nodes {
		if node.IsWorkload() {
			sorted = append(sorted, node)
		} else {
			rest = append(rest, node)
		}
	}
	copy(nodes, append(sorted, rest...))
}
