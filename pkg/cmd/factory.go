package cmd

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"

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
	// Progress is where a terminal shows, while it lasts, how far a run is.
	Progress func() *printer.Progress
	// Terminal is what stdout is.
	Terminal func() printer.Terminal
	// Now is the clock.
	Now func() time.Time
	// Version is this program's.
	Version string
	// Verbosity is that of -v.
	Verbosity int
	// Holder is what is written down of who does a run.
	Holder func() inventory.Run
}

const userAgent = "kubectl-fleetapp"

// softMemory is as much memory as is to be used, in bytes, before it is rather
// collected than taken. A fleet of thousands has half of it in use.
const softMemory = 120 << 20

// newFactory makes the factory of a real run.
func newFactory(flags *HostFlags, streams genericiooptions.IOStreams) *Factory {
	f := &Factory{
		IOStreams: streams,
		Namespace: func() (string, bool, error) {
			namespace, explicit, err := flags.load().Namespace()
			return namespace, explicit, explainConfig(err)
		},
		ContextNamespace: flags.contextNamespace,
		Interactive: func() bool {
			return isTerminal(streams.In) && isTerminal(streams.ErrOut)
		},
		Terminal: func() printer.Terminal { return terminalOf(streams.Out) },
		Now:      time.Now,
		Holder:   holder,
	}
	trace := sync.OnceValue(f.trace)
	f.Host = func() (*fleet.Client, error) {
		limitMemory()
		config, err := flags.config()
		if err != nil {
			return nil, explainConfig(err)
		}
		config.UserAgent = userAgent
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return trace().Of("host", next) })
		return fleet.NewHostClient(config)
	}
	f.Connect = func(ctx context.Context, host *fleet.Client, member fleet.Member) (*fleet.Client, error) {
		return fleet.Connector{Host: host, UserAgent: userAgent, Trace: trace()}.Connect(ctx, member)
	}
	f.Waiting = func() *printer.Waiting {
		if f.isTracing() || !canRewrite(streams.ErrOut) { // its lines would run into each other
			return nil
		}
		return printer.NewWaiting(streams.ErrOut, func() int { return terminalOf(streams.ErrOut).Width })
	}
	f.Progress = func() *printer.Progress {
		if f.isTracing() || !canRewrite(streams.ErrOut) {
			return nil
		}
		return printer.NewProgress(streams.ErrOut, func() int { return terminalOf(streams.ErrOut).Width })
	}
	return f
}

// explainConfig says where the contexts are listed, of which the wanted one is none.
func explainConfig(err error) error {
	if clientcmd.IsContextNotFound(err) {
		return fmt.Errorf("%w; 'kubectl config get-contexts' lists those that there are", err)
	}
	return err
}

// limitMemory has Go rather collect than take more than a run needs. A command that
// asks nobody is done before the first collection, and shall not pay for this.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
}

// collectAt has Go collect once so many hundredths have come to what is in use.
func collectAt(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// canRewrite tells whether a line there can be written over.
func canRewrite(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isTerminal(stream) && interprets(file)
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
