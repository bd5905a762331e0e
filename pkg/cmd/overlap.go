package cmd

import (
	"errors"
	"fmt"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// overlaps finds what two applications of one run would both put into one
// cluster: names of policies are those of objects, whosever they are. What is
// copied from the host may be shared.
func overlaps(jobs []job) error {
	type place struct {
		kind, cluster string
		object        plan.Identity
	}
	var errs []error
	first := map[place]plan.Owner{}
	said := map[plan.Identity]bool{}
	for _, job := range jobs {
		for _, work := range job.works {
			for _, object := range work.Wanted {
				id := object.Identity
				id.Version = ""
				at := place{work.Member.Kind, work.Member.Name, id}
				other, taken := first[at]
				switch {
				case id.IsRef():
				case !taken:
					first[at] = job.owner
				case other != job.owner && !said[id]:
					said[id] = true
					errs = append(errs, fmt.Errorf("application %s/%s: %s of cluster %q is also application %s/%s's; give one of the policies another name",
						job.owner.Namespace, job.owner.Application, id.Short(), work.Member.Name, other.Namespace, other.Application))
				}
			}
		}
	}
	return errors.Join(errs...)
}
