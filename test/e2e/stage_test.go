package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
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
	wire      *wire
	namespace string
	dir       string
	clusters  map[string]dynamic.Interface
	manifests atomic.Int64
}

var (
	secrets         = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	namespaces      = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	gitRepositories = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}
	kustomizations  = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	fleets          = schema.GroupVersionResource{Group: "fleet.kurator.dev", Version: "v1alpha1", Resource: "fleets"}
	attached        = schema.GroupVersionResource{Group: "cluster.kurator.dev", Version: "v1alpha1", Resource: "attachedclusters"}
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

type object = map[string]any

func base(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func newClusters(t *testing.T) map[string]dynamic.Interface {
	t.Helper()
	all := map[string]dynamic.Interface{}
	for _, cluster := range append([]string{"host"}, members[:]...) {
		client, err := dynamic.NewForConfig(labConfig(t, cluster))
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

func (s *stage) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// policy is one Kustomization of an application: its path, and the ring of the
// members that get it, all where there is none.
type policy struct{ name, path, ring string }

// application writes a manifest and returns the arguments that deploy it.
func (s *stage) application(policies ...policy) []string {
	s.t.Helper()
	name := fmt.Sprintf("app%d.yaml", s.manifests.Add(1))
	text := `apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: app}
spec:
  source:
    gitRepository: {interval: 10m, url: "https://127.0.0.1:1/nothing"}
  destination: {fleet: all}
  syncPolicies:
`
	for _, p := range policies {
		text += fmt.Sprintf("  - name: %s\n    kustomization: {interval: 10m, path: %s, prune: true}\n", p.name, p.path)
		if p.ring != "" {
			text += fmt.Sprintf("    destination: {fleet: all, clusterSelector: {matchLabels: {ring: %q}}}\n", p.ring)
		}
	}
	s.write(name, text)
	return []string{"deploy", "-f", filepath.Join(s.dir, name)}
}

// ended is how a run of the plugin ended.
type ended struct {
	code           int
	cut            string // at which request it was killed; empty if it was not
	pid            int
	stdout, stderr string
	took           time.Duration
}

func (e ended) String() string {
	return fmt.Sprintf("exit code %d in %s, killed %q\n%s%s", e.code, e.took, e.cut, e.stdout, e.stderr)
}

// plugin runs the plugin over the wire, and kills it where the tap says so.
func (s *stage) plugin(tap *tapped, args ...string) ended {
	s.t.Helper()
	var cut string
	started, gone := make(chan *os.Process, 1), make(chan struct{})
	tap.cut = func(request string) {
		cut = request
		process := <-started
		if tap.goesOn {
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
	result.cut = cut
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
	bin, err := filepath.Abs("../../bin/kubectl-fleetapp")
	if err != nil {
		s.t.Fatal(err)
	}
	return exec.CommandContext(ctx, bin, append(args, "-n", s.namespace, "--kubeconfig", filepath.Join(s.dir, "host.kubeconfig"))...)
}

// must runs the plugin to the end, with the law watched.
func (s *stage) must(args ...string) {
	s.t.Helper()
	if did := s.plugin(&tapped{}, args...); did.code != 0 {
		s.t.Fatalf("%v: %s", args, did)
	}
}

// recorded is an inventory, as it is in its Secret.
type recorded struct {
	Epoch       int64
	Run         *json.RawMessage
	Application *json.RawMessage
	Members     []struct {
		Name    string
		Objects []struct{ Kind, Namespace, Name, UID string }
	}
}

// record reads the inventory; nil if there is none.
func (s *stage) record() (*recorded, error) {
	secret, err := s.clusters["host"].Resource(secrets).Namespace(s.namespace).Get(context.Background(), "fleetapp.v1.app", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, _, err := unstructured.NestedString(secret.Object, "data", "record")
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	is := &recorded{}
	return is, json.NewDecoder(plain).Decode(is)
}

// listed is what the inventory lists, "member Kind/name" to its UID.
func (r *recorded) listed() map[string]string {
	all := map[string]string{}
	if r != nil {
		for _, member := range r.Members {
			for _, entry := range member.Objects {
				all[fmt.Sprintf("%s %s/%s", member.Name, entry.Kind, entry.Name)] = entry.UID
			}
		}
	}
	return all
}

// present is what is in the members, "member Kind/name" to the object.
func (s *stage) present() (map[string]unstructured.Unstructured, error) {
	var (
		reads errgroup.Group
		mutex sync.Mutex
	)
	all := map[string]unstructured.Unstructured{}
	for _, member := range members {
		for _, resource := range []schema.GroupVersionResource{gitRepositories, kustomizations} {
			reads.Go(func() error {
				list, err := s.clusters[member].Resource(resource).Namespace(s.namespace).List(context.Background(),
					metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=kubectl-fleetapp,apps.kurator.dev/app-name=app"})
				if err != nil {
					return err
				}
				mutex.Lock()
				defer mutex.Unlock()
				for _, item := range list.Items {
					all[fmt.Sprintf("%s %s/%s", member, item.GetKind(), item.GetName())] = item
				}
				return nil
			})
		}
	}
	return all, reads.Wait()
}

// law is broken by an object of ours that the inventory does not list.
func (s *stage) law() error {
	present, err := s.present()
	if err != nil {
		return err
	}
	record, err := s.record()
	if err != nil {
		return err
	}
	listed := record.listed()
	for _, at := range slices.Sorted(maps.Keys(present)) {
		if _, ok := listed[at]; !ok {
			return fmt.Errorf("%s is there, and not in the inventory, which lists %v", at, slices.Sorted(maps.Keys(listed)))
		}
	}
	return nil
}

// holds checks that the members hold exactly what these policies mean, the
// inventory lists exactly that, and no run holds it. None at all means nothing
// anywhere.
func (s *stage) holds(policies ...policy) error {
	want := map[string]string{} // to the path
	for i, member := range members {
		for _, p := range policies {
			if p.ring == "" || p.ring == fmt.Sprint(i+1) {
				want[member+" Kustomization/"+p.name] = p.path
				want[member+" GitRepository/app"] = ""
			}
		}
	}
	record, err := s.record()
	if err != nil {
		return err
	}
	if (record != nil) != (len(want) > 0) || record != nil && record.Run != nil {
		return fmt.Errorf("the inventory is %+v", record)
	}
	present, err := s.present()
	if err != nil {
		return err
	}
	listed := record.listed()
	if is, should := keys(present), keys(want); is != should || keys(listed) != should {
		return fmt.Errorf("there is\n  %s\nlisted\n  %s\nwanted\n  %s", is, keys(listed), should)
	}
	for at, item := range present {
		path, _, _ := unstructured.NestedString(item.Object, "spec", "path")
		if path != want[at] || string(item.GetUID()) != listed[at] || item.GetDeletionTimestamp() != nil {
			return fmt.Errorf("%s has path %q and UID %s (%v), wanted %q and %s", at, path, item.GetUID(), item.GetDeletionTimestamp(), want[at], listed[at])
		}
	}
	return nil
}

func keys[V any](of map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(of)), ", ")
}
