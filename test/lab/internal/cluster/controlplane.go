package cluster

import (
	"path/filepath"
	"strconv"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/ports"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// planControlPlane lists the programs of a cluster without Flux.
func (c *Cluster) planControlPlane(take func() int) []state.Process {
	etcd := c.etcd(take(), take())
	c.apiServer = take()
	return []state.Process{
		etcd,
		c.kubeAPIServer(c.apiServer, "http://"+ports.Addr(etcd.Ports[0].Port)),
		c.controllerManager(take()),
		c.scheduler(take()),
		c.kwok(take()),
	}
}

func (c *Cluster) etcd(client, peer int) state.Process {
	clientURL, peerURL := "http://"+ports.Addr(client), "http://"+ports.Addr(peer)
	p := c.program(Etcd, "kube",
		"--name="+c.Name,
		"--data-dir="+c.data("etcd"),
		"--listen-client-urls="+clientURL,
		"--advertise-client-urls="+clientURL,
		"--listen-peer-urls="+peerURL,
		"--initial-advertise-peer-urls="+peerURL,
		"--initial-cluster="+c.Name+"="+peerURL,
		"--log-level=warn",
		// A lab's data need not survive a power cut.
		"--unsafe-no-fsync",
	)
	p.Ports = []state.Port{{Use: "client", Port: client}, {Use: "peer", Port: peer}}
	p.Health = clientURL + "/health"
	return p
}

func (c *Cluster) kubeAPIServer(port int, etcdURL string) state.Process {
	p := c.program(APIServer, "kube",
		"--etcd-servers="+etcdURL,
		"--bind-address=127.0.0.1",
		// Without it, the server wants a default route to find an address.
		"--advertise-address=127.0.0.1",
		"--secure-port="+strconv.Itoa(port),
		"--client-ca-file="+c.pki("ca.crt"),
		"--tls-cert-file="+c.pki("server.crt"),
		"--tls-private-key-file="+c.pki("server.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.pki("service-account.pub"),
		"--service-account-signing-key-file="+c.pki("service-account.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		// The address is loopback, which an Endpoints object may not hold.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
	)
	p.Ports = []state.Port{{Use: "https", Port: port}}
	return c.https(p, "/readyz")
}

func (c *Cluster) controllerManager(port int) state.Process {
	p := c.program(ControllerManager, "kube",
		"--service-account-private-key-file="+c.pki("service-account.key"),
		"--root-ca-file="+c.pki("ca.crt"),
		// An autoscaler raises a deployment to its minimum at its first look,
		// which by default is up to 15 s away.
		"--horizontal-pod-autoscaler-sync-period=3s",
	)
	p.Args = append(p.Args, c.controllerFlags(port)...)
	p.Ports = []state.Port{{Use: "https", Port: port}}
	return c.https(p, "/healthz")
}

func (c *Cluster) scheduler(port int) state.Process {
	p := c.program(Scheduler, "kube", c.controllerFlags(port)...)
	p.Ports = []state.Port{{Use: "https", Port: port}}
	return c.https(p, "/readyz")
}

// controllerFlags are what controller manager and scheduler have in common.
func (c *Cluster) controllerFlags(port int) []string {
	return []string{
		"--kubeconfig=" + c.Kubeconfig(),
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + c.pki("server.crt"),
		"--tls-private-key-file=" + c.pki("server.key"),
		// Only /healthz is asked of them, and that needs no log-in.
		"--authentication-skip-lookup=true",
		"--profiling=false",
		// The defaults are for clusters whose API server has others to serve.
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}

// kwok makes nodes Ready and pods Running without a kubelet.
func (c *Cluster) kwok(port int) state.Process {
	p := c.program(Kwok, Kwok,
		"--kubeconfig="+c.Kubeconfig(),
		"--manage-all-nodes=true",
		"--server-address="+ports.Addr(port),
		"--node-ip=127.0.0.1",
	)
	for _, stage := range kwokStages() {
		p.Args = append(p.Args, "--config="+filepath.Join(c.bin, "kwok-stages", stage))
	}
	p.Ports = []state.Port{{Use: "http", Port: port}}
	p.Health = "http://" + ports.Addr(port) + "/healthz"
	return p
}

// kwokStages are the files, out of kwok's own, that a lab plays.
func kwokStages() []string {
	return []string{
		"node-initialize.yaml", "node-heartbeat.yaml",
		"pod-ready.yaml", "pod-complete.yaml", "pod-delete.yaml",
	}
}

// program begins a process of this cluster. The binary "kube" holds several
// programs, and takes the name as its first argument.
func (c *Cluster) program(name, binary string, args ...string) state.Process {
	if binary == "kube" {
		args = append([]string{name}, args...)
	}
	return state.Process{
		Cluster: c.Name,
		Program: name,
		Path:    filepath.Join(c.bin, binary),
		Args:    args,
		Env:     []string{"TMPDIR=" + c.data("tmp")},
		Log:     filepath.Join(c.Dir, "logs", name+".log"),
	}
}

// https sets the health check of a program that serves the cluster's
// certificate on its first port.
func (c *Cluster) https(p state.Process, path string) state.Process {
	p.Health = "https://" + ports.Addr(p.Ports[0].Port) + path
	p.CA = c.pki("ca.crt")
	return p
}
