package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	dialTimeout = 10 * time.Second
	// pingAfter is how often a connection is tested, and pingTimeout how long the
	// answer may take.
	pingAfter, pingTimeout = 10 * time.Second, 20 * time.Second
	// maxAnswer bounds one answer of a member, in bytes after decompression, that
	// has many things in it. What has one, or says what is wrong, is read as a whole
	// by who asked, in hundreds of members at once: an API server takes no object
	// of more than 3 MiB, and what one with two thousand resources serves takes 3.
	// maxHeader bounds an answer's header.
	maxAnswer = 32 << 20
	maxServed = 8 << 20
	maxObject = 3 << 20
	// usualObject is more than most objects of a list have, in bytes.
	usualObject = 64 << 10
	maxError    = 1 << 20
	maxHeader   = 64 << 10
	// maxAhead is how much of an answer may wait to be read, in bytes, and allAhead
	// how much of all answers that a member is asked for at first. With hundreds of
	// members in flight it is what takes the most memory. Each may have minAhead,
	// which most answers do not fill.
	maxAhead, allAhead, minAhead = 128 << 10, 1 << 20, 16 << 10
)

// tlsConfig is how the server is to prove who it is, and who we are.
func (e endpoint) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: e.serverName,
		NextProtos: []string{"h2", "http/1.1"},
	}
	if len(e.ca) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(e.ca) {
			return nil, bad("the kubeconfig's certificate-authority-data holds no certificate")
		}
	}
	if len(e.cert) > 0 || len(e.key) > 0 {
		pair, err := tls.X509KeyPair(e.cert, e.key)
		if err != nil {
			return nil, bad("the kubeconfig's client-certificate-data and client-key-data are not a pair")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// dialTLS connects to a server, and looks at who it is.
func dialTLS(ctx context.Context, config *tls.Config, address string) (*tls.Conn, error) {
	plain, err := (&net.Dialer{Timeout: dialTimeout, Control: refuseLinkLocal}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address) // as it was dialled
	}
	secure := tls.Client(plain, config)
	handshake, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := secure.HandshakeContext(handshake); err != nil {
		plain.Close()
		if handshake.Err() != nil && ctx.Err() == nil {
			err = reason.Errorf(reason.Timeout, "it does not answer the TLS handshake")
		}
		return nil, err
	}
	return secure, nil
}

// refuseLinkLocal looks at the address that is really dialled, after DNS: at
// link-local addresses clouds serve the credentials of this very machine.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	ip := target.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return bad("the kubeconfig's server is at %s, a link-local, multicast or unspecified address, which is refused", ip)
	}
	return nil
}

// guard adds a member's token to its requests, and bounds its answers.
type guard struct {
	token, userAgent string
	guest            *guest
	next             http.RoundTripper
}

func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, stop := context.WithCancelCause(request.Context())
	request = request.Clone(ctx)
	request.Header.Set("User-Agent", g.userAgent)
	if g.token != "" {
		request.Header.Set("Authorization", "Bearer "+g.token)
	}
	response, err := g.next.RoundTrip(request)
	if err != nil {
		stop(nil)
		return nil, err
	}
	bound := boundOf(request, response)
	body := newGuestBody(ctx, stop, g.guest, response.Body)
	body.streamed = isStreamed(request, response)
	response.Body = &boundedBody{ReadCloser: body, left: bound, bound: bound}
	return response, nil
}

// boundOf is how large an answer may be. Lists are asked for with a limit, be it
// none, and what a server serves is asked for at the roots of its API.
func boundOf(request *http.Request, response *http.Response) int {
	isRoot := strings.HasSuffix(request.URL.Path, "/api") || strings.HasSuffix(request.URL.Path, "/apis")
	switch {
	case isError(response):
		return maxError
	case request.Method == http.MethodGet && isRoot:
		return maxServed
	case !isList(request):
		return maxObject
	}
	if limit, err := strconv.Atoi(request.URL.Query().Get("limit")); err == nil && limit > 0 {
		return min(maxObject+limit*usualObject, maxAnswer)
	}
	return maxAnswer
}

// isError tells what client-go reads as a whole, whoever asked.
func isError(response *http.Response) bool {
	return response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices
}

// isList tells a list or a watch.
func isList(request *http.Request) bool {
	query := request.URL.Query()
	return request.Method == http.MethodGet && (query.Has("limit") || query.Has("watch"))
}

// boundedBody fails where an answer passes its bound, which io.LimitReader
// would cut off as if it had ended.
type boundedBody struct {
	io.ReadCloser
	left, bound int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		// Only what comes after the bound tells whether it was passed.
		n, err := b.ReadCloser.Read(make([]byte, 1))
		if n == 0 {
			return 0, err
		}
		return 0, reason.Errorf(reason.Failed, "its answer is larger than %d MiB", b.bound>>20)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// refuseRedirect keeps credentials and writes at the address that the
// kubeconfig names: client-go alone would replay both wherever it is sent.
func refuseRedirect(*http.Request, []*http.Request) error {
	return errors.New("it answered with a redirect, which is never followed")
}
