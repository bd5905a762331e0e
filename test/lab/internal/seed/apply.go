// Package seed puts into a fresh cluster what it needs before it is of use:
// CRDs, a node, and on the host Kurator's objects.
package seed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

// manager is the field manager of all that the lab applies.
const manager = "fleetlab"

// poll is how often a cluster is asked whether something came true.
const poll = 150 * time.Millisecond

// servedWait is how long a kind may take to be served after its CRD is.
const servedWait = 15 * time.Second

// NewClient connects to a cluster without a rate limit.
func NewClient(kubeconfig []byte) (dynamic.Interface, error) {
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return client, nil
}

// Apply applies objects server-side, in their order. A kind that is not yet
// served, as in the moment after its CRD was established, is tried again for
// a while.
func Apply(ctx context.Context, client dynamic.Interface, objects ...*unstructured.Unstructured) error {
	for _, object := range objects {
		err := retryNotFound(ctx, func() error {
			_, err := resource(client, object).Apply(ctx, object.GetName(), object,
				metav1.ApplyOptions{FieldManager: manager, Force: true})
			return err
		})
		if err != nil {
			return fmt.Errorf("apply %s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// retryNotFound repeats what the API server answers with 404.
func retryNotFound(ctx context.Context, try func() error) error {
	for deadline := time.Now().Add(servedWait); ; {
		err := try()
		if !apierrors.IsNotFound(err) || time.Now().After(deadline) {
			return err
		}
		if waitErr := pause(ctx); waitErr != nil {
			return errors.Join(err, waitErr)
		}
	}
}

// resource guesses the resource from the kind; the guess is right for every
// kind that a lab applies, and needs no discovery.
func resource(client dynamic.Interface, object *unstructured.Unstructured) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
	if namespace := object.GetNamespace(); namespace != "" {
		return client.Resource(plural).Namespace(namespace)
	}
	return client.Resource(plural)
}

// Read decodes every object in the YAML files of a folder, in the order of the
// file names; kustomization.yaml is no object.
func Read(dir string) ([]*unstructured.Unstructured, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	slices.Sort(paths)
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		if filepath.Base(path) == "kustomization.yaml" {
			continue
		}
		read, err := readFile(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		objects = append(objects, read...)
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("read %s: no objects in its *.yaml files; run make lab, or name another folder", dir)
	}
	return objects, nil
}

func readFile(path string) ([]*unstructured.Unstructured, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	const lookAhead = 4096
	decoder := yaml.NewYAMLOrJSONDecoder(file, lookAhead)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		// A document of comments only decodes to nothing.
		if len(object.Object) == 0 {
			continue
		}
		if object.GetKind() == "" || object.GetName() == "" {
			return nil, errors.New("a document without kind or metadata.name")
		}
		objects = append(objects, object)
	}
}

// pause waits a moment, or for the end of the context.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(poll):
		return nil
	}
}
