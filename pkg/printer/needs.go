package printer

import (
	"fmt"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Needs notes which Secrets and ConfigMaps the members must have and do not get
// from us, one a line.
func Needs(out io.Writer, owner plan.Owner, works []deploy.Work) {
	var refs []plan.Ref
	members := map[plan.Identity]int{}
	for _, work := range works {
		for _, ref := range work.NotOurs() {
			if members[ref.Identity] == 0 {
				refs = append(refs, ref)
			}
			members[ref.Identity]++
		}
	}
	for _, ref := range refs {
		needs := "needs"
		if ref.Optional {
			needs = "can use"
		}
		fmt.Fprintln(out, Escape(fmt.Sprintf("note: application %s/%s %s %s %q in namespace %q of %s (%s); --copy-refs copies it from the host",
			owner.Namespace, owner.Application, needs, ref.Kind, ref.Name, ref.Namespace, clusters(members[ref.Identity]), ref.Path)))
	}
}
