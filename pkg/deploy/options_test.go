package deploy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
)

const elsewhere = "it may still hold 2 objects in a cluster that its kubeconfig no longer leads to (kube-system c1; now c2); --abandon=one forgets them"

// abandon lets go of these members.
func abandon(members ...string) func(*deploy.Work) {
	let := only(members...)
	return func(w *deploy.Work) {
		skip := *w
		let(&skip)
		w.Abandon = !skip.Skip
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	one, two := newCluster(t, "c1"), newCluster(t, "c2")
	w := newWorld(t, map[string]*cluster{"one": one, "two": two})
	w.run("web@one+two")
	wrote, before := one.wrote+two.wrote, w.host.writes()
	w.DryRun = true
	w.run("web@one", "db@one+two")
	w.check("one: shop unchanged, web unchanged, db created\ntwo: shop unchanged, db created, web deleted", "one(c1) shop web\ntwo(c2) shop web")
	w.run()
	w.check("one: web deleted, shop deleted\ntwo: web deleted, shop deleted", "one(c1) shop web\ntwo(c2) shop web")
	w.Orphan = true
	w.run()
	if one.wrote+two.wrote != wrote || one.has()+two.has() != "shop webshop web" || one.dry+two.dry == 0 {
		t.Errorf("%d requests more, %s, %s", one.wrote+two.wrote-wrote, one.has(), two.has())
	}
	if after := strings.TrimSuffix(w.host.writes(), " GET"); after != before {
		t.Errorf("the host saw %s, before %s", after, before)
	}
}

// Who holds the inventory does not matter to a run that does not write it.
func TestADryRunWhileAnotherRunHoldsTheInventory(t *testing.T) {
	c := newCluster(t, "c1")
	w := newWorld(t, map[string]*cluster{"one": c})
	held := w.record()
	if err := held.Intend(t.Context(), inventory.Run{Verb: "deployed", Holder: "ana@laptop-12"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	w.DryRun = true
	w.run("web@one")
	w.check("one: shop created, web created", "")
	if c.has() != "" {
		t.Errorf("it has %s", c.has())
	}
}

func TestADryRunOfWhatAMemberRefuses(t *testing.T) {
	bad, good := newCluster(t, "c1"), newCluster(t, "c2")
	bad.refuse["PATCH web"] = http.StatusUnprocessableEntity
	w := newWorld(t, map[string]*cluster{"bad": bad, "good": good})
	w.DryRun = true
	w.run("web@down+bad+good")
	w.check("down: failed: no way to down\n"+
		"bad: shop created failed: kustomization.kustomize.toolkit.fluxcd.io/web: Unprocessable Entity\n"+
		"good: shop created, web created", "")
	if w.summary.Failed != 2 || w.summary.Members != 3 {
		t.Errorf("%+v", w.summary)
	}
}

func TestNothingIsPruned(t *testing.T) {
	one, two := newCluster(t, "c1"), newCluster(t, "c2")
	w := newWorld(t, map[string]*cluster{"one": one, "two": two})
	w.run("web@one+two")
	w.NoPrune = true
	two.refuse["GET web"] = http.StatusTeapot // it must not be asked
	w.run("db@one")
	w.check("one: shop unchanged, db created, web kept\ntwo: web kept, shop kept", "one(c1) shop web db\ntwo(c2) shop web")
	delete(two.refuse, "GET web")
	w.NoPrune = false
	w.run("db@one")
	w.check("one: shop unchanged, db unchanged, web deleted\ntwo: web deleted, shop deleted", "one(c1) shop db")
}

func TestAbandon(t *testing.T) {
	for name, test := range map[string]struct {
		two         func(*cluster) *cluster
		then        []string
		said, lists string
	}{
		"gone for good, of a deploy": {
			func(*cluster) *cluster { return nil }, []string{"web@one"},
			"one: shop unchanged, web unchanged\ntwo: web abandoned, shop abandoned gave up: no way to two", "one(c1) shop web",
		},
		"gone for good, of a delete": {
			func(*cluster) *cluster { return nil }, nil,
			"one: web deleted, shop deleted\ntwo: web abandoned, shop abandoned gave up: no way to two", "",
		},
		"in good health": {
			func(c *cluster) *cluster { return c }, nil,
			"one: web deleted, shop deleted\ntwo: web deleted, shop deleted", "",
		},
		"partly": {
			func(c *cluster) *cluster { c.refuse["DELETE shop"] = http.StatusForbidden; return c }, nil,
			"one: web deleted, shop deleted\n" +
				"two: web deleted, shop abandoned gave up: gitrepository.source.toolkit.fluxcd.io/shop: Forbidden", "",
		},
		"still wanted": {
			func(*cluster) *cluster { return nil }, []string{"web@one+two"},
			"one: shop unchanged, web unchanged\ntwo: failed: no way to two", "one(c1) shop web\ntwo(c2) shop web",
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, two := newCluster(t, "c1"), newCluster(t, "c2")
			w := newWorld(t, map[string]*cluster{"one": one, "two": two})
			w.run("web@one+two")
			w.leads["two"] = test.two(two)
			w.change = abandon("two")
			w.run(test.then...)
			w.check(test.said, test.lists)
		})
	}
}

// A name that leads to another cluster by now: the former one is let go, and
// the present one is handled as ever.
func TestAbandonAFormerCluster(t *testing.T) {
	for name, test := range map[string]struct {
		then             []string
		said, lists, has string
	}{
		"deploy": {
			[]string{"db@one"}, "one: shop unchanged, db created, web deleted gave up: " + elsewhere, "one(c2) shop db", "db shop",
		},
		"delete": {nil, "one: web deleted, shop deleted gave up: " + elsewhere, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			former, present := newCluster(t, "c1"), newCluster(t, "c2")
			w := newWorld(t, map[string]*cluster{"one": former})
			w.run("web@one")
			w.leads["one"] = present
			w.run("web@one")
			w.check("one: shop created, web created failed: "+elsewhere, "one(c1) shop web\none(c2) shop web")
			w.change = abandon("one")
			w.run(test.then...)
			w.check(test.said, test.lists)
			if former.has() != "shop web" || present.has() != test.has {
				t.Errorf("left are %s, and %s", former.has(), present.has())
			}
		})
	}
}

// Which cluster it is could not be learned: what was just applied in it is not
// forgotten with the rest.
func TestAbandonInAClusterThatIsNotKnown(t *testing.T) {
	c := newCluster(t, "c1")
	w := newWorld(t, map[string]*cluster{"one": c})
	w.run("web@one")
	c.refuse["GET kube-system"] = http.StatusForbidden
	w.change = abandon("one")
	w.run("db@one")
	if got := w.lists(); !strings.Contains(got, "db") || !strings.Contains(got, "shop") {
		t.Errorf("it has %s, and the inventory lists %q", c.has(), got)
	}
}

// What has only to be waited for is told from what failed.
func TestTimedOut(t *testing.T) {
	slow, bad := newCluster(t, "c1"), newCluster(t, "c2")
	w := newWorld(t, map[string]*cluster{"slow": slow, "bad": bad, "good": newCluster(t, "c3")})
	w.MemberTimeout, w.Timeout = time.Second, 500*time.Millisecond
	w.run("web@slow+bad+good")
	slow.stuck = []string{"web"}
	bad.stuck, bad.refuse["DELETE db"] = []string{"web"}, http.StatusForbidden
	w.run("db@bad")
	const stuck = "kustomization.kustomize.toolkit.fluxcd.io/web: it is being deleted, but has finalizers left when the time was over (--timeout): does Flux's controller run in the member?"
	w.check("bad: shop unchanged, db created failed: "+stuck+"\nslow: failed: "+stuck+"\ngood: web deleted, shop deleted",
		"slow(c1) shop web\nbad(c2) shop web db")
	if w.summary.Failed != 2 || w.summary.TimedOut != 2 {
		t.Errorf("%+v", w.summary)
	}
	w.run()
	if w.summary.Failed != 2 || w.summary.TimedOut != 1 {
		t.Errorf("%s\n%+v", w.said(), w.summary)
	}
	slow.stuck, bad.stuck, bad.refuse = nil, nil, nil
	w.run()
	w.check("slow: web deleted, shop deleted\nbad: web deleted, db deleted, shop deleted", "")
}

func TestNotWaitedFor(t *testing.T) {
	c := newCluster(t, "c1")
	w := newWorld(t, map[string]*cluster{"one": c})
	w.run("web@one")
	c.stuck = []string{"web"}
	w.NoWait = true
	w.run()
	w.check("one: web being deleted, shop kept", "one(c1) shop web")
	c.stuck, w.NoWait = nil, false
	w.run()
	w.check("one: web deleted, shop deleted", "")
}
