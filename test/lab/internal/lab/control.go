package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// Stop ends single programs; names are CLUSTER/PROGRAM, or CLUSTER for all of
// a cluster, the last started first.
func Stop(dir string, names []string, report Reporter) error {
	return change(dir, names, func(_ string, store *state.Store, chosen []state.Process) error {
		slices.Reverse(chosen)
		for _, p := range chosen {
			if _, err := process.End([]process.ID{p.ID()}, grace); err != nil {
				return fmt.Errorf("stop %s: %w", p.Name(), err)
			}
			if err := store.Stopped(p.Name()); err != nil {
				return err
			}
			report(p.Cluster, p.Program+" is stopped")
		}
		return nil
	})
}

// Start starts programs that were stopped or have ended, on the same ports and
// with the same data, one after the other as each becomes ready.
func Start(ctx context.Context, dir string, names []string, timeout time.Duration, report Reporter) error {
	return change(dir, names, func(dir string, store *state.Store, chosen []state.Process) error {
		for _, p := range chosen {
			if now := process.Of(p.ID()); now != process.Gone {
				report(p.Cluster, p.Program+" is "+string(now)+" already")
				continue
			}
			if err := restart(ctx, dir, store, p, timeout); err != nil {
				return err
			}
			report(p.Cluster, p.Program+" is ready")
		}
		return nil
	})
}

func restart(ctx context.Context, dir string, store *state.Store, p state.Process, timeout time.Duration) error {
	if err := checkPorts(p); err != nil {
		return err
	}
	handle, err := launch(dir, p)
	if err != nil {
		return err
	}
	if err := store.Started(p.Name(), handle.ID); err != nil {
		return err
	}
	ctx, cancel := withLimit(ctx, timeout)
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go func() {
		select {
		case <-handle.Done:
			fail(withLog(fmt.Errorf("%s ended (%w)", p.Name(), handle.Err()), p))
		case <-ctx.Done():
		}
	}()
	return waitHealthy(ctx, p)
}

// Pause makes programs hang: they hold their ports and connections, and answer
// nothing until Resume.
func Pause(dir string, names []string, report Reporter) error {
	return signal(dir, names, syscall.SIGSTOP, func(p state.Process) { report(p.Cluster, p.Program+" is paused") })
}

// Resume lets paused programs go on.
func Resume(dir string, names []string, report Reporter) error {
	return signal(dir, names, syscall.SIGCONT, func(p state.Process) { report(p.Cluster, p.Program+" goes on") })
}

func signal(dir string, names []string, signal syscall.Signal, then func(state.Process)) error {
	return change(dir, names, func(_ string, _ *state.Store, chosen []state.Process) error {
		for _, p := range chosen {
			if process.Of(p.ID()) == process.Gone {
				return fmt.Errorf("%s is not running", p.Name())
			}
			if err := process.Signal(p.ID(), signal); err != nil {
				return fmt.Errorf("%s: %w", p.Name(), err)
			}
			then(p)
		}
		return nil
	})
}

// change runs something on chosen programs of a lab that is up, alone.
func change(
	dir string, names []string, do func(dir string, store *state.Store, chosen []state.Process) error,
) error {
	dir, err := Resolve(dir)
	if err != nil {
		return err
	}
	if !state.IsLab(dir) {
		return noLab(dir)
	}
	unlock, err := state.Lock(dir, downPatience)
	if err != nil {
		return err
	}
	defer unlock()
	store, err := state.Open(dir)
	if errors.Is(err, state.ErrNone) {
		return noLab(dir)
	}
	if err != nil {
		return err
	}
	chosen, err := choose(store.Lab().Processes, names)
	if err != nil {
		return err
	}
	return do(dir, store, chosen)
}

// choose finds programs by CLUSTER/PROGRAM, or CLUSTER for all of its own, in
// the order of their start.
func choose(processes []state.Process, names []string) ([]state.Process, error) {
	var known []string
	wanted := map[string]bool{}
	for _, p := range processes {
		known = append(known, p.Name())
	}
	for _, name := range names {
		matched := false
		for _, p := range processes {
			if p.Name() == name || p.Cluster == name {
				wanted[p.Name()], matched = true, true
			}
		}
		if !matched {
			return nil, fmt.Errorf("the lab has no program or cluster %q; it has %s", name, strings.Join(known, ", "))
		}
	}
	var chosen []state.Process
	for _, p := range processes {
		if wanted[p.Name()] {
			chosen = append(chosen, p)
		}
	}
	return chosen, nil
}
