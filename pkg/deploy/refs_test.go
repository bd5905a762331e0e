package deploy_test

import (
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func secret(name string) plan.Identity {
	return plan.Identity{Version: "v1", Resource: "secrets", Kind: "Secret", Namespace: "default", Name: name}
}

// referring is a member that should have a source, which refers to Secrets.
func referring(member string, secrets ...string) plan.MemberPlan {
	p := planned(member, source("src"))
	for _, name := range secrets {
		p.Refs = append(p.Refs, plan.Ref{Identity: secret(name)})
	}
	return p
}

func TestWhatIsReferredToStays(t *testing.T) {
	for name, test := range map[string]struct {
		wanted   plan.MemberPlan
		recorded []inventory.Member
		want     string
	}{
		"copied again": {
			planned("one", secret("auth"), source("src")), []inventory.Member{recorded("one", "c1", secret("auth"), source("src"))},
			"one(c1) +auth +src",
		},
		"not copied again": {
			referring("one", "auth"), []inventory.Member{recorded("one", "c1", secret("auth"), source("src"))},
			"one(c1) +src",
		},
		"not referred to any more": {
			referring("one", "other"), []inventory.Member{recorded("one", "c1", secret("auth"), secret("other"), source("src"), syncs("web"))},
			"one(c1) +src -web -auth",
		},
		"a cluster that is not wanted any more": {
			referring("two", "auth"), []inventory.Member{recorded("one", "c1", secret("auth"), source("src"), syncs("web"))},
			"two +src\none(c1) -web -src -auth",
		},
	} {
		t.Run(name, func(t *testing.T) {
			works := deploy.ToDeploy(&plan.Plan{Members: []plan.MemberPlan{test.wanted}}, test.recorded, lookup)
			if got := shape(works); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
	got := shape(deploy.ToDelete([]inventory.Member{recorded("one", "c1", secret("auth"), source("src"), syncs("web"))}, lookup))
	if want := "one(c1) -web -src -auth"; got != want {
		t.Errorf("to delete: got\n%s\nwant\n%s", got, want)
	}
}

func TestNotOurs(t *testing.T) {
	onHost := referring("host", "auth")
	onHost.Member = fleet.HostMember()
	for name, test := range map[string]struct {
		wanted   plan.MemberPlan
		recorded []inventory.Member
		skip     bool
		want     int
	}{
		"never copied":        {wanted: referring("one", "auth", "other"), want: 2},
		"copied before":       {wanted: referring("one", "auth"), recorded: []inventory.Member{recorded("one", "c1", secret("auth"))}},
		"copied elsewhere":    {wanted: referring("one", "auth"), recorded: []inventory.Member{recorded("two", "c2", secret("auth"))}, want: 1},
		"the host":            {wanted: onHost},
		"not in this run":     {wanted: referring("one", "auth"), skip: true},
		"nothing referred to": {wanted: referring("one")},
	} {
		t.Run(name, func(t *testing.T) {
			work := deploy.ToDeploy(&plan.Plan{Members: []plan.MemberPlan{test.wanted}}, test.recorded, lookup)[0]
			work.Skip = test.skip
			if got := work.NotOurs(); len(got) != test.want {
				t.Errorf("got %+v, want %d", got, test.want)
			}
		})
	}
}
