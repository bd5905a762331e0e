package fleet

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// freeShare is how much of its answers each member may have read at a time
	// without a place in the room, in bytes: more than honest ones usually send.
	freeShare = 256 << 10
	// mostAtOnce is how much of one is read before that is looked at again.
	mostAtOnce = 16 << 10
	// places is how many members may have more at a time.
	places = 12
	// placeTime is for how long a member has a place while others wait for one, and
	// placeLook how often that is looked at.
	placeTime = 5 * time.Second
	placeLook = 500 * time.Millisecond
)

// room bounds what the answers of all members take together, as far as they are
// read as a whole: hundreds of members may have a little, and a few of them more.
// Who has a place waits for nobody.
type room struct {
	places  chan struct{}
	waiting atomic.Int32
}

func newRoom() *room { return &room{places: make(chan struct{}, places)} }

// guest is a member in the room.
type guest struct {
	room *room
	// used is how much of the free share the member's open answers have.
	used atomic.Int64
	// turn is held by the one of them that has more, or waits for it.
	turn chan struct{}
}

func (r *room) guest() *guest { return &guest{room: r, turn: make(chan struct{}, 1)} }

type streamedKey struct{}

// Streamed is a context for lists whose elements are dealt with as they come, which
// may take as long as that takes. Other lists are read as a whole.
func Streamed(ctx context.Context) context.Context {
	return context.WithValue(ctx, streamedKey{}, true)
}

// isStreamed tells an answer that is not held as a whole.
func isStreamed(request *http.Request, response *http.Response) bool {
	return isList(request) && !isError(response) &&
		(request.Context().Value(streamedKey{}) != nil || request.URL.Query().Has("watch"))
}

// take waits until an answer may have more than the free share.
func (g *guest) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil { // else a place might be taken all the same
		return context.Cause(ctx)
	}
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return late(ctx)
	}
	select {
	case g.room.places <- struct{}{}:
		return nil
	default:
	}
	g.room.waiting.Add(1)
	defer g.room.waiting.Add(-1)
	select {
	case g.room.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-g.turn
		return late(ctx)
	}
}

func (g *guest) leave() {
	<-g.room.places
	<-g.turn
}

// late says what an answer waited for until its time was over.
func late(ctx context.Context) error {
	cause := context.Cause(ctx)
	if !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return reason.Errorf(reason.Timeout, "its answers have more than %d KiB, and waited for those of other clusters until its time was over", freeShare>>10)
}

// guestBody is an answer of a member. One that is read as a whole takes part in what
// the room bounds.
type guestBody struct {
	io.ReadCloser
	guest   *guest
	request context.Context
	stop    context.CancelCauseFunc // ends the request

	streamed bool // it takes no part, and is only ended with its request
	free     int  // of what was read, what is of the free share
	large    bool // it has more
	closed   bool
	left     chan struct{} // closed with it
}

func newGuestBody(request context.Context, stop context.CancelCauseFunc, guest *guest, body io.ReadCloser) *guestBody {
	return &guestBody{ReadCloser: body, guest: guest, request: request, stop: stop, left: make(chan struct{})}
}

// Read implements io.Reader.
func (b *guestBody) Read(p []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.streamed {
		return b.ReadCloser.Read(p)
	}
	if !b.large && b.guest.used.Load() >= freeShare {
		if err := b.guest.take(b.request); err != nil {
			return 0, err
		}
		b.large = true
		go b.watch()
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), mostAtOnce)])
	if !b.large {
		b.guest.used.Add(int64(n))
		b.free += n
	}
	if err != nil && !errors.Is(err, io.EOF) && b.request.Err() != nil {
		err = context.Cause(b.request)
	}
	return n, err
}

// watch ends the answer where others waited for its place for long enough.
func (b *guestBody) watch() {
	ticker := time.NewTicker(placeLook)
	defer ticker.Stop()
	for waited := time.Duration(0); ; {
		select {
		case <-b.left:
			return
		case <-ticker.C:
			if b.guest.room.waiting.Load() == 0 {
				continue
			}
			if waited += placeLook; waited > placeTime { // they began to wait between two looks
				b.stop(reason.Errorf(reason.Timeout, "its answer of more than %d KiB took longer than %s, while those of other clusters waited for it", freeShare>>10, placeTime))
				return
			}
		}
	}
}

// Close implements io.Closer.
func (b *guestBody) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	close(b.left)
	b.guest.used.Add(-int64(b.free))
	if b.large {
		b.guest.leave()
	}
	// The connection is given back before the request is ended, which would have it
	// taken for one that is still in use.
	err := b.ReadCloser.Close()
	b.stop(nil)
	return err
}
