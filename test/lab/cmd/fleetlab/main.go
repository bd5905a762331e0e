// Command fleetlab brings up a real fleet on one machine: a host cluster and
// its members, as ordinary processes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
