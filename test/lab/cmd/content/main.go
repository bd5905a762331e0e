// Command content serves the examples' sources on loopback: podinfo as a Git
// repository, its chart as a Helm chart repository, and both its manifests and
// its chart in an OCI registry.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/content"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "content:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("content", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "", "address to serve on, 127.0.0.1:PORT (required, loopback only)")
	podinfo := flags.String("podinfo", "", "folder of podinfo's tree, only read (required)")
	work := flags.String("work", "", "folder for the repositories, made anew at each start (required)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *listen == "" || *podinfo == "" || *work == "" {
		return errors.New("usage: content --listen 127.0.0.1:PORT --podinfo DIR --work DIR")
	}
	// The port comes first: where another instance already has it, its work
	// folder must not be cleared. Requests wait until the content is there.
	listener, err := content.Listen(*listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	built, err := content.Build(ctx, *podinfo, *work)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "podinfo, branch %s at %s: http://%s%s\n", content.Branch, built.Commit, listener.Addr(), content.RepositoryPath)
	fmt.Fprintf(stdout, "chart podinfo %s: http://%s%s\n", built.ChartVersion, listener.Addr(), content.ChartsPath)
	for _, name := range []string{content.ManifestsName, content.ChartName} {
		fmt.Fprintf(stdout, "artifact: oci://%s/%s:%s\n", listener.Addr(), name, built.ChartVersion)
	}
	return content.Serve(ctx, listener, built.Handler(stderr))
}
