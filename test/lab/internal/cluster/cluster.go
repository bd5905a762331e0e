// Package cluster says what one cluster of the lab consists of: its folders
// and files, its certificates, and the programs with their flags. It starts
// nothing.
package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/certs"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/ports"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// FluxNamespace is the namespace that Flux's controllers take for their own.
const FluxNamespace = "flux-system"

// The names of the control plane's programs, as the record has them.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
)

// Config is what distinguishes one cluster from another.
type Config struct {
	// Name is the cluster's, and its context's.
	Name string
	// LabDir is the lab's folder, absolute; Bin that of the programs.
	LabDir, Bin string
	// Flux says whether Flux's controllers run.
	Flux bool
	// Groups are those of the plugin's user, to which docs/rbac.yaml grants rights.
	Groups []string
	// HelmController is the path of a real helm-controller; empty is the
	// stand-in.
	HelmController string
	// TakePort gives one port after another.
	TakePort func() int
}

// Cluster is one cluster, planned.
type Cluster struct {
	Name string
	// Dir holds all that is the cluster's.
	Dir string
	// ControlPlane are the programs that need nothing but each other, etcd
	// first and the API server second.
	ControlPlane []state.Process
	// Flux are the programs that need Flux's CRDs.
	Flux []state.Process

	labDir, bin string
	groups      []string
	apiServer   int
}

// New plans a cluster and takes its ports.
func New(config Config) *Cluster {
	c := &Cluster{
		Name:   config.Name,
		Dir:    filepath.Join(config.LabDir, config.Name),
		labDir: config.LabDir,
		bin:    config.Bin,
		groups: config.Groups,
	}
	c.ControlPlane = c.planControlPlane(config.TakePort)
	if config.Flux {
		c.Flux = c.planFlux(config.TakePort, config.HelmController)
	}
	return c
}

// Processes are all programs of the cluster, in the order of their start.
func (c *Cluster) Processes() []state.Process {
	return append(append([]state.Process{}, c.ControlPlane...), c.Flux...)
}

// Server is the URL of the API server.
func (c *Cluster) Server() string { return "https://" + ports.Addr(c.apiServer) }

// UserKubeconfig is the path of the kubeconfig for the lab's user.
func (c *Cluster) UserKubeconfig() string { return UserKubeconfig(c.labDir, c.Name) }

// UserKubeconfig is the path of the kubeconfig for the user of a lab's cluster.
func UserKubeconfig(labDir, name string) string {
	return filepath.Join(labDir, name+".kubeconfig")
}

// PluginKubeconfig is the path of the kubeconfig for the plugin's user in a
// lab's cluster, who has no more rights than docs/rbac.yaml grants.
func PluginKubeconfig(labDir, name string) string {
	return filepath.Join(labDir, name+".fleetapp.kubeconfig")
}

// Kubeconfig is the path of the kubeconfig that the cluster's own programs
// read; the user's may be changed by kubectl.
func (c *Cluster) Kubeconfig() string { return c.pki("admin.kubeconfig") }

func (c *Cluster) pki(name string) string  { return filepath.Join(c.Dir, "pki", name) }
func (c *Cluster) data(name string) string { return filepath.Join(c.Dir, "data", name) }

// Kubeconfigs are those of a cluster's users.
type Kubeconfigs struct {
	// Admin may do everything; Plugin what docs/rbac.yaml grants.
	Admin, Plugin []byte
}

// WriteFiles makes the cluster's folders, certificates and kubeconfigs, and
// returns the kubeconfigs.
func (c *Cluster) WriteFiles() (Kubeconfigs, error) {
	for _, dir := range []string{c.pki(""), c.data(""), c.data("tmp"), c.data("source")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return Kubeconfigs{}, fmt.Errorf("cluster %q: make its folders: %w", c.Name, err)
		}
	}
	files, kubeconfigs, err := c.makeFiles()
	if err != nil {
		return Kubeconfigs{}, fmt.Errorf("cluster %q: %w", c.Name, err)
	}
	for path, content := range files {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return Kubeconfigs{}, fmt.Errorf("cluster %q: write its certificates: %w", c.Name, err)
		}
	}
	return kubeconfigs, nil
}

func (c *Cluster) makeFiles() (map[string][]byte, Kubeconfigs, error) {
	authority, err := certs.NewAuthority(c.Name)
	if err != nil {
		return nil, Kubeconfigs{}, err
	}
	serving, err := authority.Server(net.IPv4(10, 96, 0, 1))
	if err != nil {
		return nil, Kubeconfigs{}, err
	}
	private, public, err := certs.SigningKey()
	if err != nil {
		return nil, Kubeconfigs{}, err
	}
	admin, err := c.kubeconfigOf(authority, "fleetlab-admin", "system:masters")
	if err != nil {
		return nil, Kubeconfigs{}, err
	}
	plugin, err := c.kubeconfigOf(authority, "fleetapp", c.groups...)
	if err != nil {
		return nil, Kubeconfigs{}, err
	}
	return map[string][]byte{
		c.pki("ca.crt"):                    authority.CertPEM,
		c.pki("server.crt"):                serving.Cert,
		c.pki("server.key"):                serving.Key,
		c.pki("service-account.key"):       private,
		c.pki("service-account.pub"):       public,
		c.Kubeconfig():                     admin,
		c.UserKubeconfig():                 admin,
		PluginKubeconfig(c.labDir, c.Name): plugin,
	}, Kubeconfigs{Admin: admin, Plugin: plugin}, nil
}

// kubeconfigOf makes a user's certificate, and the kubeconfig with it.
func (c *Cluster) kubeconfigOf(authority *certs.Authority, user string, groups ...string) ([]byte, error) {
	pair, err := authority.Client(user, groups...)
	if err != nil {
		return nil, err
	}
	return certs.Kubeconfig(c.Name, c.Server(), authority.CertPEM, pair)
}
