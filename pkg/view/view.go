// Package view asks one member for any resource: as rows of the table that its
// API server makes, as whole objects, or as no more than names. What the member
// answers is decoded while it comes, and only what is shown of it is kept.
package view

import (
	"context"
	"errors"
	"slices"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// sideBySide is how many types and names of one member are asked for at once.
	sideBySide = 10
	// maxHeld is how much of one member's answers is held for its turn, in bytes,
	// beside one answer each of those that are asked for.
	maxHeld = 1 << 20
)

// Get asks one member, and hands over what it answers page by page, in the
// order asked. What could not be had is in the error, one for each type or
// name, after everything else was handed over; errors that say the same are
// there once. An error of emit ends it.
func Get(ctx context.Context, client rest.Interface, query Query, emit func(Page) error) error {
	var wanted []want
	types := map[string]bool{}
	for i, ask := range query.Asks {
		typ := canonical(ask.Type)
		if len(ask.Names) == 0 && !types[typ] {
			wanted = append(wanted, want{ask: i, typ: ask.Type})
		}
		types[typ] = true
		for _, name := range ask.Names {
			wanted = append(wanted, want{ask: i, typ: ask.Type, name: name})
		}
	}
	member := member{client: client, query: query, lookup: newLookup(client), crowded: len(wanted) > 1, types: types}
	return each(ctx, wanted, member.get, emit)
}

// canonical is the same for all names of a well-known type.
func canonical(typ string) string {
	if known, err := WellKnown(typ); err == nil {
		return known.String()
	}
	return typ
}

// want is one type, or one object of it, and which of the asks it is of.
type want struct {
	ask       int
	typ, name string
}

// member is the one that is asked.
type member struct {
	client rest.Interface
	query  Query
	lookup Lookup
	// crowded says that more than one thing is asked for at once.
	crowded bool
	// types are all that are asked for by a name of their own. A category that
	// has one of them, too, does not have it again.
	types map[string]bool
}

// get asks for one type or object. A member that does not serve a well-known
// type as it is known may serve it in another version.
func (m member) get(ctx context.Context, wanted want, hand func(Page) error) error {
	mixed := len(m.types) > 1
	emit := func(page Page) error {
		page.Ask, page.Mixed = wanted.ask, mixed
		return hand(page)
	}
	if known, err := WellKnown(wanted.typ); err == nil {
		if err := m.read(ctx, known, wanted.name, emit); !reason.NotServed(err) {
			return err
		}
	}
	found, err := m.lookup(ctx, wanted.typ)
	switch {
	case err != nil:
		return err
	case wanted.name != "" && len(found) > 1:
		return reason.Errorf(reason.Invalid, "%q stands for %d types, so that none of their objects can be named; name one type", wanted.typ, len(found))
	}
	m.crowded, mixed = m.crowded || len(found) > 1, mixed || len(found) > 1
	if len(found) > 1 {
		found = slices.DeleteFunc(slices.Clone(found), func(resource Resource) bool { return m.types[resource.String()] })
	}
	return each(ctx, found, func(ctx context.Context, resource Resource, emit func(Page) error) error {
		return m.read(ctx, resource, wanted.name, emit)
	}, emit)
}

func (m member) read(ctx context.Context, resource Resource, name string, emit func(Page) error) error {
	reader, err := newReader(m.client, m.query, resource, emit)
	if err != nil {
		return err
	}
	reader.crowded = m.crowded
	if name != "" {
		return reader.one(ctx, name)
	}
	return reader.list(ctx)
}

// each does the work for all items side by side, and hands over what comes of
// it in their order. Of one item nothing has to be held.
func each[T any](ctx context.Context, items []T, work func(context.Context, T, func(Page) error) error, emit func(Page) error) error {
	if len(items) == 1 {
		return work(ctx, items[0], emit)
	}
	var errs []error
	options := fanout.Options{Limit: sideBySide, Budget: maxHeld}
	for event := range fanout.Stream(ctx, options, items, Page.Size, work) {
		if !event.Ended {
			if err := emit(event.Value); err != nil {
				return err
			}
			continue
		}
		for _, err := range parts(event.Err) {
			same := func(other error) bool { return reason.Message(other) == reason.Message(err) }
			if !slices.ContainsFunc(errs, same) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// parts are the errors that an inner each has joined.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
