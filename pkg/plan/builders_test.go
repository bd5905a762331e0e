package plan_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// app is an application, in YAML's flow style; its zero value is valid.
type app struct {
	name, source, destination string
	policies                  []string
}

const (
	gitSource        = "gitRepository: {url: 'https://example.com/repo', interval: 1m}"
	helmSource       = "helmRepository: {url: 'https://example.com/charts'}"
	ociSource        = "ociRepository: {url: 'oci://example.com/chart'}"
	aKustomization   = "kustomization: {path: ./deploy, prune: true, interval: 5m}"
	aHelmRelease     = "helm: {interval: 5m, chart: {spec: {chart: podinfo}}}"
	toAll            = "{fleet: all}"
	ownerOfShop      = "uid-of-host/default/shop"
	annotationOfShop = `"annotations":{"fleetapp.kurator.dev/owner":"` + ownerOfShop + `"}`
)

func (a app) parse(t testing.TB) *appsv1alpha1.Application {
	t.Helper()
	if a.name == "" {
		a.name = "shop"
	}
	if a.source == "" {
		a.source = gitSource
	}
	if a.policies == nil {
		a.policies = []string{aKustomization}
	}
	text := fmt.Sprintf("{apiVersion: apps.kurator.dev/v1alpha1, kind: Application, metadata: {name: %q, namespace: default}, spec: {source: {%s}, syncPolicies: [", a.name, a.source)
	for _, policy := range a.policies {
		text += "{" + policy + "},"
	}
	text += "]"
	if a.destination != "" {
		text += ", destination: " + a.destination
	}
	parsed, err := manifest.Parse("f", []byte(text+"}}\n"))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return parsed[0].Application
}

func owner() plan.Owner {
	return plan.Owner{HostUID: "uid-of-host", Namespace: "default", Application: "shop"}
}

func member(name string) fleet.Member {
	return fleet.Member{Name: name, Kind: fleet.KindAttachedCluster}
}

// fleets is a Resolver of fleets by name; a selector stands for nobody.
type fleets map[string][]fleet.Member

func (f fleets) resolve(destination *appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
	if destination == nil {
		return []fleet.Member{fleet.HostMember()}, nil
	}
	members, ok := f[destination.Fleet]
	if !ok {
		return nil, fmt.Errorf("fleet %q not found", destination.Fleet)
	}
	if destination.ClusterSelector != nil {
		return nil, nil
	}
	return members, nil
}

func someFleets() fleets {
	return fleets{
		"all":   {member("one"), member("two")},
		"some":  {member("two"), member("three")},
		"empty": nil,
		"wreck": {{Name: "gone", Kind: fleet.KindCluster, Missing: true}, member("one"), {Name: "away", Kind: fleet.KindAttachedCluster, Missing: true}},
		"lost":  {member("one"), {Name: "gone", Kind: fleet.KindAttachedCluster, Missing: true}},
	}
}

func (a app) build(t testing.TB) *plan.Plan {
	t.Helper()
	built, err := plan.Build(a.parse(t), owner(), someFleets().resolve)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// shape is a plan in one line.
func shape(p *plan.Plan) string {
	var members []string
	for _, m := range p.Members {
		var objects []string
		for _, o := range m.Objects {
			objects = append(objects, strings.ToLower(o.Kind)+"/"+o.Name)
		}
		members = append(members, m.Member.Name+": "+strings.Join(objects, " "))
	}
	return strings.Join(members, "; ")
}
