package preflight

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

const (
	// partOf is on everything that Flux's own manifests make, and component says
	// which of its programs it is of. Source: flux install.
	partOf    = "app.kubernetes.io/part-of"
	component = "app.kubernetes.io/component"
	// usualNamespace is where Flux is, unless somebody put it elsewhere.
	usualNamespace = "flux-system"
	// manager is the container of a controller among others that were added.
	manager = "manager"
	// maxControllers and maxVersions bound what is believed of a member.
	maxControllers = 50
	maxVersions    = 10
	// shortDigest is how much of an image's digest is shown.
	shortDigest = 7
)

// Group is one of Flux's, in a member.
type Group struct {
	Name string
	// Versions are those in which it is served; none where it is not.
	Versions []string
	// Err is why that is not known.
	Err error
}

// Controller is one of Flux's programs, in a member.
type Controller struct {
	// Name is that of the program: source-controller.
	Name string
	// Namespace and Deployment are where it runs.
	Namespace, Deployment string
	// Version is its image's tag, or the beginning of its digest where it has none.
	Version string
	// Available is how many of its replicas are.
	Available, Replicas int
}

// Syncs tells a controller that a plan's objects need from Flux's others.
func (c Controller) Syncs() bool { return place(c.Name) < len(plan.Groups()) }

func readGroup(ctx context.Context, client rest.Interface, name string) Group {
	var found metav1.APIGroup
	err := decode(client.Get().AbsPath("apis", name).Do(ctx), &found)
	if apierrors.IsNotFound(err) {
		return Group{Name: name}
	}
	group := Group{Name: name, Err: err}
	for _, version := range found.Versions[:min(len(found.Versions), maxVersions)] {
		if len(validation.IsDNS1035Label(version.Version)) == 0 {
			group.Versions = append(group.Versions, version.Version)
		}
	}
	return group
}

// deployment is as much of one as matters here.
type deployment struct {
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Spec struct {
		Replicas *int
		Template struct {
			Spec struct {
				Containers []struct{ Name, Image string }
			}
		}
	}
	Status struct {
		AvailableReplicas int
	}
}

// labelledControllers finds Flux in whatever namespace it is.
func labelledControllers(ctx context.Context, client rest.Interface) ([]Controller, error) {
	return listControllers(ctx, client.Get().AbsPath("apis/apps/v1/deployments").
		Param("labelSelector", partOf+"=flux"), func(deployment) bool { return true })
}

// usualControllers finds it where it usually is, whatever its labels are: not
// all who package Flux keep them, and not everybody may look elsewhere.
func usualControllers(ctx context.Context, client rest.Interface) ([]Controller, error) {
	return listControllers(ctx, client.Get().AbsPath("apis/apps/v1/namespaces", usualNamespace, "deployments"), func(d deployment) bool {
		return d.Metadata.Labels[partOf] == "flux" || slices.Contains(programs(), d.name())
	})
}

func listControllers(ctx context.Context, request *rest.Request, is func(deployment) bool) ([]Controller, error) {
	var list struct{ Items []deployment }
	err := decode(request.Param("limit", strconv.Itoa(maxControllers)).Do(ctx), &list)
	var all []Controller
	for _, one := range list.Items[:min(len(list.Items), maxControllers)] {
		if is(one) {
			all = append(all, one.controller())
		}
	}
	return all, err
}

// programs are Flux's controllers; the first are those of plan.Groups, in
// their order.
func programs() []string {
	return []string{
		"source-controller", "kustomize-controller", "helm-controller",
		"notification-controller", "image-reflector-controller", "image-automation-controller", "source-watcher",
	}
}

func (d deployment) controller() Controller {
	replicas := 1 // what Kubernetes makes of none
	if d.Spec.Replicas != nil {
		replicas = *d.Spec.Replicas
	}
	return Controller{
		Name: word(d.name()), Namespace: word(d.Metadata.Namespace), Deployment: word(d.Metadata.Name),
		Version: word(tag(d.image())), Available: d.Status.AvailableReplicas, Replicas: replicas,
	}
}

// name is the program's: a shard of it has another name than its program.
func (d deployment) name() string {
	if d.Metadata.Labels[partOf] == "flux" {
		return cmp.Or(d.Metadata.Labels[component], d.Metadata.Name)
	}
	return d.Metadata.Name
}

func (d deployment) image() string {
	containers := d.Spec.Template.Spec.Containers
	for _, container := range containers {
		if container.Name == manager {
			return container.Image
		}
	}
	if len(containers) == 0 {
		return ""
	}
	return containers[0].Image
}

// tag is the version that an image's name tells.
func tag(image string) string {
	name, digest, _ := strings.Cut(image, "@")
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		return name[at+1:]
	}
	if algorithm, hash, ok := strings.Cut(digest, ":"); ok {
		return algorithm + ":" + hash[:min(len(hash), shortDigest)]
	}
	return ""
}

// merged is each Deployment once.
func merged(lists ...[]Controller) []Controller {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b Controller) int {
		return cmp.Or(cmp.Compare(place(a.Name), place(b.Name)), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Deployment, b.Deployment))
	})
	return slices.CompactFunc(all, func(a, b Controller) bool {
		return a.Namespace == b.Namespace && a.Deployment == b.Deployment
	})
}

// place is where a program stands among Flux's, behind which all others are.
func place(name string) int {
	if at := slices.Index(programs(), name); at >= 0 {
		return at
	}
	return len(programs())
}
