package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestPlacement(t *testing.T) {
	to := func(fleet, policy string) string { return "destination: {fleet: " + fleet + "}, " + policy }
	for name, test := range map[string]struct {
		app  app
		want string
	}{
		"host":               {app{}, "host: gitrepository/shop kustomization/shop-0"},
		"application's":      {app{destination: toAll}, "one: gitrepository/shop kustomization/shop-0; two: gitrepository/shop kustomization/shop-0"},
		"policy's beats it":  {app{destination: toAll, policies: []string{to("some", aKustomization)}}, "two: gitrepository/shop kustomization/shop-0; three: gitrepository/shop kustomization/shop-0"},
		"host and a fleet":   {app{policies: []string{aKustomization, to("all", aKustomization)}}, "host: gitrepository/shop kustomization/shop-0; one: gitrepository/shop kustomization/shop-1; two: gitrepository/shop kustomization/shop-1"},
		"source once":        {app{destination: toAll, policies: []string{aKustomization, to("some", aKustomization)}}, "one: gitrepository/shop kustomization/shop-0; two: gitrepository/shop kustomization/shop-0 kustomization/shop-1; three: gitrepository/shop kustomization/shop-1"},
		"order of policies":  {app{policies: []string{to("some", aKustomization), to("all", aKustomization)}}, "two: gitrepository/shop kustomization/shop-0 kustomization/shop-1; three: gitrepository/shop kustomization/shop-0; one: gitrepository/shop kustomization/shop-1"},
		"names":              {app{policies: []string{"name: web, " + aKustomization, aKustomization}}, "host: gitrepository/shop kustomization/web kustomization/shop-1"},
		"helm":               {app{source: helmSource, policies: []string{aHelmRelease}}, "host: helmrepository/shop helmrelease/shop-0"},
		"kustomize and helm": {app{policies: []string{aKustomization, aHelmRelease}}, "host: gitrepository/shop kustomization/shop-0 helmrelease/shop-1"},
		"OCI":                {app{source: ociSource, policies: []string{aKustomization, "helm: {interval: 5m}"}}, "host: ocirepository/shop kustomization/shop-0 helmrelease/shop-1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shape(test.app.build(t)); got != test.want {
				t.Errorf("got\n  %s, want\n  %s", got, test.want)
			}
		})
	}
}

func TestObjectsAreSharedBetweenMembers(t *testing.T) {
	p := app{destination: toAll}.build(t)
	for i := range p.Members[0].Objects {
		if p.Members[0].Objects[i] != p.Members[1].Objects[i] {
			t.Errorf("object %d was made twice", i)
		}
	}
}

func TestBuildFails(t *testing.T) {
	for name, test := range map[string]struct {
		app  app
		want string
	}{
		"no fleet of the policy's": {
			app{policies: []string{"destination: {fleet: none}, " + aKustomization}},
			`spec.syncPolicies[0].destination: fleet "none" not found`,
		},
		"no fleet of the application's": {
			app{destination: "{fleet: none}"},
			`spec.destination: fleet "none" not found`,
		},
		"no match": {
			app{policies: []string{"destination: {fleet: all, clusterSelector: {matchLabels: {a: b}}}, " + aKustomization}},
			`spec.syncPolicies[0].destination.clusterSelector: no cluster of fleet "all" matches (--allow-empty allows that)`,
		},
		"no match of the application's": {
			app{destination: "{fleet: all, clusterSelector: {matchLabels: {a: b}}}"},
			`spec.destination.clusterSelector: no cluster of fleet "all" matches (--allow-empty allows that)`,
		},
		"empty fleet": {
			app{policies: []string{"destination: {fleet: empty}, " + aKustomization}},
			`spec.syncPolicies[0].destination: fleet "empty" lists no cluster (--allow-empty allows that)`,
		},
		"missing cluster": {
			app{policies: []string{"destination: {fleet: lost}, " + aKustomization}},
			`spec.syncPolicies[0].destination: fleet "lost" lists AttachedCluster "gone", which does not exist; create it, or take it out of the fleet`,
		},
		"missing clusters": {
			app{policies: []string{"destination: {fleet: wreck}, " + aKustomization}},
			`spec.syncPolicies[0].destination: fleet "wreck" lists Cluster "gone", which does not exist; create it, or take it out of the fleet` + "\n" +
				`spec.syncPolicies[0].destination: fleet "wreck" lists AttachedCluster "away", which does not exist; create it, or take it out of the fleet`,
		},
		"all at once": {
			app{policies: []string{"destination: {fleet: a}, " + aKustomization, "destination: {fleet: b}, " + aKustomization}},
			`spec.syncPolicies[0].destination: fleet "a" not found` + "\n" + `spec.syncPolicies[1].destination: fleet "b" not found`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plan.Build(test.app.parse(t), owner(), someFleets().resolve)
			if err == nil || err.Error() != test.want {
				t.Errorf("error\n  %v, want\n  %s", err, test.want)
			}
		})
	}
}

// The guide's own manifests, as they go over the wire.
func TestGuidesExamples(t *testing.T) {
	files, err := filepath.Glob("../../examples/application/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	resolve := fleets{"quickstart": {member("kurator-member1"), member("kurator-member2")}, "canary": {member("kurator-member2")}}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			read, err := manifest.Read(nil, []string{file})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for _, m := range read {
				for i := range m.Spec.SyncPolicies { // what selectors select is the resolver's matter
					if to := m.Spec.SyncPolicies[i].Destination; to != nil {
						to.ClusterSelector = nil
					}
				}
				who := plan.Owner{HostUID: "uid-of-host", Namespace: m.Namespace, Application: m.Name}
				built, err := plan.Build(m.Application, who, resolve.resolve)
				if err != nil {
					t.Fatal(err)
				}
				for _, member := range built.Members {
					fmt.Fprintf(&got, "# %s\n", member.Member.Name)
					for _, object := range member.Objects {
						fmt.Fprintf(&got, "%s\n%s\n", strings.Join(object.Path(), "/"), object.Body(""))
					}
				}
			}
			golden(t, strings.TrimSuffix(filepath.Base(file), ".yaml")+".golden", got.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant (%s; -update writes it anew)\n%s", got, path, want)
	}
}

func TestBodyHoldsWhatWasWrittenAndNothingElse(t *testing.T) {
	p := app{policies: []string{"kustomization: {prune: false, wait: true, path: ''}"}}.build(t)
	const metadata = `"metadata":{` + annotationOfShop + `,"labels":{"app.kubernetes.io/managed-by":"kubectl-fleetapp","apps.kurator.dev/app-name":"shop"},"name":"shop-0","namespace":"default"}`
	want := `{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization",` + metadata +
		`,"spec":{"path":"","prune":false,"sourceRef":{"kind":"GitRepository","name":"shop"},"wait":true}}`
	object := p.Members[0].Objects[1]
	if got := string(object.Body("")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	withUID := strings.Replace(want, `"metadata":{`, `"metadata":{"uid":"u-1",`, 1)
	if got := string(object.Body("u-1")); got != withUID {
		t.Errorf("got\n%s\nwant\n%s", got, withUID)
	}
	if got := string(object.Body("")); got != want {
		t.Error("the body with a UID changed the object")
	}
}

// A UID is read from a Secret that others may write.
func TestBodyIsAlwaysJSON(t *testing.T) {
	object := app{}.build(t).Members[0].Objects[0]
	for _, uid := range []string{"a\"b", "a\x00b", "a\\b", "é\u202e", "\xff"} {
		if body := object.Body(types.UID(uid)); !json.Valid(body) {
			t.Errorf("with the UID %q: %s", uid, body)
		}
	}
}

func TestReferencesToTheSource(t *testing.T) {
	for name, test := range map[string]struct {
		app  app
		want string
	}{
		"git":  {app{policies: []string{aHelmRelease}}, `{"chart":{"spec":{"chart":"podinfo","sourceRef":{"kind":"GitRepository","name":"shop"}}},"interval":"5m"}`},
		"helm": {app{source: helmSource, policies: []string{aHelmRelease}}, `{"chart":{"spec":{"chart":"podinfo","sourceRef":{"kind":"HelmRepository","name":"shop"}}},"interval":"5m"}`},
		"OCI":  {app{source: ociSource, policies: []string{"helm: {interval: 5m}"}}, `{"chartRef":{"kind":"OCIRepository","name":"shop"},"interval":"5m"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spec(t, test.app.build(t).Members[0].Objects[1]); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func spec(t *testing.T, object *plan.Object) string {
	t.Helper()
	var body struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err := json.Unmarshal(object.Body(""), &body); err != nil {
		t.Fatal(err)
	}
	return string(body.Spec)
}

func TestNumbersSurviveExactly(t *testing.T) {
	for _, number := range []string{
		"0", "-1", "42", "1.5", "0.1", "9007199254740993", "9223372036854775807", "-9223372036854775808",
		"18446744073709551615", "123456789012345678", "0.30000000000000004",
	} {
		t.Run(number, func(t *testing.T) {
			p := app{policies: []string{"helm: {chart: {spec: {chart: c}}, values: {count: " + number + "}}"}}.build(t)
			if got, want := spec(t, p.Members[0].Objects[1]), `"values":{"count":`+number+`}`; !strings.Contains(got, want) {
				t.Errorf("got %s, want %s in it", got, want)
			}
		})
	}
}

func TestTextsSurvive(t *testing.T) {
	for _, text := range []string{"<b>&amp;", "007", "yes", "1e3", "é\u2028", "${cluster}"} {
		p := app{policies: []string{fmt.Sprintf("helm: {chart: {spec: {chart: c}}, values: {s: %q}}", text)}}.build(t)
		var body struct {
			Spec struct{ Values map[string]any }
		}
		if err := json.Unmarshal(p.Members[0].Objects[1].Body(""), &body); err != nil || body.Spec.Values["s"] != text {
			t.Errorf("%q became %q, %v", text, body.Spec.Values["s"], err)
		}
	}
}

func TestFieldManager(t *testing.T) {
	if got, want := owner().FieldManager(), "kubectl-fleetapp-25f61893"; got != want {
		t.Errorf("it changed from %s to %s: what older versions applied would conflict", want, got)
	}
	seen := map[string]plan.Owner{}
	for _, o := range []plan.Owner{
		owner(), {HostUID: "other", Namespace: "default", Application: "shop"},
		{HostUID: "uid-of-host", Namespace: "prod", Application: "shop"}, {HostUID: "uid-of-host", Namespace: "default", Application: "shop2"},
	} {
		manager := o.FieldManager()
		if other, twice := seen[manager]; twice || len(manager) > 128 {
			t.Errorf("%v and %v are both %s", o, other, manager)
		}
		seen[manager] = o
	}
}

func TestIdentity(t *testing.T) {
	id := plan.Identity{Group: "g.io", Version: "v1", Resource: "things", Kind: "Thing", Namespace: "ns", Name: "n"}
	if got := id.String(); got != "thing.g.io/n" {
		t.Errorf("String is %s", got)
	}
	if got := strings.Join(id.Path(), "/"); got != "apis/g.io/v1/namespaces/ns/things/n" {
		t.Errorf("Path is %s", got)
	}
	core := plan.Identity{Version: "v1", Resource: "nodes", Kind: "Node", Name: "n"}
	if got := core.String() + " " + strings.Join(core.Path(), "/"); got != "node/n api/v1/nodes/n" {
		t.Errorf("of the core group: %s", got)
	}
	newer, other := id, id
	newer.Version, other.Namespace = "v2", "elsewhere"
	if !id.SameObject(newer) || id.SameObject(other) || id.Version != "v1" {
		t.Error("SameObject looks at the wrong fields")
	}
}

func TestTheHostIsAMemberOfItsOwn(t *testing.T) {
	f := fleets{"f": {{Name: "host", Kind: fleet.KindAttachedCluster}}}
	built, err := plan.Build(app{policies: []string{aKustomization, "destination: {fleet: f}, " + aKustomization}}.parse(t), owner(), f.resolve)
	if err != nil || len(built.Members) != 2 {
		t.Errorf("a cluster that is called host is taken for the host: %s, %v", shape(built), err)
	}
}
