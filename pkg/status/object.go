package status

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// object is as much of a Flux object as matters here. The fields are the same
// in every version of Flux's APIs that has them.
type object struct {
	plan.Identity `json:"-"`

	Metadata struct {
		UID               types.UID   `json:"uid"`
		Generation        int64       `json:"generation"`
		CreationTimestamp metav1.Time `json:"creationTimestamp"`
		DeletionTimestamp *string     `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Suspend bool `json:"suspend"`
		// Type is a HelmRepository's.
		Type string `json:"type"`
		// SourceRef is a Kustomization's.
		SourceRef reference `json:"sourceRef"`
		// Chart, a template, or ChartRef is a HelmRelease's. A HelmChart's chart
		// is a name.
		Chart    json.RawMessage `json:"chart"`
		ChartRef reference       `json:"chartRef"`
		// These are a HelmRelease's: what it is called for Helm, and where.
		ReleaseName      string `json:"releaseName"`
		TargetNamespace  string `json:"targetNamespace"`
		StorageNamespace string `json:"storageNamespace"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration int64       `json:"observedGeneration"`
		Conditions         []condition `json:"conditions"`
		// Artifact is a source's and a HelmChart's.
		Artifact struct {
			Revision string `json:"revision"`
		} `json:"artifact"`
		// ObservedSourceArtifactRevision is a HelmChart's.
		ObservedSourceArtifactRevision string `json:"observedSourceArtifactRevision"`
		LastAppliedRevision            string `json:"lastAppliedRevision"`
		LastAttemptedRevision          string `json:"lastAttemptedRevision"`
		// Inventory is a Kustomization's, and since helm-controller 1.5 a
		// HelmRelease's: what it applied.
		Inventory *struct {
			Entries []plan.Entry `json:"entries"`
		} `json:"inventory"`
		// The rest is a HelmRelease's.
		LastAttemptedRevisionDigest string     `json:"lastAttemptedRevisionDigest"`
		HelmChart                   string     `json:"helmChart"`
		History                     []snapshot `json:"history"`
		// StorageNamespace is where Helm keeps its records.
		StorageNamespace string `json:"storageNamespace"`
		// LastReleaseRevision is of helm-controllers that write no history.
		LastReleaseRevision int `json:"lastReleaseRevision"`
	} `json:"status"`
}

// reference names a source. Without a namespace it is that of who refers.
type reference struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// snapshot is one release in a HelmRelease's history. A Kustomization has a
// history too, with none of the fields.
type snapshot struct {
	Name         string `json:"name"`
	Namespace    string `json:"namespace"`
	Version      int    `json:"version"`
	ChartVersion string `json:"chartVersion"`
	Status       string `json:"status"`
}

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	Reason             string `json:"reason"`
	Message            string `json:"message"`
	ObservedGeneration int64  `json:"observedGeneration"`
}

// Kinds that Flux treats in ways of their own.
const (
	helmRelease    = "HelmRelease"
	helmRepository = "HelmRepository"
)

func parse(id plan.Identity, data []byte) (*object, error) {
	o := &object{Identity: id}
	return o, json.Unmarshal(data, o)
}

// condition finds a condition; it is empty where there is none.
func (o *object) condition(kind string) condition {
	at := slices.IndexFunc(o.Status.Conditions, func(c condition) bool { return c.Type == kind })
	if at < 0 {
		return condition{}
	}
	return o.Status.Conditions[at]
}

// current tells whether a condition was written for the generation that the
// object has now. Controllers of older versions do not say for which one it
// was; then it is the one that the whole status was written for.
func (o *object) current(c condition) bool {
	if c.ObservedGeneration == 0 {
		return c.Type != "" && o.Status.ObservedGeneration == o.Metadata.Generation
	}
	return c.ObservedGeneration == o.Metadata.Generation
}

// says tells whether a condition has a value, and was written for the
// generation that the object has now.
func (o *object) says(kind, value string) bool {
	c := o.condition(kind)
	return c.Status == value && o.current(c)
}

// isStatic tells a source that Flux does not work on: it is only read, by who
// needs it. Source: "HelmRepository of type oci" in source-controller's docs.
func (o *object) isStatic() bool {
	return o.Kind == helmRepository && o.Spec.Type == "oci"
}

// revision is what the object stands at: a source's artifact, or what a sync
// object has applied.
func (o *object) revision() string {
	switch {
	case o.IsSource():
		return o.Status.Artifact.Revision
	case o.Status.LastAppliedRevision != "":
		return o.Status.LastAppliedRevision
	}
	for _, release := range o.Status.History {
		if release.Status == "deployed" {
			return release.ChartVersion
		}
	}
	return ""
}

// source is the reference of a sync object.
func (o *object) source() reference {
	ref := o.Spec.SourceRef
	if o.Kind == helmRelease {
		var template struct {
			Spec struct {
				SourceRef reference `json:"sourceRef"`
			} `json:"spec"`
		}
		_ = json.Unmarshal(o.Spec.Chart, &template) // none where there is a ChartRef
		if ref = template.Spec.SourceRef; o.Spec.ChartRef.Name != "" {
			ref = o.Spec.ChartRef
		}
	}
	if ref.Namespace == "" {
		ref.Namespace = o.Namespace
	}
	return ref
}

func (r reference) names(o *object) bool {
	return r == reference{o.Kind, o.Name, o.Namespace}
}

// text is something that a member says, fit for one line of bounded length.
func text(said string, most int) string {
	said = strings.Join(strings.Fields(strings.ToValidUTF8(said, "\ufffd")), " ")
	if runes := []rune(said); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return said
}
