package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// defaultParallel was good for 5,000 members; without a bound a third of them
// failed in the TLS handshake.
const defaultParallel = 256

// preparing is how many applications are read from the host at once.
const preparing = 16

// The values of --dry-run.
const (
	dryRunNone   = "none"
	dryRunClient = "client"
	dryRunServer = "server"
)

// runner carries out runs over applications: what deploy and delete share.
type runner struct {
	*Factory
	selection
	deploy.Options
	yes    bool
	dryRun string
	output string
	// waits is set where what was deployed is waited for.
	waits *waits
}

func (r *runner) addFlags(flags *pflag.FlagSet) {
	r.selection.addFlags(flags)
	flags.BoolVarP(&r.yes, "yes", "y", false, "Do not ask before objects are deleted.")
	flags.StringVar(&r.dryRun, "dry-run", dryRunNone, "Change nothing. With client, say what would be done as far as the inventory tells; with server, ask each cluster what it would do.")
	flags.StringVarP(&r.output, "output", "o", "", "Output format: json, yaml or name.")
	flags.IntVar(&r.Parallel, "parallel", defaultParallel, "How many clusters are worked on at once.")
	flags.DurationVar(&r.MemberTimeout, "member-timeout", 30*time.Second, "How long a cluster may take to answer, connecting included.")
	flags.DurationVar(&r.Timeout, "timeout", 5*time.Minute, "How long to wait for Flux in a cluster, on top of --member-timeout.")
}

// validate checks what the flags say, and completes what follows from it.
func (r *runner) validate() error {
	r.DryRun = r.dryRun == dryRunServer
	errs := []error{validBounds(r.Parallel, r.MemberTimeout), r.selection.validate()}
	if r.Timeout < 0 {
		errs = append(errs, fmt.Errorf("--timeout cannot be less than nothing, it is %s", r.Timeout))
	}
	if !slices.Contains([]string{dryRunNone, dryRunClient, dryRunServer}, r.dryRun) {
		errs = append(errs, fmt.Errorf("--dry-run is client or server (or none), not %q", r.dryRun))
	}
	if !slices.Contains([]string{"", "json", "yaml", "name"}, r.output) {
		errs = append(errs, fmt.Errorf("unknown output format %q: json, yaml and name are known", r.output))
	}
	if r.NoPrune && len(r.abandon) > 0 {
		errs = append(errs, errors.New("--no-prune and --abandon exclude each other: only what would be deleted can be abandoned"))
	}
	return errors.Join(errs...)
}

// job is one application, ready to run.
type job struct {
	owner plan.Owner
	// verb is what becomes of the application: deployed or deleted.
	verb   string
	record *inventory.Inventory
	// asked is the manifest, where there is a new one, or inventory.Nowhere.
	asked json.RawMessage
	works []deploy.Work
	// remove is the Application object to delete from the host when all is done.
	remove *appsv1alpha1.Application
	// missing says that there is nothing to run, and why.
	missing error
}

// prepareAll prepares the jobs of several applications side by side. All that is
// wrong comes back at once.
func prepareAll(ctx context.Context, applications []manifest.Manifest, prepare func(context.Context, manifest.Manifest) (job, error)) ([]job, error) {
	var (
		jobs []job
		errs []error
	)
	for result := range fanout.Run(ctx, fanout.Options{Limit: preparing}, applications, prepare) {
		jobs, errs = append(jobs, result.Value), append(errs, result.Err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return jobs, errors.Join(errs...)
}

// run confirms what the jobs delete, and does them one after the other: one
// that fails does not keep the others from being done, nor does what went wrong
// before.
func (r *runner) run(ctx context.Context, host *fleet.Client, jobs []job, before ...error) error {
	jobs, err := r.narrow(r.ErrOut, jobs)
	if err := errors.Join(err, overlaps(jobs)); err != nil {
		return errors.Join(append(before, err)...)
	}
	for _, job := range jobs {
		printer.Needs(r.ErrOut, job.owner, job.works)
	}
	collectAt(200) // what is in use is the members that are at work, and their number is bounded
	style := r.style()
	answers := bufio.NewReader(r.In)
	for _, job := range jobs {
		if err := r.confirm(ctx, job, answers); err != nil {
			return errors.Join(append(before, err)...)
		}
	}
	errs := before
	var all membersError
	for i, job := range jobs {
		summary, err := r.runOne(ctx, host, job, style)
		if err == nil {
			err = r.remove(ctx, host, job, summary, style)
		}
		if err != nil {
			errs = append(errs, r.begun(err, i == 0))
		}
		all.failed, all.timedOut, all.of = all.failed+summary.Failed, all.timedOut+summary.TimedOut, all.of+summary.Members
		if err != nil && ctx.Err() != nil { // the others are not begun
			break
		}
	}
	notReady := r.waitUntilReady(ctx, host, style.Report)
	if style.Report != nil {
		errs = append(errs, style.Report.Print(r.Out, r.output))
	}
	if err = errors.Join(errs...); err == nil && all.failed == 0 {
		return notReady
	}
	if err != nil && all.failed < all.of { // some of it was done all the same
		return errors.Join(err, all)
	}
	return errors.Join(err, all.orNil())
}

// begun marks the errors of a job, but where nothing was changed by it, or by
// another one before it.
func (r *runner) begun(err error, first bool) error {
	var notHeld *inventory.NotHeldError
	if r.dryRun != dryRunNone || first && errors.As(err, &notHeld) {
		return err
	}
	return begun(err)
}

// style is how the flags want it printed.
func (r *runner) style() printer.Style {
	style := printer.Style{Names: r.output == "name", Orphaned: r.Orphan}
	if r.output == "json" || r.output == "yaml" {
		style.Report = printer.NewReport()
		if r.dryRun != dryRunNone {
			style.Report.DryRun = r.dryRun
		}
	}
	switch r.dryRun {
	case dryRunClient:
		style.DryRun = "dry run"
	case dryRunServer:
		style.DryRun = "server dry run"
	}
	return style
}

func (r *runner) runOne(ctx context.Context, host *fleet.Client, job job, style printer.Style) (deploy.Summary, error) {
	began := r.Now()
	lines := printer.NewRun(r.Out, r.ErrOut, job.owner, active(job.works), style)
	if r.dryRun == dryRunClient {
		events, summary := deploy.Preview(job.works, r.Options)
		for _, event := range events {
			lines.Member(event)
		}
		lines.Close()
		lines.Closing(job.verb, summary, r.Now().Sub(began))
		return summary, nil
	}
	progress := r.Progress()
	engine := deploy.Engine{
		Connect: func(ctx context.Context, member fleet.Member) (*fleet.Client, error) {
			return r.Connect(ctx, host, member)
		},
		Owner: job.owner, Options: r.Options, Now: r.Now, Done: progress.Done,
		Emit: r.waits.watch(job.owner, func(event deploy.Event) { progress.Print(func() { lines.Member(event) }) }),
		Waits: func(held inventory.Run, longest time.Duration) {
			progress.Print(func() { lines.Held(held.Verb, held.Holder, held.PID, longest) })
		},
	}
	if job.verb == verbDeleted && len(job.works) == 0 && !job.record.Exists() { // there is only an Application object
		return deploy.Summary{}, nil
	}
	run := r.Holder()
	run.Verb = job.verb
	stop := r.sayHowFar(job, progress)
	summary, err := engine.Run(ctx, job.record, run, job.asked, job.works)
	stop()
	lines.Close()
	if err != nil {
		r.waits.drops(job.owner)
		return summary, err
	}
	if r.waits.takes(applied{job, summary, lines, began}) {
		return summary, nil
	}
	lines.Closing(job.verb, summary, r.Now().Sub(began))
	return summary, nil
}

// remove deletes a job's Application object, if that was asked for, once all
// else is gone.
func (r *runner) remove(ctx context.Context, host *fleet.Client, job job, did deploy.Summary, style printer.Style) error {
	switch {
	case job.remove == nil:
		return nil
	case did.Failed > 0 || did.Actions[apply.Deleting] > 0 || active(job.works) < len(job.works):
		fmt.Fprintln(r.ErrOut, printer.Escape(fmt.Sprintf("warning: application %s/%s: its Application object stays on the host until all else is gone",
			job.owner.Namespace, job.owner.Application)))
		return nil
	}
	if r.dryRun == dryRunNone {
		if err := fleet.DeleteApplication(ctx, host, job.remove); err != nil {
			return fmt.Errorf("delete application %s/%s on the host: %w", job.remove.Namespace, job.remove.Name, err)
		}
	}
	printer.NewRun(r.Out, r.ErrOut, job.owner, 1, style).Member(deploy.Event{
		Member:  fleet.HostMember(),
		Objects: []apply.Result{{Identity: plan.ApplicationIdentity(job.owner), Action: apply.Deleted}},
	})
	return nil
}
