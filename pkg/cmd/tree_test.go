package cmd

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands are all commands of the tree, the root first.
func commands(root *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{root}
	for _, child := range root.Commands() {
		all = append(all, commands(child)...)
	}
	return all
}

// ours are a command's own flags; the root's are cli-runtime's.
func ours(cmd *cobra.Command) []*pflag.Flag {
	var all []*pflag.Flag
	cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "help" { // cobra's
			all = append(all, flag)
		}
	})
	return all
}

func TestTheHelpOfEachCommandIsWhole(t *testing.T) {
	tree := commands(newTerminal(t).root)
	if len(tree) < 6 {
		t.Fatalf("%d commands", len(tree))
	}
	for _, cmd := range tree {
		t.Run(cmd.Name(), func(t *testing.T) {
			term := newTerminal(t)
			path := strings.Fields(strings.TrimPrefix(cmd.CommandPath(), "kubectl fleetapp"))
			code := term.run(t.Context(), append(path, "--help")...)
			help := term.out.String()
			if code != 0 || term.err.Len() > 0 || help == "" {
				t.Fatalf("exit code %d, %q on stderr", code, term.err)
			}
			for _, flag := range ours(cmd) {
				if !strings.Contains(help, "--"+flag.Name+"=") || !strings.Contains(help, flag.Usage) {
					t.Errorf("--%s is missing in\n%s", flag.Name, help)
				}
			}
			// Nobody types the name of the file.
			if strings.Contains(help, "kubectl-fleetapp") {
				t.Errorf("it calls the program otherwise than kubectl does:\n%s", help)
			}
			if cmd.HasExample() && !strings.Contains(help, "Examples:\n  # ") {
				t.Errorf("no example in\n%s", help)
			}
		})
	}
}

func TestEachCommandSaysWhatItDoes(t *testing.T) {
	root := newTerminal(t).root
	for _, cmd := range commands(root) {
		if cmd.Name() == "help" {
			continue
		}
		if cmd.Short == "" || !unicode.IsUpper(rune(cmd.Short[0])) || strings.HasSuffix(cmd.Short, ".") || len(cmd.Short) > 72 {
			t.Errorf("%s: Short is %q", cmd.CommandPath(), cmd.Short)
		}
		if cmd.Name() == "version" || cmd.Name() == "options" || cmd == root {
			continue
		}
		if cmd.Long == "" || !strings.HasSuffix(strings.TrimSpace(cmd.Long), ".") {
			t.Errorf("%s: Long is %q", cmd.CommandPath(), cmd.Long)
		}
		if cmd.Example == "" || !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s: Example is %q", cmd.CommandPath(), cmd.Example)
		}
		if cmd.Run == nil && cmd.RunE == nil {
			t.Errorf("%s does nothing", cmd.CommandPath())
		}
	}
}

// The examples are command lines that parse.
func TestExamplesParse(t *testing.T) {
	call := regexp.MustCompile(`kubectl fleetapp (.*)`)
	for _, cmd := range commands(newTerminal(t).root) {
		for _, line := range call.FindAllStringSubmatch(cmd.Example, -1) {
			root := newTerminal(t).root
			found, args, err := root.Find(strings.Fields(line[1]))
			if err != nil || !strings.HasPrefix(found.CommandPath(), cmd.CommandPath()) { // or one of its own commands
				t.Errorf("%s: %s: %v", cmd.CommandPath(), line[0], err)
				continue
			}
			if err := found.ParseFlags(args); err != nil {
				t.Errorf("%s: %s: %v", cmd.CommandPath(), line[0], err)
			}
		}
	}
}

func TestFlagsSayWhatTheyDo(t *testing.T) {
	for _, cmd := range commands(newTerminal(t).root) {
		for _, flag := range ours(cmd) {
			if flag.Usage == "" || !unicode.IsUpper(rune(flag.Usage[0])) && flag.Usage[0] != '-' || !strings.HasSuffix(flag.Usage, ".") {
				t.Errorf("%s: --%s is %q", cmd.CommandPath(), flag.Name, flag.Usage)
			}
		}
	}
}

// Who learns a flag at one command knows it at all others.
func TestNoFlagHasTwoMeanings(t *testing.T) {
	root := newTerminal(t).root
	named, lettered := map[string]*pflag.Flag{}, map[string]*pflag.Flag{}
	look := func(cmd *cobra.Command, flag *pflag.Flag) {
		if same := named[flag.Name]; same != nil && (same.Shorthand != flag.Shorthand || same.Value.Type() != flag.Value.Type()) {
			t.Errorf("%s: --%s is -%s, a %s; elsewhere it is -%s, a %s", cmd.CommandPath(), flag.Name,
				flag.Shorthand, flag.Value.Type(), same.Shorthand, same.Value.Type())
		}
		if same := lettered[flag.Shorthand]; flag.Shorthand != "" && same != nil && same.Name != flag.Name {
			t.Errorf("%s: -%s is --%s; elsewhere it is --%s", cmd.CommandPath(), flag.Shorthand, flag.Name, same.Name)
		}
		named[flag.Name], lettered[flag.Shorthand] = flag, flag
	}
	root.PersistentFlags().VisitAll(func(flag *pflag.Flag) { look(root, flag) })
	for _, cmd := range commands(root) {
		for _, flag := range ours(cmd) {
			if root.PersistentFlags().Lookup(flag.Name) != nil {
				t.Errorf("%s: --%s hides the one of all commands", cmd.CommandPath(), flag.Name)
			}
			look(cmd, flag)
		}
	}
}

// In the help of one program, the same flag has one text.
func TestTheSameFlagIsSaidTheSame(t *testing.T) {
	said := map[string]string{}
	for _, cmd := range commands(newTerminal(t).root) {
		for _, flag := range ours(cmd) {
			switch flag.Name {
			case "parallel", "output": // of work, or of questions
				continue
			case "wait": // until it is ready, or until it is gone
				continue
			}
			if flag.Name == "clusters" && cmd.Name() == "version" { // which asks them only then
				continue
			}
			if before, ok := said[flag.Name]; ok && before != flag.Usage {
				t.Errorf("%s: --%s is %q; elsewhere %q", cmd.CommandPath(), flag.Name, flag.Usage, before)
			}
			said[flag.Name] = flag.Usage
		}
	}
}

// A tree that nobody uses any more is let go, so that many of them can be made in
// one process.
func TestCommandsAreLetGo(t *testing.T) {
	gone := make(chan bool)
	func() {
		term := newTerminal(t)
		runtime.AddCleanup(term.root, func(gone chan bool) { close(gone) }, gone)
		if code := term.run(t.Context(), "version", "--client"); code != 0 {
			t.Fatal(term.err)
		}
	}()
	for range 100 {
		runtime.GC()
		select {
		case <-gone:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("something keeps them")
}
