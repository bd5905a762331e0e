package e2e

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// record reads the inventory; nil if there is none.
func (s *stage) record() (*fault.Record, error) {
	secret, err := s.clusters["host"].Resource(secrets).Namespace(s.namespace).Get(context.Background(), "fleetapp.v1.app", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, _, err := unstructured.NestedString(secret.Object, "data", "record")
	if err != nil {
		return nil, err
	}
	return fault.ReadRecord(text)
}

// present is what is in the clusters, "member Kind/name" to the object.
func (s *stage) present() (map[string]unstructured.Unstructured, error) {
	var (
		reads errgroup.Group
		mutex sync.Mutex
	)
	all := map[string]unstructured.Unstructured{}
	for cluster, client := range s.clusters {
		for _, resource := range append(s.flux(cluster), secrets) {
			reads.Go(func() error {
				list, err := client.Resource(resource).Namespace(s.namespace).List(context.Background(),
					metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=kubectl-fleetapp,apps.kurator.dev/app-name=app"})
				if err != nil {
					return err
				}
				mutex.Lock()
				defer mutex.Unlock()
				for _, item := range list.Items {
					if !strings.HasPrefix(item.GetName(), "fleetapp.v1.") {
						all[fmt.Sprintf("%s %s/%s", cluster, cmp.Or(item.GetKind(), "Secret"), item.GetName())] = item
					}
				}
				return nil
			})
		}
	}
	return all, reads.Wait()
}

// law is broken by an object of ours that the inventory does not list.
func (s *stage) law() error {
	present, err := s.present()
	if err != nil {
		return err
	}
	record, err := s.record()
	if err != nil {
		return err
	}
	listed := record.Listed()
	for _, at := range slices.Sorted(maps.Keys(present)) {
		if _, ok := listed[at]; !ok {
			return fmt.Errorf("%s is there, and not in the inventory, which lists %v", at, slices.Sorted(maps.Keys(listed)))
		}
	}
	return nil
}

// holds checks that the clusters hold exactly what these policies mean, the
// inventory lists exactly that, and no run holds it. None at all means nothing
// anywhere.
func (s *stage) holds(policies ...policy) error {
	want := map[string]string{} // to the path
	for cluster := range s.clusters {
		for _, p := range policies {
			if p.isIn(cluster) {
				want[cluster+" Kustomization/"+p.name] = p.path
				want[cluster+" GitRepository/app"] = ""
			}
			if p.isIn(cluster) && s.credentials != "" {
				want[cluster+" Secret/"+s.credentials] = ""
			}
		}
	}
	record, err := s.record()
	if err != nil {
		return err
	}
	if (record != nil) != (len(want) > 0) || record != nil && record.Run != nil {
		return fmt.Errorf("the inventory is %+v", record)
	}
	present, err := s.present()
	if err != nil {
		return err
	}
	listed := record.Listed()
	if is, should := keys(present), keys(want); is != should || keys(listed) != should {
		return fmt.Errorf("there is\n  %s\nlisted\n  %s\nwanted\n  %s", is, keys(listed), should)
	}
	for at, item := range present {
		path, _, _ := unstructured.NestedString(item.Object, "spec", "path")
		if path != want[at] || string(item.GetUID()) != listed[at] || item.GetDeletionTimestamp() != nil {
			return fmt.Errorf("%s has path %q and UID %s (%v), wanted %q and %s", at, path, item.GetUID(), item.GetDeletionTimestamp(), want[at], listed[at])
		}
	}
	return nil
}

// isIn tells whether a cluster should have the policy's objects.
func (p policy) isIn(cluster string) bool {
	switch {
	case p.onHost || cluster == "host":
		return p.onHost && cluster == "host"
	case p.member != "":
		return cluster == p.member
	}
	return p.ring == "" || p.ring == fmt.Sprint(slices.Index(members[:], cluster)+1)
}

func keys[V any](of map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(of)), ", ")
}
