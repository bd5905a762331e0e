package random

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kurator-dev/kubectl-fleetapp/test/fake"
	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// namespace is that of the application. The members lack it.
const namespace = "apps"

// fluxFinalizer is what Flux holds its objects by.
const fluxFinalizer = "finalizers.fluxcd.io"

type object = map[string]any

var (
	secrets = schema.GroupResource{Resource: "secrets"}
	sources = schema.GroupResource{Group: "source.toolkit.fluxcd.io", Resource: "gitrepositories"}
	syncs   = schema.GroupResource{Group: "kustomize.toolkit.fluxcd.io", Resource: "kustomizations"}
)

// world is a host and its members, Flux in each of them, and all that happens
// between them and the clients.
type world struct {
	t       *testing.T
	dice    dice
	members []string
	// slowness is of how many requests one is slow.
	slowness int
	clusters map[string]*fake.Cluster

	// gate is held while a request is carried out and the law is checked.
	gate   sync.Mutex
	broken []string
	log    []string
	epoch  int64 // the highest that the inventory had
	// flux are its reactions that have yet to come, and the others are requests
	// whose senders gave them up, and that will be carried out.
	flux, toHost, toMembers sync.WaitGroup
	// isLast is set when the last run begins, and isPassed when a request of
	// somebody dead came after that.
	isLast, isPassed bool
}

func newWorld(t *testing.T, seed uint64, members int) *world {
	t.Helper()
	w := &world{t: t, dice: dice{seed}, clusters: map[string]*fake.Cluster{}}
	w.slowness = []int{6, 20, 80}[w.dice.below(3, "slowness")]
	kurator := func(group, name, kind string) fake.Resource {
		return fake.Resource{Group: group, Versions: []string{"v1alpha1"}, Name: name, Kind: kind, Namespaced: true}
	}
	w.add("host", kurator("apps.kurator.dev", "applications", "Application"), kurator("fleet.kurator.dev", "fleets", "Fleet"),
		kurator("cluster.kurator.dev", "attachedclusters", "AttachedCluster"), kurator("cluster.kurator.dev", "clusters", "Cluster"))
	host := w.clusters["host"]
	put := func(content object) { host.Put(&unstructured.Unstructured{Object: content}) }
	put(object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": namespace}})
	var references []any
	for i := range members {
		name := fmt.Sprintf("member%d", i+1)
		w.add(name)
		w.members = append(w.members, name)
		references = append(references, object{"kind": "AttachedCluster", "name": name})
		put(object{
			"apiVersion": "cluster.kurator.dev/v1alpha1", "kind": "AttachedCluster",
			"metadata": object{"name": name, "namespace": namespace, "labels": object{"ring": fmt.Sprint(i + 1)}},
			"spec":     object{"kubeconfig": object{"name": name, "key": "value"}},
		})
	}
	put(object{
		"apiVersion": "fleet.kurator.dev/v1alpha1", "kind": "Fleet", "metadata": object{"name": "all", "namespace": namespace},
		"spec": object{"clusters": references},
	})
	return w
}

// add makes a cluster with Flux in it.
func (w *world) add(name string, more ...fake.Resource) {
	flux := func(group, name, kind string) fake.Resource {
		return fake.Resource{Group: group, Versions: []string{"v1"}, Name: name, Kind: kind, Namespaced: true}
	}
	cluster, err := fake.New(name, time.Now, append(more,
		flux(sources.Group, sources.Resource, "GitRepository"), flux(syncs.Group, syncs.Resource, "Kustomization"))...)
	if err != nil {
		w.t.Fatal(err)
	}
	cluster.Changed = func(event fake.Event) { w.react(name, event) }
	w.clusters[name] = cluster
}

// react is what Flux does: some time after an object was made it takes hold of
// it, and some time after it is to go, it lets it.
func (w *world) react(cluster string, event fake.Event) {
	is := event.Object
	resource := map[string]schema.GroupResource{"GitRepository": sources, "Kustomization": syncs}[is.GetKind()]
	if resource.Resource == "" {
		return
	}
	holds := slices.Contains(is.GetFinalizers(), fluxFinalizer)
	dies := is.GetDeletionTimestamp() != nil
	if dies != holds {
		return
	}
	delay := w.dice.upTo(3*time.Second, cluster, is.GetName(), is.GetResourceVersion())
	w.flux.Go(func() {
		time.Sleep(delay)
		w.gate.Lock()
		defer w.gate.Unlock()
		w.clusters[cluster].Edit(resource, is.GetNamespace(), is.GetName(), func(live *unstructured.Unstructured) {
			switch {
			case live.GetUID() != is.GetUID():
			case dies:
				live.SetFinalizers(nil)
			case live.GetDeletionTimestamp() == nil:
				live.SetFinalizers([]string{fluxFinalizer})
			}
		})
	})
}

// note writes down what happened, for who reads of a failure.
func (w *world) note(format string, args ...any) {
	w.log = append(w.log, time.Now().Format("04:05.000000 ")+fmt.Sprintf(format, args...))
}

// record reads the inventory; nil if there is none.
func (w *world) record() (*fault.Record, error) {
	for _, secret := range w.clusters["host"].Objects(secrets) {
		if secret.GetName() != "fleetapp.v1.app" {
			continue
		}
		text, _, _ := unstructured.NestedString(secret.Object, "data", "record")
		return fault.ReadRecord(text)
	}
	return nil, nil
}

// present is what is in the clusters, in the same words.
func (w *world) present() map[string]*unstructured.Unstructured {
	all := map[string]*unstructured.Unstructured{}
	for name, cluster := range w.clusters {
		for _, resource := range []schema.GroupResource{sources, syncs} {
			for _, is := range cluster.Objects(resource) {
				all[fmt.Sprintf("%s %s/%s", name, is.GetKind(), is.GetName())] = is
			}
		}
	}
	return all
}

// check checks, with the gate held, what has to hold at every instant: no
// object is there that the inventory does not list, and no write to that is
// lost to a run that began earlier.
func (w *world) check(after string) {
	record, err := w.record()
	if err != nil {
		w.breach("after %s: the inventory cannot be read: %v", after, err)
		return
	}
	listed := record.Listed()
	for at := range w.present() {
		if _, ok := listed[at]; !ok {
			w.breach("after %s: %s is there, and not in the inventory, which lists %v", after, at, slices.Sorted(maps.Keys(listed)))
		}
	}
	switch {
	case record == nil:
		w.epoch = 0
	case record.Epoch < w.epoch:
		w.breach("after %s: epoch %d came after %d", after, record.Epoch, w.epoch)
	default:
		w.epoch = record.Epoch
	}
}

// passed notes a request that came late.
func (w *world) passed() {
	w.gate.Lock()
	defer w.gate.Unlock()
	w.isPassed = w.isPassed || w.isLast
}

func (w *world) hasPassed() bool {
	w.gate.Lock()
	defer w.gate.Unlock()
	return w.isPassed
}

func (w *world) breach(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note("BREACH %s", text)
	w.broken = append(w.broken, text)
}

// holds checks that the clusters hold exactly what these policies mean, that
// the inventory lists exactly that, and that no run holds it.
func (w *world) holds(policies ...policy) error {
	want := map[string]string{} // to the path
	for _, p := range policies {
		for _, cluster := range p.in(w.members) {
			want[cluster+" Kustomization/"+p.name] = p.path
			want[cluster+" GitRepository/app"] = ""
		}
	}
	record, err := w.record()
	if err != nil {
		return err
	}
	if (record != nil) != (len(want) > 0) || record != nil && record.Run != nil {
		return fmt.Errorf("the inventory is %+v", record)
	}
	present, listed := w.present(), record.Listed()
	if is, should := keys(present), keys(want); is != should || keys(listed) != should {
		return fmt.Errorf("there is\n  %s\nlisted\n  %s\nwanted\n  %s", is, keys(listed), should)
	}
	for at, is := range present {
		path, _, _ := unstructured.NestedString(is.Object, "spec", "path")
		suspended, _, _ := unstructured.NestedBool(is.Object, "spec", "suspend")
		if path != want[at] || string(is.GetUID()) != listed[at] || is.GetDeletionTimestamp() != nil || suspended {
			return fmt.Errorf("%s has path %q and UID %s (%v, suspended %t), wanted %q and %s", at, path, is.GetUID(), is.GetDeletionTimestamp(), suspended, want[at], listed[at])
		}
	}
	return nil
}

func keys[V any](of map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(of)), ", ")
}
