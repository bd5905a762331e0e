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

// confirm asks before a job deletes, where there is somebody to answer. What a
// deploy deletes is listed in any case: nobody asked for it by name.
func (r *runner) confirm(ctx context.Context, job job, answers *bufio.Reader) error {
	ask := !r.yes && r.Interactive()
	if !deletes(job.works) || r.NoPrune || r.dryRun != dryRunNone || !ask && job.verb != verbDeployed {
		return nil
	}
	question := "Will delete application %s/%s, with all that Flux applied:\n"
	switch {
	case job.verb == verbDeployed:
		question = "Will delete what application %s/%s no longer wants, with all that Flux applied:\n"
	case r.Orphan:
		question = "Will delete application %s/%s, and leave all that Flux applied:\n"
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
		if !work.Skip && len(work.Unwanted()) > 0 {
			return true
		}
	}
	return false
}
