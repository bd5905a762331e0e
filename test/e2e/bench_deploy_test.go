package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

// far is a round trip, as between continents.
const far = 50 * time.Millisecond

// range is what is measured: a fleet of outposts, and the host as far away.
type shootingRange struct {
	*stage
	outposts *outposts
	bare     string
	script   bench.Script
}

// newRange makes a host with a fleet of so many outposts.
func newRange(t *testing.T, many int) *shootingRange {
	t.Helper()
	lag := newLags(t, far)
	r := &shootingRange{stage: newStage(t, lag, newClusters(t)), bare: program(t, "bare")}
	r.makeNamespaces()
	r.outposts = newOutposts(t, many, far, r.recorded())
	r.herd(&herd{addresses: r.outposts.addresses, certificate: r.outposts.authority})
	host := lag.configs["host"]
	r.script.Host = bench.Server{URL: lag.servers["host"], CA: host.CAData, Certificate: host.CertData, Key: host.KeyData}
	return r
}

// recorded deploys once to a real member, and keeps what its API server says.
func (r *shootingRange) recorded() map[string]answer {
	r.t.Helper()
	r.mustRun(r.application(policy{name: "app-0", path: "./x", ring: "1"})...)
	answers := map[string]answer{}
	source := "/apis/source.toolkit.fluxcd.io/v1/namespaces/" + r.namespace + "/gitrepositories/app"
	sync := "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/" + r.namespace + "/kustomizations/app-0"
	for _, path := range []string{source, sync} {
		answers["PATCH "+path] = readOf(r.t, path, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
		object := object{}
		if err := json.Unmarshal(readOf(r.t, path, "application/json").data, &object); err != nil {
			r.t.Fatal(err)
		}
		metadata, _ := object["metadata"].(map[string]any)
		for _, name := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers"} {
			delete(metadata, name)
		}
		delete(object, "status")
		body, err := json.Marshal(object)
		if err != nil {
			r.t.Fatal(err)
		}
		r.script.Requests = append(r.script.Requests, bench.Request{
			Method: http.MethodPatch, Path: path + "?fieldManager=kubectl-fleetapp&force=true", ContentType: "application/apply-patch+yaml", Body: body,
		})
	}
	answers["GET /api/v1/namespaces/kube-system"] = readOf(r.t, "/api/v1/namespaces/kube-system", "application/json")
	r.script.Requests = append(r.script.Requests, bench.Request{Method: http.MethodGet, Path: "/api/v1/namespaces/kube-system"})
	r.mustRun("delete", "app")
	return answers
}

// readOf is what the first member says of an object.
func readOf(t *testing.T, path, accept string) answer {
	t.Helper()
	said := answerOf(t, path, accept)
	if encoding := said.header.Get("Content-Encoding"); encoding != "" {
		t.Fatalf("%s is %s, where a UID is to be found in it", path, encoding)
	}
	var is metav1.PartialObjectMetadata
	if err := json.Unmarshal(said.data, &is); err != nil || is.UID == "" {
		t.Fatalf("%s has UID %q, %v", path, is.UID, err)
	}
	said.uid = string(is.UID)
	return said
}

// follow makes a script of what a deploy to so many members asks, with an
// inventory of the size that it wrote.
func (r *shootingRange) follow(many int) bench.Script {
	r.t.Helper()
	inventory, err := r.clusters["host"].Resource(secrets).Namespace(r.namespace).Get(context.Background(), "fleetapp.v1.app", metav1.GetOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	data, _, _ := unstructured.NestedMap(inventory.Object, "data")
	written := func(method, path string) bench.Request {
		body, err := json.Marshal(object{"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": "bare"}, "data": data})
		if err != nil {
			r.t.Fatal(err)
		}
		return bench.Request{Method: method, Path: path, ContentType: "application/json", Body: body}
	}
	script := r.script
	under := "/namespaces/" + r.namespace
	for _, path := range []string{
		"/api/v1/namespaces/kube-system", "/apis/fleet.kurator.dev/v1alpha1" + under + "/fleets", "/apis/cluster.kurator.dev/v1alpha1" + under + "/attachedclusters",
		"/apis/cluster.kurator.dev/v1alpha1" + under + "/clusters", "/apis/apps.kurator.dev/v1alpha1" + under + "/applications/app", "/api/v1" + under + "/secrets/fleetapp.v1.app",
	} {
		script.Before = append(script.Before, bench.Request{Method: http.MethodGet, Path: path, MayLack: true})
	}
	secretsPath := "/api/v1" + under + "/secrets"
	script.Intent = written(http.MethodPost, secretsPath+"?fieldManager=kubectl-fleetapp")
	script.After = written(http.MethodPut, secretsPath+"/bare?fieldManager=kubectl-fleetapp")
	script.Members, script.Parallel = r.outposts.servers(r.namespace, many), 256
	return script
}

// deploy runs the plugin; applied is when the last member has answered.
func (r *shootingRange) deploy(many int) (did cost, applied time.Duration) {
	r.t.Helper()
	args := r.application(policy{name: "app-0", path: "./x"})
	r.replace(args[len(args)-1], "fleet: all", "fleet: herd")
	r.outposts.begin(false)
	began := time.Now()
	did = costOf(r.t, nil, r.binary, append(args, "-n", r.namespace, "--kubeconfig", filepath.Join(r.dir, "host.kubeconfig"), "--yes")...)
	if did.code != 0 {
		r.t.Fatalf("deploy to %d: exit code %d\n%.2000s", many, did.code, did.said)
	}
	r.isWhole(many)
	return did, r.outposts.took(began)
}

// isWhole looks whether each answer was understood: the record has the UIDs of all
// members, and of the two objects in each.
func (r *shootingRange) isWhole(many int) {
	r.t.Helper()
	record, err := r.record()
	if err != nil {
		r.t.Fatal(err)
	}
	members, objects := map[string]bool{}, 0
	for _, member := range record.Members {
		members[member.UID] = member.UID != ""
		for _, one := range member.Objects {
			if one.UID != "" {
				objects++
			}
		}
	}
	if len(members) != many || objects != 2*many {
		r.t.Fatalf("the record has %d UIDs of members and %d of objects, want %d and %d", len(members), objects, many, 2*many)
	}
}

// forget takes the application away as if it had never been.
func (r *shootingRange) forget() {
	r.t.Helper()
	r.outposts.begin(true)
	r.forgetThe("fleetapp.v1.app")
}

func (r *shootingRange) forgetThe(inventory string) {
	r.t.Helper()
	err := r.clusters["host"].Resource(secrets).Namespace(r.namespace).Delete(context.Background(), inventory, metav1.DeleteOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
}

// A deploy costs what its requests cost, and little more.
func TestBenchmarkDeploy(t *testing.T) {
	sizes, times := []int{10, 50, 200}, 1
	if bench.Full() {
		sizes, times = []int{10, 50, 100, 200, 500, 1000, 2000, 5000}, 5
	}
	walls, memories := map[int]float64{}, map[int]float64{}
	for _, many := range sizes {
		t.Run(fmt.Sprint(many), func(t *testing.T) {
			r := newRange(t, many)
			defer r.end()
			walls[many], memories[many] = r.measure(many, times)
		})
	}
	if bench.Full() {
		reportGrowth(t, walls, memories)
	}
}

// measure deploys to all members so many times, in turns with the bare client. It
// returns the least wall time, in ms, and the most memory, in MB.
func (r *shootingRange) measure(many, times int) (wall, memory float64) {
	var ours, bares []cost
	var applied, ratios []float64
	var answered int64
	for range times {
		did, last := r.deploy(many)
		answered = r.outposts.bytes.Load()
		ours, applied = append(ours, did), append(applied, milliseconds(last))
		if requests, connections := r.outposts.requests.Load(), r.outposts.connections.Load(); int(requests) != 3*many || !r.outposts.connected(many) {
			r.t.Errorf("%d members: %d requests on %d connections, want 3 on 1 for each", many, requests, connections)
		}
		script := r.follow(many)
		r.forget()
		r.outposts.begin(false)
		bare := follows(r.t, r.bare, script)
		r.forgetThe("bare")
		if requests := r.outposts.requests.Load(); int(requests) != 3*many {
			r.t.Errorf("the bare client asked %d times, want %d", requests, 3*many)
		}
		bares, ratios = append(bares, bare), append(ratios, tookOf(did)/tookOf(bare))
		r.outposts.begin(true)
	}
	r.report(many, ours, bares, applied, ratios, answered)
	return best(ours, tookOf), worst(ours, residentOf)
}

// reportGrowth says whether time is linear in the fleet, and memory flat, once it is
// larger than the window: what is kept of each member is what the inventory will say.
func reportGrowth(t *testing.T, walls, memories map[int]float64) {
	t.Helper()
	bench.Report(t, bench.Figure{What: "wall for each of 5,000 members, of that for each of 1,000", Unit: "x", Ours: walls[5000] / walls[1000] / 5, Bar: 1.25, IsTime: true})
	bench.Report(t, bench.Figure{What: "memory for each member past the window", Unit: "KB", Ours: (memories[5000] - memories[500]) / 4500 * 1000, Bar: 10})
}

// report says what a deploy to so many took.
func (r *shootingRange) report(many int, ours, bares []cost, applied, ratios []float64, answered int64) {
	r.t.Helper()
	say := func(what, unit string, bar float64, isTime bool, value float64, bare ...float64) {
		figure := bench.Figure{What: fmt.Sprintf("deploy to %d members, %s", many, what), Unit: unit, Ours: value, Bar: bar, IsTime: isTime}
		if len(bare) > 0 {
			figure.Peers = map[string]float64{bench.Bare: bare[0]}
		}
		bench.Report(r.t, figure)
	}
	perMember := func(c cost) float64 { return cpuOf(c) / float64(many) }
	say("wall", "ms", 0, true, best(ours, tookOf), best(bares, tookOf))
	if many == 50 {
		roundTrips := milliseconds(7 * far)
		say("wall, of 7 round trips", "x", 1.25, true, best(ours, tookOf)/roundTrips, best(bares, tookOf)/roundTrips)
		say("until the last is answered, of 7 round trips", "x", 0, true, slices.Min(applied)/roundTrips)
	}
	if many >= 1000 {
		say("wall, of the bare client's", "x", 1.25, true, median(ratios))
		say("CPU of the client for each", "ms", 1.8, false, best(ours, perMember), best(bares, perMember))
	}
	if many == 200 { // as many as are there without make bench
		say("CPU of the client, of the bare client's", "x", 3, false, best(ours, cpuOf)/best(bares, cpuOf))
		say("answered for each", "KB", 4, false, float64(answered)/float64(many)/1000)
	}
	say("memory", "MB", map[int]float64{200: 110, 5000: 150}[many], false, worst(ours, residentOf), worst(bares, residentOf))
}
