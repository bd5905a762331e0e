package view

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

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

// served is what a member serves. It is also the discovery client of client-go's
// finders, which ask nobody therefore.
type served struct {
	discovery.DiscoveryInterfaceWithContext // nil: what the finders do not call

	groups []*metav1.APIGroup
	lists  []*metav1.APIResourceList
	mapper meta.RESTMapperWithContext
	// all are the resources in each version, and listed those that can be
	// listed, each in the version that its group prefers.
	all    map[schema.GroupVersionResource]Resource
	listed map[schema.GroupResource]Resource
	// unread are the versions of groups that could not be looked into.
	unread []string
}

func (s *served) ServerGroupsAndResourcesWithContext(context.Context) ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	return s.groups, s.lists, nil
}

// discover asks a member what it serves: in two requests, and an old one
// (before Kubernetes 1.27) in one more for each version of a group.
func discover(ctx context.Context, client rest.Interface) (*served, error) {
	asking := &carefully{DiscoveryClient: discovery.NewDiscoveryClient(client), slots: make(chan struct{}, versionsAtOnce)}
	groups, lists, err := discovery.ServerGroupsAndResourcesWithContext(ctx, asking) // its method asks twice where a group is down
	var unread []string
	var partly *discovery.ErrGroupDiscoveryFailed
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case asking.names.Load() > maxNames:
		return nil, reason.Errorf(reason.Failed, "it has more than %d names for what it serves, which is not believed", maxNames)
	case errors.As(err, &partly):
		for version, err := range partly.Groups {
			if !isDown(err) {
				return nil, fmt.Errorf("what it serves cannot be read: %w", err)
			}
			unread = append(unread, version.String())
		}
		slices.Sort(unread)
	case apierrors.IsNotFound(err):
		return nil, reason.Errorf(reason.Failed, "it does not say what it serves: is it a Kubernetes API server?")
	case apierrors.IsForbidden(err): // client-go drops the server's own words
		return nil, reason.Errorf(reason.Forbidden, "its credentials may not ask what it serves (system:discovery)")
	case err != nil:
		return nil, fmt.Errorf("what it serves cannot be read: %w", err)
	}
	found := &served{
		groups: groups,
		unread: unread,
		all:    map[schema.GroupVersionResource]Resource{},
		listed: map[schema.GroupResource]Resource{},
	}
	found.index(lists)
	resources, err := restmapper.GetAPIGroupResourcesWithContext(ctx, found)
	if err != nil {
		return nil, err
	}
	found.mapper = restmapper.NewDiscoveryRESTMapperWithContext(resources)
	return found, nil
}

// isDown tells the answer of a server that cannot reach the one behind a group
// from no answer.
func isDown(err error) bool {
	var (
		stale  discovery.StaleGroupVersionError
		status apierrors.APIStatus
	)
	return errors.As(err, &stale) || errors.As(err, &status)
}

// index fills in the resources, and their lists in the order in which kubectl
// has them, which client-go does not keep: that of the groups.
func (s *served) index(lists []*metav1.APIResourceList) {
	byVersion := map[string]*metav1.APIResourceList{}
	for _, list := range lists {
		byVersion[list.GroupVersion] = list
	}
	for _, group := range s.groups {
		for _, version := range group.Versions {
			list := byVersion[version.GroupVersion]
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

// carefully is client-go's discovery client for a server that is not trusted:
// what it names becomes part of our requests' paths.
type carefully struct {
	*discovery.DiscoveryClient
	slots chan struct{}
	names atomic.Int64 // how many were read
}

// GroupsAndMaybeResourcesWithContext is where client-go asks for everything, and
// gets no more than the groups from old servers.
func (c *carefully) GroupsAndMaybeResourcesWithContext(ctx context.Context) (
	*metav1.APIGroupList, map[schema.GroupVersion]*metav1.APIResourceList, map[schema.GroupVersion]error, error,
) {
	groups, lists, down, err := c.DiscoveryClient.GroupsAndMaybeResourcesWithContext(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	seen := map[schema.GroupVersion]bool{}
	for i := range groups.Groups {
		group := &groups.Groups[i]
		group.Versions = slices.DeleteFunc(group.Versions, func(version metav1.GroupVersionForDiscovery) bool {
			id := schema.GroupVersion{Group: group.Name, Version: version.Version}
			if !valid(id) || version.GroupVersion != id.String() || seen[id] {
				return true
			}
			seen[id] = true
			return false
		})
	}
	maps.DeleteFunc(down, func(id schema.GroupVersion, _ error) bool { return !valid(id) })
	if len(seen)+len(down) > maxVersions {
		return nil, nil, nil, reason.Errorf(reason.Failed, "it says that it serves more than %d versions of groups, which is not believed", maxVersions)
	}
	for _, list := range lists {
		c.keep(list)
	}
	return groups, lists, down, nil
}

// ServerResourcesForGroupVersionWithContext is how client-go asks old servers,
// for all versions side by side.
func (c *carefully) ServerResourcesForGroupVersionWithContext(ctx context.Context, version string) (*metav1.APIResourceList, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if c.names.Load() > maxNames {
		return nil, errors.New("there are too many names already")
	}
	list, err := c.DiscoveryClient.ServerResourcesForGroupVersionWithContext(ctx, version)
	if err != nil {
		return nil, err
	}
	list.GroupVersion = version // whatever it says
	c.keep(list)
	return list, nil
}

// keep drops subresources, and whatever cannot be a name.
func (c *carefully) keep(list *metav1.APIResourceList) {
	list.APIResources = slices.DeleteFunc(list.APIResources, func(resource metav1.APIResource) bool {
		return !isName(resource.Name) || !isName(strings.ToLower(resource.Kind))
	})
	for i := range list.APIResources {
		resource := &list.APIResources[i]
		if !isName(resource.SingularName) {
			resource.SingularName = ""
		}
		resource.ShortNames = slices.DeleteFunc(resource.ShortNames, isNoName)
		resource.Categories = slices.DeleteFunc(resource.Categories, isNoName)
		c.names.Add(int64(1 + len(resource.ShortNames) + len(resource.Categories)))
	}
}

func valid(id schema.GroupVersion) bool {
	return len(validation.IsDNS1035Label(id.Version)) == 0 && (id.Group == "" || isName(id.Group))
}

func isName(name string) bool   { return len(validation.IsDNS1123Subdomain(name)) == 0 }
func isNoName(name string) bool { return !isName(name) }
