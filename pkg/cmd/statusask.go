package cmd

import (
	"context"
	"slices"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// visit is one member, and what to look at there for all applications together.
type visit struct {
	member fleet.Member
	places []*status.Seen
}

// visits are those to the members of all applications that were deployed from
// here: what Kurator says of its own was read with them.
func visits(surveys []*status.Application) []visit {
	type key struct{ namespace, kind, name string }
	var all []visit
	at := map[key]int{}
	for _, survey := range surveys {
		if survey.Manager != status.ByFleetapp {
			continue
		}
		for i := range survey.Seen {
			seen := &survey.Seen[i]
			of := key{survey.Namespace, seen.Member.Kind, seen.Member.Name}
			if seen.Member.Kind == fleet.KindHost {
				of.namespace = ""
			}
			index, known := at[of]
			if !known {
				index = len(all)
				at[of] = index
				all = append(all, visit{member: seen.Member})
			}
			all[index].places = append(all[index].places, seen)
		}
	}
	return all
}

// askMembers looks at all places. What could not be asked is noted there. Each
// place goes to each, where that is not nil, once it was looked at. Where it is
// interrupted, the error is errInterrupted.
func (o *statusOptions) askMembers(ctx context.Context, host *fleet.Client, surveys []*status.Application, each func(*status.Seen) error) error {
	all := visits(surveys)
	waiting := o.Waiting()
	defer waiting.Clear()
	options := o.scope.options()
	options.Patience = patience
	for event := range fanout.Stream(ctx, options, all, nil, func(ctx context.Context, to visit, emit func([]status.Seen) error) error {
		return emit(o.visit(ctx, host, to))
	}) {
		switch {
		case event.Waiting != nil:
			var names []string
			for _, to := range event.Waiting {
				names = append(names, to.member.Name)
			}
			waiting.Show(names, len(all))
		case event.Ended:
			for _, place := range event.Item.places {
				if event.Err != nil {
					place.Err = event.Err
				}
				if each == nil {
					continue
				}
				waiting.Clear()
				if err := each(place); err != nil {
					return err
				}
			}
		default:
			for i, seen := range event.Value {
				*event.Item.places[i] = seen
			}
		}
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// visit looks at all that is to be seen in a member, in one round trip once it is
// connected.
func (o *statusOptions) visit(ctx context.Context, host *fleet.Client, to visit) []status.Seen {
	all := make([]status.Seen, len(to.places))
	client, err := o.Connect(ctx, host, to.member)
	if err != nil {
		for i, place := range to.places {
			all[i] = status.Seen{Place: place.Place, Err: err}
		}
		return all
	}
	defer client.Close()
	i := 0
	for result := range fanout.Run(ctx, fanout.Options{Limit: len(to.places)}, to.places, func(ctx context.Context, place *status.Seen) (status.Seen, error) {
		return o.lookAt(ctx, client, place.Place), nil
	}) {
		all[i] = result.Value
		if result.Err != nil {
			all[i] = status.Seen{Place: result.Item.Place, Err: result.Err}
		}
		i++
	}
	return all
}

// unasked are the members that could not be asked, or not for everything, each
// once and with each reason once.
func (l *looked) unasked() []printer.Outcome {
	var all []printer.Outcome
	for _, one := range l.all {
		for i := range one.Seen {
			seen := &one.Seen[i]
			errs := []error{seen.Err}
			for _, row := range seen.Rows {
				errs = append(errs, row.Err)
			}
			for _, err := range errs {
				if err != nil {
					all = noteError(all, seen.Member, err)
				}
			}
		}
	}
	return all
}

func noteError(all []printer.Outcome, member fleet.Member, err error) []printer.Outcome {
	at := slices.IndexFunc(all, func(o printer.Outcome) bool { return o.Member.Kind == member.Kind && o.Member.Name == member.Name })
	if at < 0 {
		return append(all, printer.Outcome{Member: member, Errs: []error{err}})
	}
	if !slices.ContainsFunc(all[at].Errs, func(other error) bool { return reason.Message(other) == reason.Message(err) }) {
		all[at].Errs = append(all[at].Errs, err)
	}
	return all
}
