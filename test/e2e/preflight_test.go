package e2e

import (
	"os"
	"testing"
	"time"
)

// All that clusters and check want to know of a member costs one round trip: the
// host's TCP and TLS (2), all that is read there (1), the kubeconfigs' Secrets
// (1), the members' TCP and TLS (2), all that they are asked (1).
func TestPreflightRoundTrips(t *testing.T) {
	const want = 7
	clusters := newClusters(t)
	for _, command := range []string{"clusters", "check"} {
		t.Run(command, func(t *testing.T) {
			var answered int
			// All else must be less than one round trip: see TestRoundTrips.
			for roundTrip := 300 * time.Millisecond; roundTrip < 5*time.Second; roundTrip *= 2 {
				lag := newLags(t, roundTrip)
				s := newStage(t, lag, clusters)
				began := time.Now()
				did := s.runs(func(*os.Process) {}, command, "--member-timeout", "10m")
				answered = int(lag.last().Sub(began) / roundTrip)
				if did.code != 0 {
					t.Errorf("it failed: %s", did)
				}
				t.Logf("of %s: answered after %d, ended after %s", roundTrip, answered, did.took)
				s.end()
				if answered <= want {
					break
				}
			}
			if answered != want {
				t.Errorf("the members had answered after %d round trips, want %d", answered, want)
			}
		})
	}
}
