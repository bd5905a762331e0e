package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

// guide is what the guide's first example has.
var guide = []policy{{name: "app-0", path: "./one"}, {name: "app-1", path: "./two"}}

// The critical path of a deploy is seven round trips: the host's TCP and TLS
// (2), all that is read there (1), the kubeconfigs' Secrets beside the write of
// the inventory (1), the members' TCP and TLS (2), all applies of a member (1).
// Then the inventory is settled (1).
func TestRoundTrips(t *testing.T) {
	clusters := newClusters(t)
	ready := func(s *stage) {
		for _, member := range members {
			s.createIn(member, namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
		}
	}
	deployed := func(s *stage) { ready(s); s.mustRun(s.application(guide...)...); s.untilFinalizers() }
	for _, test := range []struct {
		name    string
		prepare func(*stage)
		want    []policy
		// applied is after how many round trips a member has answered for the last
		// time, ended when the run has ended.
		applied, ended int
	}{
		{"first", ready, guide, 7, 8},
		{"again", deployed, guide, 7, 8},
		{"changed", deployed, []policy{guide[0], {name: "app-1", path: "./three"}}, 7, 8},
		// One more to make it, and the applies once again.
		{"a namespace is missing", func(*stage) {}, guide, 9, 10},
		// What goes is looked at meanwhile. To delete it is one more, and it is
		// watched from then on until Flux, which needs a moment, lets it go.
		{"pruned", deployed, guide[:1], 8, 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			var applied, ended int
			// All else that a run costs must be less than one round trip. On a busy
			// machine it is more, and longer ones show how many there really are.
			for roundTrip := 300 * time.Millisecond; roundTrip < 5*time.Second; roundTrip *= 2 {
				lag := newLags(t, roundTrip)
				s := newStage(t, lag, clusters)
				test.prepare(s)
				args := append(s.application(test.want...), "--member-timeout", "10m")
				began := time.Now()
				did := s.runs(func(*os.Process) {}, args...)
				applied, ended = int(lag.last().Sub(began)/roundTrip), int(did.took/roundTrip)
				if did.code != 0 {
					t.Errorf("it failed: %s", did)
				}
				t.Logf("of %s: applied after %d, ended after %d: %s", roundTrip, applied, ended, did.took)
				lag.none()
				s.mustRun("delete", "app")
				s.end()
				if applied <= test.applied && ended <= test.ended {
					break
				}
			}
			bench.Report(t, bench.Figure{What: "round trips of a deploy to the last answer, " + test.name, Ours: float64(applied), Bar: float64(test.applied)})
			bench.Report(t, bench.Figure{What: "round trips of a deploy to its end, " + test.name, Ours: float64(ended), Bar: float64(test.ended)})
			if applied != test.applied || ended != test.ended {
				t.Errorf("it was applied after %d round trips and ended after %d, want %d and %d", applied, ended, test.applied, test.ended)
			}
		})
	}
}

// mustRun runs the plugin where no wire is.
func (s *stage) mustRun(args ...string) {
	s.t.Helper()
	if did := s.runs(func(*os.Process) {}, args...); did.code != 0 {
		s.t.Fatalf("%v: %s", args, did)
	}
}

// untilFinalizers waits until Flux will have a say in the end of all that is
// there.
func (s *stage) untilFinalizers() {
	s.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		present, err := s.present()
		if err != nil {
			s.t.Fatal(err)
		}
		missing := false
		for _, item := range present {
			missing = missing || len(item.GetFinalizers()) == 0
		}
		if !missing {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("Flux does not put its finalizers on")
		}
	}
}

// These are all requests that there are.
func TestRequests(t *testing.T) {
	const (
		readHost = `host GET /api/v1/namespaces/NS/secrets/fleetapp.v1.app
host GET /api/v1/namespaces/kube-system
host GET /apis/apps.kurator.dev/v1alpha1/namespaces/NS/applications/app
host GET /apis/cluster.kurator.dev/v1alpha1/namespaces/NS/attachedclusters
host GET /apis/cluster.kurator.dev/v1alpha1/namespaces/NS/clusters
host GET /apis/fleet.kurator.dev/v1alpha1/namespaces/NS/fleets
host GET /api/v1/namespaces/NS/secrets/kurator-member1
host GET /api/v1/namespaces/NS/secrets/kurator-member2
`
		record  = "host PUT /api/v1/namespaces/NS/secrets/fleetapp.v1.app\n"
		applies = `MEMBER GET /api/v1/namespaces/kube-system
MEMBER PATCH SOURCE/app
MEMBER PATCH SYNC/app-0
MEMBER PATCH SYNC/app-1
`
	)
	s := newStage(t, newWire(t), newClusters(t))
	defer s.end()
	for _, member := range members {
		s.createIn(member, namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
	}
	deploy := s.application(guide...)
	for _, step := range []struct {
		name, want string
		args       []string
	}{
		{"first", readHost + "host POST /api/v1/namespaces/NS/secrets\n" + record + applies, deploy},
		{"again", readHost + record + record + applies, deploy},
		{"delete", readHost + record + "host DELETE /api/v1/namespaces/NS/secrets/fleetapp.v1.app\nMEMBER GET /api/v1/namespaces/kube-system\n" +
			goes("SYNC", "app-0") + goes("SYNC", "app-1") + goes("SOURCE", "app"), []string{"delete", "app"}},
	} {
		tap := &tapped{}
		if did := s.plugin(tap, step.args...); did.code != 0 {
			t.Fatalf("%s: %s", step.name, did)
		}
		if is, want := s.requests(tap.seen), s.requests(strings.Split(step.want, "\n")); is != want {
			t.Errorf("%s: requests\n%s\nwant\n%s", step.name, is, want)
		}
		s.untilFinalizers()
	}
}

func goes(collection, name string) string {
	return strings.NewReplacer("COLLECTION", collection, "NAME", name).Replace(
		"MEMBER GET COLLECTION/NAME\nMEMBER DELETE COLLECTION/NAME\nMEMBER GET COLLECTION?watch\n")
}

// requests brings requests into one form and order.
func (s *stage) requests(lines []string) string {
	var all []string
	full := strings.NewReplacer("SOURCE", "/apis/source.toolkit.fluxcd.io/v1/namespaces/NS/gitrepositories",
		"SYNC", "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/NS/kustomizations", s.namespace, "NS")
	for _, line := range lines {
		if _, request, timed := strings.Cut(line, " ms "); timed {
			line = request
		}
		line = full.Replace(line)
		switch request, of := strings.CutPrefix(line, "MEMBER "); {
		case line == "":
		case of:
			for _, member := range members {
				all = append(all, member+" "+request)
			}
		default:
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
