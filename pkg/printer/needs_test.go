package printer_test

import (
	"bytes"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

func TestNeeds(t *testing.T) {
	ref := func(kind, name, path string, optional bool) plan.Ref {
		return plan.Ref{Identity: plan.Identity{Version: "v1", Kind: kind, Namespace: "default", Name: name}, Path: path, Optional: optional}
	}
	auth := ref("Secret", "git-auth", "spec.source.gitRepository.secretRef", false)
	more := ref("ConfigMap", "more", "spec.syncPolicies[0].helm.valuesFrom[0]", true)
	var out bytes.Buffer
	printer.Needs(&out, plan.Owner{Namespace: "default", Application: "shop"}, []deploy.Work{
		{Member: fleet.Member{Name: "one"}, Refs: []plan.Ref{auth}},
		{Member: fleet.Member{Name: "two"}, Refs: []plan.Ref{auth, more}},
		{Member: fleet.Member{Name: "three"}},
		{Member: fleet.HostMember(), Refs: []plan.Ref{auth, more}},
	})
	const want = `note: application default/shop needs Secret "git-auth" in namespace "default" of 2 clusters (spec.source.gitRepository.secretRef); --copy-refs copies it from the host
note: application default/shop can use ConfigMap "more" in namespace "default" of 1 cluster (spec.syncPolicies[0].helm.valuesFrom[0]); --copy-refs copies it from the host
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
