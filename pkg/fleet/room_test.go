package fleet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// sending is a body that comes in pieces, and ends with its request.
type sending struct {
	request context.Context
	pieces  chan []byte
}

func (s sending) Read(p []byte) (int, error) {
	select {
	case piece, ok := <-s.pieces:
		if !ok {
			return 0, io.EOF
		}
		return copy(p, piece), nil
	case <-s.request.Done():
		return 0, s.request.Err()
	}
}

func (sending) Close() error { return nil }

// answerIn is an answer to a request that takes part in the room.
func answerIn(ctx context.Context, room *room) (*roomyBody, chan []byte) {
	ctx, stop := context.WithCancelCause(ctx)
	pieces := make(chan []byte)
	return &roomyBody{
		ReadCloser: sending{request: ctx, pieces: pieces}, room: room, request: ctx, stop: stop, left: make(chan struct{}),
	}, pieces
}

// readAll reads an answer, and tells how it ended when it has.
func readAll(body *roomyBody) <-chan error {
	ended := make(chan error, 1)
	go func() {
		defer body.Close()
		_, err := io.Copy(io.Discard, body)
		ended <- err
	}()
	return ended
}

// fill makes as many large answers as there are places for. They say nothing more.
func fill(t *testing.T, room *room) (all []<-chan error, pieces []chan []byte) {
	for range largeAnswers {
		body, sends := answerIn(t.Context(), room)
		all = append(all, readAll(body))
		pieces = append(pieces, sends)
		send(sends, freeAnswer)
	}
	synctest.Wait()
	return all, pieces
}

// send sends so many bytes.
func send(pieces chan<- []byte, n int) {
	const most = 4 << 10 // what any reader takes at once
	for ; n > 0; n -= most {
		pieces <- make([]byte, min(n, most))
	}
}

func TestLargeAnswersWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRoom()
		all, pieces := fill(t, room)
		if len(room.places) != largeAnswers {
			t.Fatalf("%d have a place, want %d", len(room.places), largeAnswers)
		}

		small, sends := answerIn(t.Context(), room)
		ended := readAll(small)
		send(sends, freeAnswer-1)
		close(sends)
		if err := <-ended; err != nil {
			t.Errorf("a small one did not pass them: %v", err)
		}

		large, sends := answerIn(t.Context(), room)
		ended = readAll(large)
		send(sends, freeAnswer)
		synctest.Wait()
		select {
		case sends <- nil:
			t.Error("one more large one was read while there was no place")
		default:
		}
		close(pieces[0])
		if err := <-all[0]; err != nil {
			t.Error(err)
		}
		send(sends, 1<<20)
		close(sends)
		if err := <-ended; err != nil {
			t.Errorf("it was not read when there was a place: %v", err)
		}
		for _, others := range pieces[1:] {
			close(others)
		}
		synctest.Wait()
		if len(room.places) != 0 {
			t.Errorf("%d have a place when all have ended", len(room.places))
		}
	})
}

func TestWhoHardlyGoesOnMakesPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRoom()
		all, pieces := fill(t, room)
		time.Sleep(time.Hour)
		for i, ended := range all {
			select {
			case err := <-ended:
				t.Errorf("%d was ended, though nobody waited: %v", i, err)
			default:
			}
		}

		waits, sends := answerIn(t.Context(), room)
		waiting := readAll(waits)
		go goOn(t.Context(), pieces[0])
		send(sends, freeAnswer)
		close(sends)
		if err := <-waiting; err != nil {
			t.Errorf("who waited: %v", err)
		}
		ended := 0
		for i, one := range all {
			select {
			case err := <-one:
				ended++
				if i == 0 || reason.Of(err) != reason.Timeout || !strings.Contains(err.Error(), "too slowly") {
					t.Errorf("%d was ended with %v", i, err)
				}
			default:
			}
		}
		if ended == 0 {
			t.Error("none was ended")
		}
	})
}

// goOn sends just enough not to be taken to stand still.
func goOn(ctx context.Context, pieces chan<- []byte) {
	for {
		for range leastPace / (4 << 10) {
			select {
			case pieces <- make([]byte, 4<<10):
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(paceTime - time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

func TestWaitingForAPlaceEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRoom()
		_, pieces := fill(t, room)
		for _, one := range pieces {
			go goOn(t.Context(), one)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		body, sends := answerIn(ctx, room)
		ended := readAll(body)
		send(sends, freeAnswer)
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) || reason.Of(err) != reason.Timeout {
			t.Errorf("error is %v", err)
		}
	})
}

// The answers of all members of a host share one room. Lists that are dealt with as
// they come need no place in it.
func TestAllMembersShareTheRoom(t *testing.T) {
	release := make(chan struct{})
	server := newMember(t, true, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte(" "), 2*freeAnswer))
		if r.URL.Query().Has("continue") { // the one that has an end
			return
		}
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	config := kubeconfig{server: server.URL, cluster: authority(server)}
	host := newHost(t, map[string]any{secretPath: map[string]any{"data": map[string][]byte{"value": []byte(config.String())}}})
	ask := func(ctx context.Context, params ...string) error {
		member, err := Connector{Host: host}.Connect(ctx, secretMember())
		if err != nil {
			return err
		}
		defer member.Close()
		request := member.Get().AbsPath("api/v1/pods")
		for _, param := range params {
			request.Param(param, "1")
		}
		return request.Do(ctx).Error()
	}
	ended := make(chan error, 2*largeAnswers)
	for i := range 2 * largeAnswers {
		go func() { ended <- ask(t.Context(), []string{"limit", "any"}[i%2]) }()
	}
	for host.shared.room.waiting.Load() < largeAnswers {
		time.Sleep(time.Millisecond)
	}
	if err := ask(Streamed(t.Context()), "limit", "continue"); err != nil {
		t.Errorf("a list that is dealt with as it comes: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := ask(short, "limit", "continue"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a list that is read as a whole got a place: %v", err)
	}
	close(release)
	for range 2 * largeAnswers {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
