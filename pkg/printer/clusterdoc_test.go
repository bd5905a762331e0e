package printer

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
)

// Every field of the documents of clusters and check is described, and so is each
// concern and each mark.
func TestDocumentsOfClustersAreDescribed(t *testing.T) {
	text, err := os.ReadFile("../../docs/clusters.md")
	if err != nil {
		t.Fatal(err)
	}
	described := func(name string) bool {
		for _, spelled := range []string{"`" + name + "`", "`" + name + "[]`", "`flux." + name + "`", "`flux." + name + "[]`"} {
			if strings.Contains(string(text), spelled) {
				return true
			}
		}
		return false
	}
	var walk func(of reflect.Type, path string)
	walk = func(of reflect.Type, path string) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if !described(name) {
				t.Errorf("%s.%s is not in docs/clusters.md", path, name)
			}
			walk(of.Field(i).Type, path+"."+name)
		}
	}
	walk(reflect.TypeFor[clusterList](), "ClusterList")
	walk(reflect.TypeFor[preflightReport](), "PreflightReport")
	for _, concern := range preflight.Concerns() {
		if !described(string(concern)) {
			t.Errorf("concern %s is not in docs/clusters.md", concern)
		}
	}
	for _, mark := range []preflight.Mark{preflight.NotNeeded, preflight.Passed, preflight.Unknown, preflight.Warned, preflight.Failed} {
		if !described(string(mark)) {
			t.Errorf("mark %s is not in docs/clusters.md", mark)
		}
	}
}
