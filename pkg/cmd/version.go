package cmd

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// everyCluster is what --clusters means where it names none.
const everyCluster = "*"

type versionOptions struct {
	*Factory
	scope
	client bool
	output string
}

func newVersion(factory *Factory) *cobra.Command {
	o := &versionOptions{Factory: factory, scope: scope{everything: true, parallel: readParallel}}
	cmd := &cobra.Command{
		Use:                   "version",
		DisableFlagsInUseLine: true,
		Short:                 "Print the versions of this program, the host and the clusters",
		Long: `
			Prints the version of this program and of the host's API server, and with
			--clusters those of the clusters' API servers: of all, or of those that are
			named.

			The exit code is 1 if the host or no cluster answers, and 3 if some clusters
			do not.`,
		Example: `
			# This program and the host
			kubectl fleetapp version

			# This program alone, without asking anybody
			kubectl fleetapp version --client

			# All clusters in the namespace of the context, too
			kubectl fleetapp version --clusters

			# Two of them
			kubectl fleetapp version --clusters eu-1,eu-2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	o.given = flags.Changed
	flags.BoolVar(&o.client, "client", false, "Print that of this program alone.")
	flags.StringSliceVarP(&o.clusters, "clusters", "C", nil, "Print those of all clusters, too, or of those that are named.")
	flags.Lookup("clusters").NoOptDefVal = everyCluster
	flags.DurationVar(&o.memberTimeout, "member-timeout", 30*time.Second, "How long a cluster may take to answer, connecting included.")
	flags.StringVarP(&o.output, "output", "o", "", "Output format: json or yaml.")
	return cmd
}

// complete takes the clusters' names also from where the shell has put them, which
// is behind a flag that does not need them.
func (o *versionOptions) complete(args []string) error {
	switch {
	case len(args) == 1 && slices.Equal(o.clusters, []string{everyCluster}):
		o.clusters = strings.Split(args[0], ",")
	case len(args) > 0:
		return fmt.Errorf("%q: version takes no arguments; clusters are named with --clusters (-C)", args[0])
	}
	if err := validOutput(o.output, "json", "yaml"); err != nil {
		return err
	}
	if o.client && o.given("clusters") {
		return errors.New("--client and --clusters exclude each other")
	}
	if o.client {
		return nil
	}
	return o.completeOnHost(o.Factory)
}

func (o *versionOptions) run(ctx context.Context) error {
	versions := printer.Versions{Client: printer.ClientVersion{
		GitVersion: o.Version, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}}
	var failed error
	if !o.client {
		failed = o.ask(ctx, &versions)
	}
	return errors.Join(versions.Print(o.Out, o.output), failed)
}

// ask asks the host, and the clusters if they are wanted.
func (o *versionOptions) ask(ctx context.Context, versions *printer.Versions) error {
	host, err := o.Host()
	if err != nil {
		return err
	}
	defer host.Close()
	if versions.Host, err = preflight.ServerVersion(ctx, host); err != nil {
		return unreachable(err)
	}
	if !o.given("clusters") {
		return nil
	}
	if slices.Equal(o.clusters, []string{everyCluster}) {
		o.clusters = nil
	}
	found, err := o.read(ctx, o.Factory, host)
	if err != nil {
		return err
	}
	var failed membersError
	versions.Clusters = []printer.ClusterVersion{}
	for _, result := range askEach(ctx, o.Factory, o.options(), found.members, func(ctx context.Context, member fleet.Member) (string, error) {
		client, err := o.Connect(ctx, host, member)
		if err != nil {
			return "", err
		}
		defer client.Close()
		return preflight.ServerVersion(ctx, client)
	}) {
		versions.Clusters = append(versions.Clusters, printer.ClusterVersion{Member: result.Item, Version: result.Value, Err: result.Err})
		failed.of++
		if result.Err != nil {
			failed.failed++
		}
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return failed.orNil()
}

// stamped is what the Go toolchain says that a binary was built from: a tag, or a
// commit.
func stamped() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return info.Main.Version
}
