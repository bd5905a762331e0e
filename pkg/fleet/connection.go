package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// connection is the one that a member gets, for all of its requests side by side; a
// member that speaks HTTP/1.1 alone needs one for each that is under way.
// The first of them opens it, and one that finds it broken opens another. HTTP/2's
// own transport would do, but for two things: it holds a connection that it pings
// in memory for as long as a ping may take after it was closed, which is, of
// thousands of members, most of the memory of a run; and it would try a dead
// member once for each request.
type connection struct {
	http2 *http2.Transport
	http1 *http.Transport // for a server that does not speak HTTP/2
	life  context.Context // that of all that was opened
	end   context.CancelFunc
	dead  atomic.Pointer[http2.ClientConn] // the last one that broke
	lost  atomic.Bool                      // whether one was closed that answered no ping
	asked atomic.Int32                     // how many answers are waited for

	pingAfter, pingTimeout time.Duration

	// turn is held by whoever uses the fields below.
	turn   chan struct{}
	limits *http.HTTP2Config // of the next connection
	config *tls.Config
	failed error             // why the member cannot be connected to
	open   *http2.ClientConn // nil before the first request
	only1  bool              // it does not speak HTTP/2
	first  *tls.Conn         // the connection that showed it, until it is used
}

var (
	errOnlyHTTP1 = errors.New("it does not speak HTTP/2")
	errNoStreams = errors.New("it takes no requests on a new connection")
	errClosed    = errors.New("the connection was closed")
	// errLost has the words by which client-go knows that a GET may be sent again.
	errLost = reason.Errorf(reason.Timeout, "it does not answer any more, not even a ping (http2: client connection lost)")
)

// newConnection makes one that is not open yet. It takes no proxy from the
// environment: that is meant for the user's own host.
func newConnection(to endpoint) (*connection, error) {
	config, err := to.tlsConfig()
	if err != nil {
		return nil, err
	}
	c := &connection{config: config, turn: make(chan struct{}, 1), pingAfter: pingAfter, pingTimeout: pingTimeout}
	c.life, c.end = context.WithCancel(context.Background())
	// Without a bound of its own: on one connection, what is to be done would wait for
	// a watch of what comes of it.
	c.http1 = &http.Transport{DialTLSContext: c.dialHTTP1, MaxResponseHeaderBytes: maxHeader}
	c.limits = &http.HTTP2Config{}
	// Not net/http's own HTTP/2: a WINDOW_UPDATE that overflows makes that of Go
	// 1.26 wait for itself, whatever the deadline.
	if c.http2, err = http2.ConfigureTransports(&http.Transport{HTTP2: c.limits, MaxResponseHeaderBytes: maxHeader}); err != nil {
		return nil, err
	}
	c.http2.ConnPool = c
	c.http2.StrictMaxConcurrentStreams = true // rather wait than open another one
	return c, nil
}

// RoundTrip implements http.RoundTripper.
func (c *connection) RoundTrip(request *http.Request) (*http.Response, error) {
	c.asked.Add(1)
	response, err := c.http2.RoundTrip(request)
	c.asked.Add(-1)
	switch {
	case errors.Is(err, errOnlyHTTP1):
		if request.GetBody != nil { // HTTP/2 may have read it before
			request.Body, _ = request.GetBody() // which is in memory
		}
		return c.http1.RoundTrip(request)
	case err != nil:
		return nil, c.explain(err)
	}
	response.Body = answerBody{response.Body, c}
	return response, nil
}

// answerBody is an answer, which ends with its connection.
type answerBody struct {
	io.ReadCloser
	of *connection
}

// Read implements io.Reader.
func (b answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.of.explain(err)
	}
	return n, err
}

// explain says of what ended with its connection why that did.
func (c *connection) explain(err error) error {
	if errors.Is(err, net.ErrClosed) && c.lost.Load() {
		return errLost
	}
	return err
}

// GetClientConn implements http2.ClientConnPool.
func (c *connection) GetClientConn(request *http.Request, address string) (*http2.ClientConn, error) {
	if err := c.takeTurn(request.Context()); err != nil {
		return nil, err
	}
	defer func() { <-c.turn }()
	switch {
	case c.only1:
		return nil, errOnlyHTTP1
	case c.open != nil && c.dead.Load() != c.open && c.open.ReserveNewRequest():
		return c.open, nil
	}
	secure, err := c.dial(request.Context(), address)
	if err != nil {
		return nil, err
	}
	if secure.ConnectionState().NegotiatedProtocol != http2.NextProtoTLS {
		c.only1, c.first = true, secure
		c.config = c.config.Clone()
		c.config.NextProtos = []string{"http/1.1"}
		return nil, errOnlyHTTP1
	}
	c.lost.Store(false)
	// Those who ask are all waiting for this connection by now.
	c.limits.MaxReceiveBufferPerStream = min(max(allAhead/int(c.asked.Load()), minAhead), maxAhead)
	if c.open, err = c.http2.NewClientConn(secure); err != nil {
		secure.Close()
		return nil, err
	}
	go c.ping(context.WithoutCancel(request.Context()), c.open, secure.NetConn())
	if !c.open.ReserveNewRequest() {
		return nil, errNoStreams
	}
	return c.open, nil
}

// MarkDead implements http2.ClientConnPool. One that broke before its first request
// would still take one.
func (c *connection) MarkDead(broken *http2.ClientConn) { c.dead.Store(broken) }

// dialHTTP1 gives HTTP/1.1 the connection that was opened first, and then others.
func (c *connection) dialHTTP1(ctx context.Context, _, address string) (net.Conn, error) {
	if err := c.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer func() { <-c.turn }()
	if first := c.first; first != nil {
		c.first = nil
		return first, nil
	}
	return c.dial(ctx, address)
}

func (c *connection) takeTurn(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.life.Err() != nil {
		<-c.turn
		return errClosed
	}
	return nil
}

// dial connects. Where that failed it is not tried again: each request would try
// a dead member for as long as the first did.
func (c *connection) dial(ctx context.Context, address string) (*tls.Conn, error) {
	if c.failed != nil {
		return nil, c.failed
	}
	secure, err := dialTLS(ctx, c.config, address)
	deadline, has := ctx.Deadline()
	switch {
	case err != nil && ctx.Err() != nil: // which says nothing of the member
		return nil, context.Cause(ctx)
	case err != nil && has && !time.Now().Before(deadline): // the same, seen a moment sooner
		return nil, context.DeadlineExceeded
	case err != nil:
		c.failed = &reason.NotSentError{Err: err}
		return nil, c.failed
	}
	return secure, nil
}

// ping tests whether there is still somebody on the other side, until the end of
// all, and closes a connection that takes nothing any more.
func (c *connection) ping(ctx context.Context, open *http2.ClientConn, wire net.Conn) {
	ticker := time.NewTicker(c.pingAfter)
	defer ticker.Stop()
	for {
		select {
		case <-c.life.Done():
			open.Close()
			return
		case <-ticker.C:
		}
		waiting, cancel := context.WithTimeout(ctx, c.pingTimeout)
		err := open.Ping(waiting)
		cancel()
		switch state := open.State(); {
		case errors.Is(err, context.DeadlineExceeded):
			c.lost.Store(true)
			wire.Close() // who waits for an answer learns of it by that, and not from open
			return
		case err != nil, state.Closing && state.StreamsActive+state.StreamsReserved+state.StreamsPending == 0:
			open.Close()
			return
		}
	}
}

// close ends all that was opened. Nobody asks anything any more.
func (c *connection) close() {
	c.end()
	c.http1.CloseIdleConnections()
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if c.open != nil {
		c.open.Close()
	}
	if c.first != nil {
		c.first.Close()
		c.first = nil
	}
}
