package fleet

// Kinds of members. The first two are Kurator's; KindHost marks the host
// itself, where an application without a destination goes.
const (
	KindAttachedCluster = "AttachedCluster"
	KindCluster         = "Cluster"
	KindHost            = "Host"
)

// hostName is what the host is called where it appears as a member.
const hostName = "host"

// Member is one cluster that an application can be placed on. It says where
// its kubeconfig is, and never holds it.
type Member struct {
	// Name is that of the AttachedCluster or Cluster, or "host".
	Name string
	// Kind is one of KindAttachedCluster, KindCluster and KindHost.
	Kind string
	// Labels are those of the AttachedCluster or Cluster; selectors match them.
	Labels map[string]string
	// Kubeconfig is where the host keeps it; empty for the host, and for a
	// Cluster that is still being made.
	Kubeconfig SecretKey
	// Missing is set where a fleet lists a cluster that does not exist.
	Missing bool
}

// SecretKey names one value in a Secret on the host.
type SecretKey struct {
	Namespace, Name, Key string
}

// HostMember is the host as a member.
func HostMember() Member {
	return Member{Name: hostName, Kind: KindHost}
}
