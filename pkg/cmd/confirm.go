package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// confirm lists what a job deletes, and asks where there is somebody to answer.
// A dry run prints the same as what it would do.
func (r *runner) confirm(ctx context.Context, job job, answers *bufio.Reader) error {
	if !deletes(job.works) || r.NoPrune || r.dryRun != dryRunNone {
		return nil
	}
	fmt.Fprintln(r.ErrOut, r.willDelete(job))
	printer.Deletions(r.ErrOut, job.works)
	if r.yes || !r.Interactive() {
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

// willDelete says what the list that follows is.
func (r *runner) willDelete(job job) string {
	text, where := fmt.Sprintf("Will delete application %s/%s", job.owner.Namespace, job.owner.Application), "from"
	if job.verb == verbDeployed {
		text, where = fmt.Sprintf("Will delete what application %s/%s no longer wants", job.owner.Namespace, job.owner.Application), "in"
	}
	if some := active(job.works); some < len(job.works) {
		text += fmt.Sprintf(" %s %d of its %d clusters", where, some, len(job.works))
	}
	if r.Orphan {
		return text + ", and leave all that Flux applied:"
	}
	return text + ", with all that Flux applied:"
}

func deletes(works []deploy.Work) bool {
	for _, work := range works {
		if !work.Skip && len(work.Unwanted()) > 0 {
			return true
		}
	}
	return false
}
