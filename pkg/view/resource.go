package view

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/client-go/rest"
)

// Resource is a kind of object, as its API server's paths name it.
type Resource struct {
	Group, Version, Name string
	// Kind is as in the objects: Pod.
	Kind       string
	Namespaced bool
}

// String is the resource as a user types it.
func (r Resource) String() string {
	if r.Group == "" {
		return r.Name
	}
	return r.Name + "." + r.Group
}

// Prefix is what kubectl puts before the name of such an object: pod,
// deployment.apps.
func (r Resource) Prefix() string {
	if r.Group == "" {
		return strings.ToLower(r.Kind)
	}
	return strings.ToLower(r.Kind) + "." + r.Group
}

// apiVersion is what such an object says of itself.
func (r Resource) apiVersion() string {
	if r.Group == "" {
		return r.Version
	}
	return r.Group + "/" + r.Version
}

// root is the path that the resource's own begins with.
func (r Resource) root() []string {
	if r.Group == "" {
		return []string{"api", r.Version}
	}
	return []string{"apis", r.Group, r.Version}
}

// WellKnown finds a resource by the names that kubectl accepts for it, without
// asking any member: plural, singular and short, alone, with the group or with
// the version and the group.
func WellKnown(name string) (Resource, error) {
	for _, known := range wellKnown() {
		for _, alias := range known.aliases {
			rest, ok := cutPrefixFold(name, alias)
			if ok && (rest == "" || strings.EqualFold(rest, "."+known.Group) || strings.EqualFold(rest, "."+known.Version+"."+known.Group)) {
				return known.Resource, nil
			}
		}
	}
	return Resource{}, fmt.Errorf("resource type %q is not known", name)
}

func cutPrefixFold(text, prefix string) (rest string, ok bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	return text[len(prefix):], true
}

type names struct {
	Resource
	aliases []string
}

// Types are the plurals of the types that are known without asking any member.
func Types() []string {
	var all []string
	for _, known := range wellKnown() {
		all = append(all, known.Name)
	}
	return all
}

// Served asks a member for the plurals of all types that can be listed there.
func Served(ctx context.Context, client rest.Interface) ([]string, error) {
	served, err := discover(ctx, client)
	if err != nil {
		return nil, err
	}
	var all []string
	for resource := range served.listed {
		all = append(all, resource.Resource)
	}
	return all, nil
}

// wellKnown lists what every member serves in this version, or Flux does.
// Source: kubectl api-resources.
func wellKnown() []names {
	resource := func(group, version, kind, plural string, namespaced bool, short []string) names {
		return names{Resource{group, version, plural, kind, namespaced}, append(short, plural, strings.ToLower(kind))}
	}
	namespaced := func(group, version, kind, plural string, short ...string) names {
		return resource(group, version, kind, plural, true, short)
	}
	global := func(group, kind, plural string, short ...string) names {
		return resource(group, "v1", kind, plural, false, short)
	}
	return []names{
		namespaced("", "v1", "Pod", "pods", "po"),
		namespaced("", "v1", "Service", "services", "svc"),
		namespaced("", "v1", "ConfigMap", "configmaps", "cm"),
		namespaced("", "v1", "Secret", "secrets"),
		namespaced("", "v1", "ServiceAccount", "serviceaccounts", "sa"),
		namespaced("", "v1", "Endpoints", "endpoints", "ep"),
		namespaced("", "v1", "Event", "events", "ev"),
		namespaced("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc"),
		namespaced("", "v1", "ReplicationController", "replicationcontrollers", "rc"),
		namespaced("", "v1", "ResourceQuota", "resourcequotas", "quota"),
		namespaced("", "v1", "LimitRange", "limitranges", "limits"),
		global("", "Node", "nodes", "no"),
		global("", "Namespace", "namespaces", "ns"),
		global("", "PersistentVolume", "persistentvolumes", "pv"),
		namespaced("apps", "v1", "Deployment", "deployments", "deploy"),
		namespaced("apps", "v1", "ReplicaSet", "replicasets", "rs"),
		namespaced("apps", "v1", "StatefulSet", "statefulsets", "sts"),
		namespaced("apps", "v1", "DaemonSet", "daemonsets", "ds"),
		namespaced("batch", "v1", "Job", "jobs"),
		namespaced("batch", "v1", "CronJob", "cronjobs", "cj"),
		namespaced("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa"),
		namespaced("networking.k8s.io", "v1", "Ingress", "ingresses", "ing"),
		namespaced("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol"),
		namespaced("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb"),
		namespaced("rbac.authorization.k8s.io", "v1", "Role", "roles"),
		namespaced("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
		global("rbac.authorization.k8s.io", "ClusterRole", "clusterroles"),
		global("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings"),
		global("storage.k8s.io", "StorageClass", "storageclasses", "sc"),
		global("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", "crd", "crds"),
		namespaced("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories", "gitrepo"),
		namespaced("source.toolkit.fluxcd.io", "v1", "HelmRepository", "helmrepositories", "helmrepo"),
		namespaced("source.toolkit.fluxcd.io", "v1", "OCIRepository", "ocirepositories", "ocirepo"),
		namespaced("source.toolkit.fluxcd.io", "v1", "HelmChart", "helmcharts", "hc"),
		namespaced("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", "ks"),
		namespaced("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", "hr"),
	}
}
