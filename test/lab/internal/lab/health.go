package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

// healthPoll is how often a starting program is asked.
const healthPoll = 100 * time.Millisecond

// healthTimeout is how long one answer may take.
const healthTimeout = 2 * time.Second

// healthy asks a program once whether it is ready.
func healthy(ctx context.Context, p state.Process) error {
	client, err := healthClient(p)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Health, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name(), err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%s is not ready: %w", p.Name(), err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: %s answers %s", p.Name(), p.Health, response.Status)
	}
	return nil
}

func healthClient(p state.Process) (*http.Client, error) {
	transport := &http.Transport{}
	if p.CA != "" {
		pem, err := os.ReadFile(p.CA)
		if err != nil {
			return nil, fmt.Errorf("%s: read its authority: %w", p.Name(), err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in %s", p.Name(), p.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport, Timeout: healthTimeout}, nil
}

// waitHealthy asks until a program is ready; the end of the context is an
// error that shows its log.
func waitHealthy(ctx context.Context, p state.Process) error {
	for {
		err := healthy(ctx, p)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return gaveUp(ctx, err, p)
		case <-time.After(healthPoll):
		}
	}
}

// withLimit bounds a start, with an error that says how to allow more.
func withLimit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	reason := fmt.Errorf("not ready within %v (--timeout): %w", limit, context.DeadlineExceeded)
	return context.WithTimeoutCause(ctx, limit, reason)
}

// gaveUp says why waiting for a program ended: because of something else, or
// because it took too long, which its log may explain.
func gaveUp(ctx context.Context, last error, p state.Process) error {
	cause := context.Cause(ctx)
	if !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	if errors.Is(last, context.DeadlineExceeded) {
		last = fmt.Errorf("%s is not ready: no answer at %s", p.Name(), p.Health)
	}
	return withLog(fmt.Errorf("%w: %w", last, cause), p)
}
