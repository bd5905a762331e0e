package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// referring is an application on the host and in all, that refers to a Secret
// and to two ConfigMaps, one of them optional.
func referring() app {
	const substituting = "kustomization: {postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}, {kind: ConfigMap, name: more, optional: true}]}}"
	return app{
		source:   "gitRepository: {url: x, secretRef: {name: auth}}",
		policies: []string{substituting, "destination: " + toAll + ", " + substituting},
	}
}

// copied gives a plan what it refers to, but for more.
func copied(t *testing.T) *plan.Plan {
	t.Helper()
	p := referring().build(t)
	immutable := true
	contents := map[plan.Identity]*fleet.Content{}
	for _, ref := range p.Refs() {
		switch ref.Name {
		case "auth":
			contents[ref.Identity] = &fleet.Content{Type: "kubernetes.io/basic-auth", Data: map[string]string{"username": "YW5h", "password": "Y2FuYXJ5"}}
		case "settings":
			contents[ref.Identity] = &fleet.Content{Immutable: &immutable, Data: map[string]string{"a": "1"}, BinaryData: map[string]string{"b": "/w=="}}
		}
	}
	if err := p.Copy(contents); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCopy(t *testing.T) {
	p := copied(t)
	const want = "host: gitrepository/shop kustomization/shop-0; " +
		"one: secret/auth configmap/settings gitrepository/shop kustomization/shop-1; two: secret/auth configmap/settings gitrepository/shop kustomization/shop-1"
	if got := shape(p); got != want {
		t.Errorf("got\n  %s, want\n  %s", got, want)
	}
	for _, member := range p.Members {
		if host := member.Member.Kind == fleet.KindHost; host != (len(member.Refs) == 3) || !host && len(member.Refs) != 0 {
			t.Errorf("%s still refers to %+v", member.Member.Name, member.Refs)
		}
	}
	if refs := p.Refs(); len(refs) != 0 {
		t.Errorf("still to be read: %+v", refs)
	}
}

const metadataOfCopy = `"metadata":{` + annotationOfShop + `,"labels":{"app.kubernetes.io/managed-by":"kubectl-fleetapp","apps.kurator.dev/app-name":"shop"},"name":`

func TestACopyHoldsWhatTheHostHoldsAndNoOtherMetadata(t *testing.T) {
	objects := copied(t).Members[1].Objects
	for i, want := range []string{
		`{"apiVersion":"v1","kind":"Secret",` + metadataOfCopy + `"auth","namespace":"default"},"type":"kubernetes.io/basic-auth","data":{"password":"Y2FuYXJ5","username":"YW5h"}}`,
		`{"apiVersion":"v1","kind":"ConfigMap",` + metadataOfCopy + `"settings","namespace":"default"},"immutable":true,"data":{"a":"1"},"binaryData":{"b":"/w=="}}`,
	} {
		if got := string(objects[i].Body("")); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got := string(objects[i].BodyToCreate()); got != strings.Replace(want, `"metadata":{`, `"metadata":{"resourceVersion":"1",`, 1) {
			t.Errorf("to create it: %s", got)
		}
	}
}

func TestACopyOfNothingIsJSON(t *testing.T) {
	p := referring().build(t)
	contents := map[plan.Identity]*fleet.Content{}
	for _, ref := range p.Refs() {
		contents[ref.Identity] = &fleet.Content{}
	}
	if err := p.Copy(contents); err != nil {
		t.Fatal(err)
	}
	for _, object := range p.Members[1].Objects {
		for _, body := range [][]byte{object.Body(""), object.Body("u"), object.BodyToCreate(), object.Redacted()} {
			if !json.Valid(body) {
				t.Errorf("%s", body)
			}
		}
	}
}

func TestRedacted(t *testing.T) {
	for _, object := range copied(t).Members[1].Objects {
		body, shown := string(object.Body("")), string(object.Redacted())
		if object.Kind != plan.KindSecret {
			if shown != body {
				t.Errorf("of %s\n%s\nis shown as\n%s", object.Identity, body, shown)
			}
			continue
		}
		var secret struct {
			Type string
			Data map[string]string
		}
		if err := json.Unmarshal([]byte(shown), &secret); err != nil {
			t.Fatal(err)
		}
		if len(secret.Data) != 2 || secret.Data["username"] != "<redacted>" || secret.Data["password"] != "<redacted>" || secret.Type != "kubernetes.io/basic-auth" {
			t.Errorf("it is shown as %s", shown)
		}
		if !strings.Contains(body, "Y2FuYXJ5") {
			t.Errorf("the body is redacted too: %s", body)
		}
	}
}

func TestTheOrderInWhichObjectsAreDeleted(t *testing.T) {
	for _, object := range copied(t).Members[1].Objects {
		want := map[string]int{"Kustomization": 0, "GitRepository": 1, "Secret": 2, "ConfigMap": 2}[object.Kind]
		if got := object.DeletionStep(); got != want {
			t.Errorf("%s is deleted in step %d, want %d", object.Identity, got, want)
		}
		if kinds := []bool{object.IsSync(), object.IsSource(), object.IsRef()}; !kinds[want] {
			t.Errorf("%s is %v", object.Identity, kinds)
		}
	}
}
