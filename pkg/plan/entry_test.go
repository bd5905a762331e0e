package plan

import (
	"strings"
	"testing"
)

func TestEntriesThatNameAnObject(t *testing.T) {
	for entry, want := range map[Entry]Identity{
		{"webapp_late_apps_Deployment", "v1"}:                            {Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "webapp", Name: "late"},
		{"_prod__Namespace", "v1"}:                                       {Version: "v1", Kind: "Namespace", Name: "prod"},
		{"webapp_conf__ConfigMap", "v1"}:                                 {Version: "v1", Kind: "ConfigMap", Namespace: "webapp", Name: "conf"},
		{"_shop__web__edit_rbac.authorization.k8s.io_ClusterRole", "v1"}: {Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole", Name: "shop:web:edit"},
		{"webapp___edit_rbac.authorization.k8s.io_Role", "v1"}:           {Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role", Namespace: "webapp", Name: ":edit"},
		{"webapp_web_example.com_Widget", "v1beta1"}:                     {Group: "example.com", Version: "v1beta1", Kind: "Widget", Namespace: "webapp", Name: "web"},
	} {
		if got, ok := entry.Identity(); !ok || got != want {
			t.Errorf("%v is %+v, %t, want %+v", entry, got, ok, want)
		}
	}
}

func TestEntriesThatNameAPath(t *testing.T) {
	for name, entry := range map[string]Entry{
		"a path as a name":      {"webapp_../../.._apps_Deployment", "v1"},
		"a path as a namespace": {"../.._late_apps_Deployment", "v1"},
		"a path as a group":     {"webapp_late_../../version_Deployment", "v1"},
		"a path as a kind":      {"webapp_late_apps_../Deployment", "v1"},
		"a path as a version":   {"webapp_late_apps_Deployment", "../../version"},
		"dots":                  {"webapp_.._apps_Deployment", "v1"},
		"a percent sign":        {"webapp_%2e%2e%2fx_apps_Deployment", "v1"},
		"no name":               {"webapp__apps_Deployment", "v1"},
		"no kind":               {"webapp_late_apps_", "v1"},
		"no version":            {"webapp_late_apps_Deployment", ""},
		"too few parts":         {"late_apps_Deployment", "v1"},
		"nothing":               {"", "v1"},
		"a path":                {"../..", "v1"},
		"without end":           {"webapp_" + strings.Repeat("x", 254) + "_apps_Deployment", "v1"},
	} {
		if got, ok := entry.Identity(); ok {
			t.Errorf("%s: it names %+v", name, got)
		}
	}
}
