package deploy_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func source(name string) plan.Identity {
	return plan.Identity{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories", Kind: "GitRepository", Namespace: "default", Name: name}
}

func syncs(name string) plan.Identity {
	return plan.Identity{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations", Kind: "Kustomization", Namespace: "default", Name: name}
}

func attached(name string) fleet.Member {
	return fleet.Member{Name: name, Kind: fleet.KindAttachedCluster}
}

// lookup knows every member but "gone".
func lookup(kind, name string) fleet.Member {
	return fleet.Member{Name: name, Kind: kind, Missing: name == "gone"}
}

func planned(member string, ids ...plan.Identity) plan.MemberPlan {
	p := plan.MemberPlan{Member: attached(member)}
	for _, id := range ids {
		p.Objects = append(p.Objects, &plan.Object{Identity: id})
	}
	return p
}

// recorded is a member of the inventory; the UID of each object is "uid-" and
// its name.
func recorded(name string, uid types.UID, ids ...plan.Identity) inventory.Member {
	m := inventory.Member{Kind: fleet.KindAttachedCluster, Name: name, UID: uid}
	for _, id := range ids {
		m.Objects = append(m.Objects, inventory.Entry{Identity: id, UID: types.UID("uid-" + id.Name), Applied: "then"})
	}
	return m
}

// shape is the work in lines.
func shape(works []deploy.Work) string {
	var lines []string
	for _, work := range works {
		line := work.Member.Name
		if work.Member.Missing {
			line += "?"
		}
		for _, cluster := range work.Recorded {
			line += "(" + string(cluster.UID) + ")"
		}
		for _, wanted := range work.Wanted {
			line += " +" + wanted.Name
		}
		for _, id := range work.Unwanted() {
			line += " -" + id.Name
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestToDeploy(t *testing.T) {
	older := syncs("web")
	older.Version = "v1beta2"
	for name, test := range map[string]struct {
		wanted   []plan.MemberPlan
		recorded []inventory.Member
		want     string
	}{
		"first time": {
			[]plan.MemberPlan{planned("one", source("src"), syncs("web"))}, nil, "one +src +web",
		},
		"again": {
			[]plan.MemberPlan{planned("one", source("src"), syncs("web"))},
			[]inventory.Member{recorded("one", "c1", source("src"), syncs("web"))},
			"one(c1) +src +web",
		},
		"another version of it is the same object": {
			[]plan.MemberPlan{planned("one", syncs("web"))}, []inventory.Member{recorded("one", "c1", older)}, "one(c1) +web",
		},
		"a policy less": {
			[]plan.MemberPlan{planned("one", source("src"))}, []inventory.Member{recorded("one", "c1", source("src"), syncs("web"))},
			"one(c1) +src -web",
		},
		"a cluster less": {
			[]plan.MemberPlan{planned("one", source("src"))},
			[]inventory.Member{recorded("two", "c2", source("src"), syncs("web")), recorded("one", "c1", source("src"))},
			"one(c1) +src\ntwo(c2) -web -src",
		},
		"a cluster that does not exist any more": {
			nil, []inventory.Member{recorded("gone", "c3", syncs("web"))}, "gone?(c3) -web",
		},
		"another kind's cluster of that name": {
			[]plan.MemberPlan{planned("one", source("src"))},
			[]inventory.Member{{Kind: fleet.KindHost, Name: "one", Objects: []inventory.Entry{{Identity: source("src")}}}},
			"one +src\none() -src",
		},
		"never confirmed": {
			[]plan.MemberPlan{planned("one", source("src"))},
			[]inventory.Member{{Kind: fleet.KindAttachedCluster, Name: "one", Objects: []inventory.Entry{{Identity: source("src")}}}},
			"one() +src",
		},
		"a name that led to two clusters": {
			[]plan.MemberPlan{planned("one", source("src"))},
			[]inventory.Member{recorded("one", "former", source("src"), syncs("old")), recorded("one", "latter", source("src"))},
			"one(former)(latter) +src -old",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shape(deploy.ToDeploy(&plan.Plan{Members: test.wanted}, test.recorded, lookup)); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestToDelete(t *testing.T) {
	got := shape(deploy.ToDelete([]inventory.Member{
		recorded("one", "c1", source("src"), syncs("web"), syncs("db")), recorded("gone", "", source("src")),
	}, lookup))
	if want := "one(c1) -web -db -src\ngone?() -src"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if works := deploy.ToDelete(nil, lookup); len(works) != 0 {
		t.Errorf("nothing recorded, and %d works", len(works))
	}
}
