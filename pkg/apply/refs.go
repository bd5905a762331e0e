package apply

import (
	"context"
	"errors"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// generation is what each change raises: of an object whose kind has no
// generation, the resourceVersion.
func generation(meta metav1.PartialObjectMetadata) int64 {
	if meta.Generation != 0 {
		return meta.Generation
	}
	version, _ := strconv.ParseInt(meta.ResourceVersion, 10, 64) // 0 where it is no number
	return version
}

// errShared tells that another application of this host has copied it already.
var errShared = errors.New("another application of the same host has copied it")

// errOriginal tells that a Secret or a ConfigMap is the host's own.
var errOriginal = errors.New("this cluster is the host itself, and has the original")

// guardOriginal keeps the host's own Secrets and ConfigMaps from being taken
// over as copies of themselves: the host may be a member under another name.
func (m Member) guardOriginal(ctx context.Context, id plan.Identity) error {
	if !id.IsRef() {
		return nil
	}
	system, err := m.get(ctx, []string{"api", "v1", "namespaces", "kube-system"})
	if err == nil && string(system.Metadata.UID) == m.Owner.HostUID {
		return errOriginal
	}
	return err
}
