package e2e

import (
	"io"
	"net"
	"sync"
	"time"
)

// farListener is one as far away as one round trip takes: to open a connection
// costs one, and each way half of one.
type farListener struct {
	net.Listener
	roundTrip time.Duration
}

func (l farListener) Accept() (net.Conn, error) {
	plain, err := l.Listener.Accept()
	if err != nil || l.roundTrip == 0 {
		return plain, err
	}
	return newFarConn(plain, l.roundTrip), nil
}

// chunk is some bytes that are under way.
type chunk struct {
	due  time.Time
	data []byte
}

// farConn is a server's end of a connection whose bytes take their time.
type farConn struct {
	net.Conn
	takes   time.Duration // one way
	in, out chan chunk
	rest    []byte // of what was read

	closing sync.Once
	closed  chan struct{}
}

func newFarConn(plain net.Conn, roundTrip time.Duration) *farConn {
	c := &farConn{Conn: plain, takes: roundTrip / 2, in: make(chan chunk, 64), out: make(chan chunk, 1024), closed: make(chan struct{})}
	opened := time.Now().Add(roundTrip) // only then could the client say a word
	go c.receive(opened)
	go c.send()
	return c
}

func (c *farConn) receive(opened time.Time) {
	defer close(c.in)
	for {
		data := make([]byte, 16<<10)
		n, err := c.Conn.Read(data)
		left := time.Now()
		if left.Before(opened) {
			left = opened
		}
		select {
		case c.in <- chunk{left.Add(c.takes), data[:n]}:
		case <-c.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

func (c *farConn) send() {
	defer c.Conn.Close()
	for {
		select {
		case next := <-c.out:
			time.Sleep(time.Until(next.due))
			if _, err := c.Conn.Write(next.data); err != nil {
				return
			}
		case <-c.closed:
			if len(c.out) == 0 {
				return
			}
		}
	}
}

func (c *farConn) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		next, ok := <-c.in
		if !ok {
			return 0, io.EOF
		}
		time.Sleep(time.Until(next.due))
		c.rest = next.data
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *farConn) Write(p []byte) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	c.out <- chunk{time.Now().Add(c.takes), append([]byte(nil), p...)}
	return len(p), nil
}

// Close lets what was written arrive.
func (c *farConn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return nil
}
