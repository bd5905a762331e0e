package printer

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Every field of a document that programs may rely on is described.
func TestDocumentsAreDescribed(t *testing.T) {
	text, err := os.ReadFile("../../docs/status.md")
	if err != nil {
		t.Fatal(err)
	}
	ofRunsAlone := map[string]bool{"application": true, "ready": true, "revisions": true, "abandoned": true}
	walked := map[reflect.Type]bool{}
	var walk func(of reflect.Type, path string)
	walk = func(of reflect.Type, path string) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of.PkgPath() == "time" || walked[of] {
			return
		}
		walked[of] = true
		for i := range of.NumField() {
			field := of.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if of == reflect.TypeFor[reportMember]() && ofRunsAlone[name] {
				continue
			}
			if !field.Anonymous && !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text), "`"+name+"[]`") {
				t.Errorf("%s.%s is not in docs/status.md", path, name)
			}
			walk(field.Type, path+"."+name)
		}
	}
	walk(reflect.TypeFor[statusList](), "ApplicationStatusList")
	walk(reflect.TypeFor[statusDocument](), "ApplicationStatus")
	walk(reflect.TypeFor[treeDocument](), "ApplicationTree")
}
