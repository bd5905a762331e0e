package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// secret is as much of a Secret as a record needs.
type secret struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   metadata          `json:"metadata"`
	Type       string            `json:"type"`
	Data       map[string][]byte `json:"data"`
}

type metadata struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace"`
	UID             types.UID         `json:"uid,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	// CreationTimestamp is read, and never sent.
	CreationTimestamp metav1.Time `json:"creationTimestamp,omitzero"`
}

// put writes the record, on the condition that it is still the one that was
// read: PUT with its resourceVersion, or POST where there was none. A
// server-side apply would not do: with a stale resourceVersion onto an absent
// object it creates one.
func (i *Inventory) put(ctx context.Context) error { return i.again(ctx, i.tryPut) }

// again does a write a second time where an earlier write of this run was
// carried out and its answer lost.
func (i *Inventory) again(ctx context.Context, write func(context.Context) error) error {
	err := write(ctx)
	if errors.Is(err, errRaced) && i.stillOurs(ctx) {
		return write(ctx)
	}
	return err
}

// stillOurs reads who holds the record now. Where that is this run, it takes
// over which state of the Secret it has, and what a run that was passed over
// has added to it.
func (i *Inventory) stillOurs(ctx context.Context) bool {
	latest, err := Read(ctx, i.host, i.namespace, i.application, i.now)
	if err != nil {
		return false
	}
	held, ours := latest.record.Run, i.ours
	if held == nil || ours == nil || held.PID != ours.PID || held.Holder != ours.Holder || !held.Started.Equal(ours.Started) {
		return false
	}
	i.uid, i.resourceVersion = latest.uid, latest.resourceVersion
	i.record.adopt(latest.record.Members, i.acknowledged)
	i.acknowledged = latest.acknowledged
	return true
}

func (i *Inventory) tryPut(ctx context.Context) error {
	data, err := encodeToFit(&i.record)
	if err != nil {
		return i.wrap("write", err)
	}
	body, err := json.Marshal(secret{
		APIVersion: "v1", Kind: "Secret", Type: secretType,
		Data: map[string][]byte{secretKey: data},
		Metadata: metadata{
			Name: i.secretName(), Namespace: i.namespace, UID: i.uid, ResourceVersion: i.resourceVersion,
			Labels: map[string]string{plan.AppNameLabel: i.application, plan.ManagedByLabel: plan.ManagedBy},
		},
	})
	if err != nil {
		return i.wrap("write", err)
	}
	request := i.host.Put().AbsPath(i.path()...)
	if i.resourceVersion == "" {
		request = i.host.Post().AbsPath(i.collection()...)
	}
	_, err = i.send(ctx, request.Param("fieldManager", plan.ManagedBy).Body(body))
	if err == nil {
		i.acknowledged = copied(i.record.Members)
	}
	if i.resourceVersion == "" && apierrors.IsNotFound(err) { // the namespace
		return i.wrap("write", err)
	}
	return i.wrap("write", raced(err))
}

// tryRemove deletes the record, on the same condition.
func (i *Inventory) tryRemove(ctx context.Context) error {
	if i.resourceVersion == "" {
		return nil
	}
	body, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:      metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		Preconditions: &metav1.Preconditions{UID: &i.uid, ResourceVersion: &i.resourceVersion},
	})
	if err != nil {
		return i.wrap("delete", err)
	}
	_, err = i.send(ctx, i.host.Delete().AbsPath(i.path()...).Body(body))
	if err == nil || apierrors.IsNotFound(err) {
		i.uid, i.resourceVersion = "", ""
		return nil
	}
	return i.wrap("delete", raced(err))
}

// send does one request and remembers which state of the Secret it saw.
func (i *Inventory) send(ctx context.Context, request *rest.Request) (*secret, error) {
	result := request.Do(ctx)
	if err := result.Error(); err != nil {
		return nil, err
	}
	body, err := result.Raw()
	if err != nil {
		return nil, err
	}
	answer := &secret{}
	if err := json.Unmarshal(body, answer); err != nil {
		return nil, err
	}
	i.uid, i.resourceVersion = answer.Metadata.UID, answer.Metadata.ResourceVersion
	return answer, nil
}

// errRaced is the error of a write to a record that is no longer the one that
// was read.
var errRaced = errors.New("another run has changed it meanwhile: see what that one says, then run the same again")

func raced(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) {
		return errRaced
	}
	return err
}

func (i *Inventory) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the inventory (Secret %s/%s on the host): %w", verb, i.namespace, i.secretName(), err)
}

func (i *Inventory) secretName() string { return secretPrefix + i.application }

func (i *Inventory) collection() []string {
	return []string{"api", "v1", "namespaces", i.namespace, "secrets"}
}

func (i *Inventory) path() []string { return append(i.collection(), i.secretName()) }
