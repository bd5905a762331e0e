package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// decent is a member that behaves: as much of an API server as the plugin asks
// for. What is hostile in others is put on top of it.
type decent struct {
	mutex   sync.Mutex // guards objects
	objects map[string]object
}

// kubernetes is what a decent member answers, by path, whatever is done to it.
func (d *decent) kubernetes(path string) any {
	group := func(name, version string) object {
		has := object{"groupVersion": name + "/" + version, "version": version}
		return object{"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": []any{has}, "preferredVersion": has}
	}
	resources := func(version string, names ...string) object {
		var list []any
		for _, name := range names {
			plural, kind, _ := strings.Cut(name, " ")
			list = append(list, object{"name": plural, "kind": kind, "namespaced": true, "verbs": []any{"get", "list", "patch", "delete", "watch"}})
		}
		return object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list}
	}
	switch path {
	case "/version":
		return object{"gitVersion": "v1.36.0", "major": "1", "minor": "36"}
	case "/apis/source.toolkit.fluxcd.io":
		return group("source.toolkit.fluxcd.io", "v1")
	case "/apis/kustomize.toolkit.fluxcd.io":
		return group("kustomize.toolkit.fluxcd.io", "v1")
	case "/apis/helm.toolkit.fluxcd.io":
		return group("helm.toolkit.fluxcd.io", "v2")
	case "/apis/source.toolkit.fluxcd.io/v1":
		return resources("source.toolkit.fluxcd.io/v1", "gitrepositories GitRepository", "helmrepositories HelmRepository", "ocirepositories OCIRepository", "helmcharts HelmChart")
	case "/apis/kustomize.toolkit.fluxcd.io/v1":
		return resources("kustomize.toolkit.fluxcd.io/v1", "kustomizations Kustomization")
	case "/apis/helm.toolkit.fluxcd.io/v2":
		return resources("helm.toolkit.fluxcd.io/v2", "helmreleases HelmRelease")
	case "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
		return object{"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "status": object{"allowed": true}}
	case "/apis/authentication.k8s.io/v1/selfsubjectreviews":
		return object{"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "status": object{"userInfo": object{"username": "somebody"}}}
	case "/apis/apps/v1/deployments", "/apis/apps/v1/namespaces/flux-system/deployments":
		return object{"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": object{}, "items": []any{workload("flux-system", "source-controller")}}
	case "/apis/apps/v1/daemonsets", "/apis/apps/v1/statefulsets":
		return object{"kind": "List", "apiVersion": "v1", "metadata": object{}, "items": []any{}}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch last := parts[len(parts)-1]; {
	case len(parts) == 4 && parts[2] == "namespaces":
		return object{"kind": "Namespace", "apiVersion": "v1", "metadata": object{"name": last, "uid": "uid-of-" + last}}
	case last == "web" && parts[len(parts)-2] == "deployments":
		return workload(parts[4], "web")
	}
	return nil
}

func workload(namespace, name string) object {
	labels := object{"app": "web", "app.kubernetes.io/part-of": "flux", "app.kubernetes.io/component": name, "app.kubernetes.io/version": "v2.9.0"}
	containers := []any{object{"name": "manager", "image": "example.com/" + name + ":v1.9.0"}}
	return object{
		"kind": "Deployment", "apiVersion": "apps/v1",
		"metadata": object{"name": name, "namespace": namespace, "uid": "uid-of-" + name, "generation": 1, "labels": labels},
		"spec":     object{"replicas": 1, "selector": object{"matchLabels": object{"app": "web"}}, "template": object{"metadata": object{"labels": labels}, "spec": object{"containers": containers}}},
		"status":   object{"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "conditions": []any{object{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "it runs"}}},
	}
}

// pods are those of a decent member, as they are asked for.
func pods(r *http.Request) any {
	metadata := object{
		"name": "web-1-a", "namespace": "x", "uid": "uid-of-pod", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z",
		"labels":          object{"app": "web", "pod-template-hash": "1"},
		"ownerReferences": []any{object{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "uid-of-set", "controller": true}},
	}
	if !strings.Contains(r.Header.Get("Accept"), "as=Table") {
		return object{"kind": "PodList", "apiVersion": "v1", "metadata": object{"resourceVersion": "8"}, "items": []any{object{
			"metadata": metadata, "spec": object{"containers": []any{object{"name": "web", "image": "web:1"}}}, "status": object{"phase": "Running"},
		}}}
	}
	columns := []any{}
	for _, name := range []string{"Name", "Ready", "Status", "Restarts", "Age"} {
		format := ""
		if name == "Name" {
			format = "name"
		}
		columns = append(columns, object{"name": name, "type": "string", "format": format, "description": name + " of it", "priority": 0})
	}
	return object{
		"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": object{"resourceVersion": "8"}, "columnDefinitions": columns,
		"rows": []any{object{
			"cells": []any{"web-1-a", "1/1", "Running", 0, "3d"}, "object": object{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata},
		}},
	}
}

// answer is what the member answers, and with which status.
func (d *decent) answer(r *http.Request) (int, any) {
	path := r.URL.Path
	if is := d.kubernetes(path); is != nil {
		return http.StatusOK, is
	}
	if strings.HasSuffix(path, "/pods") {
		return http.StatusOK, pods(r)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	switch r.Method {
	case http.MethodPatch:
		d.objects[path] = made(path)
		return http.StatusCreated, d.objects[path]
	case http.MethodDelete:
		delete(d.objects, path)
		return http.StatusOK, object{"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": object{}}
	}
	if is := d.objects[path]; is != nil {
		return http.StatusOK, is
	}
	return http.StatusNotFound, statusOf(http.StatusNotFound, "NotFound", "it is not there")
}

func statusOf(code int, reason, message string) object {
	return object{"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Failure", "code": code, "reason": reason, "message": message}
}

// made is one of Flux's objects, ready, as of the path that it was applied to.
func made(path string) object {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	name, kind := parts[len(parts)-1], parts[len(parts)-2]
	return object{
		"kind": map[string]string{"gitrepositories": "GitRepository", "kustomizations": "Kustomization"}[kind], "apiVersion": parts[1] + "/" + parts[2],
		"metadata": object{"name": name, "namespace": parts[4], "uid": "uid-of-" + name, "generation": 1, "resourceVersion": "5", "creationTimestamp": "2026-01-01T00:00:00Z"},
		"spec":     object{"interval": "10m"},
		"status": object{
			"observedGeneration": 1, "lastAppliedRevision": "main@sha1:abc", "lastAttemptedRevision": "main@sha1:abc", "artifact": object{"revision": "main@sha1:abc"},
			"conditions": []any{object{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "Applied revision", "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z"}},
			"inventory":  object{"entries": []any{object{"id": parts[4] + "_web_apps_Deployment", "v": "v1"}}},
		},
	}
}

func (d *decent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	status, is := d.answer(r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.URL.Query().Get("watch") == "true" {
		_, _ = flushed{w}.Write(nil)
		<-r.Context().Done()
		return
	}
	_ = json.NewEncoder(w).Encode(is)
}

// listens makes a TLS server of 127.0.0.1 for each handler, and returns their
// addresses and their authority.
func listens(t *testing.T, handlers ...http.Handler) (addresses []string, certificate []byte) {
	t.Helper()
	for _, handler := range handlers {
		server := httptest.NewUnstartedServer(handler)
		server.EnableHTTP2 = true
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
		})
		addresses = append(addresses, server.URL)
		certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	}
	return addresses, certificate
}

// raw is a TLS server that speaks as it likes, over the protocol that was agreed
// upon.
func raw(t *testing.T, protocol string, certificate tls.Certificate, speak func(net.Conn)) (address string) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{protocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	accept(listener, speak)
	return "https://" + listener.Addr().String()
}

func accept(listener net.Listener, speak func(net.Conn)) {
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				speak(connection)
			}()
		}
	}()
}

// stranger is a certificate that nobody trusts.
func stranger(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
}
