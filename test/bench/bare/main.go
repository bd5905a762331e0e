// Command bare asks what a script says, in the order in which a deploy asks it, with
// TLS 1.3 and HTTP/2 and nothing else: no kubeconfig is read, no plan made, no answer
// looked at but for its status. What the plugin takes beyond that is its own.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"golang.org/x/net/http2"
	"golang.org/x/sync/errgroup"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

func main() {
	if err := run(context.Background(), os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, script io.Reader) error {
	var do bench.Script
	if err := json.NewDecoder(script).Decode(&do); err != nil {
		return err
	}
	host, err := connect(do.Host)
	if err != nil {
		return err
	}
	if err := host.all(ctx, do.Before); err != nil {
		return err
	}
	var work errgroup.Group
	written := make(chan struct{})
	work.Go(func() error {
		defer close(written)
		if do.Intent.Method == "" { // nothing is to be written
			return nil
		}
		return host.ask(ctx, do.Intent)
	})
	work.Go(func() error {
		var members errgroup.Group
		members.SetLimit(do.Parallel)
		for _, server := range do.Members {
			members.Go(func() error {
				if err := host.ask(ctx, bench.Request{Method: http.MethodGet, Path: server.Secret}); err != nil {
					return err
				}
				member, err := connect(server)
				if err != nil {
					return err
				}
				defer member.transport.CloseIdleConnections()
				<-written
				return member.all(ctx, do.Requests)
			})
		}
		return members.Wait()
	})
	if err := work.Wait(); err != nil {
		return err
	}
	if do.After.Method == "" {
		return nil
	}
	return host.ask(ctx, do.After)
}

// client is what talks to one server.
type client struct {
	url       string
	transport *http2.Transport
}

func connect(to bench.Server) (*client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(to.CA) {
		return nil, errors.New("there is no certificate of " + to.URL)
	}
	if len(to.Certificate) > 0 {
		pair, err := tls.X509KeyPair(to.Certificate, to.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &client{to.URL, &http2.Transport{TLSClientConfig: config}}, nil
}

// all asks for all of it side by side.
func (c *client) all(ctx context.Context, requests []bench.Request) error {
	var asks errgroup.Group
	for _, request := range requests {
		asks.Go(func() error { return c.ask(ctx, request) })
	}
	return asks.Wait()
}

func (c *client) ask(ctx context.Context, request bench.Request) error {
	asked, err := http.NewRequestWithContext(ctx, request.Method, c.url+request.Path, bytes.NewReader(request.Body))
	if err != nil {
		return err
	}
	if request.ContentType != "" {
		asked.Header.Set("Content-Type", request.ContentType)
	}
	response, err := c.transport.RoundTrip(asked)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	if response.StatusCode >= http.StatusBadRequest && (response.StatusCode != http.StatusNotFound || !request.MayLack) {
		err = fmt.Errorf("%s %s: %s", request.Method, request.Path, response.Status)
	}
	return err
}
