package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// failGrace is how long the programs of a failed start may take to end.
const failGrace = time.Second

// Up brings a lab up, or finds that it is up. If it fails or the context ends,
// nothing that it started is left.
func Up(ctx context.Context, options Options, report Reporter) (Info, error) {
	if err := options.validate(); err != nil {
		return Info{}, err
	}
	options, err := options.complete()
	if err != nil {
		return Info{}, err
	}
	if err := claim(options.Dir); err != nil {
		return Info{}, err
	}
	unlock, err := state.Lock(options.Dir, 0)
	if err != nil {
		return Info{}, err
	}
	defer unlock()

	store, err := state.Open(options.Dir)
	switch {
	case err == nil && store.Lab().Phase == state.Up && !allGone(store.Lab()):
		if err := verify(ctx, options.Dir, store.Lab(), options.shape()); err != nil {
			return Info{}, err
		}
		found := info(options.Dir, store.Lab())
		found.AlreadyUp = true
		return found, nil
	case err != nil && !errors.Is(err, state.ErrNone):
		return Info{}, err
	}
	if err := clean(options.Dir, store, report); err != nil {
		return Info{}, err
	}
	return fresh(ctx, options, report)
}

// claim makes the lab's folder, and refuses one that holds something else: a
// lab removes what it finds under the names that it uses.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the lab's folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the lab's folder: %w", err)
	}
	if len(entries) > 0 && !state.IsLab(dir) {
		return fmt.Errorf("%s holds something that is not a lab; give --dir another folder, new or empty", dir)
	}
	return nil
}

// clean ends and removes what an earlier lab left: one that was not finished,
// or processes without a record.
func clean(dir string, store *state.Store, report Reporter) error {
	left, err := process.Marked(dir)
	if err != nil {
		return err
	}
	if store != nil || len(left) > 0 {
		report(shared, "what is left of a lab that was not ended is in "+dir+"; ending that first")
	}
	if _, err := teardown(dir, store, failGrace); err != nil {
		return err
	}
	return removeLogs(dir)
}

// fresh starts a lab where none is.
func fresh(ctx context.Context, options Options, report Reporter) (Info, error) {
	if err := checkPrograms(options); err != nil {
		return Info{}, err
	}
	plan, err := newPlan(options)
	if err != nil {
		return Info{}, err
	}
	store, err := state.Create(options.Dir, state.Lab{
		Phase: state.Starting, Shape: options.shape(), Processes: plan.processes(),
	})
	if err != nil {
		return Info{}, err
	}
	err = newStarter(options, plan, store, report).run(ctx)
	if err == nil {
		err = store.SetPhase(state.Up)
	}
	if err != nil {
		_, endErr := teardown(options.Dir, store, failGrace)
		return Info{}, errors.Join(err, endErr)
	}
	return info(options.Dir, store.Lab()), nil
}

// checkPrograms looks for everything that will be run, before anything is.
func checkPrograms(options Options) error {
	needed := []string{
		filepath.Join(options.Bin, "kube"), filepath.Join(options.Bin, "kwok"),
		filepath.Join(options.Bin, "content"), filepath.Join(options.Bin, "examples"),
		filepath.Join(options.Bin, "podinfo"), filepath.Join(options.Bin, "kwok-stages"),
		filepath.Join(options.Bin, "rbac.yaml"),
	}
	if options.Flux {
		needed = append(needed, filepath.Join(options.Bin, "source-controller"),
			filepath.Join(options.Bin, "kustomize-controller"), filepath.Join(options.Bin, "crds", "flux"))
		if options.HelmController == "" {
			needed = append(needed, filepath.Join(options.Bin, "helm-controller-standin"))
		} else {
			needed = append(needed, options.HelmController)
		}
	}
	for _, path := range append(needed, options.HostCRDs) {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("the lab needs %s, which is not there (%w); run make lab", path, err)
		}
	}
	return nil
}
