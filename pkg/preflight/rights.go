package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/client-go/rest"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	clusterv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/cluster/v1alpha1"
	fleetv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/fleet/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Needs are what an application needs of a cluster.
type Needs struct {
	// Namespace is the application's.
	Namespace string
	// Kinds are those of the Flux objects that are put there, as plan.Kinds has
	// them; none where none are.
	Kinds []plan.Identity
	// Host tells the cluster that holds the fleet, and the inventory.
	Host bool
	// Secret is the namespace and name of that which holds its kubeconfig.
	Secret string
}

// right is one that is used in a cluster.
type right struct {
	verb, group, resource string
	namespace, name       string
	// lack is the mark of who does not have it, and why says what it is for where
	// a deploy does not need it.
	lack Mark
	why  string
	// onlyMissing is set where it is used only if the namespace is missing.
	onlyMissing bool
}

// rights are all that deploy, delete and status use. What they only read of an
// API server itself, such as its version, everybody may.
func (n Needs) rights() []right {
	var all []right
	add := func(r right, verbs ...string) {
		for _, r.verb = range verbs {
			all = append(all, r)
		}
	}
	for _, kind := range n.Kinds {
		of := right{group: kind.Group, resource: kind.Resource, namespace: n.Namespace, lack: Failed}
		add(of, "get", "create", "patch", "delete")
		of.lack, of.why = Warned, "so that a delete sees at once what is gone"
		add(of, "watch")
	}
	if slices.ContainsFunc(n.Kinds, func(kind plan.Identity) bool { return kind.Resource == "helmreleases" }) {
		chart := right{group: "source.toolkit.fluxcd.io", resource: "helmcharts", namespace: n.Namespace, lack: Warned}
		chart.why = "so that status and --wait can find a HelmRelease ready, and --cascade=orphan leaves no chart"
		add(chart, "get", "delete")
	}
	if len(n.Kinds) > 0 {
		add(right{resource: "namespaces", lack: Failed, onlyMissing: true}, "create")
		for _, workloads := range []string{"deployments", "statefulsets", "daemonsets"} {
			add(right{
				group: "apps", resource: workloads, lack: Warned,
				why: "so that status sees which images run, and check whether Flux does",
			}, "list")
		}
		add(right{resource: "pods", lack: Warned, why: "so that status --tree shows the pods"}, "list")
	}
	if n.Host {
		add(right{group: fleetv1alpha1.Group, resource: fleetv1alpha1.FleetResource, namespace: n.Namespace, lack: Failed}, "list")
		add(right{group: clusterv1alpha1.Group, resource: clusterv1alpha1.AttachedClusterResource, namespace: n.Namespace, lack: Failed}, "list")
		add(right{group: clusterv1alpha1.Group, resource: clusterv1alpha1.ClusterResource, namespace: n.Namespace, lack: Failed}, "list")
		add(right{group: appsv1alpha1.Group, resource: appsv1alpha1.ApplicationResource, namespace: n.Namespace, lack: Failed}, "get")
		add(right{
			group: appsv1alpha1.Group, resource: appsv1alpha1.ApplicationResource, namespace: n.Namespace, lack: Warned,
			why: "so that status can list the applications",
		}, "list")
		add(right{resource: "secrets", namespace: n.Namespace, lack: Failed}, "get", "create", "update", "delete")
		add(right{
			resource: "secrets", namespace: n.Namespace, lack: Warned,
			why: "so that clusters and status find the applications",
		}, "list")
	}
	return all
}

// system is the right that identify uses, and needs no question of its own.
func (n Needs) system() right {
	of := right{verb: "get", resource: "namespaces", name: "kube-system", lack: Failed}
	if !n.Host {
		of.lack, of.why = Warned, "so that it is told from any other cluster"
	}
	return of
}

// has asks whether whoever asks has a right.
func (r right) has(ctx context.Context, client rest.Interface) (bool, error) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": map[string]string{
			"verb": r.verb, "group": r.group, "resource": r.resource, "namespace": r.namespace, "name": r.name,
		}},
	})
	if err != nil {
		return false, err
	}
	var review struct{ Status *struct{ Allowed bool } }
	err = decode(client.Post().AbsPath("apis/authorization.k8s.io/v1/selfsubjectaccessreviews").Body(body).Do(ctx), &review)
	if err == nil && review.Status == nil {
		err = errors.New("the answer is no review")
	}
	return err == nil && review.Status.Allowed, err
}

// whoAmI asks for whom the cluster takes whoever asks; it is empty where it
// does not tell, as before Kubernetes 1.28.
func whoAmI(ctx context.Context, client rest.Interface) string {
	const body = `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`
	var review struct {
		Status struct{ UserInfo struct{ Username string } }
	}
	if decode(client.Post().AbsPath("apis/authentication.k8s.io/v1/selfsubjectreviews").Body([]byte(body)).Do(ctx), &review) != nil {
		return ""
	}
	return word(review.Status.UserInfo.Username)
}

// grants says how the rights that are lacking can be given: one line for all of
// which the verbs, the place and the purpose are the same. What a deploy needs
// comes first, and whoever grants that for a resource may as well grant the rest.
func grants(lacking []right, user string) []Finding {
	var byResource, all []grant
	for _, r := range lacking {
		on := func(g grant) bool {
			return g.group == r.group && g.resources[0] == r.resource && g.place() == r.place()
		}
		at := slices.IndexFunc(byResource, on)
		if at < 0 {
			byResource = append(byResource, grant{right: r, verbs: []string{r.verb}, resources: []string{r.resource}})
			continue
		}
		byResource[at].verbs = append(byResource[at].verbs, r.verb)
		if worse(byResource[at].lack, r.lack) != byResource[at].lack {
			byResource[at].lack, byResource[at].why = r.lack, r.why
		}
	}
	slices.SortStableFunc(byResource, func(a, b grant) int { return severity(b.lack) - severity(a.lack) })
	for _, g := range byResource {
		at := slices.IndexFunc(all, func(other grant) bool {
			return slices.Equal(other.verbs, g.verbs) && other.place() == g.place() && other.why == g.why && other.lack == g.lack
		})
		if at < 0 {
			all = append(all, g)
			continue
		}
		all[at].also = append(all[at].also, g)
	}
	findings := make([]Finding, len(all))
	for i, g := range all {
		findings[i] = Finding{Concerns: []Concern{Permissions}, Mark: g.lack, WayOut: g.text(user)}
	}
	return findings
}

// grant is what can be granted at once: a right, with other verbs, and on other
// resources.
type grant struct {
	right
	verbs     []string
	resources []string
	also      []grant
}

// place is where a right is, or on what.
func (r right) place() string {
	switch {
	case r.name != "":
		return fmt.Sprintf(" %q", r.name)
	case r.namespace != "":
		return fmt.Sprintf(" in namespace %q", r.namespace)
	}
	return ""
}

func (g grant) text(user string) string {
	text := fmt.Sprintf("grant %s on %s%s to %s", strings.Join(g.verbs, ", "), g.on(), g.place(), user)
	if g.why != "" {
		text += ", " + g.why
	}
	return text
}

// on names the resources as kubectl does: those of one group together.
func (g grant) on() string {
	var groups []string
	resources := map[string][]string{}
	for _, one := range append([]grant{g}, g.also...) {
		if !slices.Contains(groups, one.group) {
			groups = append(groups, one.group)
		}
		resources[one.group] = append(resources[one.group], one.resource)
	}
	for i, group := range groups {
		of := resources[group]
		text := strings.Join(of, ",")
		if len(of) > 1 {
			text = "{" + text + "}"
		}
		if group != "" {
			text += "." + group
		}
		groups[i] = text
	}
	return strings.Join(groups, ", ")
}
