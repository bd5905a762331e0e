package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

// knownCommand is cobra's own check of what is no command, in one line.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			names = append(names, child.Name())
		}
	}
	next := strict.DidYouMean(args[0], names)
	if next == "" {
		next = fmt.Sprintf("; see '%s --help'", cmd.CommandPath())
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), next)
}

// badFlag says where a command's flags are listed, and which one was meant.
func badFlag(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); !cmd.HasParent() && len(args) > 0 {
		return knownCommand(cmd, args) // the flag is one of the command that was meant
	}
	meant := ""
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
		if nearest := strict.Nearest(unknown.GetSpecifiedName(), names); nearest != "" {
			meant = fmt.Sprintf(" (did you mean --%s?)", nearest)
		}
	}
	return fmt.Errorf("%w%s; see '%s --help'", err, meant, cmd.CommandPath())
}

// parseSelector reads the label selector of a flag as a cluster would.
func parseSelector(flag, text string) (labels.Selector, error) {
	selector, err := labels.Parse(text)
	if err != nil {
		what := strings.TrimPrefix(strict.WithoutRegex(err.Error()), "unable to parse requirement: ")
		return nil, fmt.Errorf("%s %q: %s", flag, text, strings.TrimPrefix(what, "<nil>: "))
	}
	return selector, nil
}
