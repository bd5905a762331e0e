// Package cli is fleetlab's command line: flags in, progress on stderr,
// results on stdout, an exit code.
package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

// Run runs one command and returns its exit code: 0 if all is well, else 1.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// client-go logs what it also returns as errors.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	root := newRoot() //nolint:contextcheck // cobra hands the context to RunE by itself
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "fleetlab:", err)
		return 1
	}
	return 0
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "fleetlab",
		Short: "Bring up a real fleet on one machine",
		Long: `fleetlab runs a host cluster and its members as ordinary processes: etcd, the
Kubernetes control plane, kwok in the place of nodes, and Flux. Everything
listens on 127.0.0.1 only, and everything that it writes is in one folder.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{
			DisableDefaultCmd: true,
		},
	}
	dir := root.PersistentFlags().String("dir", ".lab", "the lab's folder; two labs in two folders can run at once")
	root.AddCommand(newUp(dir), newDown(dir), newStatus(dir))
	root.AddCommand(newControls(dir)...)
	return root
}
