package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// A hundred thousand pods, a hundred in each of a thousand members, pass
// through a window. The members are one server on a thousand addresses that
// gives, word for word, what a real API server answered to the same request.
func TestGetOfALargeFleet(t *testing.T) {
	const (
		many, podsEach = 1000, 100
		maxResident    = 96 << 20
	)
	clusters := newClusters(t)
	s := newStage(t, newLags(t, 0), clusters)
	defer s.end()
	s.createIn("kurator-member1", namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
	s.pods(podsEach)
	server := newHerd(t, many)
	s.herd(server)
	for name, test := range map[string]struct {
		args, path string
		// perPod is how many bytes a pod may take on the wire, beside what the
		// columns take once.
		perPod int
	}{
		"a namespace": {"get pods --fleet herd", "/api/v1/namespaces/" + s.namespace + "/pods?includeObject=None&limit=500", 150},
		"all namespaces": {
			"get pods --fleet herd -A -l stage=" + s.namespace,
			"/api/v1/pods?includeObject=Metadata&labelSelector=stage%3D" + s.namespace + "&limit=500", 200,
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := tableOf(t, test.path)
			server.answer(body)
			lines, ended, resident := s.measure(strings.Fields(test.args)...)
			t.Logf("%d lines in %s, %d MB resident, %d requests, %d connections, %d bytes a pod on the wire",
				lines, ended.took.Round(time.Millisecond), resident>>20, server.requests.Load(), server.connections.Load(), len(body.data)/podsEach)
			if ended.code != 0 || lines != many*podsEach+1 {
				t.Errorf("%d lines, want %d: %s", lines, many*podsEach+1, ended)
			}
			if resident >= maxResident {
				t.Errorf("%d MB were resident, want less than %d", resident>>20, maxResident>>20)
			}
			if requests, connections := server.requests.Load(), server.connections.Load(); requests != many || connections != many {
				t.Errorf("%d requests on %d connections, want %d on as many", requests, connections, many)
			}
			rows := body.data[max(bytes.Index(body.data, []byte(`"rows":`)), 0):] // or all of it, compressed
			if len(rows) > test.perPod*podsEach {
				t.Errorf("%d bytes for each pod, want %d at most", len(rows)/podsEach, test.perPod)
			}
		})
	}
}

// pods makes so many run in the first member, and waits until they do.
func (s *stage) pods(count int) {
	s.t.Helper()
	labels := object{"app": "web", "stage": s.namespace}
	s.createIn("kurator-member1", deployments, object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": "web"},
		"spec": object{
			"replicas": count, "selector": object{"matchLabels": labels},
			"template": object{"metadata": object{"labels": labels}, "spec": object{"containers": []any{object{"name": "web", "image": "web:1"}}}},
		},
	})
	of := s.clusters["kurator-member1"].Resource(deployments).Namespace(s.namespace)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		found, err := of.Get(context.Background(), "web", metav1.GetOptions{})
		if err != nil {
			s.t.Fatal(err)
		}
		if ready, _, _ := unstructured.NestedInt64(found.Object, "status", "readyReplicas"); ready == int64(count) {
			return
		}
	}
	s.t.Fatal("the pods did not come to run")
}

// answer is what an API server answered, as it came.
type answer struct {
	path   string
	header http.Header
	data   []byte
	// uid, if there is one, is of what each of several members has another one.
	uid string
}

// tableOf asks the first member for a table.
func tableOf(t *testing.T, path string) answer {
	t.Helper()
	return answerOf(t, path, "application/json;as=Table;v=v1;g=meta.k8s.io")
}

// answerOf asks the first member.
func answerOf(t *testing.T, path, accept string) answer {
	t.Helper()
	config := labConfig(t, "kurator-member1")
	config.DisableCompression = true // we undo it by ourselves, which is never
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, config.Host+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	return answer{path: path, header: response.Header, data: data}
}

// herd is one server on many addresses.
type herd struct {
	addresses             []string
	certificate           []byte
	current               atomic.Pointer[answer]
	requests, connections atomic.Int64
}

func newHerd(t *testing.T, many int) *herd {
	t.Helper()
	h := &herd{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := h.current.Load()
		h.requests.Add(1)
		if r.URL.String() != answer.path {
			t.Errorf("unexpected request: %s, want %s", r.URL, answer.path)
			http.Error(w, "", http.StatusTeapot)
			return
		}
		for _, name := range []string{"Content-Type", "Content-Encoding"} {
			if value := answer.header.Get(name); value != "" {
				w.Header().Set(name, value)
			}
		}
		_, _ = w.Write(answer.data)
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			h.connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	h.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for range many {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		h.addresses = append(h.addresses, "https://"+listener.Addr().String())
		go func() { _ = server.Config.Serve(tls.NewListener(listener, server.TLS)) }()
	}
	return h
}

func (h *herd) answer(with answer) {
	h.current.Store(&with)
	h.requests.Store(0)
	h.connections.Store(0)
}

// herd makes a fleet of the server's addresses on the host.
func (s *stage) herd(h *herd) {
	s.t.Helper()
	config := labConfig(s.t, "host")
	host, err := dynamic.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	create := func(kind, name string, content object) error {
		content["metadata"] = object{"name": name, "labels": h.labels(name)}
		resource := attached
		if kind == "Secret" {
			resource = secrets
		}
		_, err := host.Resource(resource).Namespace(s.namespace).Create(context.Background(), &unstructured.Unstructured{Object: content}, metav1.CreateOptions{})
		return err
	}
	var creates errgroup.Group
	creates.SetLimit(32)
	var references []any
	for i, address := range h.addresses {
		name := fmt.Sprintf("member-%04d", i)
		references = append(references, object{"kind": "AttachedCluster", "name": name})
		creates.Go(func() error {
			return create("Secret", name, object{
				"apiVersion": "v1", "kind": "Secret", "data": object{"value": base(kubeconfigFor(address, h.certificate, nil, nil))},
			})
		})
		creates.Go(func() error {
			return create("AttachedCluster", name, object{
				"apiVersion": "cluster.kurator.dev/v1alpha1", "kind": "AttachedCluster",
				"spec": object{"kubeconfig": object{"name": name, "key": "value"}},
			})
		})
	}
	if err := creates.Wait(); err != nil {
		s.t.Fatal(err)
	}
	s.create(fleets, object{
		"apiVersion": "fleet.kurator.dev/v1alpha1", "kind": "Fleet", "metadata": object{"name": "herd"},
		"spec": object{"clusters": references},
	})
}

// labels are those of a member: whether it is of those of a swarm that are dark.
func (h *herd) labels(name string) object {
	if strings.HasSuffix(name, "0") || strings.HasSuffix(name, "5") {
		return object{"dark": "yes"}
	}
	return object{"dark": "no"}
}

// measure runs the plugin on the host itself, and returns how many lines it
// printed and how much memory it had resident at most, in bytes.
func (s *stage) measure(args ...string) (lines int, did ended, resident int64) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, append(args, "-n", s.namespace, "--fleet-namespace", s.namespace,
		"--kubeconfig", filepath.Join(os.Getenv("LAB"), "host.fleetapp.kubeconfig"))...)
	var stderr strings.Builder
	counter := &lineCounter{}
	cmd.Stdout, cmd.Stderr = counter, &stderr
	began := time.Now()
	peak := s.resident(cmd, func() {})
	return counter.lines, ended{code: cmd.ProcessState.ExitCode(), stderr: fmt.Sprintf("%.1000s", stderr.String()), took: time.Since(began)}, peak
}

type lineCounter struct{ lines int }

func (c *lineCounter) Write(data []byte) (int, error) {
	c.lines += strings.Count(string(data), "\n")
	return len(data), nil
}
