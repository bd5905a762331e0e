// Package e2e runs the testscripts of testdata against the real plugin,
// through kubectl, on a lab of its own: a host and two members with Flux.
//
// A script is added by adding a file. Its working folder is $WORK; $KUBECONFIG
// is the host's, $MEMBER1 and $MEMBER2 are the members', $EXAMPLES is the
// guide's manifests with the lab's own addresses, $CRDS are the lab's, those of
// older releases of Flux among them; $TOP is where the README is, $USER_HOME where
// Go keeps what it has built. Beside testscript's own commands there are
// those of commands_test.go. When a script ends, nothing that the plugin made
// may be left on any cluster, or the script fails.
//
// A script may do everything; the plugin, no more than docs/rbac.yaml grants: it
// runs as the lab's user for it, whose kubeconfigs are $FLEETAPP on the host, and
// $FLEETAPP1 and $FLEETAPP2 in the members, for Secrets of fleets.
//
// With FLEETAPP_LAB=DIR the tests use the lab in that folder, bring it up if
// need be, and leave it running: for whoever writes a script.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// members are the guide's.
var members = [...]string{"kurator-member1", "kurator-member2"}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// run brings the lab up for the tests and ends it after them.
func run(m *testing.M) int {
	// The scripts share the lab, so one runs at a time.
	if err := flag.Set("test.parallel", "1"); err != nil {
		return fail(err)
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		return fail(err)
	}
	dir, keep := os.Getenv("FLEETAPP_LAB"), true
	if dir == "" {
		keep = false
		if dir, err = os.MkdirTemp("", "fleetapp-e2e-"); err != nil {
			return fail(err)
		}
		defer os.RemoveAll(dir)
	}
	fleetlab := func(args ...string) error {
		cmd := exec.Command(filepath.Join(bin, "fleetlab"), append(args, "--dir", dir)...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		return cmd.Run()
	}
	defer func() {
		if keep {
			return
		}
		if err := fleetlab("down"); err != nil {
			fail(err)
		}
	}()
	if err := fleetlab("up", "--members", "2"); err != nil {
		return fail(fmt.Errorf("%w (make build lab builds what this needs)", err))
	}
	// One that was left running may be of before there was a user for the plugin.
	if _, err := os.Stat(filepath.Join(dir, "host.fleetapp.kubeconfig")); err != nil {
		return fail(fmt.Errorf("%w: end that lab and let the tests bring it up anew", err))
	}
	shims, err := os.MkdirTemp("", "fleetapp-e2e-bin-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(shims)
	if err := restrict(shims, filepath.Join(bin, "kubectl-fleetapp")); err != nil {
		return fail(err)
	}
	for name, value := range map[string]string{
		"TOP":        filepath.Dir(bin),
		"LAB":        dir,
		"CRDS":       filepath.Join(bin, "lab", "crds"),
		"KUBECONFIG": filepath.Join(dir, "host.kubeconfig"),
		"PATH":       shims + ":" + bin + ":" + filepath.Join(bin, "lab") + ":" + os.Getenv("PATH"),
	} {
		if err := os.Setenv(name, value); err != nil {
			return fail(err)
		}
	}
	return m.Run()
}

// restrict puts a plugin into a folder that runs the real one as the lab's user
// for it, where a script's own kubeconfig, which is kubectl's too, is that of a
// lab's administrator. Whoever names another user with --as has the rights of
// that one, and only an administrator may.
func restrict(dir, plugin string) error {
	shim := fmt.Sprintf(`#!/bin/sh
case " $* " in
*" --as"*) ;;
*)
	restricted=${KUBECONFIG%%.kubeconfig}.fleetapp.kubeconfig
	if [ -e "$restricted" ]; then export KUBECONFIG="$restricted"; fi
	;;
esac
exec '%s' "$@"
`, plugin)
	return os.WriteFile(filepath.Join(dir, "kubectl-fleetapp"), []byte(shim), 0o700)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds:                commands(),
	})
}

func setup(env *testscript.Env) error {
	lab := os.Getenv("LAB")
	env.Setenv("LAB", lab)
	env.Setenv("TOP", os.Getenv("TOP"))
	env.Setenv("USER_HOME", os.Getenv("HOME"))
	env.Setenv("CRDS", os.Getenv("CRDS"))
	env.Setenv("KUBECONFIG", os.Getenv("KUBECONFIG"))
	env.Setenv("EXAMPLES", filepath.Join(lab, "examples", "application"))
	env.Setenv("FLEETAPP", filepath.Join(lab, "host.fleetapp.kubeconfig"))
	for i, member := range members {
		env.Setenv(fmt.Sprintf("MEMBER%d", i+1), filepath.Join(lab, member+".kubeconfig"))
		env.Setenv(fmt.Sprintf("FLEETAPP%d", i+1), filepath.Join(lab, member+".fleetapp.kubeconfig"))
	}
	env.Values[theTest{}] = env.T()
	env.Defer(func() {
		if left := leftBehind(lab); left != "" {
			env.T().Fatal("the script left behind:\n" + left)
		}
	})
	return nil
}
