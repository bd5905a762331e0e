package view

import (
	"fmt"
	"strings"
)

// Resource is a kind of object, as its API server's paths name it.
type Resource struct {
	Group, Version, Name string
	Namespaced           bool
}

// String is the resource as a user types it.
func (r Resource) String() string {
	if r.Group == "" {
		return r.Name
	}
	return r.Name + "." + r.Group
}

func (r Resource) path(namespace string) []string {
	path := []string{"api", r.Version}
	if r.Group != "" {
		path = []string{"apis", r.Group, r.Version}
	}
	if r.Namespaced && namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	return append(path, r.Name)
}

// WellKnown finds a resource by the names that kubectl accepts for it, without
// asking any member: plural, singular and short, with the group or without.
func WellKnown(name string) (Resource, error) {
	for _, known := range wellKnown() {
		for _, alias := range known.aliases {
			if strings.EqualFold(name, alias) || strings.EqualFold(name, alias+"."+known.Group) {
				return known.Resource, nil
			}
		}
	}
	return Resource{}, fmt.Errorf("resource type %q is not known", name)
}

type names struct {
	Resource
	aliases []string
}

// wellKnown lists what every member serves in this version, or Flux does.
// Source: kubectl api-resources.
func wellKnown() []names {
	namespaced := func(group, version, plural string, aliases ...string) names {
		return names{Resource{group, version, plural, true}, append(aliases, plural)}
	}
	global := func(group, plural string, aliases ...string) names {
		return names{Resource{group, "v1", plural, false}, append(aliases, plural)}
	}
	return []names{
		namespaced("", "v1", "pods", "pod", "po"),
		namespaced("", "v1", "services", "service", "svc"),
		namespaced("", "v1", "configmaps", "configmap", "cm"),
		namespaced("", "v1", "secrets", "secret"),
		namespaced("", "v1", "serviceaccounts", "serviceaccount", "sa"),
		namespaced("", "v1", "endpoints", "ep"),
		namespaced("", "v1", "events", "event", "ev"),
		namespaced("", "v1", "persistentvolumeclaims", "persistentvolumeclaim", "pvc"),
		namespaced("", "v1", "replicationcontrollers", "replicationcontroller", "rc"),
		namespaced("", "v1", "resourcequotas", "resourcequota", "quota"),
		namespaced("", "v1", "limitranges", "limitrange", "limits"),
		global("", "nodes", "node", "no"),
		global("", "namespaces", "namespace", "ns"),
		global("", "persistentvolumes", "persistentvolume", "pv"),
		namespaced("apps", "v1", "deployments", "deployment", "deploy"),
		namespaced("apps", "v1", "replicasets", "replicaset", "rs"),
		namespaced("apps", "v1", "statefulsets", "statefulset", "sts"),
		namespaced("apps", "v1", "daemonsets", "daemonset", "ds"),
		namespaced("batch", "v1", "jobs", "job"),
		namespaced("batch", "v1", "cronjobs", "cronjob", "cj"),
		namespaced("autoscaling", "v2", "horizontalpodautoscalers", "horizontalpodautoscaler", "hpa"),
		namespaced("networking.k8s.io", "v1", "ingresses", "ingress", "ing"),
		namespaced("networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "netpol"),
		namespaced("policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", "pdb"),
		namespaced("rbac.authorization.k8s.io", "v1", "roles", "role"),
		namespaced("rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding"),
		global("rbac.authorization.k8s.io", "clusterroles", "clusterrole"),
		global("rbac.authorization.k8s.io", "clusterrolebindings", "clusterrolebinding"),
		global("storage.k8s.io", "storageclasses", "storageclass", "sc"),
		global("apiextensions.k8s.io", "customresourcedefinitions", "customresourcedefinition", "crd", "crds"),
		namespaced("source.toolkit.fluxcd.io", "v1", "gitrepositories", "gitrepository", "gitrepo"),
		namespaced("source.toolkit.fluxcd.io", "v1", "helmrepositories", "helmrepository", "helmrepo"),
		namespaced("source.toolkit.fluxcd.io", "v1", "ocirepositories", "ocirepository", "ocirepo"),
		namespaced("source.toolkit.fluxcd.io", "v1", "helmcharts", "helmchart", "hc"),
		namespaced("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "kustomization", "ks"),
		namespaced("helm.toolkit.fluxcd.io", "v2", "helmreleases", "helmrelease", "hr"),
	}
}
