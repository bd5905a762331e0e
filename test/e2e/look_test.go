package e2e

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A look at an application costs each member one round trip after its TLS: the
// host's TCP and TLS (2), all that is read there (1), the kubeconfigs' Secrets
// (1), the members' TCP and TLS (2), and all that is read there (1).
func TestRoundTripsOfALook(t *testing.T) {
	const want = 7
	clusters := newClusters(t)
	for name, args := range map[string][]string{
		"of one application": {"status", "app"},
		"of all":             {"status"},
		"with its sources":   {"status", "app", "-o", "wide"},
	} {
		t.Run(name, func(t *testing.T) {
			trips := 0
			// On a busy machine all else takes more than a round trip, too.
			for roundTrip := 300 * time.Millisecond; roundTrip < 5*time.Second; roundTrip *= 2 {
				lag := newLags(t, roundTrip)
				s := newStage(t, lag, clusters)
				s.mustRun(append(s.application(guide...), "-y")...)
				began := time.Now()
				did := s.runs(func(*os.Process) {}, append(args, "--member-timeout", "10m")...)
				trips = int(lag.last().Sub(began) / roundTrip)
				// What is deployed cannot become ready: its repository does not exist.
				if did.code != 3 {
					t.Errorf("it failed: %s", did)
				}
				t.Logf("of %s: %d, in %s", roundTrip, trips, did.took)
				lag.none()
				s.mustRun("delete", "app")
				s.end()
				if trips <= want {
					break
				}
			}
			if trips != want {
				t.Errorf("it took %d round trips, want %d", trips, want)
			}
		})
	}
}

// These are all requests that there are, and none of them writes.
func TestRequestsOfALook(t *testing.T) {
	s := newStage(t, newWire(t), newClusters(t))
	defer s.end()
	s.mustRun(append(s.application(guide...), "-y")...)
	const (
		fleets = `host GET /apis/cluster.kurator.dev/v1alpha1/namespaces/NS/attachedclusters
host GET /apis/cluster.kurator.dev/v1alpha1/namespaces/NS/clusters
host GET /apis/fleet.kurator.dev/v1alpha1/namespaces/NS/fleets
host GET /api/v1/namespaces/NS/secrets/kurator-member1
host GET /api/v1/namespaces/NS/secrets/kurator-member2
`
		objects = `MEMBER GET SOURCE/app
MEMBER GET SYNC/app-0
MEMBER GET SYNC/app-1
`
		images = `MEMBER GET /apis/apps/v1/daemonsets
MEMBER GET /apis/apps/v1/deployments
MEMBER GET /apis/apps/v1/statefulsets
`
		one  = "host GET /api/v1/namespaces/NS/secrets/fleetapp.v1.app\nhost GET /apis/apps.kurator.dev/v1alpha1/namespaces/NS/applications/app\n"
		list = "host GET /api/v1/namespaces/NS/secrets\nhost GET /apis/apps.kurator.dev/v1alpha1/namespaces/NS/applications\n"
	)
	for want, args := range map[string][]string{
		one + fleets + objects + images: {"status", "app"},
		list + fleets + objects:         {"status"},
	} {
		tap := &tapped{}
		if did := s.plugin(tap, args...); did.code != 3 {
			t.Fatalf("%v: %s", args, did)
		}
		if is, want := s.requests(tap.seen), s.requests(strings.Split(want, "\n")); is != want {
			t.Errorf("%v: requests\n%s\nwant\n%s", args, is, want)
		}
	}
	s.mustRun("delete", "app")
}
