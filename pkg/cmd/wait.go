package cmd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// waits are the applications that were deployed, and are waited for together
// once all are: Flux works on all of them at once. Nil where nothing is.
type waits struct {
	applications []applied
	members      []deploy.Awaited
}

// applied is one application that was deployed.
type applied struct {
	job     job
	summary deploy.Summary
	lines   *printer.Run
	began   time.Time
}

// watch notes of each member what there is to wait for, and passes it on.
func (w *waits) watch(owner plan.Owner, emit func(deploy.Event)) func(deploy.Event) {
	if w == nil {
		return emit
	}
	return func(event deploy.Event) {
		if awaited, ok := event.Await(owner); ok {
			w.members = append(w.members, awaited)
		}
		emit(event)
	}
}

// takes puts an application's closing line off until it was waited for.
func (w *waits) takes(one applied) bool {
	if w != nil {
		w.applications = append(w.applications, one)
	}
	return w != nil
}

// drops forgets the members of an application whose run ended with an error:
// that is its last word, and nothing of it is waited for.
func (w *waits) drops(owner plan.Owner) {
	if w != nil {
		w.members = slices.DeleteFunc(w.members, func(member deploy.Awaited) bool { return member.Owner == owner })
	}
}

// of are the members of one application.
func (w *waits) of(owner plan.Owner) []deploy.Awaited {
	var members []deploy.Awaited
	for _, member := range w.members {
		if member.Owner == owner {
			members = append(members, member)
		}
	}
	return members
}

// waitUntilReady waits for what was deployed, and closes each application with a line.
// It only reads: however it ends, what was applied stays applied. The error is
// that some members are not ready.
func (r *runner) waitUntilReady(ctx context.Context, host *fleet.Client, report *printer.Report) error {
	if r.waits == nil {
		return nil
	}
	lines := map[plan.Owner]*printer.Wait{}
	for _, one := range r.waits.applications {
		lines[one.job.owner] = printer.NewWait(r.ErrOut, len(r.waits.of(one.job.owner)), report)
	}
	notReady, typing := 0, r.Interactive()
	emit := func(waited deploy.Waited) {
		if typing && ctx.Err() != nil { // the terminal shows ^C at the beginning of the line
			fmt.Fprintln(r.ErrOut)
			typing = false
		}
		lines[waited.Owner].Member(waited)
		if len(waited.Errs) > 0 {
			notReady++
		}
	}
	begun := ctx.Err() == nil && len(r.waits.members) > 0
	waiting, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	if begun {
		printer.WaitBegins(r.ErrOut, r.waits.members, r.Timeout)
		progress := r.Progress()
		progress.Begin("waiting for Flux", "ready", len(r.waits.members))
		deploy.Waiter{
			Connect: func(ctx context.Context, member fleet.Member) (*fleet.Client, error) {
				return r.Connect(ctx, host, member)
			},
			Parallel: r.Parallel, MemberTimeout: r.MemberTimeout, Done: progress.Done,
			Emit: func(waited deploy.Waited) { progress.Print(func() { emit(waited) }) },
		}.Wait(waiting, r.waits.members)
		progress.End()
	}
	interrupted, gaveUp := ctx.Err() != nil, waiting.Err() == nil
	for _, one := range r.waits.applications {
		lines[one.job.owner].Close()
	}
	for _, one := range r.waits.applications {
		took := r.Now().Sub(one.began)
		if members := r.waits.of(one.job.owner); begun && len(members) > 0 {
			one.lines.ClosingWaited(one.summary, lines[one.job.owner], printer.WaitEnd{
				Interrupted: interrupted, GaveUp: gaveUp, See: r.see(one.job.owner), Took: took,
			})
			continue
		}
		one.lines.Closing(one.job.verb, one.summary, took)
	}
	if notReady > 0 {
		return notReadyError{notReady, len(r.waits.members)}
	}
	return nil
}

// see is the command that shows how far an application is.
func (r *runner) see(owner plan.Owner) string {
	text := "kubectl fleetapp status " + owner.Application
	if context, err := r.ContextNamespace(); err != nil || context != owner.Namespace {
		text += " -n " + owner.Namespace
	}
	return text
}
