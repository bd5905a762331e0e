package printer_test

import (
	"bytes"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// served are Flux's groups in these versions: one text for each group, empty
// where it is not served.
func served(versions ...string) []preflight.Group {
	var groups []preflight.Group
	for i, name := range plan.Groups() {
		group := preflight.Group{Name: name}
		if versions[i] != "" {
			group.Versions = []string{versions[i]}
		}
		groups = append(groups, group)
	}
	return groups
}

func controllerOf(name, version string, available int) preflight.Controller {
	return preflight.Controller{Name: name, Namespace: "flux-system", Deployment: name, Version: version, Available: available, Replicas: 1}
}

// aFleet has one cluster of each sort.
func aFleet() []printer.Cluster {
	attached := func(name string) fleet.Member {
		return fleet.Member{Name: name, Kind: fleet.KindAttachedCluster, Kubeconfig: fleet.SecretKey{Namespace: "default", Name: name, Key: "value"}}
	}
	is := func(groups []preflight.Group, controllers ...preflight.Controller) preflight.Cluster {
		return preflight.Cluster{UID: "uid", Version: "v1.36.3", Groups: groups, Controllers: controllers}
	}
	whole := served("v1", "v1", "v2")
	labelled := attached("eu-1")
	labelled.Labels = map[string]string{"env": "prod", "\x1b[2J": "\u202eleft"}
	hidden, unread, partly := is(whole), is(served("", "", "")), is(served("v1", "", ""))
	hidden.Unseen = apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: "deployments"}, "", errors.New("no"))
	unread.Version = ""
	for i := range unread.Groups {
		unread.Groups[i].Err = hidden.Unseen
	}
	partly.Groups[2].Err = hidden.Unseen
	strange := is(whole, controllerOf("\x1bevil-controller", "\x9b", 1), controllerOf("source-controller", "\u2066v1", 1))
	strange.Version = "v1\x07"
	return []printer.Cluster{
		{Member: fleet.HostMember(), IsCounted: true, Is: is(served("", "", ""))},
		{
			Member: labelled, Fleets: []string{"prod", "all"}, Applications: []string{"default/shop", "default/\x1bweb"}, IsCounted: true,
			Is: is(
				whole, controllerOf("source-controller", "v1.9.6", 1), controllerOf("source-controller", "v1.9.6", 1),
				controllerOf("kustomize-controller", "v1.9.5", 0), controllerOf("helm-controller", "", 1), controllerOf("notification-controller", "v1.9.1", 1),
			),
		},
		{Member: attached("apis"), Fleets: []string{"all"}, IsCounted: true, Is: is(whole)},
		{Member: attached("hidden"), Fleets: []string{"all"}, Is: hidden},
		{Member: attached("unread"), Is: unread},
		{Member: attached("partly"), IsCounted: true, Is: partly},
		{Member: attached("strange\u202e"), IsCounted: true, Is: strange},
		{Member: attached("down"), Applications: []string{"default/shop"}, IsCounted: true, Err: reason.Errorf(reason.Unreachable, "dial tcp 10.7.0.1:6443: i/o timeout")},
		{Member: attached("refused"), IsCounted: true, Err: apierrors.NewUnauthorized("Unauthorized")},
		{Member: attached("nobody"), IsCounted: true, Err: reason.Errorf(reason.Unauthorized, "it takes \x1b us for nobody")},
		{
			Member: fleet.Member{Name: "made", Kind: fleet.KindCluster, Missing: true}, Fleets: []string{"all"}, IsCounted: true,
			Err: reason.Errorf(reason.NotFound, "there is no Cluster of this name in the fleet's namespace"),
		},
	}
}

func TestClusters(t *testing.T) {
	for name, options := range map[string]printer.ClusterOptions{
		"clusters": {}, "clusters-labels": {ShowLabels: true, NoHeaders: true}, "clusters-wide": {Wide: true},
		"clusters-below": {Terminal: printer.Terminal{Width: 100}}, "clusters-colors": {Terminal: printer.Terminal{Colors: true}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := printer.Clusters(&out, aFleet(), options); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
	t.Run("names", func(t *testing.T) {
		var out bytes.Buffer
		if err := printer.ClusterNames(&out, aFleet()); err != nil {
			t.Fatal(err)
		}
		golden(t, "clusters-names", out.Bytes())
	})
	for _, format := range []string{"json", "yaml"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			if err := printer.ClusterList(&out, format, aFleet()); err != nil {
				t.Fatal(err)
			}
			golden(t, "clusters-"+format, out.Bytes())
		})
	}
}
