package cmd

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/commands.md anew")

// docs/commands.md is what each command says of itself.
func TestThePageOfCommands(t *testing.T) {
	const page = "../../docs/commands.md"
	var text bytes.Buffer
	text.WriteString("# Commands\n\nWhat `kubectl fleetapp COMMAND --help` says, for each. " +
		"`go test ./pkg/cmd -run Page -update` writes this page.\n")
	for _, cmd := range commands(newTerminal(t).root) {
		if cmd.Name() == "help" {
			continue
		}
		term := newTerminal(t)
		path := strings.Fields(strings.TrimPrefix(cmd.CommandPath(), "kubectl fleetapp"))
		args := append(slices.Clone(path), "--help")
		if cmd.Name() == "options" { // whose help is its output
			args = path
		}
		if code := term.run(t.Context(), args...); code != 0 {
			t.Fatalf("%s: exit code %d", cmd.CommandPath(), code)
		}
		fmt.Fprintf(&text, "\n## %s\n\n```text\n%s\n```\n", cmd.CommandPath(), strings.Trim(term.out.String(), "\n"))
	}
	if *update {
		if err := os.WriteFile(page, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	is, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(is, text.Bytes()) {
		t.Errorf("%s is not what the commands say; renew it with -update", page)
	}
}
