package manifest_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
)

// write makes files below a new folder and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestAFolderIsReadAsKubectlReadsIt(t *testing.T) {
	folder := write(t, map[string]string{
		"b.yaml": app("b"), "a.yml": app("a"), "c.json": appJSON("c"), "d.txt": "not read", "e.yaml.bak": "not read", "sub/f.yaml": app("f"),
	})
	got, err := manifest.Read(nil, []string{folder})
	if err != nil || places(got) != "a@1 b@1 c@1" {
		t.Errorf("got %q, %v", places(got), err)
	}
	if want := filepath.Join(folder, "a.yml") + ": document 1"; len(got) > 0 && got[0].Where() != want {
		t.Errorf("the first is at %s, want %s", got[0].Where(), want)
	}
}

func TestFilesComeInTheOrderOfTheirNames(t *testing.T) {
	folder := write(t, map[string]string{"1.yaml": app("one"), "2.yaml": app("two")})
	got, err := manifest.Read(strings.NewReader(app("in")), []string{filepath.Join(folder, "2.yaml"), "-", filepath.Join(folder, "1.yaml")})
	if err != nil || places(got) != "two@1 in@1 one@1" {
		t.Errorf("got %q, %v", places(got), err)
	}
	if len(got) == 3 && got[1].Where() != "stdin: document 1" {
		t.Errorf("standard input is called %s", got[1].Where())
	}
}

func TestReadFails(t *testing.T) {
	folder := write(t, map[string]string{"empty.yaml": "# nothing\n", "bad.yaml": "a: 1\n", "good.yaml": app("a"), "none/x.txt": ""})
	at := func(name string) string { return filepath.Join(folder, name) }
	large, err := os.Create(at("large.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.Truncate(4<<20+1), large.Close()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		names []string
		want  string
	}{
		"absent":    {[]string{at("absent.yaml")}, at("absent.yaml") + ": no such file or directory"},
		"nothing":   {[]string{at("empty.yaml")}, "no Application in " + at("empty.yaml")},
		"no file":   {[]string{at("none")}, "no Application in " + at("none")},
		"too large": {[]string{at("large.yaml")}, at("large.yaml") + ": larger than 4 MiB"},
		"all at once": {
			[]string{at("absent.yaml"), at("good.yaml"), at("bad.yaml")},
			at("absent.yaml") + ": no such file or directory\n" + at("bad.yaml") + ": document 1: " + noKind,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Read(strings.NewReader(""), test.names)
			if err == nil || err.Error() != test.want {
				t.Errorf("error\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}
