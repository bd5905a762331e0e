package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Two runs of one application at once, again and again: one wins, and the
// other says whose run it is.
func TestTwoRunsAtOnce(t *testing.T) {
	const rounds, delay = 16, 15 * time.Millisecond
	s := newStage(t, newWire(t), newClusters(t))
	defer s.end()
	wanted := [][]policy{first, second}
	args := [][]string{s.application(first...), s.application(second...)}
	s.must(args[0]...)
	lost := 0
	for round := range rounds {
		var (
			broken []string
			did    [2]ended
			both   sync.WaitGroup
			pause  = rand.N(12 * delay)
			slow   = rand.IntN(2)
		)
		tap := s.watched(&broken)
		tap.delay = delay
		s.wire.begin(tap)
		for i := range did {
			both.Go(func() {
				if i == slow {
					time.Sleep(pause)
				}
				did[i] = s.runs(func(*os.Process) {}, args[i]...)
			})
		}
		both.Wait()
		held := [2]bool{did[0].saysHeldBy(s, did[1].pid), did[1].saysHeldBy(s, did[0].pid)}
		raced := [2]bool{did[0].saysRaced(), did[1].saysRaced()}
		var err error
		switch won := [2]bool{did[0].code == 0, did[1].code == 0}; {
		case won[0] && won[1]: // one after the other
			if err = s.holds(first...); err != nil {
				err = s.holds(second...)
			}
		case won[0] && (held[1] || raced[1]), won[1] && (held[0] || raced[0]):
			lost++
			winner := 0
			if won[1] {
				winner = 1
			}
			err = s.holds(wanted[winner]...)
		default:
			err = fmt.Errorf("neither won, or who lost does not say to whom")
		}
		if err != nil || len(broken) > 0 {
			t.Errorf("round %d, run %d %s later: %v %v\none: %s\nthe other: %s", round, slow, pause, err, broken, did[0], did[1])
		}
	}
	if lost == 0 {
		t.Error("the two never met")
	}
	t.Logf("one of the two lost in %d of %d rounds", lost, rounds)
}

// saysHeldBy tells a run that found another one, of that process, at work.
func (e ended) saysHeldBy(s *stage, pid int) bool {
	return e.code == 1 && regexp.MustCompile(fmt.Sprintf(
		`(?m)^error: application %s/app is being deployed by \S+@\S+ since \d\d:\d\d:\d\d \(pid %d\), which is alive; wait for it or end it, then run the same again$`,
		s.namespace, pid)).MatchString(e.stderr)
}

// saysRaced tells a run that was passed by another one that has ended since.
func (e ended) saysRaced() bool {
	return e.code == 1 && strings.HasSuffix(e.stderr, ": another run has changed it meanwhile: see what that one says, then run the same again\n")
}

// A holder whose process cannot be seen from here, because it is on another
// machine, is known by whether it renews.
func TestAHolderOnAnotherMachine(t *testing.T) {
	s := newStage(t, newWire(t), newClusters(t))
	defer s.end()
	s.must(s.application(first...)...)
	const waits = `is being deployed by ana@elsewhere (pid 4711): waiting up to 20s to see whether that run is alive`

	s.heldElsewhere(t, 1)
	stop := make(chan struct{})
	var renewing sync.WaitGroup
	renewing.Go(func() {
		for renewed := 2; ; renewed++ {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Second):
				s.heldElsewhere(t, renewed)
			}
		}
	})
	did := s.plugin(&tapped{}, "delete", "app")
	close(stop)
	renewing.Wait()
	if did.code != 1 || !strings.Contains(did.stderr, waits) || did.took > 15*time.Second ||
		!strings.Contains(did.stderr, "is being deployed by ana@elsewhere since ") || !strings.Contains(did.stderr, " (pid 4711), which is alive; ") {
		t.Errorf("of a holder that renews it says: %s", did)
	}
	if err := s.law(); err != nil {
		t.Error(err)
	}

	did = s.plugin(&tapped{}, "delete", "app")
	if did.code != 0 || strings.Count(did.stderr, waits) != 1 || did.took < 20*time.Second {
		t.Errorf("after a holder that does not renew: %s", did)
	}
	if err := s.holds(); err != nil {
		t.Error(err)
	}
}

// heldElsewhere makes a run of another machine the holder of the inventory, or
// renews its hold.
func (s *stage) heldElsewhere(t *testing.T, renewed int) {
	t.Helper()
	of := s.clusters["host"].Resource(secrets).Namespace(s.namespace)
	secret, err := of.Get(context.Background(), "fleetapp.v1.app", metav1.GetOptions{})
	if err != nil {
		t.Error(err)
		return
	}
	text, _, _ := unstructured.NestedString(secret.Object, "data", "record")
	data, _ := base64.StdEncoding.DecodeString(text)
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Error(err)
		return
	}
	var record object
	if err := json.NewDecoder(plain).Decode(&record); err != nil {
		t.Error(err)
	}
	record["run"] = object{
		"verb": "deployed", "holder": "ana@elsewhere", "pid": 4711, "machine": "elsewhere",
		"started": "2031-02-03T04:05:06Z", "renewed": fmt.Sprintf("2031-02-03T04:05:%02dZ", renewed), // a clock that is years off
	}
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if err := json.NewEncoder(zip).Encode(record); err != nil {
		t.Error(err)
	}
	_ = zip.Close()
	_ = unstructured.SetNestedField(secret.Object, base(out.Bytes()), "data", "record")
	if _, err := of.Update(context.Background(), secret, metav1.UpdateOptions{}); err != nil {
		t.Error(err)
	}
}
