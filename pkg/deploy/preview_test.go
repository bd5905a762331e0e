package deploy_test

import (
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func TestPreview(t *testing.T) {
	works := deploy.ToDeploy(
		&plan.Plan{Members: []plan.MemberPlan{planned("one", source("src"), syncs("web")), planned("new", source("src"))}},
		[]inventory.Member{
			recorded("one", "former", syncs("older")), recorded("one", "c1", source("src"), syncs("old")),
			recorded("two", "c2", syncs("web"), source("src")), recorded("gone", "c3", source("src")),
		}, lookup)
	for name, test := range map[string]struct {
		options deploy.Options
		change  func(*deploy.Work)
		said    string
		members int
	}{
		"all": {
			deploy.Options{}, func(*deploy.Work) {},
			"one: src configured, web created, older deleted, old deleted\nnew: src created\ntwo: web deleted, src deleted\ngone: src deleted", 4,
		},
		"pruned nothing": {
			deploy.Options{NoPrune: true}, only("one", "two"),
			"one: src configured, web created, older kept, old kept\ntwo: web kept, src kept", 2,
		},
		"nowhere": {deploy.Options{}, only(), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t}
			changed := append([]deploy.Work{}, works...)
			for i := range changed {
				test.change(&changed[i])
			}
			w.events, w.summary = deploy.Preview(changed, test.options)
			if got := w.said(); got != test.said {
				t.Errorf("got\n%s\nwant\n%s", got, test.said)
			}
			if w.summary.Members != test.members || w.summary.Failed != 0 {
				t.Errorf("%+v", w.summary)
			}
		})
	}
}
