package lab

import (
	"fmt"
	"path/filepath"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/cluster"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/ports"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// plan is all that a lab is going to run.
type plan struct {
	host    *cluster.Cluster
	members []*cluster.Cluster
	content state.Process
}

func (p *plan) clusters() []*cluster.Cluster {
	return append([]*cluster.Cluster{p.host}, p.members...)
}

func (p *plan) processes() []state.Process {
	all := []state.Process{p.content}
	for _, c := range p.clusters() {
		all = append(all, c.Processes()...)
	}
	return all
}

// newPlan plans the lab and makes sure that its ports are free.
func newPlan(options Options) (*plan, error) {
	// How many ports a lab takes is known by planning it.
	count := 0
	makePlan(options, func() int { count++; return 0 })
	taken, err := ports.Pick(count)
	if options.BasePort != 0 {
		taken, err = ports.Consecutive(options.BasePort, count)
	}
	if err != nil {
		return nil, err
	}
	made := makePlan(options, func() int {
		port := taken[0]
		taken = taken[1:]
		return port
	})
	for _, p := range made.processes() {
		if err := checkPorts(p); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// checkPorts says which port of a program somebody else is using.
func checkPorts(p state.Process) error {
	for _, wanted := range p.Ports {
		if !ports.Free(wanted.Port) {
			return fmt.Errorf("port %d is in use, and %s wants it (%s); free it, or give another --base-port",
				wanted.Port, p.Name(), wanted.Use)
		}
	}
	return nil
}

func makePlan(options Options, take func() int) *plan {
	made := &plan{content: contentServer(options, take())}
	made.host = newCluster(options, Host, take)
	for _, name := range options.Members {
		made.members = append(made.members, newCluster(options, name, take))
	}
	return made
}

func newCluster(options Options, name string, take func() int) *cluster.Cluster {
	groups := []string{memberGroup}
	if name == Host { // which may be a member, too
		groups = append(groups, hostGroup)
	}
	return cluster.New(cluster.Config{
		Name: name, LabDir: options.Dir, Bin: options.Bin, Groups: groups,
		Flux: options.Flux, HelmController: options.HelmController, TakePort: take,
	})
}

// contentServer serves the guide's sources to all clusters.
func contentServer(options Options, port int) state.Process {
	return state.Process{
		Cluster: shared,
		Program: contentProgram,
		Path:    filepath.Join(options.Bin, "content"),
		Args: []string{
			"--listen", ports.Addr(port),
			"--podinfo", filepath.Join(options.Bin, "podinfo"),
			"--work", filepath.Join(options.Dir, "content"),
		},
		Log:    filepath.Join(options.Dir, shared, "logs", contentProgram+".log"),
		Ports:  []state.Port{{Use: "http", Port: port}},
		Health: "http://" + ports.Addr(port) + "/healthz",
	}
}
