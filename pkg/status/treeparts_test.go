package status

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func TestLevelsOfPods(t *testing.T) {
	for _, test := range []struct {
		health, ready string
		want          Level
	}{
		{"Running", "1/1", Fine}, {"Running", "2/2", Fine}, {"Completed", "0/1", Fine},
		{"Running", "1/2", Working}, {"Running", "", Working}, {"Pending", "0/1", Working}, {"Init:0/2", "0/1", Working},
		{"Terminating", "1/1", Working}, {"ContainerCreating", "0/1", Working}, {"SchedulingGated", "0/1", Working},
		{"CrashLoopBackOff", "0/1", Bad}, {"ImagePullBackOff", "0/1", Bad}, {"Init:Error", "0/1", Bad}, {"Init:CrashLoopBackOff", "0/1", Bad},
		{"Error", "0/1", Bad}, {"OOMKilled", "0/1", Bad}, {"Evicted", "0/1", Bad}, {"anything", "", Bad}, {"", "1/1", Unseen},
	} {
		if got := levelOfPod(test.health, test.ready); got != test.want {
			t.Errorf("%q %q is %s, want %s", test.health, test.ready, got, test.want)
		}
	}
}

func TestWorkloads(t *testing.T) {
	const selector = `"selector": {"matchLabels": {"app": "x"}}`
	for name, test := range map[string]struct {
		kind, object string
		ready, pods  string
	}{
		"Deployment":                {"Deployment", `{"spec": {"replicas": 3, ` + selector + `}, "status": {"readyReplicas": 2}}`, "2/3", "app=x"},
		"one by default":            {"StatefulSet", `{"spec": {` + selector + `}}`, "0/1", "app=x"},
		"none wanted":               {"ReplicaSet", `{"spec": {"replicas": 0, ` + selector + `}}`, "0/0", "app=x"},
		"DaemonSet":                 {"DaemonSet", `{"spec": {` + selector + `}, "status": {"numberReady": 1, "desiredNumberScheduled": 5}}`, "1/5", "app=x"},
		"Job":                       {"Job", `{"spec": {"completions": 4, ` + selector + `}, "status": {"succeeded": 1, "active": 2}}`, "1/4", "app=x"},
		"Job of one":                {"Job", `{"spec": {` + selector + `}, "status": {"succeeded": 1}}`, "1/1", "app=x"},
		"CronJob":                   {"CronJob", `{"status": {"active": [{"uid": "u1"}, {"uid": "u2"}]}}`, "", "batch.kubernetes.io/controller-uid in (u1,u2)"},
		"CronJob that does nothing": {"CronJob", `{}`, "", ""},
		"CronJob of anything":       {"CronJob", `{"status": {"active": [{"uid": "a),(b"}]}}`, "", ""},
		"CronJob of a number":       {"CronJob", `{"status": {"active": 3}}`, "", ""},
		"no selector":               {"Deployment", `{}`, "0/1", ""},
		"selects all":               {"Deployment", `{"spec": {"selector": {}}}`, "0/1", ""},
		"selects anything":          {"Deployment", `{"spec": {"selector": {"matchLabels": {"a,b": "c"}}}}`, "0/1", ""},
	} {
		var of work
		if err := json.Unmarshal([]byte(test.object), &of); err != nil {
			t.Fatal(err)
		}
		if ready, pods := of.ready(test.kind), of.pods(test.kind, "u").selector; ready != test.ready || pods != test.pods {
			t.Errorf("%s: %q of pods %q, want %q of %q", name, ready, pods, test.ready, test.pods)
		}
	}
}

func TestWhoOwnsAPod(t *testing.T) {
	pod := func(kind, name, uid string) row {
		var made row
		text := `{"object": {"metadata": {"labels": {"pod-template-hash": "abc"}, "ownerReferences": [
			{"kind": "X", "uid": "` + uid + `"}, {"kind": "` + kind + `", "name": "` + name + `", "uid": "` + uid + `", "controller": true}]}}}`
		if err := json.Unmarshal([]byte(text), &made); err != nil {
			t.Fatal(err)
		}
		return made
	}
	node := &Node{Identity: plan.Identity{Name: "web"}}
	deployed := applied{node, podsOf{replicaSets: true}}
	direct := applied{node, podsOf{owners: []types.UID{"u"}}}
	for name, test := range map[string]struct {
		of   applied
		pod  row
		want bool
	}{
		"of its ReplicaSet":     {deployed, pod("ReplicaSet", "web-abc", "r"), true},
		"of another one":        {deployed, pod("ReplicaSet", "web-def", "r"), false},
		"of a Job of that name": {deployed, pod("Job", "web-abc", "r"), false},
		"its own":               {direct, pod("StatefulSet", "web", "u"), true},
		"of one of that name":   {direct, pod("StatefulSet", "web", "v"), false},
		"without a UID":         {applied{node, podsOf{owners: []types.UID{""}}}, pod("StatefulSet", "web", ""), false},
		"nobody's":              {direct, row{}, false},
	} {
		if got := test.of.owns(test.pod); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestAnswersTogetherAreBounded(t *testing.T) {
	var left atomic.Int64
	left.Store(15)
	read := func() (string, error) {
		text, err := io.ReadAll(&metered{from: strings.NewReader("1234567890"), left: 10, all: &left})
		return string(text), err
	}
	if text, err := read(); text != "1234567890" || err != nil {
		t.Errorf("the first: %q, %v", text, err)
	}
	if text, err := read(); text != "" || err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("the second: %q, %v", text, err)
	}
}

func TestWorkloadsFirst(t *testing.T) {
	nodes := []Node{
		{Identity: plan.Identity{Kind: "Service"}}, {Identity: plan.Identity{Group: "apps", Kind: "Deployment"}},
		{Identity: plan.Identity{Group: "example.com", Kind: "Deployment"}}, {Identity: plan.Identity{Group: "batch", Kind: "CronJob"}},
	}
	workloadsFirst(nodes)
	var got []string
	for _, node := range nodes {
		got = append(got, node.String())
	}
	if want := []string{"deployment.apps/", "cronjob.batch/", "service/", "deployment.example.com/"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// What a member answers may be anything.
func FuzzJudge(f *testing.F) {
	for _, object := range []string{
		`{"kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 1}, "status": {"conditions": [{"type": "Available", "status": "True"}]}}`,
		`{"kind": "Job", "metadata": {}, "spec": {"completions": 1e30}, "status": {"conditions": [{"type": 3}]}}`,
		`{"kind": "Service", "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": []}}`,
		`{"kind": "StatefulSet", "status": "x"}`, `{"kind": "DaemonSet", "metadata": {"generation": 1}, "status": {"observedGeneration": 1.5}}`,
		`{"kind": "CustomResourceDefinition", "status": {"conditions": {"a": 1}}}`, `{"kind": "Pod", "metadata": {"creationTimestamp": 3}, "status": {"phase": "Running", "containerStatuses": [null]}}`,
		`{"kind": "CronJob", "status": {"active": [{"uid": 3}]}}`, `{"kind": "Widget", "status": {"conditions": [null]}}`, `null`, `[]`, `{}`, ``,
	} {
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, object string) {
		for _, id := range []plan.Identity{
			{Group: "apps", Kind: "Deployment"}, {Group: "apps", Kind: "StatefulSet"}, {Group: "apps", Kind: "DaemonSet"}, {Group: "apps", Kind: "ReplicaSet"},
			{Group: "batch", Kind: "Job"}, {Group: "batch", Kind: "CronJob"}, {Kind: "Service"}, {Kind: "Pod"}, {Kind: "PersistentVolumeClaim"},
			{Group: "policy", Kind: "PodDisruptionBudget"}, {Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}, {Group: "example.com", Kind: "Widget"},
		} {
			node := Node{Identity: id}
			if node.judge([]byte(object)); node.Level == "" || node.Health == "" || len(node.Message) > 4*(maxMessage+1) {
				t.Errorf("%s: %+v", id.Kind, node)
			}
		}
	})
}
