package view

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Lookup finds what a type stands for in one member, as kubectl does: a
// resource by its plural, singular or short name or its kind, also as
// TYPE.GROUP and TYPE.VERSION.GROUP, or the resources of a category such as
// all, in kubectl's order and no more than what can be listed of them.
// A type that the member does not know is an UnknownTypeError.
type Lookup func(ctx context.Context, name string) ([]Resource, error)

// UnknownTypeError is the error of a type that a member does not serve. Its
// reason is NotFound.
type UnknownTypeError struct {
	// Type is what was asked for.
	Type string
	// Served are the names that could have been asked for, in order. There may
	// be thousands: keep of them only what is shown.
	Served []string
	// Unread are the versions of groups that the member itself could not look
	// into, because the API server behind them is down: the type may be theirs.
	Unread []string
}

func (e *UnknownTypeError) Error() string {
	message := fmt.Sprintf("the server doesn't have a resource type %q", e.Type)
	if len(e.Unread) > 0 {
		message += fmt.Sprintf(", or it is one of %s, which the server could not look into",
			strings.Join(e.Unread[:min(len(e.Unread), maxNamed)], ", "))
	}
	return message
}

// maxNamed bounds how many groups an error names: they are the member's word.
const maxNamed = 10

// newLookup makes the Lookup of one member. It asks the member when it is first
// used, and once, however many ask for however many types.
func newLookup(client rest.Interface) Lookup {
	var (
		turn  = make(chan struct{}, 1) // who could send may use the variables below
		known *served
		err   error
	)
	ask := func(ctx context.Context) (*served, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if known != nil || err != nil {
			return known, err
		}
		found, failure := discover(ctx, client)
		if ctx.Err() == nil { // else who waits asks with a context of their own
			known, err = found, failure
		}
		return found, failure
	}
	return func(ctx context.Context, name string) ([]Resource, error) {
		served, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		if resources := served.lookup(name); len(resources) > 0 {
			return resources, nil
		}
		return nil, &reason.Error{Reason: reason.NotFound, Err: &UnknownTypeError{
			Type:   name,
			Served: served.names(strings.Contains(name, ".")),
			Unread: served.unread,
		}}
	}
}

// lookup takes a category first, as kubectl does.
func (s *served) lookup(name string) []Resource {
	if resources := s.inCategory(name); len(resources) > 0 {
		return resources
	}
	if resource, ok := s.find(name); ok {
		return []Resource{resource}
	}
	return nil
}

// find does what kubectl does with a name.
// Source: k8s.io/cli-runtime/pkg/resource, Builder.mappingFor.
func (s *served) find(name string) (Resource, bool) {
	var kinds []schema.GroupVersionKind
	versioned, short := schema.ParseResourceArg(name)
	if versioned != nil {
		if kind, err := s.mapper.KindFor(s.expand(*versioned)); err == nil {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		if kind, err := s.mapper.KindFor(s.expand(short.WithVersion(""))); err == nil {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		versioned, short := schema.ParseKindArg(name)
		if versioned != nil {
			kinds = append(kinds, *versioned)
		}
		kinds = append(kinds, short.WithVersion(""))
	}
	for _, kind := range kinds {
		if mapping, err := s.mapper.RESTMapping(kind.GroupKind(), kind.Version); err == nil {
			resource, ok := s.all[mapping.Resource]
			return resource, ok
		}
	}
	return Resource{}, false
}
