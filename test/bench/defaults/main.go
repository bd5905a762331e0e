// Command defaults does what a program does that is written with client-go the
// way its examples are: for each member a kubeconfig, discovery and a dynamic
// client, with the limits on requests that a configuration has by default.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

func main() {
	if err := run(context.Background(), os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "defaults:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, script io.Reader) error {
	var do bench.Script
	if err := json.NewDecoder(script).Decode(&do); err != nil {
		return err
	}
	host, err := kubernetes.NewForConfig(&rest.Config{Host: do.Host.URL, TLSClientConfig: rest.TLSClientConfig{
		CAData: do.Host.CA, CertData: do.Host.Certificate, KeyData: do.Host.Key,
	}})
	if err != nil {
		return err
	}
	var members errgroup.Group
	members.SetLimit(do.Parallel)
	for _, server := range do.Members {
		members.Go(func() error { return apply(ctx, host, server, do.Requests) })
	}
	return members.Wait()
}

// apply applies the objects of the requests to a member.
func apply(ctx context.Context, host kubernetes.Interface, server bench.Server, requests []bench.Request) error {
	namespace := strings.Split(server.Secret, "/")[4]
	secret, err := host.CoreV1().Secrets(namespace).Get(ctx, path.Base(server.Secret), metav1.GetOptions{})
	if err != nil {
		return err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(secret.Data["value"])
	if err != nil {
		return err
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	resources, err := restmapper.GetAPIGroupResources(found)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(resources)
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, request := range requests {
		if len(request.Body) == 0 {
			continue
		}
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal(request.Body, object); err != nil {
			return err
		}
		kind := object.GroupVersionKind()
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			return err
		}
		into := dynamic.ResourceInterface(client.Resource(mapping.Resource))
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			into = client.Resource(mapping.Resource).Namespace(object.GetNamespace())
		}
		object.SetResourceVersion("")
		if _, err := into.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "defaults", Force: true}); err != nil {
			return err
		}
	}
	return nil
}
