package manifest_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
)

// app is a valid manifest of that name.
func app(name string) string {
	return fmt.Sprintf(`apiVersion: apps.kurator.dev/v1alpha1
kind: Application
metadata:
  name: %s
spec:
  source:
    gitRepository:
      url: https://example.com/repo
  syncPolicies:
    - kustomization:
        path: ./deploy
`, name)
}

// appJSON is one on a single line.
func appJSON(name string) string {
	return fmt.Sprintf(`{"apiVersion":"apps.kurator.dev/v1alpha1","kind":"Application","metadata":{"name":%q},"spec":{"source":{},"syncPolicies":[]}}`, name)
}

// places lists what was read, as name@document or name@document.item.
func places(all []manifest.Manifest) string {
	var places []string
	for _, m := range all {
		place := fmt.Sprintf("%s@%d", m.Name, m.Document)
		if m.Item > 0 {
			place += fmt.Sprintf(".%d", m.Item)
		}
		places = append(places, place)
	}
	return strings.Join(places, " ")
}

func TestDocumentsOfAFile(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"one":                      {app("a"), "a@1"},
		"two":                      {app("a") + "---\n" + app("b"), "a@1 b@2"},
		"begins with a separator":  {"---\n" + app("a") + "---\n" + app("b"), "a@1 b@2"},
		"ends with a separator":    {app("a") + "---\n", "a@1"},
		"comments first":           {"# Copyright\n\n---\n" + app("a"), "a@1"},
		"comment on the separator": {app("a") + "--- # the next\n" + app("b"), "a@1 b@2"},
		"spaces on the separator":  {app("a") + "---  \n" + app("b"), "a@1 b@2"},
		"CRLF":                     {strings.ReplaceAll(app("a")+"---\n"+app("b"), "\n", "\r\n"), "a@1 b@2"},
		"no newline at the end":    {strings.TrimSuffix(app("a")+"---\n"+app("b"), "\n"), "a@1 b@2"},
		"byte order mark":          {"\ufeff" + app("a"), "a@1"},
		"mark and comment":         {"\ufeff# Copyright\n---\n" + app("a"), "a@1"},
		"separators in a text":     {strings.Replace(app("a"), "path: ./deploy", "path: |\n          x\n          ---\n          y", 1), "a@1"},
		"end marker":               {app("a") + "...\n", "a@1"},
		"JSON":                     {appJSON("a"), "a@1"},
		"JSON with tabs":           {strings.ReplaceAll(strings.ReplaceAll(appJSON("a"), ",", ",\n\t"), "{", "{\n\t"), "a@1"},
		"list":                     {`{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":""},"items":[` + appJSON("a") + "," + appJSON("b") + "]}", "a@1.1 b@1.2"},
		"list after another":       {app("a") + "---\n" + `{"apiVersion":"v1","kind":"List","items":[` + appJSON("b") + "]}", "a@1 b@2.1"},
		"empty list":               {"apiVersion: v1\nkind: List\nitems: []\n", ""},
		"JSON between separators":  {appJSON("a") + "\n---\n" + appJSON("b"), "a@1 b@2"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := manifest.Parse("f", []byte(test.file))
			if err != nil || places(got) != test.want {
				t.Errorf("got %q, %v, want %q", places(got), err, test.want)
			}
		})
	}
}

// A second document that is not read must at least be an error: what is
// silently left out is not deployed, or worse, is pruned.
func TestNoDocumentIsSilentlyLeftOut(t *testing.T) {
	for name, file := range map[string]string{
		"JSON after JSON":         appJSON("a") + "\n" + appJSON("b") + "\n",
		"JSON beside JSON":        appJSON("a") + appJSON("b"),
		"after an end marker":     app("a") + "...\n" + app("b"),
		"carriage returns alone":  strings.ReplaceAll(app("a")+"---\n"+app("b"), "\n", "\r"),
		"separator with a value":  app("a") + "--- " + appJSON("b"),
		"separator with a tag":    app("a") + "--- !!map\n" + app("b"),
		"an unfinished separator": app("a") + "---x\n" + app("b"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := manifest.Parse("f", []byte(file))
			if err == nil && len(got) != 2 {
				t.Errorf("got %q of two, and no error", places(got))
			}
		})
	}
}

func TestEmptyFiles(t *testing.T) {
	for _, file := range []string{"", "\n", "---\n", "---\n---\n", "# a comment\n", "# a\n---\n# b\n---\n", "\r\n---\r\n"} {
		if got, err := manifest.Parse("f", []byte(file)); len(got) != 0 || err != nil {
			t.Errorf("%q: got %q, %v", file, places(got), err)
		}
	}
}

const noKind = `not a Kubernetes object: it has no kind (Application of "apps.kurator.dev/v1alpha1" is expected)`

func TestErrorsNameThePlaceAndTheFault(t *testing.T) {
	in := func(old, changed string) string { return strings.Replace(app("a"), old, changed, 1) }
	for name, test := range map[string]struct{ file, want string }{
		"unknown field": {
			app("ok") + "---\n" + in("  syncPolicies:", "  destiny: {}\n  syncPolicies:"),
			"f: document 2: spec.destiny: unknown field",
		},
		"unknown field deep": {
			in("    - kustomization:", "    - nmae: x\n      kustomization:"),
			"f: document 1: spec.syncPolicies[0].nmae: unknown field (did you mean \"name\"?)",
		},
		"wrong case": {in("kind:", "Kind:"), "f: document 1: " + noKind},
		"two faults": {
			in("  syncPolicies:", "  a: 1\n  b: 1\n  syncPolicies:"),
			"f: document 1: spec.a: unknown field\nf: document 1: spec.b: unknown field",
		},
		"two documents": {
			"a\n---\nb\n",
			"f: document 1: " + noKind + "\nf: document 2: " + noKind,
		},
		"duplicate key": {
			in("  name: a", "  name: a\n  name: b"),
			"f: document 1: metadata.name: is there twice, in line 4 and in line 5",
		},
		"another kind": {
			"apiVersion: v1\nkind: Pod\n",
			`f: document 1: it is kind "Pod" of "v1"; only Application of "apps.kurator.dev/v1alpha1" can be deployed`,
		},
		"another group's": {
			in("apps.kurator.dev", "app.k8s.io"),
			`f: document 1: it is kind "Application" of "app.k8s.io/v1alpha1"; only Application of "apps.kurator.dev/v1alpha1" can be deployed`,
		},
		"two keys twice": {
			in("  name: a", "  name: a\n  name: b\n\n  # again\n  name: c") + "spec: {}\n",
			"f: document 1: metadata.name: is there twice, in line 4 and in line 5\n" +
				"f: document 1: metadata.name: is there twice, in line 4 and in line 8\n" +
				"f: document 1: spec: is there twice, in line 9 and in line 16",
		},
		"twice in the second": {
			app("ok") + "---\n" + in("  name: a", "  name: a\n  name: b"),
			"f: document 2: metadata.name: is there twice, in line 16 and in line 17",
		},
		"key is a list":     {"? [a]\n: b\n", "f: document 1: the key in line 1 is no name"},
		"key is null":       {"a: 1\n~: b\n", "f: document 1: the key in line 2 is no name"},
		"template":          {"a: 1\nb: {{ .Values.b }}\n", "f: document 1: the key in line 2 is no name"},
		"not a number":      {"a:\n- .nan\n- -.INF\n", "f: document 1: a[0]: .nan is no number that JSON has\nf: document 1: a[1]: -.INF is no number that JSON has"},
		"deep":              {"a: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "f: document 1: it is nested more than 100 deep"},
		"of itself":         {"a: &a [*a]\n", "f: document 1: it is nested more than 100 deep"},
		"many values":       {"a: [" + strings.Repeat("b,", 100_001) + "]\n", "f: document 1: it holds more than 100000 values"},
		"bomb":              {bomb(), "f: document 1: it holds more than 100000 values"},
		"long aliases":      {"a: &a " + strings.Repeat("x", 4<<10) + "\nb: [" + strings.Repeat("*a,", 2<<10) + "]\n", "f: document 1: its aliases stand for more than 4 MiB"},
		"kind is endless":   {"apiVersion: v1\nkind: " + strings.Repeat("x", 1000) + "\n", `f: document 1: it is kind "` + strings.Repeat("x", 64) + `" of "v1"; only Application of "apps.kurator.dev/v1alpha1" can be deployed`},
		"list of wrong":     {"apiVersion: v1\nkind: List\nitems: {}\n", "f: document 1: items: is a map, and should be a list"},
		"list, misspelled":  {"apiVersion: v1\nkind: List\nitmes: []\n", `f: document 1: itmes: unknown field (did you mean "items"?)`},
		"list of no object": {"apiVersion: v1\nkind: List\nitems: [a]\n", "f: document 1, item 1: " + noKind},
		"list of lists": {
			`{"apiVersion":"v1","kind":"List","items":[` + appJSON("a") + `,{"apiVersion":"v1","kind":"List","items":[]}]}`,
			`f: document 1, item 2: it is kind "List" of "v1"; only Application of "apps.kurator.dev/v1alpha1" can be deployed`,
		},
		"no kind":          {"a: 1\n", "f: document 1: " + noKind},
		"a list":           {"- a\n", "f: document 1: " + noKind},
		"null":             {"~\n", "f: document 1: " + noKind},
		"kind is a number": {"apiVersion: v1\nkind: 3\n", "f: document 1: " + noKind},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Parse("f", []byte(test.file))
			if err == nil || err.Error() != test.want {
				t.Errorf("error\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

// The author of a manifest knows fields, and not the types of this program.
func TestWrongTypesAreToldInTheUsersWords(t *testing.T) {
	for path, file := range map[string]string{
		"spec.syncPolicies":         strings.Replace(app("a"), "  syncPolicies:\n    - kustomization:\n        path: ./deploy\n", "  syncPolicies: {}\n", 1),
		"metadata.name":             strings.Replace(app("a"), "name: a", "name: [a]", 1),
		"spec.syncPolicies[0].name": strings.Replace(app("a"), "    - kustomization:", "    - name: 1\n      kustomization:", 1),
		"metadata.labels":           strings.Replace(app("a"), "name: a", "name: a\n  labels: {a: 1}", 1),
		"spec.destination.fleet":    strings.Replace(app("a"), "  syncPolicies:", "  destination: {fleet: 7}\n  syncPolicies:", 1),
	} {
		t.Run(path, func(t *testing.T) {
			_, err := manifest.Parse("f", []byte(file))
			if err == nil {
				t.Fatal("no error")
			}
			if text := err.Error(); !strings.HasPrefix(text, "f: document 1: ") || !strings.Contains(text, path) ||
				strings.Contains(text, "v1alpha1") || strings.Contains(text, "Go struct") || strings.Contains(text, "Go value") {
				t.Errorf("error is %s", text)
			}
		})
	}
}

func TestWhatIsNotYAML(t *testing.T) {
	for name, file := range map[string]string{
		"tabs":   "a:\n\tb: 1\n",
		"colons": "a: b: c\n",
		"binary": "\x7fELF\x02\x01\x00\x00\xff\xfe",
		"escape": "a: \x1b[2J\n",
		"open":   "a: [1, 2\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Parse("f", []byte(file))
			if err == nil || !strings.HasPrefix(err.Error(), "f: document 1: not YAML: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func bomb() string {
	var file strings.Builder
	file.WriteString("a0: &a0 [x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&file, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return file.String()
}

// One long text that is named many times passes the parser's own bound, which
// counts nodes.
func TestAFileOfAliasesStaysSmall(t *testing.T) {
	const bound = 32 << 20
	file := "long: &long " + strings.Repeat("x", 4<<10) + "\nmany: [" + strings.Repeat("*long,", 8_000) + "]\n"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := manifest.Parse("f", []byte(file))
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > bound {
		t.Errorf("a file of %d KiB took %d MiB of memory (error: %.100v)", len(file)>>10, grown>>20, err)
	}
}

// What is wrong beside a field that is not known can be said as well; nothing
// more can be said of what was not decoded.
func TestWhatCanBeLookedAtFurtherComesBack(t *testing.T) {
	got, err := manifest.Parse("f", []byte(strings.Replace(app("a"), "  syncPolicies:", "  a: 1\n  syncPolicies:", 1)+
		"---\n"+strings.Replace(app("b"), "name: b", "name: [b]", 1)+"---\n"+app("c")))
	if err == nil || places(got) != "a@1 c@3" {
		t.Errorf("got %q, %v", places(got), err)
	}
}

func TestAtNamesThePlaceOfEachError(t *testing.T) {
	m := manifest.Manifest{File: "f", Document: 3}
	if m.At(nil) != nil {
		t.Error("no error became one")
	}
	one, two := errors.New("one"), errors.New("two")
	got := m.At(errors.Join(one, two))
	if want := "f: document 3: one\nf: document 3: two"; got.Error() != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(got, one) || !errors.Is(got, two) {
		t.Error("the causes are lost")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{app("a"), app("a") + "---\n" + app("b"), appJSON("a"), "", "---", "%YAML 1.1\n---\n", "a: &a [*a]", bomb(), "\ufeff", "? x",
		`{"apiVersion":"v1","kind":"List","items":[` + appJSON("a") + `,3]}`, "a: .nan", "a: 1\na: 2", "~: 1", strings.Replace(app("a"), "name: a", "nmae: 1", 1),
		strings.Replace(app("a"), "path:", "path: &p", 1), "kind: !!binary aGk=", "\xff\xfea\x00", "[[[[", "a: {{ .b }}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := manifest.Parse("f", data)
		for i, m := range all {
			if m.Application == nil || m.Kind != "Application" || m.File != "f" || m.Document < i+1 {
				t.Errorf("manifest %d of %q is %+v", i, data, m)
			}
		}
		if err == nil {
			return
		}
		lines := strings.Split(err.Error(), "\n")
		for _, line := range lines {
			if !strings.HasPrefix(line, "f: document ") || strings.Contains(line, "Go ") || strings.Contains(line, "interface {}") {
				t.Errorf("the error of %q does not name its place, or names a type: %s", data, line)
			}
		}
	})
}
