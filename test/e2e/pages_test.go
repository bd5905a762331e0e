package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// asIn runs a command line of a page's block as whoever pastes it there does, and
// compares what it prints with what the page shows below it, if it shows any. With
// FLEETAPP_PAGES=update it is put into the page instead.
func asIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: as-in CODE PAGE LINE")
	}
	path := filepath.Join(os.Getenv("TOP"), args[1])
	text, err := os.ReadFile(path)
	ts.Check(err)
	shown, at, err := shownIn(string(text), args[2])
	if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	line := []string{"bash", "-c", "exec 2>&1; " + args[2]}
	if strings.HasSuffix(args[2], " -w") { // whoever watches ends it
		line = append([]string{"timeout", "--signal=INT", "5"}, line...)
	}
	exits(ts, false, append([]string{args[0]}, line...))
	printed := ts.ReadFile("stdout")
	if shown == "" || alike(printed) == alike(shown) {
		return
	}
	if os.Getenv("FLEETAPP_PAGES") != "update" {
		ts.Fatalf("%s shows\n%s\nand it prints\n%s", args[1], alike(shown), alike(printed))
	}
	printed = regexp.MustCompile(`[ \t]+\n`).ReplaceAllString(strings.TrimRight(printed, "\n")+"\n", "\n")
	ts.Check(os.WriteFile(path, append(append(text[:at:at], printed...), text[at+len(shown):]...), 0o644))
}

// shownIn is what a page shows below a command line, and where it does: up to an
// empty line, the next command line, or the end of the block.
func shownIn(page, line string) (shown string, at int, err error) {
	command := regexp.MustCompile(`(?m)^ *\$ ` + regexp.QuoteMeta(line) + `( +# .*)?\n`)
	found := command.FindAllStringIndex(page, -1)
	if len(found) != 1 {
		return "", 0, fmt.Errorf("%q is there %d times", line, len(found))
	}
	rest := page[found[0][1]:]
	if end := regexp.MustCompile("(?m)^( *\\$ | *```|$)").FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return rest, found[0][1], nil
}

// alike is a text without what is never the same twice: ages, addresses, the names
// of pods, commits, and the spaces that line up columns.
func alike(text string) string {
	for _, rule := range [][2]string{
		{`\b\d+\.\d+\.\d+\.\d+:\d+\b`, "ADDRESS"},
		{`-[0-9a-f]{7,10}-[0-9a-z]{5}\b`, "-HASH"},
		{`@(sha1:)?[0-9a-f]{7,40}\b`, "@COMMIT"},
		{`\b(\d+(\.\d+)?(ms|[smhd]))+\b`, "AGE"},
		{`(?m)^[ \t]+|[ \t]+$`, ""},
		{`[ \t]+`, " "},
	} {
		text = regexp.MustCompile(rule[0]).ReplaceAllString(text, rule[1])
	}
	return strings.TrimSpace(text)
}
