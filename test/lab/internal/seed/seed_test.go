package seed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
)

const guide = "../../../../examples/application/common"

// What the lab makes for members of any name is, for the guide's, what the
// guide has.
func TestFleetIsMadeAsTheGuideDoes(t *testing.T) {
	members := []string{"kurator-member1", "kurator-member2"}
	want, err := GuideFleet(guide, members)
	if err != nil {
		t.Fatal(err)
	}
	got := Fleet(members)
	if len(got) != len(want) {
		t.Fatalf("made %d objects, the guide has %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i].Object, want[i].Object) {
			t.Errorf("made %v, the guide has %v", got[i].Object, want[i].Object)
		}
	}
}

func TestGuideFleetMissesAMember(t *testing.T) {
	if _, err := GuideFleet(guide, []string{"other"}); err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("the error is %v, want one that names the member", err)
	}
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		kinds   []string
		err     string
	}{
		"documents and comments": {
			content: "# first\n---\nkind: A\nmetadata: {name: a}\n---\n# nothing\n---\nkind: B\nmetadata: {name: b}\n",
			kinds:   []string{"A", "B"},
		},
		"no object": {content: "# nothing\n", err: "no objects"},
		"no name":   {content: "kind: A\n", err: "without kind or metadata.name"},
		"no YAML":   {content: "a: [", err: "x.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range map[string]string{"x.yaml": test.content, "kustomization.yaml": "resources: [x.yaml]\n"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			objects, err := Read(dir)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("the error is %v, want %q in it", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, object := range objects {
				kinds = append(kinds, object.GetKind())
			}
			if !reflect.DeepEqual(kinds, test.kinds) {
				t.Errorf("read %v, want %v", kinds, test.kinds)
			}
		})
	}
}

// A part of docs/rbac.yaml without the label would be granted nowhere.
func TestEveryPartOfTheRightsHasItsPlace(t *testing.T) {
	parts, err := readFile("../../../../docs/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if on := part.GetLabels()[onLabel]; on != "host" && on != "member" {
			t.Errorf("%s %q is for %q, want host or member", part.GetKind(), part.GetName(), on)
		}
	}
}

func TestHasCondition(t *testing.T) {
	crd := func(status string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"conditions": []any{
			map[string]any{"type": "NamesAccepted", "status": "True"},
			map[string]any{"type": "Established", "status": status},
		}}}}
	}
	if !hasCondition(crd("True"), "Established") {
		t.Error("an established CRD is taken for one that is not")
	}
	if hasCondition(crd("False"), "Established") || hasCondition(&unstructured.Unstructured{}, "Established") {
		t.Error("a CRD that is not established is taken for one that is")
	}
}

func TestWaitUsableWaitsForNodeAndAccount(t *testing.T) {
	readyNode := func(name string) *unstructured.Unstructured {
		return object("v1", "Node", "", name, map[string]any{"status": map[string]any{
			"conditions": []any{map[string]any{"type": "Ready", "status": "True"}},
		}})
	}
	ready := readyNode("a-node")
	account := object("v1", "ServiceAccount", "default", "default", nil)
	for name, test := range map[string]struct {
		objects []runtime.Object
		err     string
	}{
		"both":             {objects: []runtime.Object{ready, account}},
		"no account":       {objects: []runtime.Object{ready}, err: `ServiceAccount "default"`},
		"node not there":   {objects: []runtime.Object{account}, err: `Node "a-node"`},
		"node not ready":   {objects: []runtime.Object{account, object("v1", "Node", "", "a-node", nil)}, err: "be Ready"},
		"another's ready":  {objects: []runtime.Object{account, readyNode("b-node")}, err: `"a-node"`},
		"nothing is there": {err: `Node "a-node"`},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{
					{Version: "v1", Resource: "nodes"}:           "NodeList",
					{Version: "v1", Resource: "serviceaccounts"}: "ServiceAccountList",
				}, test.objects...)
			enough := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, enough)
			defer cancel()
			err := WaitUsable(ctx, client, "a")
			if test.err == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, enough) || !strings.Contains(err.Error(), test.err) {
				t.Errorf("the error is %v, want %q and the reason in it", err, test.err)
			}
		})
	}
}
