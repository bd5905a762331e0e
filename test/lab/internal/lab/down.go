package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/cluster"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// grace is how long programs may take to end by themselves. An API server
// would take a minute for its clients' sake; etcd has its data all the same.
const grace = 2 * time.Second

// downPatience is how long another fleetlab may take to finish: one that was
// just interrupted is cleaning up.
const downPatience = 15 * time.Second

// Down ends exactly the lab's processes, waits for them and removes what the
// lab has written, except for its logs. It returns how many processes it
// ended; a lab that is not there is no error.
func Down(dir string) (ended int, err error) {
	dir, err = Resolve(dir)
	if err != nil {
		return 0, err
	}
	if !state.IsLab(dir) {
		return endAll(dir, nil, grace)
	}
	unlock, err := state.Lock(dir, downPatience)
	if err != nil {
		return 0, err
	}
	defer unlock()
	store, err := state.Open(dir)
	// A record that cannot be read is no reason to let the processes run:
	// they carry the folder's name.
	if err != nil {
		store = nil
	}
	return teardown(dir, store, grace)
}

// teardown ends the lab's processes and removes its files; store may be nil.
func teardown(dir string, store *state.Store, grace time.Duration) (ended int, err error) {
	var recorded []process.ID
	if store != nil {
		if err := store.SetPhase(state.Stopping); err != nil {
			return 0, err
		}
		for _, p := range store.Lab().Processes {
			recorded = append(recorded, p.ID())
		}
	}
	ended, err = endAll(dir, recorded, grace)
	if err != nil {
		return ended, err
	}
	if err := removeData(dir); err != nil {
		return ended, err
	}
	return ended, state.Remove(dir)
}

// endAll ends the recorded processes, and those that carry the lab's mark
// without being recorded. It looks again until none is left: one may have been
// starting another.
func endAll(dir string, recorded []process.ID, grace time.Duration) (ended int, err error) {
	const rounds = 5
	ids := recorded
	for range rounds {
		marked, err := process.Marked(dir)
		if err != nil {
			return ended, err
		}
		running := alive(append(ids, marked...))
		if len(running) == 0 {
			return ended, nil
		}
		if _, err := process.End(running, grace); err != nil {
			return ended, err
		}
		ended += len(running)
		ids = nil
	}
	return ended, fmt.Errorf("the lab in %s keeps starting processes; see fleetlab status", dir)
}

// alive returns the processes that run, each once.
func alive(ids []process.ID) []process.ID {
	seen := map[process.ID]bool{}
	var running []process.ID
	for _, id := range ids {
		if !seen[id] && process.Of(id) != process.Gone {
			running = append(running, id)
		}
		seen[id] = true
	}
	return running
}

// removeData removes what a lab has written, but for its logs. A cluster's
// folder is one that has certificates: this works without the record.
func removeData(dir string) error {
	errs := []error{
		os.RemoveAll(filepath.Join(dir, "examples")),
		os.RemoveAll(filepath.Join(dir, "content")),
	}
	names, err := clusterNames(dir, "pki")
	errs = append(errs, err)
	for _, name := range names {
		errs = append(errs,
			removeFile(cluster.UserKubeconfig(dir, name)),
			removeFile(cluster.PluginKubeconfig(dir, name)),
			os.RemoveAll(filepath.Join(dir, name, "data")),
			os.RemoveAll(filepath.Join(dir, name, "pki")),
		)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove the lab's files: %w", err)
	}
	return nil
}

// removeLogs removes the logs of an earlier lab, and the folders that are
// empty without them.
func removeLogs(dir string) error {
	names, err := clusterNames(dir, "logs")
	errs := []error{err}
	for _, name := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name, "logs")))
		// Fails where something else is in it, which then stays.
		_ = os.Remove(filepath.Join(dir, name))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove the logs of the lab before: %w", err)
	}
	return nil
}

// clusterNames lists the folders of a lab that hold a folder of that name.
func clusterNames(dir, holding string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", holding))
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	return names, err
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
