package cmd

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(factory *Factory) *cobra.Command {
	return &cobra.Command{
		Use:                   "version",
		Short:                 "Print the version of this program",
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(factory.Out, "Client Version: %s\n", version())
			return err
		},
	}
}

// version is what the Go toolchain stamped into the binary: a tag, or the
// commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return info.Main.Version
}
