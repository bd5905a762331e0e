package strict_test

import (
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

func TestNearest(t *testing.T) {
	names := []string{"path", "prune", "patches", "interval", "url", "kubeConfig", "chart", "charts"}
	for name, want := range map[string]string{
		"pruned":     "prune",
		"prnue":      "prune",
		"ulr":        "url",
		"urls":       "url",
		"intervall":  "interval",
		"INTERVAL":   "interval",
		"kubeconfig": "kubeConfig",
		"KUBECONFIG": "kubeConfig",
		"chrat":      "chart", // the first of equals
		"patch":      "path",
		// Nothing far-fetched.
		"x":           "",
		"":            "",
		"image":       "",
		"suspend":     "",
		"destination": "",
		"uri":         "url",
		"git":         "",
	} {
		if got := strict.Nearest(name, names); got != want {
			t.Errorf("%q is near to %q, want %q", name, got, want)
		}
	}
	if got := strict.Nearest(strings.Repeat("x", 1<<20), names); got != "" {
		t.Errorf("an endless name is near to %q", got)
	}
}

func TestDistance(t *testing.T) {
	for pair, want := range map[[2]string]int{
		{"", ""}: 0, {"a", ""}: 1, {"", "abc"}: 3, {"same", "same"}: 0, {"Same", "sAME"}: 0, {"swap", "sawp"}: 1,
		{"kitten", "sitting"}: 3, {"ca", "abc"}: 3, {"größe", "grösse"}: 2, {"prod-eu", "prod-us"}: 2,
	} {
		if got := strict.Distance(pair[0], pair[1]); got != want {
			t.Errorf("%q: %d, want %d", pair, got, want)
		}
		if got := strict.Distance(pair[1], pair[0]); got != want {
			t.Errorf("%q turned round: %d, want %d", pair, got, want)
		}
	}
}
