package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

// divided is a real API server that looks like many, each on an address of its
// own and far away: what is in the namespace of the test is, for each, in another.
type divided struct {
	*outposts
	namespace string
	upstream  string
	next      http.RoundTripper
}

func newDivided(t *testing.T, s *stage, many int) *divided {
	t.Helper()
	config := labConfig(t, members[0])
	next, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	d := &divided{outposts: &outposts{t: t, perMember: make([]int, many)}, namespace: s.namespace, upstream: config.Host, next: next}
	pair := d.certificate()
	for i := range many {
		s.createIn(members[0], namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": d.real(i)}})
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		d.addresses = append(d.addresses, "https://"+listener.Addr().String())
		server := &http.Server{
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.pass(i, w, r) }),
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13},
			ErrorLog:  log.New(io.Discard, "", 0),
		}
		t.Cleanup(func() { server.Close() })
		go func() { _ = server.ServeTLS(farListener{listener, far}, "", "") }()
	}
	return d
}

// real is a member's namespace in the API server.
func (d *divided) real(member int) string { return fmt.Sprintf("%s-%03d", d.namespace, member) }

// pass passes a request on.
func (d *divided) pass(member int, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	to := []byte(d.real(member))
	body = bytes.ReplaceAll(body, []byte(d.namespace), to)
	out, err := http.NewRequestWithContext(r.Context(), r.Method, d.upstream+strings.ReplaceAll(r.URL.RequestURI(), d.namespace, string(to)), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	for _, name := range []string{"Accept", "Content-Type"} {
		out.Header[name] = r.Header[name]
	}
	response, err := d.next.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answer = bytes.ReplaceAll(answer, to, []byte(d.namespace))
	if strings.HasSuffix(r.URL.Path, "/namespaces/kube-system") { // by which clusters are told apart
		answer = fmt.Appendf(nil, `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":"%08x-0000-4000-8000-%012x"}}`, member, member)
	}
	w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(answer)
}

// clear takes away what was deployed.
func (d *divided) clear(s *stage) {
	var clears errgroup.Group
	clears.SetLimit(16)
	for i := range d.addresses {
		for _, resource := range s.flux(members[0]) {
			clears.Go(func() error {
				of := s.clusters[members[0]].Resource(resource).Namespace(d.real(i))
				if err := of.DeleteCollection(context.Background(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
					return err
				}
				for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
					left, err := of.List(context.Background(), metav1.ListOptions{})
					if err != nil || len(left.Items) == 0 {
						return err
					}
				}
				return fmt.Errorf("there is still something in %s", d.real(i))
			})
		}
	}
	if err := clears.Wait(); err != nil {
		s.t.Fatal(err)
	}
}

// end takes the members' namespaces away; nobody waits for that.
func (d *divided) end(s *stage) {
	for i := range d.addresses {
		if err := s.clusters[members[0]].Resource(namespaces).Delete(context.Background(), d.real(i), metav1.DeleteOptions{}); err != nil {
			s.t.Error(err)
		}
	}
}

// A hundred members with a real API server: what else one might do it with.
func TestBenchmarkPeers(t *testing.T) {
	if !bench.Full() {
		t.Log("make bench does this: it takes minutes")
		return
	}
	const many = 100
	lag := newLags(t, far)
	s := newStage(t, lag, newClusters(t))
	defer s.end()
	d := newDivided(t, s, many)
	defer d.end(s)
	s.herd(&herd{addresses: d.addresses, certificate: d.authority})
	args := s.application(policy{name: "app-0", path: "./x"})
	s.replace(args[len(args)-1], "fleet: all", "fleet: herd")
	objects := s.objects()
	deploy := func() cost {
		return costOf(t, nil, s.binary, append(args, "-n", s.namespace, "--kubeconfig", filepath.Join(s.dir, "host.kubeconfig"))...)
	}
	kubectl := func() cost {
		s.write("objects.yaml", objects)
		names := make([]string, many)
		for i, address := range d.addresses {
			names[i] = fmt.Sprint(i)
			config := string(kubeconfigFor(address, d.authority, nil, nil))
			s.write(names[i]+".kubeconfig", strings.Replace(config, "client-certificate-data: , client-key-data: ", "token: any", 1)) // else it asks for a password
		}
		t.Setenv("HOME", t.TempDir())
		return costOf(t, []byte(strings.Join(names, "\n")), "xargs", "-P32", "-I{}", "kubectl", "apply", "--server-side", "-f", filepath.Join(s.dir, "objects.yaml"),
			"--kubeconfig", filepath.Join(s.dir, "{}.kubeconfig"))
	}
	defaults := program(t, "defaults")
	script := d.script(s, lag, objects)
	bare := program(t, "bare")
	follow := func() cost {
		r := shootingRange{stage: s, outposts: d.outposts, script: bench.Script{Host: script.Host, Requests: d.requests(s, objects)}}
		defer r.forgetThe("bare")
		return follows(t, bare, r.follow(many))
	}
	took, cpu := map[string]float64{}, map[string]float64{}
	for range 4 { // each once cold, and then warm
		for _, one := range []struct {
			name string
			run  func() cost
		}{
			{"ours", deploy}, {bench.Bare, follow}, {bench.Kubectl, kubectl}, {bench.Defaults, func() cost { return follows(t, defaults, script) }},
		} {
			did := one.run()
			if did.code != 0 {
				t.Fatalf("%s: exit code %d\n%.2000s", one.name, did.code, did.said)
			}
			if made := d.count(s); made != 2*many {
				t.Errorf("%s made %d objects, want %d", one.name, made, 2*many)
			}
			took[one.name], cpu[one.name] = least(took, one.name, tookOf(did)), least(cpu, one.name, cpuOf(did))
			d.clear(s)
		}
		s.mustRun("delete", "app")
	}
	peers := func(of map[string]float64) map[string]float64 {
		return map[string]float64{bench.Bare: of[bench.Bare], bench.Kubectl: of[bench.Kubectl], bench.Defaults: of[bench.Defaults]}
	}
	what := fmt.Sprintf("deploy to %d members of a real API server, ", many)
	bench.Report(t, bench.Figure{What: what + "wall", Unit: "ms", Ours: took["ours"], IsTime: true, Peers: peers(took)})
	bench.Report(t, bench.Figure{What: what + "CPU", Unit: "ms", Ours: cpu["ours"], Peers: peers(cpu)})
	bench.Report(t, bench.Figure{
		What: what + "times faster than kubectl", Unit: "x", Ours: took[bench.Kubectl] / took["ours"], Bar: 10, IsLeast: true, IsTime: true,
		Peers: map[string]float64{bench.Bare: took[bench.Kubectl] / took[bench.Bare]},
	})
	bench.Report(t, bench.Figure{What: what + "times less CPU than kubectl", Unit: "x", Ours: cpu[bench.Kubectl] / cpu["ours"], Bar: 30, IsLeast: true})
}

// least is a figure that is the least of some runs'.
func least(of map[string]float64, name string, figure float64) float64 {
	if before, ok := of[name]; ok {
		return min(before, figure)
	}
	return figure
}

// objects are those of the application, as kubectl applies them.
func (s *stage) objects() string {
	return fmt.Sprintf(`apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: app, namespace: %[1]s}
spec: {interval: 10m, url: "https://127.0.0.1:1/nothing"}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app-0, namespace: %[1]s}
spec: {interval: 10m, path: ./x, prune: true, sourceRef: {kind: GitRepository, name: app}}
`, s.namespace)
}

// script is what client-go's defaults are to apply.
func (d *divided) script(s *stage, lag *lags, objects string) bench.Script {
	host := lag.configs["host"]
	script := bench.Script{
		Host:     bench.Server{URL: lag.servers["host"], CA: host.CAData, Certificate: host.CertData, Key: host.KeyData},
		Members:  d.servers(s.namespace, len(d.addresses)),
		Parallel: 256,
	}
	for _, text := range strings.Split(objects, "---\n") {
		script.Requests = append(script.Requests, bench.Request{Body: asJSON(s.t, text)})
	}
	return script
}

// requests are what a deploy asks a member, for the bare client.
func (d *divided) requests(s *stage, objects string) []bench.Request {
	asked := []bench.Request{{Method: http.MethodGet, Path: "/api/v1/namespaces/kube-system"}}
	paths := []string{"source.toolkit.fluxcd.io/v1/namespaces/" + s.namespace + "/gitrepositories/app", "kustomize.toolkit.fluxcd.io/v1/namespaces/" + s.namespace + "/kustomizations/app-0"}
	for i, text := range strings.Split(objects, "---\n") {
		asked = append(asked, bench.Request{
			Method: http.MethodPatch, Path: "/apis/" + paths[i] + "?fieldManager=bare&force=true", ContentType: "application/apply-patch+yaml", Body: asJSON(s.t, text),
		})
	}
	return asked
}

// count counts what is deployed.
func (d *divided) count(s *stage) int {
	made := 0
	for _, resource := range s.flux(members[0]) {
		list, err := s.clusters[members[0]].Resource(resource).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, item := range list.Items {
			if isOf(item, d.namespace) {
				made++
			}
		}
	}
	return made
}

func isOf(item unstructured.Unstructured, namespace string) bool {
	return strings.HasPrefix(item.GetNamespace(), namespace+"-") && item.GetDeletionTimestamp() == nil
}
