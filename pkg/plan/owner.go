package plan

import (
	"crypto/sha256"
	"encoding/hex"
)

// OwnerAnnotation is on each object of ours and says whose it is.
const OwnerAnnotation = "fleetapp.kurator.dev/owner"

// Labels on each object of ours. The first is Kurator's own.
const (
	AppNameLabel   = "apps.kurator.dev/app-name"
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "kubectl-fleetapp"
)

// Owner is one application of one host.
type Owner struct {
	// HostUID is the UID of the host's kube-system namespace, which is as good
	// as a name for the cluster that nobody can give to two.
	HostUID string
	// Namespace and Application name the application on that host.
	Namespace, Application string
}

// String is the value of OwnerAnnotation.
func (o Owner) String() string {
	return o.HostUID + "/" + o.Namespace + "/" + o.Application
}

// FieldManager differs between owners, so that two hosts or applications that
// claim one object meet as a conflict of server-side apply.
func (o Owner) FieldManager() string {
	sum := sha256.Sum256([]byte(o.String()))
	return ManagedBy + "-" + hex.EncodeToString(sum[:4])
}
