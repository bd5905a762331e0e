// Package cmd is the command line: flags into options, options into one run,
// errors into exit codes. It composes the other packages and is the only one
// that knows cobra.
package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
	"k8s.io/kubectl/pkg/util/templates"
)

// softMemory is as much memory as is to be used, in bytes, before it is rather
// collected than taken. A fleet of thousands takes half of it.
const softMemory = 160 << 20

// Execute runs the command line and returns its exit code.
func Execute(streams genericiooptions.IOStreams, args []string) int {
	// What thousands of members say is garbage as soon as it is printed: half of
	// Go's own measure keeps a third less of it in memory.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	// An interrupt ends the run in good order; a second one ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	flags := genericclioptions.NewConfigFlags(true)
	flags.CacheDir = nil // it is discovery's, of which there is none
	return Run(ctx, New(newFactory(flags, streams), flags), args)
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
func New(factory *Factory, flags *genericclioptions.ConfigFlags) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-fleetapp",
		Short: "Deploy applications to a fleet of clusters, and see them in one table",
		Long: templates.LongDesc(`
			Deploys Kurator's Applications from here to the clusters of a fleet, where
			Flux syncs them, and shows the whole fleet in one table.

			The current context is the host: the cluster that holds Kurator's fleets,
			clusters and kubeconfig Secrets.`),
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl fleetapp"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              knownCommand,

		DisableFlagsInUseLine: true,

		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(factory.In)
	root.SetOut(factory.Out)
	root.SetErr(factory.ErrOut)
	flags.AddFlags(root.PersistentFlags())
	factory.addVerbosity(root.PersistentFlags())
	groups := templates.CommandGroups{
		{Message: "Applications:", Commands: []*cobra.Command{newDeploy(factory), newDelete(factory), newStatus(factory)}},
		{Message: "The fleet:", Commands: []*cobra.Command{newGet(factory), newClusters(factory), newCheck(factory)}},
	}
	groups.Add(root)
	root.AddCommand(newOptions(), newVersion(factory))
	templates.ActsAsRootCommand(root, []string{"options"}, groups...)
	callAsPlugin(root)
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
		_, writeErr := fmt.Fprint(out, strings.ReplaceAll(text.String(), `"`+root.Name()+" <", `"`+root.CommandPath()+" <"))
		return errors.Join(err, writeErr)
	})
}

// newOptions lists, as kubectl's command of that name, the flags that all
// commands take, and that their own help leaves out.
func newOptions() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "options",
		Args: cobra.NoArgs,
		Run:  func(cmd *cobra.Command, _ []string) { _ = cmd.Usage() },
	}
	templates.UseOptionsTemplates(cmd)
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { _ = cmd.Usage() })
	return cmd
}
