package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// The states of a program, beside those of its process.
const (
	// Stopped was ended by fleetlab stop.
	Stopped = "stopped"
	// Ended is gone without having been told to.
	Ended = "ended"
	// NeverStarted is planned, in a lab that was not finished.
	NeverStarted = "not started"
)

// Program is one line of a lab's status.
type Program struct {
	state.Process
	// State is running, paused, or one of this package's.
	State string
	// NotReady says why a running program's health check fails.
	NotReady error
}

// shownProblems is how many programs an error shows with their logs: what one
// breaks, others complain of.
const shownProblems = 3

// OK says whether the program runs and is ready.
func (p Program) OK() bool { return p.State == string(process.Running) && p.NotReady == nil }

// Status looks at every program of a lab.
func Status(ctx context.Context, dir string) (programs []Program, phase state.Phase, err error) {
	dir, err = Resolve(dir)
	if err != nil {
		return nil, "", err
	}
	store, err := state.Open(dir)
	if errors.Is(err, state.ErrNone) {
		return nil, "", noLab(dir)
	}
	if err != nil {
		return nil, "", err
	}
	lab := store.Lab()
	return inspect(ctx, lab.Processes), lab.Phase, nil
}

func noLab(dir string) error {
	return fmt.Errorf("%w: %s has no lab.json; fleetlab up --dir %s makes one", state.ErrNone, dir, dir)
}

// inspect looks at programs, all at once.
func inspect(ctx context.Context, processes []state.Process) []Program {
	programs := make([]Program, len(processes))
	var group sync.WaitGroup
	for i, p := range processes {
		group.Go(func() {
			programs[i] = Program{Process: p, State: stateOf(p)}
			if programs[i].State == string(process.Running) {
				programs[i].NotReady = healthy(ctx, p)
			}
		})
	}
	group.Wait()
	return programs
}

func stateOf(p state.Process) string {
	switch now := process.Of(p.ID()); {
	case now != process.Gone:
		return string(now)
	case p.Stopped:
		return Stopped
	case p.PID == 0:
		return NeverStarted
	}
	return Ended
}

// verify says whether a lab that was brought up is still as it should be.
func verify(ctx context.Context, dir string, lab state.Lab, asked state.Shape) error {
	if !lab.Shape.Equal(asked) {
		return fmt.Errorf("the lab in %s is another one (%s) than was asked for (%s); fleetlab down --dir %s ends it",
			dir, describe(lab.Shape), describe(asked), dir)
	}
	var errs []error
	var more []string
	for _, program := range inspect(ctx, lab.Processes) {
		switch err := program.problem(dir); {
		case err == nil:
		case len(errs) < shownProblems:
			errs = append(errs, err)
		default:
			more = append(more, program.Name())
		}
	}
	if len(errs) == 0 {
		return nil
	}
	if len(more) > 0 {
		errs = append(errs, fmt.Errorf("and the same or the like of %s", strings.Join(more, ", ")))
	}
	hint := fmt.Errorf("the lab in %s is not whole; fleetlab start --dir %s PROGRAM… starts single programs again, "+
		"fleetlab down --dir %s and fleetlab up everything", dir, dir, dir)
	return errors.Join(append(errs, hint)...)
}

// allGone says whether nothing of a lab runs, as after a restart of the
// machine, though nobody has stopped it.
func allGone(lab state.Lab) bool {
	for _, p := range lab.Processes {
		if stateOf(p) != Ended {
			return false
		}
	}
	return true
}

// problem is what is wrong with a program, if anything.
func (p Program) problem(dir string) error {
	switch {
	case p.OK():
		return nil
	case p.State == Stopped:
		return fmt.Errorf("%s was stopped; fleetlab start --dir %s %s starts it", p.Name(), dir, p.Name())
	case p.State == string(process.Paused):
		return fmt.Errorf("%s is paused; fleetlab resume --dir %s %s lets it go on", p.Name(), dir, p.Name())
	case p.NotReady != nil:
		return withLog(p.NotReady, p.Process)
	}
	return withLog(fmt.Errorf("%s (process %d) has ended", p.Name(), p.PID), p.Process)
}

// describe puts a shape into words.
func describe(shape state.Shape) string {
	parts := []string{"members " + strings.Join(shape.Members, ", ")}
	if shape.Flux {
		parts = append(parts, "with Flux")
	} else {
		parts = append(parts, "without Flux")
	}
	if shape.BasePort != 0 {
		parts = append(parts, fmt.Sprintf("ports from %d", shape.BasePort))
	}
	if shape.HelmController != "" {
		parts = append(parts, "helm-controller "+shape.HelmController)
	}
	parts = append(parts, "host CRDs "+shape.HostCRDs, "programs in "+shape.Bin)
	return strings.Join(parts, "; ")
}
