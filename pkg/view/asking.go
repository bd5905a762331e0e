package view

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// acceptsAll asks for everything in one answer, which old servers do not know. Both
// versions have the same form.
// Source: kubernetes.io/docs/concepts/overview/kubernetes-api, aggregated discovery.
const acceptsAll = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// said is what a server says that it serves, as far as that can be believed:
// what it names becomes part of our requests' paths.
type said struct {
	groups []metav1.APIGroup
	// lists are what is in each version; nil if the server is too old to have said.
	lists map[schema.GroupVersion]*metav1.APIResourceList
	// down are the versions that could not be looked into.
	down map[schema.GroupVersion]error
}

// asking asks one server. client-go's own discovery brings all of Kubernetes'
// types into the program, and asks one thing after the other.
type asking struct {
	client rest.Interface
	slots  chan struct{}
	names  atomic.Int64 // how many were read
}

// everything asks for all that is served.
func (a *asking) everything(ctx context.Context) (*said, error) {
	var (
		core, others       *said
		coreErr, othersErr error
		roots              sync.WaitGroup
	)
	roots.Go(func() { core, coreErr = a.root(ctx, "/api") })
	roots.Go(func() { others, othersErr = a.root(ctx, "/apis") })
	roots.Wait()
	if apierrors.IsNotFound(coreErr) { // a server of aggregated APIs alone
		core, coreErr = &said{lists: map[schema.GroupVersion]*metav1.APIResourceList{}}, nil
	}
	if err := cmp.Or(coreErr, othersErr); err != nil {
		return nil, err
	}
	all := &said{groups: slices.Concat(core.groups, others.groups), down: map[schema.GroupVersion]error{}}
	maps.Copy(all.down, core.down)
	maps.Copy(all.down, others.down)
	if core.lists != nil && others.lists != nil {
		all.lists = core.lists
		maps.Copy(all.lists, others.lists)
	}
	if err := all.believe(); err != nil {
		return nil, err
	}
	if all.lists == nil {
		all.lists = map[schema.GroupVersion]*metav1.APIResourceList{}
		a.versions(ctx, all)
		return all, nil
	}
	for _, list := range all.lists {
		a.keep(list)
	}
	return all, nil
}

// root asks one of the two roots.
func (a *asking) root(ctx context.Context, path string) (*said, error) {
	var contentType string
	body, err := a.client.Get().AbsPath(path).SetHeader("Accept", acceptsAll).Do(ctx).ContentType(&contentType).Raw()
	if err != nil {
		return nil, err
	}
	if _, of, err := mime.ParseMediaType(contentType); err == nil && of["g"] == apidiscovery.GroupName && slices.Contains([]string{"v2", "v2beta1"}, of["v"]) && of["as"] == "APIGroupDiscoveryList" {
		var list apidiscovery.APIGroupDiscoveryList
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, err
		}
		return split(list), nil
	}
	if path == "/api" {
		var versions metav1.APIVersions
		err = json.Unmarshal(body, &versions)
		return &said{groups: []metav1.APIGroup{coreGroup(versions)}}, err
	}
	var groups metav1.APIGroupList
	err = json.Unmarshal(body, &groups)
	return &said{groups: groups.Groups}, err
}

// coreGroup is the group without a name, of which old servers say only versions.
func coreGroup(versions metav1.APIVersions) (core metav1.APIGroup) {
	for _, version := range versions.Versions {
		core.Versions = append(core.Versions, metav1.GroupVersionForDiscovery{GroupVersion: version, Version: version})
	}
	if len(core.Versions) > 0 {
		core.PreferredVersion = core.Versions[0]
	}
	return core
}

// split takes apart what a server says of everything at once.
func split(list apidiscovery.APIGroupDiscoveryList) *said {
	all := &said{lists: map[schema.GroupVersion]*metav1.APIResourceList{}, down: map[schema.GroupVersion]error{}}
	for _, from := range list.Items {
		group := metav1.APIGroup{Name: from.Name}
		for _, version := range from.Versions {
			id := schema.GroupVersion{Group: from.Name, Version: version.Version}
			if version.Freshness == apidiscovery.DiscoveryFreshnessStale {
				all.down[id] = errStale
				continue
			}
			group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{GroupVersion: id.String(), Version: id.Version})
			all.lists[id] = resourcesOf(id, version.Resources)
		}
		if len(group.Versions) > 0 { // the first that is not stale
			group.PreferredVersion = group.Versions[0]
		}
		all.groups = append(all.groups, group)
	}
	return all
}

// resourcesOf are those of a version, without subresources.
func resourcesOf(id schema.GroupVersion, from []apidiscovery.APIResourceDiscovery) *metav1.APIResourceList {
	list := &metav1.APIResourceList{GroupVersion: id.String()}
	for _, one := range from {
		if one.ResponseKind == nil || *one.ResponseKind == (metav1.GroupVersionKind{}) {
			continue // it is only there for its subresources
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: one.Resource, SingularName: one.SingularResource, Kind: one.ResponseKind.Kind, Namespaced: one.Scope == apidiscovery.ScopeNamespace,
			Verbs: one.Verbs, ShortNames: one.ShortNames, Categories: one.Categories,
		})
	}
	return list
}

// believe drops the versions that cannot be any.
func (s *said) believe() error {
	seen := map[schema.GroupVersion]bool{}
	for i := range s.groups {
		group := &s.groups[i]
		group.Versions = slices.DeleteFunc(group.Versions, func(version metav1.GroupVersionForDiscovery) bool {
			id := schema.GroupVersion{Group: group.Name, Version: version.Version}
			if !valid(id) || version.GroupVersion != id.String() || seen[id] {
				return true
			}
			seen[id] = true
			return false
		})
	}
	maps.DeleteFunc(s.down, func(id schema.GroupVersion, _ error) bool { return !valid(id) })
	if len(seen)+len(s.down) > maxVersions {
		return reason.Errorf(reason.Failed, "it says that it serves more than %d versions of groups, which is not believed", maxVersions)
	}
	return nil
}

// versions asks an old server for all versions side by side.
func (a *asking) versions(ctx context.Context, all *said) {
	var (
		asks  sync.WaitGroup
		mutex sync.Mutex
	)
	for _, group := range all.groups {
		for _, version := range group.Versions {
			id := schema.GroupVersion{Group: group.Name, Version: version.Version}
			asks.Go(func() {
				list, err := a.version(ctx, id)
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil {
					all.down[id] = err
					return
				}
				all.lists[id] = list
			})
		}
	}
	asks.Wait()
}

// version asks an old server for one version.
func (a *asking) version(ctx context.Context, id schema.GroupVersion) (*metav1.APIResourceList, error) {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if a.names.Load() > maxNames {
		return nil, errors.New("there are too many names already")
	}
	list := &metav1.APIResourceList{}
	body, err := a.client.Get().AbsPath(Resource{Group: id.Group, Version: id.Version}.root()...).Do(ctx).Raw()
	if err == nil {
		err = json.Unmarshal(body, list)
	}
	list.GroupVersion = id.String() // whatever it says
	a.keep(list)                    // before others are asked for, which are not if there is too much
	return list, err
}

// keep counts names, and drops subresources and whatever cannot be a name.
func (a *asking) keep(list *metav1.APIResourceList) {
	a.names.Add(int64(len(list.APIResources)))
	list.APIResources = slices.DeleteFunc(list.APIResources, func(resource metav1.APIResource) bool {
		return !isName(resource.Name) || !isName(strings.ToLower(resource.Kind))
	})
	for i := range list.APIResources {
		resource := &list.APIResources[i]
		if !isName(resource.SingularName) {
			resource.SingularName = ""
		}
		a.names.Add(int64(len(resource.ShortNames) + len(resource.Categories)))
		resource.ShortNames = slices.DeleteFunc(resource.ShortNames, isNoName)
		resource.Categories = slices.DeleteFunc(resource.Categories, isNoName)
	}
}

func valid(id schema.GroupVersion) bool {
	return len(validation.IsDNS1035Label(id.Version)) == 0 && (id.Group == "" || isName(id.Group))
}

func isName(name string) bool   { return len(validation.IsDNS1123Subdomain(name)) == 0 }
func isNoName(name string) bool { return !isName(name) }
