package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are what there is to read, each by its path from here.
func pages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "../../README.md", "../../CONTRIBUTING.md", "../../examples/README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimPrefix(path, "../../")] = string(text)
	}
	return texts
}

// Each command line in a block that shows a terminal is run by a script, which also
// sees that it prints what the block shows, or by the test that installs a release.
func TestBlocksOfTheDocsAreRun(t *testing.T) {
	scripts, err := filepath.Glob("../../test/e2e/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{}
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^as-in \d+ (\S+) '(.*)'$`).FindAllStringSubmatch(string(text), -1) {
			run[found[1]+": "+strings.ReplaceAll(found[2], "''", "'")] = true
		}
	}
	installs, err := os.ReadFile("../../release/krew_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`\.asIn\(t, "(.*)", "(.*)"\)`).FindAllStringSubmatch(string(installs), -1) {
		run[found[1]+": "+found[2]] = true
	}
	if len(run) < 30 {
		t.Errorf("only %d lines are run", len(run))
	}
	comment := regexp.MustCompile(` +# .*`)
	for page, text := range pages(t) {
		if page == "CONTRIBUTING.md" { // how to run the scripts
			continue
		}
		for _, block := range regexp.MustCompile("(?ms)^ *```console$.*?```$").FindAllString(text, -1) {
			for line := range strings.Lines(block) {
				command, is := strings.CutPrefix(strings.TrimSpace(line), "$ ")
				if command = page + ": " + comment.ReplaceAllString(command, ""); is && !run[command] {
					t.Errorf("no script in test/e2e/testdata has as-in for %s", command)
				}
			}
		}
	}
}

// A link from one page to another leads there.
func TestLinksOfTheDocs(t *testing.T) {
	links := 0
	for page, text := range pages(t) {
		for _, found := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
			links++
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(page), found[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if links < 30 {
		t.Errorf("only %d links were found", links)
	}
}

// The page of rights has a line for each role that there is, and for no other.
func TestThePageOfRights(t *testing.T) {
	roles, err := os.ReadFile("../../docs/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	named := func(pattern, text string) (all []string) {
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, found[1])
		}
		return all
	}
	want := named(`(?m)^kind: ClusterRole\nmetadata:\n  name: (\S+)$`, string(roles))
	if is := named("(?m)^\\| `(\\S+)` \\|", pages(t)["docs/rbac.md"]); len(want) < 8 || !slices.Equal(is, want) {
		t.Errorf("docs/rbac.md has\n%q, and rbac.yaml\n%q", is, want)
	}
}

// What the docs have typed in parses: commands, flags and their values.
func TestCommandLinesOfTheDocsParse(t *testing.T) {
	// In a block or within the text; up to a comment, a pipe or the end.
	call := regexp.MustCompile("(?m)(?:^\\s*\\$ |`|\\| )kubectl fleetapp ([^`#|\n]*[^`#|\\s])")
	lines := 0
	for page, text := range pages(t) {
		if page == "docs/commands.md" { // which is held to the commands themselves
			continue
		}
		for _, found := range call.FindAllStringSubmatch(text, -1) {
			line := strings.NewReplacer("'", "", `"`, "").Replace(found[1])
			root := newTerminal(t).root
			cmd, args, err := root.Find(strings.Fields(line))
			if err == nil && cmd == root && line[0] != '-' && !strings.HasPrefix(line, "COMMAND") {
				t.Errorf("%s: kubectl fleetapp %s: there is no such command", page, line)
			}
			if err == nil {
				err = cmd.ParseFlags(args)
			}
			if err != nil {
				t.Errorf("%s: kubectl fleetapp %s: %v", page, line, err)
			}
			lines++
		}
	}
	if lines < 40 {
		t.Errorf("only %d command lines were found", lines)
	}
}
