package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// slow is from when on a run is said to be at work still.
const slow = 5 * time.Second

// sayHowFar says on a terminal how far a run is, and elsewhere once, of one that
// takes its time, what it may be waiting for. It returns what ends that.
func (r *runner) sayHowFar(job job, progress *printer.Progress) (stop func()) {
	if progress != nil {
		doing := strings.TrimSuffix(job.verb, "ed") + "ing" // deleted, deploying
		if r.dryRun != dryRunNone {
			doing = "dry run of"
		}
		progress.Begin(fmt.Sprintf("%s %s/%s", doing, job.owner.Namespace, job.owner.Application), "", active(job.works))
		return progress.End
	}
	longest := r.MemberTimeout + r.Timeout
	timer := time.AfterFunc(slow, func() {
		fmt.Fprintln(r.ErrOut, printer.Escape(fmt.Sprintf(
			"application %s/%s: still at work: a cluster is slow to answer, or Flux to let go of what is deleted (at most %s)",
			job.owner.Namespace, job.owner.Application, longest)))
	})
	return func() { timer.Stop() }
}
