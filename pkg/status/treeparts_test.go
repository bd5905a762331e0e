package status

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"runtime"
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

// What names objects is found in whatever way a chart writes it.
func TestManifests(t *testing.T) {
	for name, test := range map[string]struct {
		manifest string
		want     string // the objects, and the notes
	}{
		"in blocks":         {"# Source: a.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  labels: {a: b}\n  name: web\nspec:\n- kind: x\n", "service/web"},
		"spec in the midst": {"kind: Service\nspec:\n  kind: x\n\"metadata\":\n  name: 'web'\napiVersion: v1\n", "service/web"},
		"in one line":       {`{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}`, "service/web"},
		"not indented":      {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n- x\n", "service/web; 1 more in Helm's record, which name no object"},
		"separated":         {"---\r\napiVersion: v1\r\nkind: Service\r\nmetadata:\r\n  name: web\r\n--- # next\nkind: X\n---\n---{apiVersion: v1, kind: Pod, metadata: {name: a}}", "service/web pod/a; 1 more in Helm's record, which name no object"},
		"a block scalar":    {"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    kind: x\n    ---\nmetadata: {name: web}\n", "configmap/web"},
		"large":             {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  a: " + strings.Repeat("x", 1<<20) + "\n", "configmap/web"},
		"a large name":      {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, x: " + strings.Repeat("x", 1<<20) + "}\n", "; there may be more: Helm's record has documents that are larger than 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			branch := fromManifest(test.manifest, "shop")
			var names []string
			for _, node := range branch.Nodes {
				names = append(names, node.String())
			}
			got := strings.Join(append([]string{strings.Join(names, " ")}, branch.Notes...), "; ")
			if got != test.want || len(branch.Gaps) != len(branch.Notes) {
				t.Errorf("got %q, want %q; %d gaps", got, test.want, len(branch.Gaps))
			}
		})
	}
}

// Who may write a Secret in a member may write anything there.
func TestWhatIsAppliedTakesLittleMemory(t *testing.T) {
	list := func(size int, item string) string {
		const head = "apiVersion: v1\nkind: List\nitems: ["
		return head + strings.Repeat(item, (size-len(head))/len(item)) + "]\n"
	}
	named := "{apiVersion: v1, kind: A, metadata: {name: a}}\n---\n"
	entries := make([]plan.Entry, 100_000)
	for i := range entries {
		entries[i] = plan.Entry{ID: "shop_web__Service", Version: "v1"}
	}
	for name, test := range map[string]struct {
		read func() Branch
		most uint64 // MiB
	}{
		"a list of nothing":       {func() Branch { return fromManifest(list(1<<20, "{},"), "") }, 4},
		"a small list of nothing": {func() Branch { return fromManifest(list(maxParsed-1, "{},"), "") }, 64},
		"lists of objects":        {func() Branch { return fromManifest(strings.Repeat(named, 20*maxApplied), "") }, 64},
		"an inventory":            {func() Branch { return fromInventory(entries) }, 24},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			branch := test.read()
			runtime.ReadMemStats(&after)
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > test.most {
				t.Errorf("it takes %d MiB, more than %d", took, test.most)
			}
			if len(branch.Nodes) > maxApplied {
				t.Errorf("%d nodes", len(branch.Nodes))
			}
		})
	}
}

// A record counts with what it comes to, and not only with what was sent of it.
func TestRecordsCountUnpacked(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(`{"manifest": "` + strings.Repeat(" ", 1<<20) + `"}`))
	zip.Close()
	data, err := json.Marshal(map[string]any{"data": map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))}})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{}
	r.left.Store(3 << 19)
	if _, err := r.manifestOf(data); err != nil {
		t.Error(err)
	}
	if _, err := r.manifestOf(data); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("the second: %v", err)
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
