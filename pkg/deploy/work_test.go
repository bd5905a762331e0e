package deploy_test

import (
	"fmt"
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
		if work.UID != "" {
			line += "(" + string(work.UID) + ")"
		}
		for _, wanted := range work.Wanted {
			line += fmt.Sprintf(" +%s", wanted.Name)
			if wanted.UID != "" {
				line += fmt.Sprintf("=%s@%s", wanted.UID, wanted.Applied)
			}
		}
		for _, id := range work.Unwanted {
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
			"one(c1) +src=uid-src@then +web=uid-web@then",
		},
		"another version of it is the same object": {
			[]plan.MemberPlan{planned("one", syncs("web"))}, []inventory.Member{recorded("one", "c1", older)}, "one(c1) +web=uid-web@then",
		},
		"a policy less": {
			[]plan.MemberPlan{planned("one", source("src"))}, []inventory.Member{recorded("one", "c1", source("src"), syncs("web"))},
			"one(c1) +src=uid-src@then -web",
		},
		"a cluster less": {
			[]plan.MemberPlan{planned("one", source("src"))},
			[]inventory.Member{recorded("two", "c2", source("src"), syncs("web")), recorded("one", "c1", source("src"))},
			"one(c1) +src=uid-src@then\ntwo(c2) -web -src",
		},
		"a cluster that does not exist any more": {
			nil, []inventory.Member{recorded("gone", "c3", syncs("web"))}, "gone?(c3) -web",
		},
		"another kind's cluster of that name": {
			[]plan.MemberPlan{planned("one", source("src"))},
			[]inventory.Member{{Kind: fleet.KindHost, Name: "one", Objects: []inventory.Entry{{Identity: source("src")}}}},
			"one +src\none -src",
		},
		"never confirmed": {
			[]plan.MemberPlan{planned("one", source("src"))},
			[]inventory.Member{{Kind: fleet.KindAttachedCluster, Name: "one", Objects: []inventory.Entry{{Identity: source("src")}}}},
			"one +src",
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
	if want := "one(c1) -web -db -src\ngone? -src"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if works := deploy.ToDelete(nil, lookup); len(works) != 0 {
		t.Errorf("nothing recorded, and %d works", len(works))
	}
}

// A name that came to stand for another cluster has two entries in the
// inventory. What is in the former cluster cannot be deleted from the latter,
// where it looks as if it were gone.
func TestFormerClustersOfANameAreWorkOfTheirOwn(t *testing.T) {
	former, latter := recorded("one", "former", source("src"), syncs("web")), recorded("one", "latter", source("src"), syncs("web"))
	for _, work := range deploy.ToDelete([]inventory.Member{former, latter}, lookup) {
		seen := map[plan.Identity]bool{}
		for _, id := range work.Unwanted {
			if seen[id] {
				t.Errorf("%s is deleted twice from cluster %q, and never from the other", id, work.UID)
			}
			seen[id] = true
		}
	}
	extra := recorded("one", "former", source("src"), syncs("old"))
	works := deploy.ToDeploy(&plan.Plan{Members: []plan.MemberPlan{planned("one", source("src"))}}, []inventory.Member{extra, latter}, lookup)
	for _, work := range works {
		for _, id := range work.Unwanted {
			if id == syncs("old") && work.UID != "former" {
				t.Errorf("%s, which is in cluster %q, is deleted from cluster %q", id, "former", work.UID)
			}
		}
	}
}
