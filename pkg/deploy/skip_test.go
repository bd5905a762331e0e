package deploy_test

import (
	"net/http"
	"testing"
)

func TestWhatIsSkippedStaysAsItIs(t *testing.T) {
	one, two := newCluster(t, "c1"), newCluster(t, "c2")
	w := newWorld(t, map[string]*cluster{"one": one, "two": two})
	w.run("web@one+two")
	w.check("one: shop created, web created\ntwo: shop created, web created", "one(c1) shop web\ntwo(c2) shop web")
	// A new policy, in one only; an old one that goes, too.
	w.change = only("one")
	w.run("db@one+two")
	w.check("one: shop unchanged, db created, web deleted", "one(c1) shop db\ntwo(c2) shop web")
	if one.has() != "db shop" || two.has() != "shop web" || w.summary.Members != 1 {
		t.Errorf("%s, %s, %+v", one.has(), two.has(), w.summary)
	}
	// A member that the plan does not have any more is not pruned either.
	w.run("db@one")
	w.check("one: shop unchanged, db unchanged", "one(c1) shop db\ntwo(c2) shop web")
	w.run()
	w.check("one: db deleted, shop deleted", "two(c2) shop web")
	w.change = nil
	w.run("db@one+two")
	w.check("one: shop created, db created\ntwo: shop unchanged, db created, web deleted", "two(c2) shop db\none(c1) shop db")
}

// Two names of one cluster, of which one is skipped: nothing is taken from it,
// and all that is there stays listed under one of them.
func TestOfTwoNamesOfOneClusterOneIsSkipped(t *testing.T) {
	both := []string{"web@one", "db@two"}
	for name, test := range map[string]struct {
		then        []string
		said, lists string
		has         string
	}{
		"it lists it": {[]string{"db@two"}, "two: shop unchanged, db unchanged", "one(c) shop web\ntwo(c) shop db", "db shop web"},
		"it would have it, and does not list it yet": {
			[]string{"db@one", "web@two"}, "two: shop unchanged, web unchanged, db kept", "one(c) shop web\ntwo(c) shop db web", "db shop web",
		},
		"it lists the source, too": {nil, "two: shop released, db deleted", "one(c) shop web", "shop web"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, "c")
			w := newWorld(t, map[string]*cluster{"one": c, "two": c})
			w.run(both...)
			w.change = only("two")
			w.run(test.then...)
			w.check(test.said, test.lists)
			if c.has() != test.has {
				t.Errorf("it has %s, want %s", c.has(), test.has)
			}
			// The law: all is found from the inventory alone.
			w.change = nil
			w.run()
			if c.has() != "" || w.lists() != "" {
				t.Errorf("left are %q, and in the inventory %q", c.has(), w.lists())
			}
		})
	}
}

// An object moves from one name of a cluster to another, where it cannot be
// applied: it stays listed where it was.
func TestAMoveThatFails(t *testing.T) {
	c := newCluster(t, "c")
	w := newWorld(t, map[string]*cluster{"one": c, "two": c})
	w.run("db@one", "web@two")
	c.refuse["PATCH web"] = http.StatusForbidden
	w.run("web@one", "db@two")
	w.check("one: shop unchanged failed: kustomization.kustomize.toolkit.fluxcd.io/web: Forbidden\n"+
		"two: shop unchanged, db unchanged, web kept", "one(c) shop db\ntwo(c) shop web db")
	delete(c.refuse, "PATCH web")
	w.run("web@one", "db@two")
	w.run()
	if c.has() != "" || w.lists() != "" {
		t.Errorf("left are %q, and in the inventory %q", c.has(), w.lists())
	}
}

// Of clusters that nobody was let to tell apart, none counts for another.
func TestSkippedInAClusterThatIsNotKnown(t *testing.T) {
	one, two := newCluster(t, "c1"), newCluster(t, "c2")
	one.refuse["GET kube-system"], two.refuse["GET kube-system"] = http.StatusForbidden, http.StatusForbidden
	w := newWorld(t, map[string]*cluster{"one": one, "two": two})
	w.run("web@one+two")
	w.change = only("one")
	w.run()
	w.check("one: web deleted, shop deleted", "two() shop web")
	if one.has() != "" || two.has() != "shop web" {
		t.Errorf("left are %q, and %q", one.has(), two.has())
	}
}

// Who cannot be told from a stranger is not believed that nothing is there.
func TestAClusterThatHasNoKubeSystem(t *testing.T) {
	c := newCluster(t, "c1")
	w := newWorld(t, map[string]*cluster{"one": c})
	w.run("web@one")
	c.refuse["GET kube-system"], c.refuse["GET web"], c.refuse["GET shop"] = http.StatusNotFound, http.StatusNotFound, http.StatusNotFound
	w.run()
	w.check("one: failed: Not Found", "one(c1) shop web")
}

// A run that was killed after a name had come to lead to another cluster, and
// before it wrote down which, leaves its objects listed for the former one.
func TestMadeWhereTheNameLeadsNow(t *testing.T) {
	former, present := newCluster(t, "c1"), newCluster(t, "c2")
	w := newWorld(t, map[string]*cluster{"one": former})
	w.run("web@one")
	w.leads["one"] = present
	for path, made := range former.objects {
		present.objects[path] = made
	}
	w.run()
	w.check("one: web deleted, shop deleted failed: "+elsewhere, "one(c1) shop web")
	if former.has() != "shop web" || present.has() != "" {
		t.Errorf("left are %q, and %q", former.has(), present.has())
	}
}
