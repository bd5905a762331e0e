// Package crds embeds the CustomResourceDefinitions that are generated from
// the wire types, for a host on which Kurator itself is not installed.
package crds

import "embed"

// FS holds one CustomResourceDefinition per file, named
// <group>_<plural>.yaml.
//
//go:embed *.yaml
var FS embed.FS
