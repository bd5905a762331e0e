package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// defaultParallel was good for 5,000 members; without a bound a third of them
// failed in the TLS handshake.
const defaultParallel = 256

// runner carries out runs over applications: what deploy and delete share.
type runner struct {
	*Factory
	yes           bool
	force         bool
	parallel      int
	memberTimeout time.Duration
}

func (r *runner) addFlags(flags *pflag.FlagSet, memberTimeout time.Duration) {
	flags.BoolVarP(&r.yes, "yes", "y", false, "Do not ask before objects are deleted.")
	flags.IntVar(&r.parallel, "parallel", defaultParallel, "How many clusters are worked on at once.")
	flags.DurationVar(&r.memberTimeout, "member-timeout", memberTimeout, "How long one cluster may take, connecting included.")
}

// job is one application, ready to run.
type job struct {
	owner plan.Owner
	// verb is what becomes of the application: deployed or deleted.
	verb   string
	record *inventory.Inventory
	// asked is the manifest, where there is a new one.
	asked json.RawMessage
	works []deploy.Work
}

// run confirms what the jobs delete, and does them one after the other: one
// that fails does not keep the others from being done.
func (r *runner) run(ctx context.Context, host *fleet.Client, jobs []job) error {
	answers := bufio.NewReader(r.In)
	for _, job := range jobs {
		if err := r.confirm(ctx, job, answers); err != nil {
			return err
		}
	}
	var (
		errs       []error
		failed, of int
	)
	for _, job := range jobs {
		summary, err := r.runOne(ctx, host, job)
		if err != nil {
			errs = append(errs, err)
		}
		failed, of = failed+summary.Failed, of+summary.Members
	}
	if len(errs) > 0 && failed < of { // some of it was done all the same
		return errors.Join(append(errs, membersError{failed, of})...)
	}
	return errors.Join(append(errs, membersFailed(failed, of))...)
}

func (r *runner) runOne(ctx context.Context, host *fleet.Client, job job) (deploy.Summary, error) {
	began := r.Now()
	lines := printer.NewRun(r.Out, r.ErrOut, len(job.works))
	engine := deploy.Engine{
		Connect: func(ctx context.Context, member fleet.Member) (*fleet.Client, error) {
			return r.Connect(ctx, host, member)
		},
		Owner: job.owner, Force: r.force, Parallel: r.parallel, MemberTimeout: r.memberTimeout,
		Now: r.Now, Emit: lines.Member,
	}
	run := r.Holder()
	run.Verb = job.verb
	summary, err := engine.Run(ctx, job.record, run, job.asked, job.works)
	lines.Close()
	if err != nil {
		return summary, err
	}
	lines.Closing(job.owner, job.verb, summary, r.Now().Sub(began))
	return summary, nil
}

// confirm asks before a job deletes, where there is somebody to answer. What a
// deploy deletes is listed in any case: nobody asked for it by name.
func (r *runner) confirm(ctx context.Context, job job, answers *bufio.Reader) error {
	ask := !r.yes && r.Interactive()
	if !deletes(job.works) || !ask && job.verb != verbDeployed {
		return nil
	}
	question := "Will delete application %s/%s, with all that Flux applied:\n"
	if job.verb == verbDeployed {
		question = "Will delete what application %s/%s no longer wants, with all that Flux applied:\n"
	}
	fmt.Fprintf(r.ErrOut, question, job.owner.Namespace, job.owner.Application)
	printer.Deletions(r.ErrOut, job.works)
	if !ask {
		return nil
	}
	fmt.Fprint(r.ErrOut, "Continue? [y/N] ")
	answered := make(chan string, 1)
	go func() {
		answer, err := answers.ReadString('\n') // none is a no
		if err != nil {
			fmt.Fprintln(r.ErrOut)
		}
		answered <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case answer := <-answered:
		if answer == "y" || answer == "yes" {
			return nil
		}
	case <-ctx.Done():
		fmt.Fprintln(r.ErrOut)
	}
	return errors.New("not confirmed: nothing was changed")
}

func deletes(works []deploy.Work) bool {
	for _, work := range works {
		if len(work.Unwanted()) > 0 {
			return true
		}
	}
	return false
}
