// Package lab brings a fleet up and down: it plans the clusters, starts their
// programs, waits until they are ready, and ends exactly what it started.
package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/ports"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// Host is the name of the host cluster.
const Host = "host"

// The names of what serves the lab as a whole.
const (
	shared         = "lab"
	contentProgram = "content"
)

// The groups to which docs/rbac.yaml grants rights, on the host and on members.
const (
	hostGroup   = "fleetapp:host"
	memberGroup = "fleetapp:member"
)

// logLines is how much of a log an error shows.
const logLines = 8

// Reporter takes progress: whose, and what.
type Reporter func(subject, message string)

// GuideMembers are the members' names in the guide's examples.
func GuideMembers() []string { return []string{"kurator-member1", "kurator-member2"} }

// Options is what a lab is to be.
type Options struct {
	// Dir is the lab's folder.
	Dir string
	// Bin is the folder with the programs and what they need.
	Bin string
	// Members are the members' names, in order.
	Members []string
	// Flux says whether Flux runs in every cluster.
	Flux bool
	// HostCRDs is the folder of the CRDs for the host; empty is the lab's own.
	HostCRDs string
	// HelmController is a real helm-controller; empty is the stand-in.
	HelmController string
	// BasePort is the first of the ports to take; 0 takes free ones.
	BasePort int
	// Timeout is how long the lab may take to be ready.
	Timeout time.Duration
}

// Info is what a user needs to know of a lab that is up.
type Info struct {
	// Dir is the lab's folder, absolute; Bin that of the programs.
	Dir, Bin string
	// Examples is the folder with the manifests that use Content.
	Examples string
	// Content is the URL of the server with the guide's sources.
	Content string
	// AlreadyUp says that nothing had to be started.
	AlreadyUp bool
}

// validate checks what does not need the machine.
func (o Options) validate() error {
	if len(o.Members) == 0 {
		return errors.New("a fleet needs at least one member")
	}
	reserved := []string{Host, shared, "content", "examples"}
	for i, name := range o.Members {
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return fmt.Errorf("member name %q: %s", name, strings.Join(problems, "; "))
		}
		if slices.Contains(reserved, name) {
			return fmt.Errorf("member name %q: the lab uses it for itself; choose another", name)
		}
		if slices.Contains(o.Members[:i], name) {
			return fmt.Errorf("member name %q is given twice", name)
		}
	}
	return nil
}

// complete makes every path absolute, so that the lab can be handled from any
// folder.
func (o Options) complete() (Options, error) {
	if o.HostCRDs == "" {
		o.HostCRDs = filepath.Join(o.Bin, "crds", "kurator")
	}
	for _, path := range []*string{&o.Bin, &o.HostCRDs, &o.HelmController} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, fmt.Errorf("resolve %q: %w", *path, err)
		}
		*path = absolute
	}
	dir, err := Resolve(o.Dir)
	o.Dir = dir
	return o, err
}

// Resolve returns the one name of a lab's folder: the lab's processes carry
// it, and are found by it.
func Resolve(dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", dir, err)
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if errors.Is(err, os.ErrNotExist) {
		return absolute, nil
	}
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", dir, err)
	}
	return resolved, nil
}

func (o Options) shape() state.Shape {
	return state.Shape{
		Members: o.Members, Flux: o.Flux, BasePort: o.BasePort,
		HostCRDs: o.HostCRDs, HelmController: o.HelmController, Bin: o.Bin,
	}
}

// info reads what the user needs out of the record.
func info(dir string, lab state.Lab) Info {
	result := Info{Dir: dir, Bin: lab.Shape.Bin, Examples: filepath.Join(dir, "examples")}
	for _, p := range lab.Processes {
		if p.Cluster == shared && p.Program == contentProgram {
			result.Content = "http://" + ports.Addr(p.Ports[0].Port)
		}
	}
	return result
}

// launch starts a recorded program.
func launch(dir string, p state.Process) (*process.Handle, error) {
	handle, err := process.Start(process.Spec{
		Path: p.Path, Args: p.Args, Env: p.Env, Dir: dir, Log: p.Log, Owner: dir,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name(), err)
	}
	return handle, nil
}

// withLog adds to an error about a program where its log is and how it ends.
func withLog(err error, p state.Process) error {
	tail := process.Tail(p.Log, logLines)
	if tail == "" {
		return fmt.Errorf("%w; its log %s is empty", err, p.Log)
	}
	return fmt.Errorf("%w; the end of its log %s:\n    %s", err, p.Log, strings.ReplaceAll(tail, "\n", "\n    "))
}
