package status_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

const (
	gitSource = "source.toolkit.fluxcd.io/v1" + namespaced + "gitrepositories/health"
	kustomize = "kustomize.toolkit.fluxcd.io/v1" + namespaced + "kustomizations/health-0"
	web       = "apps/v1/namespaces/shop/deployments/web"
	webPods   = "/api/v1/namespaces/shop/pods"
)

// syncs is a Kustomization that is ready, and says that it applied so much.
func syncs(entries ...string) string {
	var all []string
	for _, entry := range entries {
		id, version, _ := strings.Cut(entry, " ")
		all = append(all, fmt.Sprintf(`{"id": %q, "v": %q}`, id, version))
	}
	return fmt.Sprintf(`200 {"kind": "Kustomization", "metadata": {"name": "health-0", "generation": 1}, "spec": {"sourceRef": {"kind": "GitRepository", "name": "health"}},
		"status": {"observedGeneration": 1, "lastAppliedRevision": "master@sha1:e5ebaa30fc7aca97902be4b7a64af73bcf204510",
		"conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "observedGeneration": 1}],
		"inventory": {"entries": [%s]}}}`, strings.Join(all, ","))
}

// twoPods is a Deployment that wants two pods, and so many are ready.
func twoPods(ready int) string {
	return fmt.Sprintf(`200 {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "d", "generation": 2},
		"spec": {"replicas": 2, "progressDeadlineSeconds": 600, "selector": {"matchLabels": {"app": "web"}},
			"template": {"spec": {"initContainers": [{"image": "init:1"}], "containers": [{"image": "web:2"}, {"image": "init:1"}]}}},
		"status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": %d, "availableReplicas": %d,
			"conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}, {"type": "Available", "status": "True"}]}}`, ready, ready)
}

// pods is a table of pods; each is "name status ready restarts owner".
func pods(more string, all ...string) string {
	var rows []string
	for _, pod := range all {
		f := strings.Fields(pod)
		kind, owner, _ := strings.Cut(f[4], "/")
		rows = append(rows, fmt.Sprintf(`{"cells": [%q, %q, %q, %q, "1d"], "object": {"metadata": {"name": %[1]q,
			"labels": {"pod-template-hash": "abc"}, "ownerReferences": [{"kind": "Other", "name": "x"}, {"kind": %[5]q, "name": %[6]q, "uid": %[6]q, "controller": true}]}}}`,
			f[0], f[2], f[1], strings.ReplaceAll(f[3], "_", " "), kind, owner))
	}
	return fmt.Sprintf(`200 {"kind": "Table", "metadata": {"continue": %q}, "columnDefinitions": [{"name": "Name"}, {"name": "Ready"}, {"name": "Status"}, {"name": "Restarts"}, {"name": "Age"}],
		"rows": [%s]}`, more, strings.Join(rows, ","))
}

// below looks at an application of one Kustomization.
func below(t *testing.T, answers map[string]string) (seen status.Seen, asked []string) {
	t.Helper()
	if answers[gitSource] == "" {
		answers[gitSource] = "git-ready"
	}
	client, requests := member(t, answers)
	seen = status.LookBelow(t.Context(), client, place(
		id("source", "v1", "gitrepositories", "GitRepository", "health"), id("kustomize", "v1", "kustomizations", "Kustomization", "health-0")))
	return seen, requests()
}

func place(ids ...plan.Identity) status.Place {
	at := status.Place{Member: fleet.Member{Name: "m"}}
	for _, id := range ids {
		at.Objects = append(at.Objects, status.Expected{Identity: id, Listed: true})
	}
	return at
}

// outline is a tree as text: a node a line, then its notes.
func outline(nodes []status.Node, indent string) string {
	var text strings.Builder
	for _, node := range nodes {
		words := []string{node.Kind + "/" + node.Namespace + "/" + node.Name, string(node.Level), node.Ready, node.Health, node.Message, node.Restarts, strings.Join(node.Images, ",")}
		words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
		fmt.Fprintf(&text, "%s%s\n%s", indent, strings.Join(words, " | "), outline(node.Children, indent+"  "))
		for _, note := range node.Notes {
			fmt.Fprintf(&text, "%s  (%s)\n", indent, note)
		}
	}
	return text.String()
}

// checkBelow compares what is below the second object.
func checkBelow(t *testing.T, seen status.Seen, want string) {
	t.Helper()
	got := ""
	if tree := seen.Tree(); len(tree) == 2 {
		got = outline(tree[1:], "")
		_, got, _ = strings.Cut(got, "\n")
	}
	if want = strings.TrimPrefix(want, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// checkGaps compares how many objects that Flux applied are not current, and how
// much of it is not known: all is ready only where both are none.
func checkGaps(t *testing.T, seen status.Seen, want string) {
	t.Helper()
	app := status.Application{Seen: []status.Seen{seen}}
	verdict := app.Judge()
	if got := fmt.Sprint(verdict.NotFine, verdict.Gaps); got != want || verdict.AllReady != (want == "0 0") {
		t.Errorf("judged %s, all ready: %t, want %s", got, verdict.AllReady, want)
	}
}

// Three round trips: Flux's objects, what they applied, the pods of that.
func TestTreeAsksForNoMoreThanItNeeds(t *testing.T) {
	seen, asked := below(t, map[string]string{
		kustomize:                              syncs("_shop__Namespace v1", "shop_web__Service v1", "shop_web_apps_Deployment v1", "shop_pass__Secret v1"),
		"/api/v1/namespaces/shop/services/web": `200 {"kind": "Service", "metadata": {}, "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1"}}`,
		"/api/v1/namespaces/shop/secrets/pass": `200 {"kind": "PartialObjectMetadata", "metadata": {}}`,
		"/api/v1/namespaces/shop":              `200 {"kind": "Namespace", "metadata": {}}`,
		web:                                    twoPods(2),
		webPods:                                pods("", "web-abc-1 Running 1/1 0 ReplicaSet/web-abc", "web-abc-2 Running 1/1 3_(2d_ago) ReplicaSet/web-abc", "other-abc-1 Running 1/1 0 ReplicaSet/other-abc"),
	})
	checkBelow(t, seen, `
  Deployment/shop/web | Fine | 2/2 | Current | init:1,web:2
    Pod/shop/web-abc-1 | Fine | 1/1 | Running
    Pod/shop/web-abc-2 | Fine | 1/1 | Running | 3 (2d ago)
  Namespace//shop | Fine | Current
  Service/shop/web | Fine | Current
  Secret/shop/pass | Fine | Current
`)
	want := []string{"/api/v1/namespaces/shop", webPods, "/api/v1/namespaces/shop/secrets/pass", "/api/v1/namespaces/shop/services/web", web, kustomize, gitSource}
	if slices.Sort(want); !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	app := status.Application{Seen: []status.Seen{seen}}
	if verdict := app.Judge(); !verdict.AllReady || verdict.NotFine != 0 {
		t.Errorf("judged %+v", verdict)
	}
}

func TestWhatIsNotAsItShouldBe(t *testing.T) {
	const forbidden = `403 {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "message": "no", "code": 403}`
	for name, test := range map[string]struct {
		deployment, pods string
		want             string
		// verdict is how many objects are not current, and how many gaps there are.
		verdict string
	}{
		"pods not ready": {twoPods(1), pods("", "web-abc-1 CrashLoopBackOff 0/1 7 ReplicaSet/web-abc", "web-abc-2 Running 0/1 0 ReplicaSet/web-abc"), `
  Deployment/shop/web | Working | 1/2 | InProgress | Available: 1/2 | init:1,web:2
    Pod/shop/web-abc-1 | Bad | 0/1 | CrashLoopBackOff | 7
    Pod/shop/web-abc-2 | Working | 0/1 | Running
`, "1 0"},
		"not there":             {notFound, "", "  Deployment/shop/web | Bad | NotFound | Flux says that it applied it, and it is not there\n", "1 0"},
		"not to be read":        {forbidden, "", "  Deployment/shop/web | Unknown | Unknown | no\n", "0 1"},
		"another object":        {`200 {"kind": "Pod", "metadata": {}}`, "", "  Deployment/shop/web | Unknown | Unknown | its answer is a \"Pod\"\n", "0 1"},
		"nothing":               {`200 {}`, "", "  Deployment/shop/web | Unknown | Unknown | its answer is a \"\"\n", "0 1"},
		"being deleted":         {`200 {"kind": "Deployment", "metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}}`, "", "  Deployment/shop/web | Working | 0/1 | Terminating | Resource scheduled for deletion\n", "1 0"},
		"pods not to be listed": {twoPods(2), forbidden, "  Deployment/shop/web | Fine | 2/2 | Current | init:1,web:2\n    (its pods cannot be listed: Forbidden: no)\n", "0 1"},
		"no table":              {twoPods(2), `200 {"kind": "PodList"}`, "  Deployment/shop/web | Fine | 2/2 | Current | init:1,web:2\n    (its pods cannot be listed: Failed: its answer is no table of pods)\n", "0 1"},
		"more pods": {twoPods(2), pods("next", "web-abc-1 Running 1/1 0 ReplicaSet/web-abc"), `
  Deployment/shop/web | Fine | 2/2 | Current | init:1,web:2
    Pod/shop/web-abc-1 | Fine | 1/1 | Running
    (it has more pods than the 500 that are looked at)
`, "0 0"},
		"others' pods": {twoPods(2), pods("", "web-1 Running 1/1 0 ReplicaSet/web-def", "web-2 Running 1/1 0 Job/web-abc", "web-3 Running 1/1 0 StatefulSet/d"), "  Deployment/shop/web | Fine | 2/2 | Current | init:1,web:2\n", "0 0"},
		"a table of nothing": {twoPods(2), `200 {"kind": "Table", "columnDefinitions": [{"name": "Status"}, {"name": "Ready"}], "rows": [{}, {"cells": [{"a": 1}, 3],
			"object": {"metadata": {"name": "x", "labels": {"pod-template-hash": "abc"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "web-abc", "controller": true}]}}}]}`, `
  Deployment/shop/web | Fine | 2/2 | Current | init:1,web:2
    Pod/shop/x | Unknown | 3
`, "0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{kustomize: syncs("shop_web_apps_Deployment v1"), web: test.deployment}
			if test.pods != "" {
				answers[webPods] = test.pods
			}
			seen, _ := below(t, answers)
			checkBelow(t, seen, test.want)
			checkGaps(t, seen, test.verdict)
		})
	}
}

// A kind's plural is guessed; where that is not it, the member is asked once.
func TestKindsOfTheirOwn(t *testing.T) {
	const (
		notServed = "404 404 page not found"
		group     = "gateway.networking.k8s.io"
	)
	seen, asked := below(t, map[string]string{
		kustomize: syncs("shop_a_"+group+"_Gateway v1", "shop_b_"+group+"_Gateway v1", "shop_x_"+group+"_Nothing v1", "_y_"+group+"_Gateway v1", "shop_c_none.example.com_Widget v1"),
		group + "/v1/namespaces/shop/gatewaies/a":       notServed,
		group + "/v1/namespaces/shop/gatewaies/b":       notServed,
		group + "/v1/namespaces/shop/nothings/x":        notServed,
		group + "/v1/gatewaies/y":                       notServed,
		"none.example.com/v1/namespaces/shop/widgets/c": notServed,
		"none.example.com/v1":                           notServed,
		group + "/v1":                                   `200 {"resources": [{"name": "gateways", "kind": "Gateway", "namespaced": true}, {"name": "gateways/status", "kind": "Gateway", "namespaced": true}, {"name": "../..", "kind": "Nothing"}]}`,
		group + "/v1/namespaces/shop/gateways/a":        `200 {"kind": "Gateway", "metadata": {"generation": 1}, "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "NoAddress", "message": "no\naddress"}]}}`,
		group + "/v1/namespaces/shop/gateways/b":        notFound,
	})
	const no = "the cluster does not serve the kind "
	checkBelow(t, seen, `
  Gateway/shop/a | Working | InProgress | no address
  Gateway/shop/b | Bad | NotFound | Flux says that it applied it, and it is not there
  Nothing/shop/x | Bad | NotFound | `+no+`Nothing of `+group+`/v1
  Gateway//y | Bad | NotFound | `+no+`Gateway of `+group+`/v1
  Widget/shop/c | Bad | NotFound | `+no+`Widget of none.example.com/v1
`)
	if len(asked) != 11 {
		t.Errorf("%d requests: %q", len(asked), asked)
	}
}

// What stands in a status may come from anybody who may write there.
func TestEntriesThatAreNotFollowed(t *testing.T) {
	seen, asked := below(t, map[string]string{
		kustomize: syncs("shop_../../../secrets/x_apps_Deployment v1", "shop_web_apps_Deployment ../v1", "nothing v1", " "),
	})
	checkBelow(t, seen, "  (4 more in its inventory, which name no object)\n")
	checkGaps(t, seen, "0 1")
	if len(asked) != 2 {
		t.Errorf("asked for %q", asked)
	}
}

func TestTreesAreBounded(t *testing.T) {
	t.Run("objects", func(t *testing.T) {
		answers := map[string]string{}
		var entries []string
		for i := range 1003 {
			entries = append(entries, fmt.Sprintf("shop_c%d__ConfigMap v1", i))
			if i < 1000 {
				answers[fmt.Sprintf("/api/v1/namespaces/shop/configmaps/c%d", i)] = `200 {"kind": "PartialObjectMetadata", "metadata": {}}`
			}
		}
		answers[kustomize] = syncs(entries...)
		seen, _ := below(t, answers)
		checkGaps(t, seen, "0 1")
		node := seen.Tree()[1]
		if len(node.Children) != 1000 || !slices.Equal(node.Notes, []string{"3 more, which are not looked at: no more than 1000 objects of a cluster are"}) {
			t.Errorf("%d objects, %q", len(node.Children), node.Notes)
		}
	})
	t.Run("an answer", func(t *testing.T) {
		seen, _ := below(t, map[string]string{
			kustomize: syncs("shop_web_apps_Deployment v1"), web: `200 {"kind": "Deployment", "metadata": {"name": "` + strings.Repeat("x", 9<<20) + `"}}`,
		})
		checkBelow(t, seen, "  Deployment/shop/web | Unknown | Unknown | its answer is larger than 8 MiB\n")
	})
	t.Run("texts", func(t *testing.T) {
		long := strings.Repeat("x\u202e\n", 5000)
		encoded, _ := json.Marshal(long)
		seen, _ := below(t, map[string]string{
			kustomize: syncs("shop_web_apps_Deployment v1"), web: strings.ReplaceAll(twoPods(1), `"web:2"`, string(encoded)),
			webPods: strings.ReplaceAll(pods("", "web-abc-1 WORD 0/1 0 ReplicaSet/web-abc"), `"WORD"`, string(encoded)),
		})
		node := seen.Tree()[1].Children[0]
		for what, said := range map[string]string{"image": node.Images[1], "word": node.Children[0].Health} {
			if len(said) > 4*500 || strings.Contains(said, "\n") {
				t.Errorf("the %s has %d bytes", what, len(said))
			}
		}
	})
}

// record is Helm's record of a release, as a Secret holds it.
func record(t *testing.T, manifest string) string {
	t.Helper()
	release, err := json.Marshal(map[string]any{"manifest": manifest, "config": map[string]string{"password": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(release)
	writer.Close()
	return secret(t, []byte(base64.StdEncoding.EncodeToString(packed.Bytes())))
}

func secret(t *testing.T, release []byte) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"kind": "Secret", "data": map[string][]byte{"release": release}})
	if err != nil {
		t.Fatal(err)
	}
	return "200 " + string(data)
}

// A helm-controller before 1.5 does not say what it applied; Helm does.
func TestWhatHelmApplied(t *testing.T) {
	const (
		repository = "source.toolkit.fluxcd.io/v1" + namespaced + "helmrepositories/health"
		release    = "helm.toolkit.fluxcd.io/v2" + namespaced + "helmreleases/web"
		chart      = "source.toolkit.fluxcd.io/v1" + namespaced + "helmcharts/default-web"
		stored     = "/api/v1/namespaces/flux/secrets/sh.helm.release.v1.shop-web.v3"
		old        = "/api/v1/namespaces/default/secrets/sh.helm.release.v1.shop-web.v4"
		history    = `200 {"metadata": {}, "status": {"storageNamespace": "flux", "history": [{"name": "shop-web", "namespace": "shop", "version": 3, "status": "deployed"}]}}`
		configMap  = "/api/v1/namespaces/shop/configmaps/web"
		role       = "rbac.authorization.k8s.io/v1/"
		metadata   = `200 {"kind": "PartialObjectMetadata", "metadata": {}}`
		manifest   = "---\n# Source: web/templates/cm.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {password: secret}\n---\n# nothing\n"
		current    = "  ConfigMap/shop/web | Fine | Current\n"
	)
	for name, test := range map[string]struct {
		release string
		answers map[string]string
		want    string
	}{
		"said by helm-controller": {
			`200 {"metadata": {}, "status": {"inventory": {"entries": [{"id": "shop_web__ConfigMap", "v": "v1"}]}, "history": [{"name": "shop-web", "namespace": "shop", "version": 3}]}}`,
			map[string]string{configMap: metadata}, current,
		},
		"in Helm's record": {history, map[string]string{stored: record(t, manifest), configMap: metadata}, current},
		"before helm-controller 0.37": {
			`200 {"metadata": {}, "spec": {"targetNamespace": "shop"}, "status": {"lastReleaseRevision": 4}}`,
			map[string]string{old: record(t, manifest), configMap: metadata}, current,
		},
		"in no namespace": {history, map[string]string{
			stored: record(t, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'web:edit'}\n"),
			role + "namespaces/shop/clusterroles/web:edit": "404 404 page not found",
			strings.TrimSuffix(role, "/"):                  `200 {"resources": [{"name": "clusterroles", "kind": "ClusterRole"}]}`,
			role + "clusterroles/web:edit":                 metadata,
		}, "  ClusterRole//web:edit | Fine | Current\n"},
		"a list": {history, map[string]string{
			stored:    record(t, "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}, {apiVersion: v1, kind: List}, {kind: X}]\n"),
			configMap: metadata,
		}, current + "  (2 more in Helm's record, which name no object)\n"},
		"what names no object": {history, map[string]string{
			stored: record(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: ../../x}\n---\nkind: [x]\n---\n- x\n---\napiVersion: a/b/c\nkind: X\nmetadata: {name: x}\n---\nkind: {\n"),
		}, "  (5 more in Helm's record, which name no object)\n"},
		"nothing released": {`200 {"metadata": {}, "status": {"storageNamespace": "flux"}}`, nil, ""},
		"a path":           {strings.ReplaceAll(history, `"shop-web"`, `"../x"`), nil, ""},
		"no such record":   {history, map[string]string{stored: notFound}, "  (what it applied is not known: NotFound: Helm's record, Secret flux/sh.helm.release.v1.shop-web.v3, is not there)\n"},
		"not to be read": {history, map[string]string{stored: `403 {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "message": "no", "code": 403}`},
			"  (what it applied is not known: Forbidden: Helm's record, Secret flux/sh.helm.release.v1.shop-web.v3, cannot be read: no)\n"},
		"no release": {history, map[string]string{stored: secret(t, []byte("secret"))}, "  (what it applied is not known: Failed: Helm's record, Secret flux/sh.helm.release.v1.shop-web.v3, holds no release)\n"},
		"too large":  {history, map[string]string{stored: record(t, strings.Repeat(" ", 17<<20))}, "  (what it applied is not known: Failed: Helm's record, Secret flux/sh.helm.release.v1.shop-web.v3, is larger than 16 MiB)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{repository: "helmrepository-ready", chart: notFound, release: test.release}
			for path, answer := range test.answers {
				answers[path] = answer
			}
			client, asked := member(t, answers)
			seen := status.LookBelow(t.Context(), client, place(
				id("source", "v1", "helmrepositories", "HelmRepository", "health"), id("helm", "v2", "helmreleases", "HelmRelease", "web")))
			checkBelow(t, seen, test.want)
			if strings.Contains(outline(seen.Tree(), ""), "password") {
				t.Error("a value is shown")
			}
			if got := asked(); len(got) != 3+len(test.answers) {
				t.Errorf("asked for %q", got)
			}
		})
	}
}

// A member that does not answer has no tree.
func TestNoTree(t *testing.T) {
	seen := status.Seen{Place: place(id("kustomize", "v1", "kustomizations", "Kustomization", "health-0")), Err: errBroken}
	if tree := seen.Tree(); tree != nil {
		t.Errorf("got %+v", tree)
	}
}
