package printer

import (
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// treeDocument is one application with what is below its objects, as a document
// for programs.
type treeDocument struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	statusHeader
	// NotCurrent counts what Flux applied and is not Current, and Gaps what of it
	// could not be asked; Ready and Clusters are about sources and sync objects
	// alone.
	NotCurrent int          `json:"notCurrent"`
	Gaps       int          `json:"gaps"`
	Members    []treeMember `json:"members"`
}

// treeMember is one member, and what there is of the application.
type treeMember struct {
	reportMember
	Objects []treeNode `json:"objects"`
}

// treeNode is one object, and what is below it.
type treeNode struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	// Level is Fine, Working, Bad or Unknown, and Health the word that is shown.
	Level  status.Level `json:"level"`
	Health string       `json:"health"`
	// Ready is how many pods of a workload, or containers of a pod, are ready.
	Ready    string `json:"ready,omitempty"`
	Restarts string `json:"restarts,omitempty"`
	// Revision is whole.
	Revision string   `json:"revision,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Message  string   `json:"message,omitempty"`
	Images   []string `json:"images,omitempty"`
	// Notes say what is not among the children, and why.
	Notes    []string   `json:"notes,omitempty"`
	Children []treeNode `json:"children,omitempty"`
}

// TreeReport prints one application with what is below its objects as JSON or
// YAML. Nothing is folded.
func TreeReport(out io.Writer, one Judged, format string) error {
	doc := treeDocument{
		APIVersion: reportVersion, Kind: "ApplicationTree", statusHeader: headerOf(one),
		NotCurrent: one.NotFine, Gaps: one.Gaps, Members: []treeMember{},
	}
	for i := range one.Seen {
		seen := &one.Seen[i]
		member := treeMember{
			reportMember: reportMember{Cluster: Escape(seen.Member.Name), Kind: Escape(seen.Member.Kind)},
			Objects:      treeNodes(seen.Tree()),
		}
		if seen.Err != nil {
			member.Errors = reportErrors([]error{seen.Err})
		}
		doc.Members = append(doc.Members, member)
	}
	return document(out, doc, format)
}

func treeNodes(nodes []status.Node) []treeNode {
	all := make([]treeNode, len(nodes))
	for i, node := range nodes {
		version := node.Version
		if node.Group != "" {
			version = node.Group + "/" + node.Version
		}
		all[i] = treeNode{
			APIVersion: Escape(version), Kind: Escape(node.Kind), Namespace: Escape(node.Namespace), Name: Escape(node.Name),
			Level: node.Level, Health: Escape(node.Health), Ready: Escape(node.Ready), Restarts: Escape(node.Restarts),
			Revision: Escape(node.Revision), Reason: Escape(node.Reason), Message: Escape(node.Message),
			Images: escaped(node.Images), Notes: escaped(node.Notes), Children: treeNodes(node.Children),
		}
	}
	return all
}
