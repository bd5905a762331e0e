package cmd

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/spf13/pflag"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// traceLevel is the level of -v from which on kubectl, too, tells of requests.
const traceLevel = 6

// addVerbosity adds kubectl's flag. Above its level 6, kubectl prints headers and
// bodies: of a fleet, those are the credentials of all its clusters, and what
// whoever has taken one over wants to be printed.
func (f *Factory) addVerbosity(flags *pflag.FlagSet) {
	flags.IntVarP(&f.Verbosity, "v", "v", 0,
		"number for the log level verbosity. From 6 on, each request is told of on stderr: cluster, method, address, status and time; never a header or a body, which hold credentials")
}

// isTracing tells whether requests are told of.
func (f *Factory) isTracing() bool { return f.Verbosity >= traceLevel }

// trace prints a line for each request, if -v asks for it.
func (f *Factory) trace() fleet.Trace {
	if !f.isTracing() {
		return nil
	}
	var lines sync.Mutex
	return func(did fleet.Traced) {
		outcome := fmt.Sprintf("%d %s", did.Status, http.StatusText(did.Status))
		if did.Err != nil {
			outcome = "failed: " + printer.Escape(did.Err.Error())
		}
		lines.Lock()
		defer lines.Unlock()
		fmt.Fprintf(f.ErrOut, "%s: %s %s %s in %d milliseconds\n",
			printer.Escape(did.Cluster), did.Method, printer.Escape(did.URL), outcome, did.Took.Milliseconds())
	}
}
