package helmrelease

import (
	"bytes"
	"testing"
)

func TestOriginLabels(t *testing.T) {
	const (
		rendered = "---\n# Source: a\nkind: ConfigMap\nmetadata:\n  name: a\n---\n\n---\nkind: Secret\nmetadata:\n  labels:\n    x: z\n  name: b\n"
		want     = "---\nkind: ConfigMap\nmetadata:\n  labels:\n    helm.toolkit.fluxcd.io/name: demo\n    helm.toolkit.fluxcd.io/namespace: apps\n  name: a\n" +
			"---\nkind: Secret\nmetadata:\n  labels:\n    helm.toolkit.fluxcd.io/name: demo\n    helm.toolkit.fluxcd.io/namespace: apps\n    x: z\n  name: b\n"
	)
	out, err := originLabels{newRelease(nil)}.Run(bytes.NewBufferString(rendered))
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	if _, err := (originLabels{newRelease(nil)}).Run(bytes.NewBufferString("a: [")); err == nil {
		t.Error("what is no YAML is no error")
	}
}
