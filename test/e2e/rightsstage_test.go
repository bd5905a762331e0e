package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// watchFor is how long a command runs that would not end by itself.
const watchFor = 10 * time.Second

const (
	gitSource  = `gitRepository: {interval: 10m, url: "https://127.0.0.1:1/nothing"}`
	chart      = "helm: {interval: 10m, chart: {spec: {chart: nothing}}}"
	manifestOf = `apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata: {name: %s}
spec:
  source: {%s}
  destination: {fleet: all, clusterSelector: {matchLabels: {ring: "1"}}}
  syncPolicies: [{%s}]
`
)

// noNamespace is a stage with applications for the first member, which lacks the
// namespace.
func noNamespace(s *stage) {
	const kustomization = "kustomization: {interval: 10m, path: ./nothing, prune: true"
	for name, spec := range map[string][2]string{
		"git":  {gitSource, kustomization + "}"},
		"helm": {`helmRepository: {interval: 10m, url: "https://127.0.0.1:1/nothing"}`, chart},
		"oci":  {`ociRepository: {interval: 10m, url: "oci://127.0.0.1:1/nothing"}`, kustomization + "}"},
		"refs": {
			strings.Replace(gitSource, "}", ", secretRef: {name: wanted}}", 1),
			kustomization + ", postBuild: {substituteFrom: [{kind: ConfigMap, name: wanted}]}}",
		},
	} {
		s.write(name+".yaml", fmt.Sprintf(manifestOf, name, spec[0], spec[1]))
	}
	s.create(configMaps, object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "wanted"}, "data": object{"a": "b"}})
	s.create(secrets, object{"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": "wanted"}, "data": object{}})
}

// ready is one where there is the namespace, and on the host one of the
// applications.
func ready(s *stage) {
	noNamespace(s)
	s.createIn(members[0], namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
	s.create(applications, object{
		"apiVersion": "apps.kurator.dev/v1alpha1", "kind": "Application", "metadata": object{"name": "git"},
		"spec": object{
			"source":       object{"gitRepository": object{"interval": "10m", "url": "https://127.0.0.1:1/nothing"}},
			"destination":  object{"fleet": "all"},
			"syncPolicies": []any{object{"kustomization": object{"interval": "10m", "path": "./nothing", "prune": true}}},
		},
	})
}

// does runs a command of a scene; its files are the stage's.
func (s *stage) does(step missing, without right) ended {
	args := strings.Fields(step.command)
	for i, arg := range args {
		if strings.HasSuffix(arg, ".yaml") {
			args[i] = filepath.Join(s.dir, arg)
		}
	}
	if args[0] == "get" {
		args = append(args, "--fleet-namespace", s.namespace)
	}
	meanwhile := func() {}
	if step.before != nil {
		meanwhile = step.before(s, without)
	}
	return s.runs(func(process *os.Process) {
		if strings.Contains(step.command, " -w") {
			time.AfterFunc(watchFor, func() { _ = process.Kill() })
		}
		meanwhile()
	}, args...)
}

// late is what Flux applied for a Kustomization, by the resource.
func (s *stage) late() map[schema.GroupVersionResource]object {
	const rbac = "rbac.authorization.k8s.io"
	labels := object{"app": "late"}
	container := object{"name": "late", "image": "late:1"}
	return map[schema.GroupVersionResource]object{
		namespaces: {"kind": "Namespace"},
		{Version: "v1", Resource: "serviceaccounts"}: {"kind": "ServiceAccount"},
		services: {"kind": "Service", "spec": object{"ports": []any{object{"port": 80}}}},
		deployments: {"kind": "Deployment", "spec": object{
			"replicas": 0, "selector": object{"matchLabels": labels},
			"template": object{"metadata": object{"labels": labels}, "spec": object{"containers": []any{container}}},
		}},
		{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}: {"kind": "HorizontalPodAutoscaler", "spec": object{
			"maxReplicas": 1, "scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "late"},
		}},
		{Group: rbac, Version: "v1", Resource: "roles"}: {"kind": "Role"},
		{Group: rbac, Version: "v1", Resource: "rolebindings"}: {"kind": "RoleBinding", "roleRef": object{
			"apiGroup": rbac, "kind": "Role", "name": "late",
		}},
	}
}

// appliedLate makes what Flux applies, and says that it applied, only after the
// deletion of its Kustomization has begun, which then leaves it behind.
func (s *stage) appliedLate(without right) func() {
	var entries []any
	for of, content := range s.late() {
		if without.role != "" && without.rule.Resources[0] != of.Resource {
			continue
		}
		name, in := "late", s.namespace
		if of == namespaces {
			name, in = s.namespace+"-late", ""
			s.t.Cleanup(func() {
				_ = s.clusters[members[0]].Resource(of).Delete(context.Background(), name, metav1.DeleteOptions{}) // it should be gone
			})
		}
		content["apiVersion"] = of.GroupVersion().String()
		content["metadata"] = object{"name": name, "labels": object{
			"kustomize.toolkit.fluxcd.io/name": "git-0", "kustomize.toolkit.fluxcd.io/namespace": s.namespace,
		}}
		s.createIn(members[0], of, content)
		entries = append(entries, object{"id": fmt.Sprintf("%s_%s_%s_%s", in, name, of.Group, content["kind"]), "v": of.Version})
	}
	s.until(kustomizations, "git-0", func(found *unstructured.Unstructured) bool { return len(found.GetFinalizers()) > 0 })
	s.patch(types.JSONPatchType, []any{object{"op": "add", "path": "/metadata/finalizers/-", "value": "e2e/late"}})
	return func() {
		s.until(kustomizations, "git-0", func(found *unstructured.Unstructured) bool { // Flux has let go of it
			return found.GetDeletionTimestamp() != nil && len(found.GetFinalizers()) == 1
		})
		s.patch(types.MergePatchType, object{"status": object{"inventory": object{"entries": entries}}}, "status")
		s.patch(types.MergePatchType, object{"metadata": object{"finalizers": nil}})
	}
}

func (s *stage) patch(how types.PatchType, with any, subresources ...string) {
	s.t.Helper()
	data, err := json.Marshal(with)
	if err == nil {
		_, err = s.clusters[members[0]].Resource(kustomizations).Namespace(s.namespace).
			Patch(context.Background(), "git-0", how, data, metav1.PatchOptions{}, subresources...)
	}
	if err != nil {
		s.t.Error(err)
	}
}

// chartIsMade waits until Flux has made a chart for the HelmRelease.
func (s *stage) chartIsMade(right) func() {
	s.until(helmCharts, s.namespace+"-helm-0", func(*unstructured.Unstructured) bool { return true })
	return func() {}
}

// until waits until an object in the first member is there, and as wanted.
func (s *stage) until(resource schema.GroupVersionResource, name string, isSo func(*unstructured.Unstructured) bool) {
	s.t.Helper()
	of := s.clusters[members[0]].Resource(resource).Namespace(s.namespace)
	var last any
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		found, err := of.Get(context.Background(), name, metav1.GetOptions{})
		if err == nil && isSo(found) {
			return
		}
		if last = found; err != nil {
			last = err
		}
	}
	s.t.Errorf("%s %q does not come to what was waited for: %v", resource.Resource, name, last)
}
