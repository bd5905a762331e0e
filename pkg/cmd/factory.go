package cmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/user"
	"sync"
	"time"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// Factory is the outside world of a command. A test writes a literal of it.
type Factory struct {
	genericiooptions.IOStreams
	// Host makes the client of the host.
	Host func() (*fleet.Client, error)
	// Namespace is the one that the user named with -n or by the context; the
	// second value tells whether it was with -n.
	Namespace func() (string, bool, error)
	// ContextNamespace is the context's alone, whatever -n says.
	ContextNamespace func() (string, error)
	// Connect makes a client for a member, whose kubeconfig the host holds.
	Connect func(ctx context.Context, host *fleet.Client, member fleet.Member) (*fleet.Client, error)
	// Interactive tells whether there is somebody to see a question and to
	// answer it.
	Interactive func() bool
	// Waiting is where a terminal shows, while it lasts, whom a run waits for.
	Waiting func() *printer.Waiting
	// Terminal is what stdout is.
	Terminal func() printer.Terminal
	// Now is the clock.
	Now func() time.Time
	// Verbosity is that of -v.
	Verbosity int
	// Holder is what is written down of who does a run.
	Holder func() inventory.Run
}

const userAgent = "kubectl-fleetapp"

// newFactory makes the factory of a real run.
func newFactory(flags *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *Factory {
	f := &Factory{
		IOStreams: streams,
		// The flags' loader keeps the values that it first sees, so nothing may
		// ask for it before they are parsed.
		Namespace: func() (string, bool, error) {
			return flags.ToRawKubeConfigLoader().Namespace()
		},
		ContextNamespace: func() (string, error) {
			return contextNamespace(flags)
		},
		Interactive: func() bool {
			return isTerminal(streams.In) && isTerminal(streams.ErrOut)
		},
		Terminal: func() printer.Terminal { return terminalOf(streams.Out) },
		Now:      time.Now,
		Holder:   holder,
	}
	trace := sync.OnceValue(f.trace)
	f.Host = func() (*fleet.Client, error) {
		config, err := flags.ToRESTConfig()
		if err != nil {
			return nil, err
		}
		config.UserAgent = userAgent
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return trace().Of("host", next) })
		return fleet.NewHostClient(config)
	}
	f.Connect = func(ctx context.Context, host *fleet.Client, member fleet.Member) (*fleet.Client, error) {
		return fleet.Connector{Host: host, UserAgent: userAgent, Trace: trace()}.Connect(ctx, member)
	}
	f.Waiting = func() *printer.Waiting {
		if f.isTracing() { // its lines would run into each other
			return nil
		}
		return newWaiting(streams.ErrOut)
	}
	return f
}

// newWaiting is nil where nobody would see it; its methods do nothing then.
func newWaiting(out io.Writer) *printer.Waiting {
	file, ok := out.(*os.File)
	if !ok || !isTerminal(out) {
		return nil
	}
	return printer.NewWaiting(out, func() int {
		columns, _, _ := term.GetSize(int(file.Fd())) // 0 where it is not known
		return columns
	})
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func contextNamespace(flags *genericclioptions.ConfigFlags) (string, error) {
	config, err := flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return "", err
	}
	name := config.CurrentContext
	if *flags.Context != "" {
		name = *flags.Context
	}
	if context := config.Contexts[name]; context != nil && context.Namespace != "" {
		return context.Namespace, nil
	}
	return "default", nil
}

// holder names this process to whoever finds the inventory held.
func holder() inventory.Run {
	name, host := "somebody", "somewhere"
	if current, err := user.Current(); err == nil {
		name = current.Username
	}
	if named, err := os.Hostname(); err == nil {
		host = named
	}
	return inventory.ThisProcess(inventory.Run{Holder: fmt.Sprintf("%s@%s", name, host)})
}
