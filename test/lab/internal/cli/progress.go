package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/lab"
)

// progress prints what happens, a line each, with the seconds since the start.
type progress struct {
	begin time.Time
	// mu guards out: the clusters start in parallel.
	mu  sync.Mutex
	out io.Writer
}

func newProgress(out io.Writer) *progress {
	return &progress{begin: time.Now(), out: out}
}

func (p *progress) report(subject, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%6.1fs  %s: %s\n", time.Since(p.begin).Seconds(), subject, message)
}

// closing tells where everything is.
func (p *progress) closing(info lab.Info) {
	state := "is up"
	if info.AlreadyUp {
		state = "was up already, and is ready"
	}
	p.report("lab", fmt.Sprintf("%s in %s", state, info.Dir))
	p.report("lab", fmt.Sprintf("manifests with podinfo from %s instead of the internet are in %s", info.Content, info.Examples))
}
