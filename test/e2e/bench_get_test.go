package e2e

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

// A hundred thousand pods of a thousand members, beside somebody who asks for the
// same and looks at nothing.
func TestBenchmarkGet(t *testing.T) {
	if !bench.Full() {
		t.Log("make bench does this; what is counted, TestGetOfALargeFleet counts")
		return
	}
	const many, podsEach = 1000, 100
	r := newRange(t, many)
	defer r.end()
	r.pods(podsEach)
	path := "/api/v1/namespaces/" + r.namespace + "/pods"
	body := tableOf(t, path+"?includeObject=None&limit=500")
	r.outposts.answers["GET "+path+"?includeObject=None&limit=500"] = body
	script := r.script
	script.Before = []bench.Request{{Method: "GET", Path: "/apis/fleet.kurator.dev/v1alpha1/namespaces/" + r.namespace + "/fleets"},
		{Method: "GET", Path: "/apis/cluster.kurator.dev/v1alpha1/namespaces/" + r.namespace + "/attachedclusters"}}
	script.Members, script.Parallel = r.outposts.servers(r.namespace, many), 128 // as many as get asks
	script.Requests = []bench.Request{{Method: "GET", Path: path + "?includeObject=None&limit=500"}}
	rows := body.data[max(bytes.Index(body.data, []byte(`"rows":`)), 0):] // beside what the columns take once
	var ratios []float64
	var ours []cost
	peers := map[string]float64{}
	for range 3 {
		r.outposts.begin(false)
		did := costOf(t, nil, r.binary, "get", "pods", "-n", r.namespace, "--fleet", "herd", "--fleet-namespace", r.namespace,
			"--kubeconfig", filepath.Join(r.dir, "host.kubeconfig"))
		if requests := r.outposts.requests.Load(); requests != many {
			t.Errorf("it asked %d times, want %d", requests, many)
		}
		if lines := strings.Count(did.said, "\n"); did.code != 0 || lines != many*podsEach+1 || !r.outposts.connected(many) {
			t.Fatalf("exit code %d, %d lines, want %d", did.code, lines, many*podsEach+1)
		}
		bare := follows(t, r.bare, script)
		ours, ratios = append(ours, did), append(ratios, tookOf(did)/tookOf(bare))
		peers[bench.Bare] = tookOf(bare)
	}
	bench.Report(t, bench.Figure{What: "100,000 pods of 1,000 members, wall", Unit: "ms", Ours: best(ours, tookOf), IsTime: true, Peers: peers})
	bench.Report(t, bench.Figure{What: "100,000 pods of 1,000 members, wall, of the bare client's", Unit: "x", Ours: median(ratios), Bar: 1.5, IsTime: true})
	bench.Report(t, bench.Figure{What: "100,000 pods of 1,000 members, memory", Unit: "MB", Ours: worst(ours, residentOf), Bar: 96})
	bench.Report(t, bench.Figure{What: "100,000 pods of 1,000 members, on the wire for each pod", Unit: "B", Ours: float64(len(rows)) / podsEach, Bar: 150})
}
