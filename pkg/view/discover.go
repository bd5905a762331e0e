package view

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// maxVersions bounds the versions of groups that a member serves, and
	// maxNames the names of the resources in all of them, short names and
	// categories included: ten times as many as a member with 1,000 CRDs has.
	maxVersions = 2_000
	maxNames    = 50_000
	// versionsAtOnce is how many versions an old server is asked for side by side.
	versionsAtOnce = 16
)

// served is what a member serves.
type served struct {
	// groups are in the member's order, and lists in that of the groups.
	groups []metav1.APIGroup
	lists  []*metav1.APIResourceList
	mapper meta.RESTMapper
	// all are the resources in each version, and listed those that can be
	// listed, each in the version that its group prefers.
	all    map[schema.GroupVersionResource]Resource
	listed map[schema.GroupResource]Resource
	// unread are the versions of groups that could not be looked into.
	unread []string
}

// discover asks a member what it serves: in two requests side by side, and an
// old one (before Kubernetes 1.27) in one more for each version of a group.
func discover(ctx context.Context, client rest.Interface) (*served, error) {
	asking := &asking{client: client, slots: make(chan struct{}, versionsAtOnce)}
	said, err := asking.everything(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case asking.names.Load() > maxNames:
		return nil, reason.Errorf(reason.Failed, "it has more than %d names for what it serves, which is not believed", maxNames)
	case apierrors.IsNotFound(err):
		return nil, reason.Errorf(reason.Failed, "it does not say what it serves: is it a Kubernetes API server?")
	case apierrors.IsForbidden(err): // its own words say less
		return nil, reason.Errorf(reason.Forbidden, "its credentials may not ask what it serves (system:discovery)")
	case err != nil:
		return nil, fmt.Errorf("what it serves cannot be read: %w", err)
	}
	found := &served{
		groups: said.groups,
		all:    map[schema.GroupVersionResource]Resource{},
		listed: map[schema.GroupResource]Resource{},
	}
	for version, err := range said.down {
		if !isDown(err) {
			return nil, fmt.Errorf("what it serves cannot be read: %w", err)
		}
		found.unread = append(found.unread, version.String())
	}
	slices.Sort(found.unread)
	found.index(said.lists)
	found.mapper = newMapper(found.groups, said.lists)
	return found, nil
}

// errStale is the error of a version of a group whose server the API server
// cannot reach.
var errStale = errors.New("the API server cannot reach the one behind it")

// isDown tells the answer of a server that cannot reach the one behind a group
// from no answer.
func isDown(err error) bool {
	var status apierrors.APIStatus
	return errors.Is(err, errStale) || errors.As(err, &status)
}

// index fills in the resources, and their lists in the order in which kubectl
// has them: that of the groups.
func (s *served) index(lists map[schema.GroupVersion]*metav1.APIResourceList) {
	for _, group := range s.groups {
		for _, version := range group.Versions {
			list := lists[schema.GroupVersion{Group: group.Name, Version: version.Version}]
			if list == nil {
				continue
			}
			s.lists = append(s.lists, list)
			for _, one := range list.APIResources {
				resource := Resource{group.Name, version.Version, one.Name, one.Kind, one.Namespaced}
				s.all[schema.GroupVersionResource{Group: group.Name, Version: version.Version, Resource: one.Name}] = resource
				id := schema.GroupResource{Group: group.Name, Resource: one.Name}
				_, known := s.listed[id]
				if preferred := version.Version == group.PreferredVersion.Version; slices.Contains(one.Verbs, "list") && (preferred || !known) {
					s.listed[id] = resource
				}
			}
		}
	}
}

// names are what could have been asked for: with the groups, or else without
// them and with the short names and the categories.
func (s *served) names(withGroups bool) []string {
	names := map[string]bool{}
	for _, resource := range s.listed {
		if withGroups {
			names[resource.String()] = true
		} else {
			names[resource.Name] = true
		}
	}
	for _, list := range s.lists {
		for _, one := range list.APIResources {
			if withGroups || !slices.Contains(one.Verbs, "list") {
				continue
			}
			for _, name := range slices.Concat([]string{one.SingularName}, one.ShortNames, one.Categories) {
				names[name] = true
			}
		}
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names))
}
