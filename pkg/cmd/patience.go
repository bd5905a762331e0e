package cmd

import (
	"fmt"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// slow is from when on a run is said to be at work still.
const slow = 5 * time.Second

// sayIfSlow says once, of a run that takes its time, what it may be waiting
// for. It returns what ends that.
func (r *runner) sayIfSlow(owner plan.Owner) (stop func() bool) {
	longest := r.MemberTimeout + r.Timeout
	return time.AfterFunc(slow, func() {
		fmt.Fprintln(r.ErrOut, printer.Escape(fmt.Sprintf(
			"application %s/%s: still at work: a cluster is slow to answer, or Flux to let go of what is deleted (at most %s)",
			owner.Namespace, owner.Application, longest)))
	}).Stop
}
