package status

import (
	"encoding/json"
	"slices"
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// maxKuratorName is where Kurator cuts the names of its Flux objects off.
const maxKuratorName = 63

// OfKurator is what the status of an Application that Kurator's own controller
// distributes says of each member. Its Flux objects are on the host, one for
// each policy and cluster. Those that no policy stands for any more are leftovers:
// Kurator does not delete them.
func OfKurator(app *appsv1alpha1.Application, resolve plan.Resolver) ([]Seen, error) {
	k := kurator{app: app, left: slices.Clone(app.Status.SyncStatus)}
	for i := range app.Spec.SyncPolicies {
		destination, _ := plan.DestinationOf(app, i)
		members, err := resolve(destination)
		if err != nil {
			return nil, err
		}
		for _, member := range members {
			k.add(member, k.identity(i), k.take(plan.PolicyName(app, i), member))
		}
	}
	for _, status := range k.left {
		id := k.identity(-1)
		if status.HelmReleaseStatus != nil {
			id = k.releases()
		}
		id.Name = status.Name
		seen := k.at(fleet.HostMember())
		seen.Objects = append(seen.Objects, Expected{Identity: id, Leftover: true, Listed: true})
		seen.Rows = append(seen.Rows, k.row(id, status))
	}
	return k.seen, nil
}

type kurator struct {
	app  *appsv1alpha1.Application
	left []appsv1alpha1.ApplicationSyncStatus
	seen []Seen
}

func (k *kurator) releases() plan.Identity {
	return plan.Identity{
		Group: helmv2.GroupVersion.Group, Version: helmv2.GroupVersion.Version, Resource: "helmreleases",
		Kind: helmv2.HelmReleaseKind, Namespace: k.app.Namespace,
	}
}

// identity is that of a policy's Flux object, under the name that the policy has
// here; a negative one stands for a Kustomization without a name.
func (k *kurator) identity(policy int) plan.Identity {
	if policy >= 0 && k.app.Spec.SyncPolicies[policy].Helm != nil {
		id := k.releases()
		id.Name = plan.PolicyName(k.app, policy)
		return id
	}
	id := plan.Identity{
		Group: kustomizev1.GroupVersion.Group, Version: kustomizev1.GroupVersion.Version, Resource: "kustomizations",
		Kind: kustomizev1.KustomizationKind, Namespace: k.app.Namespace,
	}
	if policy >= 0 {
		id.Name = plan.PolicyName(k.app, policy)
	}
	return id
}

// take finds the status of a policy in a member, and takes it off what is left.
// Kurator names its objects <policy>-<kind>-<cluster>, in lower case and cut off.
// What it calls the host itself differs between its versions.
func (k *kurator) take(policy string, member fleet.Member) *appsv1alpha1.ApplicationSyncStatus {
	name := strings.ToLower(policy + "-" + member.Kind + "-" + member.Name)
	name = name[:min(len(name), maxKuratorName)]
	at := slices.IndexFunc(k.left, func(status appsv1alpha1.ApplicationSyncStatus) bool {
		if member.Kind == fleet.KindHost {
			return strings.HasPrefix(status.Name+"-", strings.ToLower(policy)+"-")
		}
		return status.Name == name
	})
	if at < 0 {
		return nil
	}
	status := k.left[at]
	k.left = slices.Delete(k.left, at, at+1)
	return &status
}

// at is what is seen of a member.
func (k *kurator) at(member fleet.Member) *Seen {
	for i := range k.seen {
		if k.seen[i].Member.Kind == member.Kind && k.seen[i].Member.Name == member.Name {
			return &k.seen[i]
		}
	}
	k.seen = append(k.seen, Seen{Place: Place{Member: member}})
	return &k.seen[len(k.seen)-1]
}

func (k *kurator) add(member fleet.Member, id plan.Identity, status *appsv1alpha1.ApplicationSyncStatus) {
	seen := k.at(member)
	seen.Objects = append(seen.Objects, Expected{Identity: id, Listed: status != nil})
	if status == nil {
		seen.Rows = append(seen.Rows, Row{Identity: id, State: State{Phase: Missing, Reason: notDeployed, Message: "Kurator's controller says nothing of it"}})
		return
	}
	seen.Rows = append(seen.Rows, k.row(id, *status))
}

// row judges a status by itself: there is no more than that. Which generation it
// is of is not said either.
func (k *kurator) row(id plan.Identity, status appsv1alpha1.ApplicationSyncStatus) Row {
	raw := []byte("{}")
	switch {
	case status.KustomizationStatus != nil:
		raw = status.KustomizationStatus.Raw
	case status.HelmReleaseStatus != nil:
		raw = status.HelmReleaseStatus.Raw
	}
	o := &object{Identity: id}
	if err := json.Unmarshal(raw, &o.Status); err != nil {
		return Row{Identity: id, Err: err}
	}
	o.Metadata.Generation = o.Status.ObservedGeneration
	return Row{Identity: id, State: o.own()}
}
