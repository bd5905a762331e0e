package status

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// maxPods is how many pods of one workload are asked for.
	maxPods = 500
	// maxJobs is of how many of a CronJob's running Jobs.
	maxJobs = 50
	maxCell = 100

	acceptTable = "application/json;as=Table;v=v1;g=meta.k8s.io"

	// jobLabel is on the pods of a Job: the Job's UID. Source: "Labels" of
	// Kubernetes' documentation of Jobs.
	jobLabel     = "batch.kubernetes.io/controller-uid"
	templateHash = "pod-template-hash"
)

// podsOf says which pods are a workload's: among those that a selector selects,
// the ones that it owns.
type podsOf struct {
	selector string // empty where there are none
	owners   []types.UID
	// replicaSets tells that not the workload itself owns them, but its
	// ReplicaSets, which are called <workload>-<pod-template-hash>.
	replicaSets bool
}

// pods says which pods are those of a workload of this kind.
func (w *work) pods(kind string, uid types.UID) podsOf {
	if kind == "CronJob" {
		return podsOfJobs(w.Status.Active)
	}
	selector, err := metav1.LabelSelectorAsSelector(w.Spec.Selector)
	if err != nil || selector.Empty() {
		return podsOf{}
	}
	return podsOf{selector: selector.String(), owners: []types.UID{uid}, replicaSets: kind == "Deployment"}
}

// podsOfJobs are those of the Jobs that a CronJob runs now.
func podsOfJobs(active json.RawMessage) podsOf {
	var jobs []struct {
		UID types.UID `json:"uid"`
	}
	if err := json.Unmarshal(active, &jobs); err != nil || len(jobs) == 0 {
		return podsOf{}
	}
	var of podsOf
	var values []string
	for _, job := range jobs[:min(len(jobs), maxJobs)] {
		of.owners = append(of.owners, job.UID)
		values = append(values, string(job.UID))
	}
	running, err := labels.NewRequirement(jobLabel, selection.In, values)
	if err != nil { // no UIDs
		return podsOf{}
	}
	of.selector = running.String()
	return of
}

// readPods adds their pods to workloads, side by side.
func (r *reader) readPods(ctx context.Context, workloads []applied) {
	workloads = slices.DeleteFunc(workloads, func(w applied) bool { return w.selector == "" })
	for result := range fanout.Run(ctx, fanout.Options{Limit: parallel}, workloads, r.pods) {
		node := result.Item.Node
		if result.Err != nil {
			node.Notes, node.Gaps = append(node.Notes, note("its pods cannot be listed", result.Err)), append(node.Gaps, result.Err)
			continue
		}
		node.Children = result.Value.rowsOf(result.Item)
		if result.Value.Metadata.Continue != "" {
			node.Notes = append(node.Notes, fmt.Sprintf("it has more pods than the %d that are looked at", maxPods))
		}
	}
}

// table is the API server's own table of pods: what kubectl shows.
type table struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	ColumnDefinitions []struct {
		Name string `json:"name"`
	} `json:"columnDefinitions"`
	Rows []row `json:"rows"`
}

type row struct {
	Cells  []any `json:"cells"`
	Object struct {
		Metadata struct {
			Name            string            `json:"name"`
			Labels          map[string]string `json:"labels"`
			OwnerReferences []struct {
				Kind       string    `json:"kind"`
				Name       string    `json:"name"`
				UID        types.UID `json:"uid"`
				Controller bool      `json:"controller"`
			} `json:"ownerReferences"`
		} `json:"metadata"`
	} `json:"object"`
}

func (r *reader) pods(ctx context.Context, of applied) (*table, error) {
	data, err := r.get(ctx, acceptTable, []string{"api", "v1", "namespaces", of.Namespace, "pods"},
		map[string]string{"labelSelector": of.selector, "limit": strconv.Itoa(maxPods)})
	if err != nil {
		return nil, err
	}
	var pods table
	if err := json.Unmarshal(data, &pods); err != nil || pods.Kind != "Table" {
		return nil, reason.Errorf(reason.Failed, "its answer is no table of pods")
	}
	return &pods, nil
}

// rowsOf are the nodes of the pods that the workload owns.
func (t *table) rowsOf(of applied) []Node {
	var nodes []Node
	for _, row := range t.Rows[:min(len(t.Rows), maxPods)] {
		if !of.owns(row) {
			continue
		}
		pod := Node{
			Identity: plan.Identity{Version: "v1", Resource: "pods", Kind: "Pod", Namespace: of.Namespace, Name: text(row.Object.Metadata.Name, maxCell)},
			Health:   t.cell(row, "Status"), Ready: t.cell(row, "Ready"), Restarts: t.cell(row, "Restarts"),
		}
		if pod.Restarts == "0" {
			pod.Restarts = ""
		}
		pod.Level = levelOfPod(pod.Health, pod.Ready)
		nodes = append(nodes, pod)
	}
	return nodes
}

func (t *table) cell(of row, column string) string {
	for i, definition := range t.ColumnDefinitions {
		if definition.Name == column && i < len(of.Cells) {
			switch cell := of.Cells[i].(type) {
			case string:
				return text(cell, maxCell)
			case float64:
				return strconv.FormatFloat(cell, 'f', -1, 64)
			}
		}
	}
	return ""
}

func (p podsOf) ownsBy(uid types.UID) bool { return uid != "" && slices.Contains(p.owners, uid) }

// owns tells a pod of the workload's from one that only looks so.
func (w applied) owns(pod row) bool {
	for _, owner := range pod.Object.Metadata.OwnerReferences {
		switch {
		case !owner.Controller:
		case w.replicaSets:
			return owner.Kind == "ReplicaSet" && owner.Name == w.Name+"-"+pod.Object.Metadata.Labels[templateHash]
		default:
			return w.ownsBy(owner.UID)
		}
	}
	return false
}

// levelOfPod judges kubectl's word for a pod.
func levelOfPod(health, ready string) Level {
	has, of, _ := strings.Cut(ready, "/")
	switch {
	case health == "Completed", health == "Running" && has == of && has != "":
		return Fine
	case health == "":
		return Unseen
	case slices.Contains([]string{"Running", "Pending", "ContainerCreating", "PodInitializing", "SchedulingGated", "Terminating", "NotReady"}, health),
		isInitializing(health):
		return Working
	}
	return Bad
}

// isInitializing tells Init:0/2 from Init:Error.
func isInitializing(health string) bool {
	progress, ok := strings.CutPrefix(health, "Init:")
	return ok && strings.Contains(progress, "/") && strings.Trim(progress, "0123456789/") == ""
}
