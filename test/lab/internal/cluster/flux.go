package cluster

import (
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/ports"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// The names of Flux's programs. The helm-controller that comes with the lab is
// a stand-in, and is called one.
const (
	SourceController    = "source-controller"
	KustomizeController = "kustomize-controller"
	HelmController      = "helm-controller"
	HelmStandIn         = "helm-controller-standin"
)

// planFlux lists Flux's controllers. They run outside of their cluster, as
// upstream's own development setup does.
func (c *Cluster) planFlux(take func() int, helmController string) []state.Process {
	source := c.controller(SourceController, take())
	storage := take()
	source.Ports = append(source.Ports, state.Port{Use: "artifacts", Port: storage})
	source.Args = append(source.Args,
		"--storage-path="+c.data("source"),
		"--storage-addr="+ports.Addr(storage),
		"--storage-adv-addr="+ports.Addr(storage),
	)
	helm := c.controller(HelmStandIn, take())
	if helmController != "" {
		helm = c.controller(HelmController, helm.Ports[0].Port)
		helm.Path = helmController
	}
	return []state.Process{source, c.controller(KustomizeController, take()), helm}
}

// controller begins one of Flux's controllers with the flags that all have.
func (c *Cluster) controller(name string, health int) state.Process {
	p := c.program(name, name,
		"--health-addr="+ports.Addr(health),
		// 0 is controller-runtime's way to say that nothing is to listen.
		"--metrics-addr=0",
		"--events-addr=",
		"--watch-all-namespaces",
	)
	p.Env = append(p.Env, "KUBECONFIG="+c.Kubeconfig(), "RUNTIME_NAMESPACE="+FluxNamespace)
	p.Ports = []state.Port{{Use: "health", Port: health}}
	p.Health = "http://" + ports.Addr(health) + "/readyz"
	return p
}
