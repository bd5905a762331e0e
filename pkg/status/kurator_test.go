package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

// What Kurator's own controller writes down, in the words that it has.
const kuratorsApplication = `{
	"metadata": {"name": "shop", "namespace": "default", "finalizers": ["apps.kurator.dev"]},
	"spec": {
		"source": {"gitRepository": {}},
		"destination": {"fleet": "quickstart"},
		"syncPolicies": [
			{"kustomization": {}},
			{"name": "chart", "helm": {}},
			{"name": "here", "kustomization": {}, "destination": {"fleet": "host"}}
		]
	},
	"status": {"syncStatus": [
		{"name": "shop-0-attachedcluster-one", "kustomizationStatus": {"observedGeneration": 2, "lastAppliedRevision": "main@sha1:41c0d2e0000000000000000000000000000000aa",
			"conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied revision", "observedGeneration": 2}]}},
		{"name": "chart-attachedcluster-one", "HelmReleaseStatus": {"observedGeneration": 1, "lastAppliedRevision": "6.4.1",
			"conditions": [{"type": "Ready", "status": "False", "reason": "UpgradeFailed", "message": "timed out", "observedGeneration": 1}]}},
		{"name": "shop-0-cluster-a-cluster-with-a-very-long-name-that-is-cut-off-", "kustomizationStatus": {"observedGeneration": -1}},
		{"name": "hereafter-attachedcluster-former", "kustomizationStatus": {}},
		{"name": "here-currentcluster-host", "kustomizationStatus": {"observedGeneration": 1, "conditions": "odd"}},
		{"name": "shop-0-attachedcluster-former", "kustomizationStatus": {}},
		{"name": "chart-attachedcluster-former", "HelmReleaseStatus": {}}
	]}
}`

func TestOfKurator(t *testing.T) {
	app := &appsv1alpha1.Application{}
	if err := json.Unmarshal([]byte(kuratorsApplication), app); err != nil {
		t.Fatal(err)
	}
	resolve := func(destination *appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
		if destination.Fleet == "host" {
			return []fleet.Member{fleet.HostMember()}, nil
		}
		return []fleet.Member{
			{Name: "one", Kind: fleet.KindAttachedCluster},
			{Name: "a-cluster-with-a-very-long-name-that-is-cut-off-somewhere", Kind: fleet.KindCluster},
		}, nil
	}
	all, err := OfKurator(app, resolve)
	if err != nil {
		t.Fatal(err)
	}
	survey := &Application{Seen: all}
	v := survey.Judge()
	var got []string
	for _, l := range v.Lines {
		got = append(got, fmt.Sprintf("%.9s %s %s %s %s", l.At.Member.Name, l.Kind, l.Name, l.Ready, l.Short))
	}
	want := []string{
		"one Kustomization shop-0 True main@41c0d2e", "one HelmRelease chart False 6.4.1",
		"a-cluster Kustomization shop-0 Waiting ", "a-cluster HelmRelease chart Missing ",
		"host Kustomization here Unknown ", "host Kustomization hereafter-attachedcluster-former Leftover ",
		"host Kustomization shop-0-attachedcluster-former Leftover ", "host HelmRelease chart-attachedcluster-former Leftover ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := OfKurator(app, func(*appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) { return nil, errors.New("no fleet") }); err == nil {
		t.Error("a fleet that does not exist is no error")
	}
}
