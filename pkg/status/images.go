package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// maxWorkloads bounds how many workloads of one kind an application is asked for
// in a member; maxImages how many images of a sync object are kept.
const maxWorkloads, maxImages = 500, 100

// maxImage is how long the name of an image may be, in characters.
const maxImage = 400

// workload is as much of a Deployment, StatefulSet or DaemonSet as matters here.
type workload struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Template struct {
			Spec struct {
				InitContainers []container `json:"initContainers"`
				Containers     []container `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type container struct {
	Image string `json:"image"`
}

// workloadsAsk is one list of workloads that Flux has labelled.
type workloadsAsk struct{ group, resource, selector string }

// imagesOf lists the images of the workloads of sync objects, by the object. Flux
// labels what it applies with the object that it applied it for. Source: the
// documentation of kustomize-controller (garbage collection) and of
// helm-controller (origin labels).
func imagesOf(ctx context.Context, client rest.Interface, ids []plan.Identity) (map[plan.Identity][]string, error) {
	var asks []workloadsAsk
	for _, group := range []string{kustomizev1.GroupVersion.Group, helmv2.GroupVersion.Group} {
		names := namesOf(ids, group)
		if len(names) == 0 {
			continue
		}
		selector := fmt.Sprintf("%s/name in (%s)", group, strings.Join(names, ","))
		for _, resource := range []string{"deployments", "statefulsets", "daemonsets"} {
			asks = append(asks, workloadsAsk{group, resource, selector})
		}
	}
	images := map[plan.Identity][]string{}
	var errs []error
	for result := range fanout.Run(ctx, fanout.Options{Limit: parallel}, asks, func(ctx context.Context, ask workloadsAsk) ([]workload, error) {
		return workloads(ctx, client, ask)
	}) {
		errs = append(errs, result.Err)
		for _, one := range result.Value {
			one.addTo(images, result.Item.group, ids)
		}
	}
	return images, errors.Join(errs...)
}

func namesOf(ids []plan.Identity, group string) []string {
	var names []string
	for _, id := range ids {
		if id.IsSync() && id.Group == group {
			names = append(names, id.Name)
		}
	}
	return names
}

func workloads(ctx context.Context, client rest.Interface, ask workloadsAsk) ([]workload, error) {
	body, err := client.Get().AbsPath("apis", "apps", "v1", ask.resource).
		Param("labelSelector", ask.selector).Param("limit", strconv.Itoa(maxWorkloads)).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var list struct {
		Metadata struct {
			Continue string `json:"continue"`
		} `json:"metadata"`
		Items []workload `json:"items"`
	}
	data, err := io.ReadAll(&metered{from: body, left: maxAnswer})
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	switch {
	case err != nil:
		return nil, reason.Errorf(reason.Failed, "its answer is no list of %s: %w", ask.resource, err)
	case list.Metadata.Continue != "":
		return list.Items, reason.Errorf(reason.Failed, "there are more than %d %s", maxWorkloads, ask.resource)
	}
	return list.Items, nil
}

// addTo adds a workload's images to those of the sync object that it is of.
func (w workload) addTo(images map[plan.Identity][]string, group string, ids []plan.Identity) {
	name, namespace := w.Metadata.Labels[group+"/name"], w.Metadata.Labels[group+"/namespace"]
	at := slices.IndexFunc(ids, func(id plan.Identity) bool {
		return id.Group == group && id.Name == name && id.Namespace == namespace
	})
	if at < 0 {
		return
	}
	all := images[ids[at]]
	for _, one := range slices.Concat(w.Spec.Template.Spec.InitContainers, w.Spec.Template.Spec.Containers) {
		image := text(one.Image, maxImage)
		place, known := slices.BinarySearch(all, image)
		if image != "" && !known && len(all) < maxImages {
			all = slices.Insert(all, place, image)
		}
	}
	images[ids[at]] = all
}
