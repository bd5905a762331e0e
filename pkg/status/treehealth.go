package status

import (
	"encoding/json"
	"fmt"
	"slices"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// shape is as much of an object as is looked at beside what kstatus does. What
// does not have this shape is no Kubernetes object.
type shape struct {
	Kind     string `json:"kind"`
	Metadata struct {
		UID               types.UID `json:"uid"`
		Generation        int64     `json:"generation"`
		DeletionTimestamp *string   `json:"deletionTimestamp"`
	} `json:"metadata"`
}

// work is as much of a workload as is looked at.
type work struct {
	Spec struct {
		Replicas    *int64                `json:"replicas"`
		Completions *int64                `json:"completions"`
		Selector    *metav1.LabelSelector `json:"selector"`
		Template    podTemplate           `json:"template"`
		JobTemplate struct {
			Spec struct {
				Template podTemplate `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
	Status struct {
		ReadyReplicas          int64           `json:"readyReplicas"`
		NumberReady            int64           `json:"numberReady"`
		DesiredNumberScheduled int64           `json:"desiredNumberScheduled"`
		Succeeded              int64           `json:"succeeded"`
		Active                 json.RawMessage `json:"active"` // a number of a Job's, Jobs of a CronJob's
	} `json:"status"`
}

type podTemplate struct {
	Spec struct {
		InitContainers []container `json:"initContainers"`
		Containers     []container `json:"containers"`
	} `json:"spec"`
}

// judge fills in what kstatus says of an object, which is of a workload also
// what is counted and where its pods are.
func (n *Node) judge(data []byte) podsOf {
	var has shape
	if err := json.Unmarshal(data, &has); err != nil {
		n.fail(reason.Errorf(reason.Failed, "its answer is no object: %w", err))
		return podsOf{}
	}
	if has.Kind != n.Kind && has.Kind != "PartialObjectMetadata" {
		n.fail(reason.Errorf(reason.Failed, "its answer is a %.100q", has.Kind))
		return podsOf{}
	}
	n.compute(data)
	if !n.IsWorkload() || n.Err != nil {
		return podsOf{}
	}
	var of work
	if err := json.Unmarshal(data, &of); err != nil {
		n.fail(reason.Errorf(reason.Failed, "its answer is no such object: %w", err))
		return podsOf{}
	}
	n.Ready = of.ready(n.Kind)
	n.Images = of.images()
	return of.pods(n.Kind, has.Metadata.UID)
}

// compute asks kstatus. Its rules are chosen by what the object is, whatever it
// calls itself.
func (n *Node) compute(data []byte) {
	var object map[string]any
	err := utiljson.Unmarshal(data, &object)
	if err == nil && object == nil {
		err = reason.Errorf(reason.Failed, "it is empty")
	}
	if err != nil {
		n.fail(reason.Errorf(reason.Failed, "its answer is no object: %w", err))
		return
	}
	object["apiVersion"], object["kind"] = n.Version, n.Kind
	if n.Group != "" {
		object["apiVersion"] = n.Group + "/" + n.Version
	}
	if n.Group == "" && n.Kind == "Pod" {
		err = wellFormed(object, data)
	}
	if err != nil {
		n.fail(reason.Errorf(reason.Failed, "its answer is no such object: %w", err))
		return
	}
	result, err := kstatus.Compute(&unstructured.Unstructured{Object: object})
	if err != nil {
		n.fail(reason.Errorf(reason.Failed, "its health cannot be told: %w", err))
		return
	}
	n.Health = string(result.Status)
	switch result.Status {
	case kstatus.CurrentStatus:
		n.Level = Fine
		return
	case kstatus.InProgressStatus, kstatus.TerminatingStatus:
		n.Level = Working
	default:
		n.Level = Bad
	}
	n.Message = text(result.Message, maxMessage)
	for _, condition := range result.Conditions {
		n.Reason = text(condition.Reason, maxReason)
	}
}

// wellFormed gives a pod the only part of its containers' states that kstatus
// looks at, and takes for granted to be of the right types.
func wellFormed(pod map[string]any, data []byte) error {
	var of struct {
		Status struct {
			ContainerStatuses []struct {
				Name  string `json:"name"`
				State struct {
					Waiting struct {
						Reason string `json:"reason"`
					} `json:"waiting"`
				} `json:"state"`
			} `json:"containerStatuses"`
		} `json:"status"`
	}
	if err := json.Unmarshal(data, &of); err != nil {
		return err
	}
	unstructured.RemoveNestedField(pod, "status", "containerStatuses")
	var states []any
	for _, container := range of.Status.ContainerStatuses {
		waiting := map[string]any{"reason": container.State.Waiting.Reason}
		states = append(states, map[string]any{"name": container.Name, "state": map[string]any{"waiting": waiting}})
	}
	if len(states) == 0 {
		return nil
	}
	return unstructured.SetNestedSlice(pod, states, "status", "containerStatuses")
}

// absent says that there is no such object.
func (n *Node) absent(message string) {
	n.Level, n.Health, n.Message = Bad, string(kstatus.NotFoundStatus), message
}

// notServed says that there can be no such object.
func (n *Node) notServed() {
	n.absent(text(fmt.Sprintf("the cluster does not serve the kind %s of %s/%s", n.Kind, n.Group, n.Version), maxMessage))
}

// ready is how many are ready of those that are wanted, as kubectl's tables
// have it; empty where nothing is counted.
func (w *work) ready(kind string) string {
	ready, wanted := w.Status.ReadyReplicas, int64(1)
	switch kind {
	case "CronJob":
		return ""
	case "DaemonSet":
		ready, wanted = w.Status.NumberReady, w.Status.DesiredNumberScheduled
	case "Job":
		ready = w.Status.Succeeded
		if w.Spec.Completions != nil {
			wanted = *w.Spec.Completions
		}
	default:
		if w.Spec.Replicas != nil {
			wanted = *w.Spec.Replicas
		}
	}
	return fmt.Sprintf("%d/%d", ready, wanted)
}

// images are those of the containers, each once, in their order.
func (w *work) images() []string {
	var images []string
	for _, template := range []podTemplate{w.Spec.Template, w.Spec.JobTemplate.Spec.Template} {
		for _, container := range slices.Concat(template.Spec.InitContainers, template.Spec.Containers) {
			image := text(container.Image, maxImage)
			if image != "" && !slices.Contains(images, image) && len(images) < maxImages {
				images = append(images, image)
			}
		}
	}
	return images
}
