package deploy

import (
	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Preview is what a run would do in each member, as far as the inventory tells:
// no member is asked, so what is listed counts as there, and to be configured.
func Preview(works []Work, options Options) ([]Event, Summary) {
	summary := Summary{Actions: map[apply.Action]int{}}
	unwanted := apply.Deleted
	if options.NoPrune {
		unwanted = apply.Kept
	}
	var events []Event
	for _, work := range works {
		if work.Skip {
			continue
		}
		event := Event{Member: work.Member, Wanted: work.Wanted}
		add := func(id plan.Identity, action apply.Action) {
			event.Objects = append(event.Objects, apply.Result{Identity: id, Action: action})
			summary.Actions[action]++
		}
		for _, object := range work.Wanted {
			if work.lists(object.Identity) {
				add(object.Identity, apply.Configured)
			} else {
				add(object.Identity, apply.Created)
			}
		}
		for _, id := range work.Unwanted() {
			add(id, unwanted)
		}
		summary.Members++
		events = append(events, event)
	}
	return events, summary
}
