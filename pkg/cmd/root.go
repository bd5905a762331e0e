// Package cmd is the command line: flags into options, options into one run,
// errors into exit codes. It composes the other packages and is the only one
// that knows cobra.
package cmd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
	"k8s.io/kubectl/pkg/util/templates"
)

// Execute runs the command line and returns its exit code. The version is that of
// a release; where there is none, it is what the Go toolchain knows of it.
func Execute(streams genericiooptions.IOStreams, version string, args []string) int {
	// An interrupt ends the run in good order; a second one ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	flags := NewHostFlags()
	factory := newFactory(flags, streams)
	factory.Version = cmp.Or(version, stamped())
	return Run(ctx, New(factory, flags), args)
}

// Run runs a command line and returns its exit code.
func Run(ctx context.Context, root *cobra.Command, args []string) int {
	// client-go logs what goes wrong with a body; it is an error as well, and
	// what a member says is printed by us alone.
	ctx = klog.NewContext(ctx, logr.Discard())
	root.SetArgs(args)
	return exitCode(root.ErrOrStderr(), root.ExecuteContext(ctx))
}

// New makes the command for the world that a factory makes, which need not be
// the real one. The flags are those for how to reach the host, which the factory
// may heed.
func New(factory *Factory, flags *HostFlags) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-fleetapp",
		Short: "Deploy applications to a fleet of clusters, and see them in one table",
		Long: `
			Deploys Kurator's Applications from here to the clusters of a fleet, where
			Flux syncs them, and shows the whole fleet in one table.

			The current context is the host: the cluster that holds Kurator's fleets,
			clusters and kubeconfig Secrets.`,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl fleetapp"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              knownCommand,

		DisableFlagsInUseLine: true,

		// cobra keeps what completes a flag in a map that all commands of the process
		// share: nobody who does not complete is to fill it.
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			if cmd.Name() == cobra.ShellCompRequestCmd {
				completing{factory}.completeFlags(cmd.Root(), flags)
			}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(factory.In)
	root.SetOut(factory.Out)
	root.SetErr(factory.ErrOut)
	flags.addTo(root.PersistentFlags())
	factory.addVerbosity(root.PersistentFlags())
	groups := templates.CommandGroups{
		{Message: "Applications:", Commands: []*cobra.Command{newDeploy(factory), newDelete(factory), newStatus(factory)}},
		{Message: "The fleet:", Commands: []*cobra.Command{newGet(factory), newClusters(factory), newCheck(factory)}},
	}
	groups.Add(root)
	root.AddCommand(newOptions(), newVersion(factory), newCompletion(factory))
	templates.ActsAsRootCommand(root, []string{"options"}, groups...)
	callAsPlugin(root)
	normalizeHelp(root)
	root.SetFlagErrorFunc(badFlag)
	return root
}

// callAsPlugin spells the program as a user calls it. kubectl's template for
// help knows no command of two words.
func callAsPlugin(root *cobra.Command) {
	usage := root.UsageFunc()
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		out := cmd.OutOrStderr()
		var text bytes.Buffer
		cmd.SetOut(&text)
		cmd.SetErr(&text)
		defer func() { cmd.SetOut(out); cmd.SetErr(out) }()
		err := usage(cmd)
		_, writeErr := fmt.Fprint(out, strings.ReplaceAll(text.String(), `"`+root.Name()+" ", `"`+root.CommandPath()+" "))
		return errors.Join(err, writeErr)
	})
}

// normalizeHelp brings what commands say of themselves into kubectl's form, once
// somebody wants to read it: it takes as long as a tenth of all else of a start.
func normalizeHelp(root *cobra.Command) {
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		templates.Normalize(cmd)
		help(cmd, args)
	})
}

// newOptions lists, as kubectl's command of that name, the flags that all
// commands take, and that their own help leaves out.
func newOptions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "options",
		Short: "List the flags that all commands take",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { _ = cmd.Usage() },
	}
	templates.UseOptionsTemplates(cmd)
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { _ = cmd.Usage() })
	return cmd
}
