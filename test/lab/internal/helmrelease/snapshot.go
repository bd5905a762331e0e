package helmrelease

import (
	"encoding/json"
	"fmt"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/opencontainers/go-digest"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// releaseDigest is a checksum over what Helm recorded of a release, without the
// chart's files.
func releaseDigest(rel *release.Release) (string, error) {
	var metadata *chart.Metadata
	if rel.Chart != nil {
		metadata = rel.Chart.Metadata
	}
	data, err := json.Marshal(struct {
		Name, Namespace string
		Version         int
		Info            *release.Info
		Chart           *chart.Metadata
		Config          map[string]any
		Manifest        string
		Hooks           []*release.Hook
	}{rel.Name, rel.Namespace, rel.Version, rel.Info, metadata, rel.Config, rel.Manifest, rel.Hooks})
	if err != nil {
		return "", fmt.Errorf("computing the digest of release %s: %w", rel.Name, err)
	}
	return digest.Canonical.FromBytes(data).String(), nil
}

// attempt is what one reconciliation wants to be released.
type attempt struct {
	chart  *chart.Chart
	values map[string]any
	// configDigest is the digest of values, computed before Helm touches them.
	configDigest string
	// ociDigest is the digest of the artifact of an OCIRepository.
	ociDigest string
}

// newSnapshot captures a record that action made of the attempt.
func newSnapshot(rel *release.Release, action v2.ReleaseAction, want attempt) (*v2.Snapshot, error) {
	sum, err := releaseDigest(rel)
	if err != nil {
		return nil, err
	}
	snapshot := &v2.Snapshot{
		APIVersion:    v2.CurrentSnapshotAPIVersion,
		Digest:        sum,
		Name:          rel.Name,
		Namespace:     rel.Namespace,
		Version:       rel.Version,
		Status:        rel.Info.Status.String(),
		Action:        action,
		ConfigDigest:  want.configDigest,
		FirstDeployed: metav1.NewTime(rel.Info.FirstDeployed),
		LastDeployed:  metav1.NewTime(rel.Info.LastDeployed),
		Deleted:       metav1.NewTime(rel.Info.Deleted),
		OCIDigest:     want.ociDigest,
	}
	if rel.Chart != nil && rel.Chart.Metadata != nil {
		snapshot.ChartName = rel.Chart.Metadata.Name
		snapshot.ChartVersion = rel.Chart.Metadata.Version
		snapshot.AppVersion = rel.Chart.Metadata.AppVersion
	}
	return snapshot, nil
}

// remember puts the newest record first in status.history, if it is newer than
// before, and brings the older snapshots up to what Helm's records now say.
func (h *helm) remember(hr *v2.HelmRelease, before *release.Release, action v2.ReleaseAction, want attempt) error {
	last, err := h.last()
	if err != nil {
		return err
	}
	history := v2.Snapshots{}
	if last != nil && (before == nil || last.Version != before.Version) {
		snapshot, err := newSnapshot(last, action, want)
		if err != nil {
			return err
		}
		history = append(history, snapshot)
	}
	for _, snapshot := range hr.Status.History {
		if len(history) > 0 && snapshot.Version == history[0].Version {
			continue
		}
		rel, err := h.version(snapshot.Version)
		if err != nil {
			return err
		}
		if rel == nil {
			continue
		}
		if snapshot.Digest, err = releaseDigest(rel); err != nil {
			return err
		}
		snapshot.Status = rel.Info.Status.String()
		history = append(history, snapshot)
	}
	history.Truncate(true)
	hr.Status.History = history
	return nil
}
