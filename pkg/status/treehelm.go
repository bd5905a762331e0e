package status

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// A release's record holds its chart and its values beside the manifest, and
// may be anything where somebody else wrote it.
const (
	maxRecord   = 16 << 20 // bytes, decompressed
	maxManifest = 4 << 20  // bytes
)

// release says which of Helm's records is that of what a HelmRelease stands at.
type release struct {
	name, namespace, storage string
	version                  int
}

// release is false where nothing was released, or what the member says names no
// record.
func (o *object) release() (release, bool) {
	of := release{
		name:      cmp.Or(o.Spec.ReleaseName, strings.TrimPrefix(o.Spec.TargetNamespace+"-"+o.Name, "-")),
		namespace: cmp.Or(o.Spec.TargetNamespace, o.Namespace),
		storage:   cmp.Or(o.Status.StorageNamespace, o.Spec.StorageNamespace, o.Namespace),
		version:   o.Status.LastReleaseRevision,
	}
	if len(o.Status.History) > 0 { // the newest comes first
		last := o.Status.History[0]
		of.name, of.namespace, of.version = last.Name, last.Namespace, last.Version
	}
	ok := len(validation.IsDNS1123Subdomain(of.name)) == 0 && len(validation.IsDNS1123Label(of.namespace)) == 0 &&
		len(validation.IsDNS1123Label(of.storage)) == 0 && of.version > 0
	return of, ok
}

// fromRecord lists what Helm's own record says of a release, for a
// helm-controller that does not. Nothing but the names of objects is ever taken
// from it: it holds all values, passwords among them.
func (r *reader) fromRecord(ctx context.Context, of *object) (Branch, error) {
	release, ok := of.release()
	if !ok {
		return Branch{}, nil
	}
	name := fmt.Sprintf("sh.helm.release.v1.%s.v%d", release.name, release.version)
	data, err := r.get(ctx, acceptObject, []string{"api", "v1", "namespaces", release.storage, "secrets", name}, nil)
	switch {
	case apierrors.IsNotFound(err):
		return Branch{}, reason.Errorf(reason.NotFound, "Helm's record, Secret %s/%s, is not there", release.storage, name)
	case err != nil:
		return Branch{}, reason.Errorf(reason.Of(err), "Helm's record, Secret %s/%s, cannot be read: %w", release.storage, name, err)
	}
	r.unpacking.Lock()
	defer r.unpacking.Unlock()
	manifest, err := r.manifestOf(data)
	if err != nil {
		return Branch{}, reason.Errorf(reason.Failed, "Helm's record, Secret %s/%s, %w", release.storage, name, err)
	}
	return fromManifest(manifest, release.namespace), nil
}

// manifestOf finds the manifest in a Secret of Helm's: JSON, compressed, and in
// base64 once more than a Secret's data is. Source: the storage driver
// "secrets" of Helm. Its errors quote nothing.
func (r *reader) manifestOf(data []byte) (string, error) {
	var secret struct {
		Data struct {
			Release []byte `json:"release"`
		} `json:"data"`
	}
	if json.Unmarshal(data, &secret) != nil {
		return "", errors.New("is no Secret")
	}
	packed, err := base64.StdEncoding.DecodeString(string(secret.Data.Release))
	if err != nil || len(packed) == 0 {
		return "", errors.New("holds no release")
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", errors.New("holds no release")
	}
	record, err := io.ReadAll(io.LimitReader(unpacked, maxRecord+1))
	var release struct {
		Manifest string `json:"manifest"`
	}
	switch {
	case err != nil:
		return "", errors.New("holds no release")
	case len(record) > maxRecord:
		return "", fmt.Errorf("is larger than %d MiB", maxRecord>>20)
	case r.left.Add(-int64(len(record))) < 0:
		return "", fmt.Errorf("makes what its tree is made of larger than %d MiB", maxAnswers>>20)
	case json.Unmarshal(record, &release) != nil:
		return "", errors.New("holds no release")
	case len(release.Manifest) > maxManifest:
		return "", fmt.Errorf("has a manifest larger than %d MiB", maxManifest>>20)
	}
	return release.Manifest, nil
}
