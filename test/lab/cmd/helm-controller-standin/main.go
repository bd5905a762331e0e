// Command helm-controller-standin is a stand-in for Flux's helm-controller, for
// tests: a small controller that reconciles HelmReleases with Helm's SDK.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/helmrelease"
)

const usage = `%[1]s is a stand-in for Flux's helm-controller, for tests. It is not Flux.

It reconciles the HelmReleases of the cluster in KUBECONFIG with Helm's SDK:
install, upgrade, uninstall, values, suspension and the status. It has no drift
detection, Helm tests, rollback, post-renderers, remote clusters or events.

Environment:
  KUBECONFIG         the cluster (required)
  RUNTIME_NAMESPACE  the namespace for --watch-all-namespaces=false

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", helmrelease.Name, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	flags := flag.NewFlagSet(helmrelease.Name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, usage, helmrelease.Name)
		flags.PrintDefaults()
	}
	health := flags.String("health-addr", "127.0.0.1:9440", "loopback address of /healthz and /readyz, 0 for none")
	metrics := flags.String("metrics-addr", "0", "loopback address of /metrics, 0 for none")
	all := flags.Bool("watch-all-namespaces", true, "reconcile all namespaces, not only RUNTIME_NAMESPACE")
	flags.String("events-addr", "", "taken for likeness with Flux; no events are sent")
	encoding := flags.String("log-encoding", "json", "format of the log, json or console")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for _, address := range []string{*health, *metrics} {
		if err := checkLoopback(address); err != nil {
			return err
		}
	}
	log, err := newLogger(stderr, *encoding)
	if err != nil {
		return err
	}
	options := helmrelease.Options{HealthAddress: *health, MetricsAddress: *metrics, Log: log}
	if !*all {
		if options.Namespace = getenv("RUNTIME_NAMESPACE"); options.Namespace == "" {
			return errors.New("set RUNTIME_NAMESPACE for --watch-all-namespaces=false")
		}
	}
	log.Info("this is a stand-in for Flux's helm-controller, for tests; it is not Flux", "program", helmrelease.Name)
	// No fallback to a file in the home folder: this must never act on a cluster
	// that nobody named.
	path := getenv("KUBECONFIG")
	if path == "" {
		return errors.New("set KUBECONFIG to the cluster's kubeconfig file")
	}
	if options.Config, err = clientcmd.BuildConfigFromFlags("", path); err != nil {
		return fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	// Helm has no other way to set who owns the fields of a release's objects.
	kube.ManagedFieldsManager = helmrelease.Name
	return helmrelease.Run(ctx, options)
}

// newLogger logs in one of Flux's encodings, and collects there what the
// libraries log.
func newLogger(out io.Writer, encoding string) (logr.Logger, error) {
	var handler slog.Handler
	switch encoding {
	case "json":
		handler = slog.NewJSONHandler(out, nil)
	case "console":
		handler = slog.NewTextHandler(out, nil)
	default:
		return logr.Logger{}, fmt.Errorf("unknown --log-encoding %q, give json or console", encoding)
	}
	log := logr.FromSlogHandler(handler)
	ctrl.SetLogger(log)
	klog.SetSlogLogger(slog.New(handler))
	return log, nil
}

// checkLoopback refuses an address that others could reach.
func checkLoopback(address string) error {
	if address == "0" {
		return nil
	}
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot listen on %q, give it as 127.0.0.1:PORT: %w", address, err)
	}
	if !tcp.IP.IsLoopback() {
		return fmt.Errorf("refusing to listen on %q, which is not on loopback: give it as 127.0.0.1:PORT", address)
	}
	return nil
}
