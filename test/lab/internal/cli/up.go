package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/cluster"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/lab"
)

// defaultTimeout leaves room for machines far slower than ours, where a lab is
// ready in half a minute.
const defaultTimeout = 5 * time.Minute

func newUp(dir *string) *cobra.Command {
	options := lab.Options{}
	members := 0
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring the lab up, or find that it is",
		Long: `Brings up a host and its members, waits until all is ready, and prints the
exports for a shell, so that this gives you the lab:

  eval "$(fleetlab up)"

That is as the host's administrator. As whom the fleet has its members, who has
the rights of docs/rbac.yaml and no others, there is DIR/NAME.fleetapp.kubeconfig
for each cluster, the host too.

A lab that is up is only checked. One that was left half-started is ended
first. If it fails, or is interrupted, nothing that it started is left, except
for the logs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options.Dir = *dir
			if err := complete(&options, members, cmd.Flags().Changed("members")); err != nil {
				return err
			}
			return runUp(cmd.Context(), options, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&members, "members", len(lab.GuideMembers()), "how many members the fleet has")
	flags.StringSliceVar(&options.Members, "names", nil, "the members' names (default kurator-member1, kurator-member2, …)")
	flags.BoolVar(&options.Flux, "flux", true, "run Flux on every cluster")
	flags.StringVar(&options.HostCRDs, "host-crds", "", "folder with Kurator's CRDs for the host (default: the lab's own)")
	flags.StringVar(&options.HelmController, "helm-controller", "", "a real helm-controller to run in the stand-in's place")
	flags.IntVar(&options.BasePort, "base-port", 0, "take consecutive ports from here on (default: free ones)")
	flags.StringVar(&options.Bin, "bin", "", "folder with the lab's programs (default: lab, beside this program)")
	flags.DurationVar(&options.Timeout, "timeout", defaultTimeout, "how long the lab may take to be ready")
	return cmd
}

func runUp(ctx context.Context, options lab.Options, stdout, stderr io.Writer) error {
	progress := newProgress(stderr)
	info, err := lab.Up(ctx, options, progress.report)
	if err != nil {
		return err
	}
	progress.closing(info)
	printExports(stdout, info)
	return nil
}

// complete fills in what the flags leave open.
func complete(options *lab.Options, members int, membersGiven bool) error {
	switch {
	case len(options.Members) == 0:
		for i := range members {
			options.Members = append(options.Members, fmt.Sprintf("kurator-member%d", i+1))
		}
	case membersGiven && len(options.Members) != members:
		return fmt.Errorf("--members says %d, and --names gives %d", members, len(options.Members))
	}
	if options.Timeout <= 0 {
		return errors.New("--timeout must be more than nothing")
	}
	if options.Bin == "" {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find the folder of the lab's programs (give --bin): %w", err)
		}
		options.Bin = filepath.Join(filepath.Dir(self), "lab")
	}
	return nil
}

// printExports prints what a shell needs to use the lab: the host as kubectl's
// cluster, and kubectl and the plugin on the path.
func printExports(stdout io.Writer, info lab.Info) {
	fmt.Fprintf(stdout, "export KUBECONFIG=%s\n", quote(cluster.UserKubeconfig(info.Dir, lab.Host)))
	fmt.Fprintf(stdout, "export PATH=%s:%s:\"$PATH\"\n", quote(filepath.Dir(info.Bin)), quote(info.Bin))
}

// quote makes a path one word for a POSIX shell.
func quote(path string) string {
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
