package fleet

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// freeAnswer is how much of an answer is read without a place in the room, in
	// bytes. Nearly all that are read as a whole have no more.
	freeAnswer = 32 << 10
	// largeAnswers is how many places there are.
	largeAnswers = 12
	// Who has a place for which others wait is to bring leastPace bytes in each
	// paceTime, so that none is kept by doing nothing.
	leastPace = 16 << 10
	paceTime  = 3 * time.Second
)

// room is what the large answers of all members share, so that hundreds of
// them take no more memory than a few. Who is in it waits for no other.
type room struct {
	places  chan struct{}
	waiting atomic.Int32
}

func newRoom() *room { return &room{places: make(chan struct{}, largeAnswers)} }

type streamedKey struct{}

// Streamed is a context for lists whose elements are dealt with as they come, which
// may take as long as it wants. Other lists are read as a whole.
func Streamed(ctx context.Context) context.Context {
	return context.WithValue(ctx, streamedKey{}, true)
}

// isStreamed tells an answer that is not held as a whole.
func isStreamed(request *http.Request) bool {
	return isList(request) && (request.Context().Value(streamedKey{}) != nil || request.URL.Query().Has("watch"))
}

// enter waits for a place.
func (r *room) enter(ctx context.Context) error {
	r.waiting.Add(1)
	defer r.waiting.Add(-1)
	select {
	case r.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *room) leave() { <-r.places }

// roomyBody is an answer of which what is large waits for a place in the room.
type roomyBody struct {
	io.ReadCloser
	room    *room
	request context.Context
	stop    context.CancelCauseFunc // ends the request

	streamed bool         // it needs no place
	read     int          // before it had a place
	large    bool         // it has a place
	pace     atomic.Int64 // how much came since that was last looked at
	close    sync.Once
	left     chan struct{}
}

// Read implements io.Reader.
func (b *roomyBody) Read(p []byte) (int, error) {
	if b.streamed {
		return b.ReadCloser.Read(p)
	}
	if b.read == freeAnswer && !b.large {
		if err := b.room.enter(b.request); err != nil {
			return 0, err
		}
		b.large = true
		go b.watch()
	}
	if !b.large {
		p = p[:min(len(p), freeAnswer-b.read)]
	}
	n, err := b.ReadCloser.Read(p)
	if b.large {
		b.pace.Add(int64(n))
	} else {
		b.read += n
	}
	if err != nil && err != io.EOF && b.request.Err() != nil { //nolint:errorlint // readers return it as it is
		err = context.Cause(b.request)
	}
	return n, err
}

// watch ends the answer where it keeps others waiting, and hardly goes on.
func (b *roomyBody) watch() {
	ticker := time.NewTicker(paceTime)
	defer ticker.Stop()
	for {
		select {
		case <-b.left:
			return
		case <-ticker.C:
			if b.room.waiting.Load() > 0 && b.pace.Swap(0) < leastPace {
				b.stop(reason.Errorf(reason.Timeout, "its answer of more than %d KiB came too slowly, and those of other clusters waited for it", freeAnswer>>10))
				return
			}
		}
	}
}

// Close implements io.Closer.
func (b *roomyBody) Close() error {
	b.close.Do(func() {
		close(b.left)
		b.stop(nil)
		if b.large {
			b.room.leave()
		}
	})
	return b.ReadCloser.Close()
}
