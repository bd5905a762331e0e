// Command run runs every harness that tries to break the plugin, each doing all
// that there is for it to do, and prints what that was. It ends with exit code 1
// where anything broke, or one did less than it should. It needs what make build
// and make lab make, and an hour or two.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// harnesses are the commands that run them.
func harnesses() [][]string {
	return [][]string{
		{"go", "test", "-count=1", "-timeout", "3h", "./test/fault", "./test/random", "./test/model"},
		{"go", "test", "-count=1", "-timeout", "3h", "-run", "Mishap|Fake|Hostile|Dark|Right|Secret|Process", "./test/e2e"},
		{"test/fuzz.sh", "2m"},
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fault:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "fleetapp-fault-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "reports")
	var failed error
	for _, harness := range harnesses() {
		cmd := exec.Command(harness[0], harness[1:]...)
		cmd.Env = append(os.Environ(), fault.Environment(path)...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			failed = fmt.Errorf("%v: %w", harness, err)
			fmt.Fprintln(os.Stderr, "fault:", failed)
		}
	}
	reports, err := fault.Read(path)
	if err != nil {
		return err
	}
	if err := fault.Table(os.Stdout, reports); err != nil {
		return err
	}
	return failed
}
