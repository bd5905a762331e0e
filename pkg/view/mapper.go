package view

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// newMapper makes what resolves names as kubectl does: those of the core group
// first, then in the order of the groups, in the version that each prefers.
// Source: k8s.io/client-go/restmapper, NewDiscoveryRESTMapper.
func newMapper(groups []metav1.APIGroup, lists map[schema.GroupVersion]*metav1.APIResourceList) meta.RESTMapper {
	var (
		each  meta.MultiRESTMapper
		order = []schema.GroupVersion{{Version: "v1"}}
		last  []schema.GroupVersion
	)
	for _, group := range groups {
		versions := make([]schema.GroupVersion, 0, len(group.Versions))
		for _, version := range group.Versions {
			id := schema.GroupVersion{Group: group.Name, Version: version.Version}
			if lists[id] == nil {
				continue
			}
			each = append(each, mapperOf(id, lists[id].APIResources))
			if version.Version == group.PreferredVersion.Version {
				versions = slices.Insert(versions, 0, id)
			} else {
				versions = append(versions, id)
			}
		}
		order = append(order, versions...)
		last = append(last, schema.GroupVersion{Group: group.Name, Version: meta.AnyVersion})
	}
	mapper := &meta.PriorityRESTMapper{Delegate: each}
	for _, id := range slices.Concat(order, last) {
		mapper.ResourcePriority = append(mapper.ResourcePriority, id.WithResource(meta.AnyResource))
		mapper.KindPriority = append(mapper.KindPriority, id.WithKind(meta.AnyKind))
	}
	return mapper
}

// mapperOf is that of one version. Kinds are found in lower case, too.
func mapperOf(id schema.GroupVersion, resources []metav1.APIResource) meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{id})
	for _, resource := range resources {
		scope := meta.RESTScopeNamespace
		if !resource.Namespaced {
			scope = meta.RESTScopeRoot
		}
		singular := id.WithResource(resource.SingularName)
		if resource.SingularName == "" { // of servers that do not say
			_, singular = meta.UnsafeGuessKindToResource(id.WithKind(resource.Kind))
		}
		for _, kind := range []string{strings.ToLower(resource.Kind), resource.Kind} {
			mapper.AddSpecific(id.WithKind(kind), id.WithResource(resource.Name), singular, scope)
		}
	}
	return mapper
}

// inCategory are the resources of one that can be listed, in the order of the
// groups, each once.
func (s *served) inCategory(name string) []Resource {
	var found []Resource
	seen := map[Resource]bool{} // it is there once for each version
	for _, list := range s.lists {
		id, _ := schema.ParseGroupVersion(list.GroupVersion)
		for _, one := range list.APIResources {
			resource, ok := s.listed[schema.GroupResource{Group: id.Group, Resource: one.Name}]
			if ok && slices.Contains(one.Categories, name) && !seen[resource] {
				seen[resource] = true
				found = append(found, resource)
			}
		}
	}
	return found
}

// expand makes of a short name what it is short for, and leaves any other as it
// is. A full name goes before a short one; a group may be cut short, where no
// group has just that name.
// Source: k8s.io/client-go/restmapper, NewShortcutExpander.
func (s *served) expand(name schema.GroupVersionResource) schema.GroupVersionResource {
	isIt := func(group string) bool { return name.Group == "" || name.Group == group }
	isFull := s.first(isIt, func(one metav1.APIResource) bool {
		return one.Name == name.Resource || one.SingularName == name.Resource
	})
	if isFull != nil {
		return name
	}
	isShort := func(one metav1.APIResource) bool { return slices.Contains(one.ShortNames, name.Resource) }
	if long := s.first(isIt, isShort); long != nil {
		return long.WithVersion("")
	}
	begins := func(group string) bool { return name.Group != "" && strings.HasPrefix(group, name.Group) }
	if long := s.first(begins, isShort); long != nil {
		return long.WithVersion(name.Version)
	}
	return name
}

// first is the first resource of such a group that is such a one.
func (s *served) first(isGroup func(string) bool, isIt func(metav1.APIResource) bool) *schema.GroupResource {
	for _, list := range s.lists {
		id, _ := schema.ParseGroupVersion(list.GroupVersion)
		if !isGroup(id.Group) {
			continue
		}
		if at := slices.IndexFunc(list.APIResources, isIt); at >= 0 {
			return &schema.GroupResource{Group: id.Group, Resource: list.APIResources[at].Name}
		}
	}
	return nil
}
