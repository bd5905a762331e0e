package printer

import (
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// clusterList is what Clusters shows, and more, as one document for programs.
type clusterList struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Items      []clusterItem `json:"items"`
}

type clusterItem struct {
	Name   string            `json:"name"`
	Kind   string            `json:"kind"`
	Labels map[string]string `json:"labels,omitempty"`
	// Fleets are those that list it.
	Fleets []string `json:"fleets"`
	// Ready says whether it answered, and accepted the credentials.
	Ready bool `json:"ready"`
	// UID is that of its kube-system namespace, which tells one cluster from any
	// other.
	UID     string `json:"uid,omitempty"`
	Version string `json:"version,omitempty"`
	// Flux is not there where the cluster is not ready.
	Flux *clusterFlux `json:"flux,omitempty"`
	// Applications, as namespace/name, are not there where they are not known.
	Applications *[]string `json:"applications,omitempty"`
	// Error is why it is not ready.
	Error *reportError `json:"error,omitempty"`
}

type clusterFlux struct {
	APIs        []clusterAPI        `json:"apis"`
	Controllers []clusterController `json:"controllers"`
	// Error is why there may be controllers that are not listed.
	Error *reportError `json:"error,omitempty"`
}

type clusterAPI struct {
	Group string `json:"group"`
	// Versions is empty where the group is not served.
	Versions []string     `json:"versions"`
	Error    *reportError `json:"error,omitempty"`
}

type clusterController struct {
	Name              string `json:"name"`
	Namespace         string `json:"namespace"`
	Deployment        string `json:"deployment"`
	Version           string `json:"version,omitempty"`
	Replicas          int    `json:"replicas"`
	AvailableReplicas int    `json:"availableReplicas"`
}

// ClusterList prints clusters as JSON or YAML.
func ClusterList(out io.Writer, format string, clusters []Cluster) error {
	list := clusterList{APIVersion: reportVersion, Kind: "ClusterList", Items: []clusterItem{}}
	for _, cluster := range clusters {
		list.Items = append(list.Items, cluster.item())
	}
	return document(out, list, format)
}

func (c Cluster) item() clusterItem {
	item := clusterItem{
		Name: Escape(c.Member.Name), Kind: Escape(c.Member.Kind), Fleets: escapedList(c.Fleets),
		Ready: c.Err == nil,
	}
	if c.Err != nil {
		item.Error = &reportError{reason.Of(c.Err), Escape(shorten(messageOf(c.Member, c.Err), maxMessage))}
	}
	if len(c.Member.Labels) > 0 {
		item.Labels = map[string]string{}
	}
	for name, value := range c.Member.Labels {
		item.Labels[Escape(name)] = Escape(value)
	}
	if c.IsCounted {
		applications := escapedList(c.Applications)
		item.Applications = &applications
	}
	if c.Err == nil {
		item.UID, item.Version = Escape(string(c.Is.UID)), Escape(c.Is.Version)
		item.Flux = fluxItem(c.Is)
	}
	return item
}

func fluxItem(is preflight.Cluster) *clusterFlux {
	flux := &clusterFlux{APIs: []clusterAPI{}, Controllers: []clusterController{}, Error: errorOf(is.Unseen)}
	for _, group := range is.Groups {
		flux.APIs = append(flux.APIs, clusterAPI{Escape(group.Name), escapedList(group.Versions), errorOf(group.Err)})
	}
	for _, c := range is.Controllers {
		flux.Controllers = append(flux.Controllers, clusterController{
			Name: Escape(c.Name), Namespace: Escape(c.Namespace), Deployment: Escape(c.Deployment), Version: Escape(c.Version),
			Replicas: c.Replicas, AvailableReplicas: c.Available,
		})
	}
	return flux
}

// escapedList is a list also where there is nothing in it.
func escapedList(texts []string) []string { return append([]string{}, escaped(texts)...) }

// errorOf is an error as a document has it; nil where there is none.
func errorOf(err error) *reportError {
	if err == nil {
		return nil
	}
	return &reportError{reason.Of(err), Escape(shorten(reason.Message(err), maxMessage))}
}
