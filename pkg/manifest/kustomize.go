package manifest

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Kustomize builds a folder's kustomization as "kubectl apply -k" does. It runs
// no plugin, and no program that the kustomization names. A kustomization reads
// files in and below its own folder only; its bases are kustomizations of their
// own, which may lie outside (../base) or be remote: those are fetched with git
// or over HTTP. Document N is the Nth that "kubectl kustomize" prints.
func Kustomize(folder string) ([]Manifest, error) {
	shown := "kustomization " + folder
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", shown, oneLine(err))
	}
	data, err := built.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("%s: %s", shown, oneLine(err))
	}
	if len(data) > maxFile {
		return nil, tooLarge(shown)
	}
	manifests, err := Parse(shown, data)
	if err == nil && len(manifests) == 0 {
		err = fmt.Errorf("no Application in %s", shown)
	}
	return manifests, err
}

// oneLine joins the lines of an error of Kustomize, which quotes files.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
