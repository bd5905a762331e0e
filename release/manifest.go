package main

import (
	"fmt"
	"path"
	"regexp"

	"sigs.k8s.io/yaml"
)

// manifest is as much of krew's as matters here. Source: krew's
// pkg/index/types.go.
type manifest struct {
	Spec struct {
		Version   string     `json:"version"`
		Platforms []platform `json:"platforms"`
	} `json:"spec"`
}

type platform struct {
	URI      string `json:"uri"`
	Sha256   string `json:"sha256"`
	Bin      string `json:"bin"`
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	Files []struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"files"`
}

func (p platform) os() string   { return p.Selector.MatchLabels["os"] }
func (p platform) arch() string { return p.Selector.MatchLabels["arch"] }

// archive is the name of the platform's archive in a release.
func (p platform) archive(version string) string {
	extension := ".tar.gz"
	if path.Ext(p.URI) == ".zip" {
		extension = ".zip"
	}
	return fmt.Sprintf("kubectl-fleetapp_%s_%s_%s%s", version, p.os(), p.arch(), extension)
}

func parse(text []byte) (manifest, error) {
	var read manifest
	if err := yaml.Unmarshal(text, &read); err != nil {
		return manifest{}, fmt.Errorf("%s: %w", manifestFile, err)
	}
	return read, nil
}

// fill puts an archive's name and digest in the place of those of its platform.
// The rest of the file stays as it is, comments included.
func fill(text []byte, of platform, archive, sum string) []byte {
	folder, _ := path.Split(of.URI)
	at := regexp.MustCompile(`(?m)^( *uri: )` + regexp.QuoteMeta(of.URI) + `(\n *sha256: )"[0-9a-f]{64}"$`)
	return at.ReplaceAll(text, []byte(`${1}`+folder+archive+`${2}"`+sum+`"`))
}

// setVersion names the version, also in the addresses.
func setVersion(text []byte, version string) []byte {
	text = regexp.MustCompile(`(?m)^(  version: ).*$`).ReplaceAll(text, []byte("${1}"+version))
	return regexp.MustCompile(`(?m)^( *uri: .*/download/)[^/]+/`).ReplaceAll(text, []byte("${1}"+version+"/"))
}
