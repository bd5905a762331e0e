package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// stage is a namespace of the host with a fleet of its own, whose members the
// plugin reaches by a way of the test's, mostly a wire. The members lack the
// namespace.
type stage struct {
	t         *testing.T
	binary    string // the plugin
	wire      *wire
	namespace string
	dir       string
	clusters  map[string]dynamic.Interface
	manifests atomic.Int64
	// older tells that the second member serves what Flux 0.41 did.
	older bool
	// credentials is the name of the Secret that the source refers to, if it does.
	credentials string
}

var (
	secrets         = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	namespaces      = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	gitRepositories = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}
	kustomizations  = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	fleets          = schema.GroupVersionResource{Group: "fleet.kurator.dev", Version: "v1alpha1", Resource: "fleets"}
	attached        = schema.GroupVersionResource{Group: "cluster.kurator.dev", Version: "v1alpha1", Resource: "attachedclusters"}
	deployments     = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	configMaps      = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	events          = schema.GroupVersionResource{Version: "v1", Resource: "events"}
	services        = schema.GroupVersionResource{Version: "v1", Resource: "services"}
)

// stages counts them, for their names; those of an earlier test run may still
// be on their way out.
var (
	stages  atomic.Int64
	started = time.Now().UnixMilli() % 1e9
)

// way is how the plugin reaches the clusters.
type way interface {
	// kubeconfig is one that leads to a cluster that way.
	kubeconfig(cluster string) []byte
}

func newStage(t *testing.T, w way, clusters map[string]dynamic.Interface) *stage {
	t.Helper()
	s := &stage{t: t, clusters: clusters, dir: t.TempDir(), namespace: fmt.Sprintf("stage-%d-%d", started, stages.Add(1))}
	s.binary = plugin(t)
	s.wire, _ = w.(*wire)
	s.write("host.kubeconfig", string(w.kubeconfig("host")))
	s.create(namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
	var references []any
	for i, member := range members {
		s.create(secrets, object{
			"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": member},
			"data": object{"value": base(w.kubeconfig(member))},
		})
		s.create(attached, object{
			"apiVersion": "cluster.kurator.dev/v1alpha1", "kind": "AttachedCluster",
			"metadata": object{"name": member, "labels": object{"ring": fmt.Sprint(i + 1)}},
			"spec":     object{"kubeconfig": object{"name": member, "key": "value"}},
		})
		references = append(references, object{"kind": "AttachedCluster", "name": member})
	}
	s.create(fleets, object{
		"apiVersion": "fleet.kurator.dev/v1alpha1", "kind": "Fleet", "metadata": object{"name": "all"},
		"spec": object{"clusters": references},
	})
	return s
}

// plugin is the path of the one that was built.
func plugin(t *testing.T) string {
	t.Helper()
	binary, err := filepath.Abs("../../bin/kubectl-fleetapp")
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

type object = map[string]any

func base(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func newClusters(t *testing.T) map[string]dynamic.Interface {
	t.Helper()
	return clustersAt(t, labSite())
}

func clustersAt(t *testing.T, at site) map[string]dynamic.Interface {
	t.Helper()
	all := map[string]dynamic.Interface{}
	for cluster, path := range at {
		client, err := dynamic.NewForConfig(configOf(t, path+".kubeconfig"))
		if err != nil {
			t.Fatal(err)
		}
		all[cluster] = client
	}
	return all
}

func (s *stage) create(resource schema.GroupVersionResource, content object) {
	s.t.Helper()
	s.createIn("host", resource, content)
}

func (s *stage) createIn(cluster string, resource schema.GroupVersionResource, content object) {
	s.t.Helper()
	of := s.clusters[cluster].Resource(resource)
	into := dynamic.ResourceInterface(of)
	if resource != namespaces {
		into = of.Namespace(s.namespace)
	}
	if _, err := into.Create(context.Background(), &unstructured.Unstructured{Object: content}, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// end takes the stage down, whatever is on it; nobody waits for that.
func (s *stage) end() {
	for _, cluster := range s.clusters {
		err := cluster.Resource(namespaces).Delete(context.Background(), s.namespace, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			s.t.Error(err)
		}
	}
}

// clear removes what is on the stage, and leaves the namespaces: to delete those
// costs API servers several times what was played on them.
func (s *stage) clear() {
	for cluster, client := range s.clusters {
		resources := append(s.flux(cluster), secrets)
		if cluster == "host" {
			resources = append(resources, fleets, attached)
		}
		for _, resource := range resources {
			of := client.Resource(resource).Namespace(s.namespace)
			if err := of.DeleteCollection(context.Background(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
				s.t.Error(err)
			}
		}
	}
}

func (s *stage) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// policy is one Kustomization of an application.
type policy struct {
	name, path string
	// ring is that of the members that get it, all where there is none.
	ring string
	// onHost tells one without a destination.
	onHost bool
	// member is, of what is left after a run, the only one that has it.
	member string
}

// application writes a manifest and returns the arguments that deploy it.
func (s *stage) application(policies ...policy) []string {
	s.t.Helper()
	name := fmt.Sprintf("app%d.yaml", s.manifests.Add(1))
	text := `apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    gitRepository: {interval: 10m, url: "https://127.0.0.1:1/nothing"` + s.reference() + `}
  syncPolicies:
`
	for _, p := range policies {
		text += fmt.Sprintf("  - name: %s\n    kustomization: {interval: 10m, path: %s, prune: true}\n", p.name, p.path)
		switch {
		case p.onHost:
		case p.ring == "":
			text += "    destination: {fleet: all}\n"
		default:
			text += fmt.Sprintf("    destination: {fleet: all, clusterSelector: {matchLabels: {ring: %q}}}\n", p.ring)
		}
	}
	s.write(name, text)
	return []string{"deploy", "-f", filepath.Join(s.dir, name)}
}

// reference is the source's, to the Secret with its credentials.
func (s *stage) reference() string {
	if s.credentials == "" {
		return ""
	}
	return ", secretRef: {name: " + s.credentials + "}"
}

// ended is how a run of the plugin ended.
type ended struct {
	code           int
	hit            string // what happened to which request; empty if nothing did
	pid            int
	stdout, stderr string
	took           time.Duration
}

func (e ended) String() string {
	return fmt.Sprintf("exit code %d in %s, %q\n%s%s", e.code, e.took, e.hit, e.stdout, e.stderr)
}

// plugin runs the plugin over the wire, where what the tap says happens to it.
func (s *stage) plugin(tap *tapped, args ...string) ended {
	s.t.Helper()
	started, gone := make(chan *os.Process, 1), make(chan struct{})
	tap.signal = func() {
		process := <-started
		if !tap.what.kills() {
			_ = process.Signal(os.Interrupt)
			return
		}
		_ = process.Kill()
		<-gone // before that, it might still see what becomes of the request
	}
	s.wire.begin(tap)
	result := s.runs(func(process *os.Process) { started <- process }, args...)
	close(gone)
	tap.pending.Wait() // what it had sent, and was not cut off, is carried out
	s.wire.mutex.Lock()
	defer s.wire.mutex.Unlock()
	result.hit = tap.hit
	return result
}

// runs runs the plugin as part of what the wire carries now.
func (s *stage) runs(started func(*os.Process), args ...string) ended {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := s.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return ended{code: -1, stderr: err.Error()}
	}
	started(cmd.Process)
	_ = cmd.Wait()
	return ended{
		code: cmd.ProcessState.ExitCode(), pid: cmd.Process.Pid,
		stdout: stdout.String(), stderr: stderr.String(), took: time.Since(began),
	}
}

func (s *stage) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, s.binary, append(args, "-n", s.namespace, "--kubeconfig", filepath.Join(s.dir, "host.kubeconfig"))...)
}

// must runs the plugin to the end, with the law watched.
func (s *stage) must(args ...string) {
	s.t.Helper()
	var broken []string
	if did := s.plugin(s.watched(&broken), args...); did.code != 0 || len(broken) > 0 {
		s.t.Fatalf("%v: %s\n%s", args, did, strings.Join(broken, "\n"))
	}
}
