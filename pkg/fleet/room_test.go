package fleet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
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

// answerTo is an answer to a member's request.
func answerTo(ctx context.Context, member *guest) (*guestBody, chan []byte) {
	ctx, stop := context.WithCancelCause(ctx)
	pieces := make(chan []byte)
	return newGuestBody(ctx, stop, member, sending{request: ctx, pieces: pieces}), pieces
}

// readAll reads an answer, and tells how it ended when it has.
func readAll(body *guestBody) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, body)
		body.Close()
		ended <- err
	}()
	return ended
}

// fill makes one member's answer too large for each place. They say nothing more.
func fill(t *testing.T, room *room) (all []<-chan error, pieces []chan []byte) {
	for range places {
		body, sends := answerTo(t.Context(), room.guest())
		all = append(all, readAll(body))
		pieces = append(pieces, sends)
		send(sends, freeShare+1)
	}
	synctest.Wait()
	if len(room.places) != places {
		t.Fatalf("%d have a place, want %d", len(room.places), places)
	}
	return all, pieces
}

// send sends so many bytes.
func send(pieces chan<- []byte, n int) {
	const most = 4 << 10 // what any reader takes at once
	for ; n > 0; n -= most {
		pieces <- make([]byte, min(n, most))
	}
}

func TestMembersWithLargeAnswersWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRoom()
		all, pieces := fill(t, room)

		// Many answers of one member share what is free.
		one := room.guest()
		for range 2 {
			for range 4 {
				small, sends := answerTo(t.Context(), one)
				ended := readAll(small)
				send(sends, freeShare/4)
				close(sends)
				if err := <-ended; err != nil {
					t.Errorf("a small one did not pass them: %v", err)
				}
			}
		}
		if used := one.used.Load(); used != 0 {
			t.Errorf("%d are in use when all are closed", used)
		}

		large, sends := answerTo(t.Context(), one)
		ended := readAll(large)
		send(sends, freeShare)
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

// A member has one place, however many answers it sends.
func TestAMemberTakesOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRoom()
		one := room.guest()
		var ended []<-chan error
		for range 2 * places {
			body, sends := answerTo(t.Context(), one)
			ended = append(ended, readAll(body))
			go func() { send(sends, freeShare); close(sends) }()
		}
		synctest.Wait()
		if len(room.places) > 1 {
			t.Errorf("it has %d places", len(room.places))
		}
		for i, one := range ended {
			if err := <-one; err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		if len(room.places) != 0 || one.used.Load() != 0 {
			t.Errorf("%d places and %d bytes are in use in the end", len(room.places), one.used.Load())
		}
	})
}

func TestAPlaceIsLostToThoseThatWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRoom()
		all, _ := fill(t, room)
		time.Sleep(time.Hour)
		for i, ended := range all {
			select {
			case err := <-ended:
				t.Errorf("%d was ended, though nobody waited: %v", i, err)
			default:
			}
		}

		waits, sends := answerTo(t.Context(), room.guest())
		waiting, began := readAll(waits), time.Now()
		send(sends, freeShare+1)
		close(sends)
		if err := <-waiting; err != nil {
			t.Errorf("who waited: %v", err)
		}
		if took := time.Since(began); took < placeTime || took > placeTime+placeLook {
			t.Errorf("it waited %s", took)
		}
		synctest.Wait()
		ended := 0
		for i, one := range all {
			select {
			case err := <-one:
				ended++
				if reason.Of(err) != reason.Timeout || !strings.Contains(err.Error(), "those of other clusters waited for it") {
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

func TestWaitingForAPlaceEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRoom()
		fill(t, room)
		ctx, cancel := context.WithTimeout(t.Context(), placeTime/2)
		defer cancel()
		one := room.guest()
		body, sends := answerTo(ctx, one)
		ended := readAll(body)
		send(sends, freeShare)
		if err := <-ended; reason.Of(err) != reason.Timeout || !strings.Contains(err.Error(), "waited for those of other clusters") {
			t.Errorf("error is %v", err)
		}
		if len(one.turn) != 0 || room.waiting.Load() != 0 {
			t.Error("it still waits")
		}
		if _, err := body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("read after it was closed: %v", err)
		}
	})
}

// The members of a host share one room. Lists that are dealt with as they come take
// no part in it, unless what comes is no list.
func TestAllMembersShareTheRoom(t *testing.T) {
	release := make(chan struct{})
	server := newMember(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("fieldSelector") {
			w.WriteHeader(399)
		}
		_, _ = w.Write(bytes.Repeat([]byte(" "), 2*freeShare))
		if r.URL.Query().Has("continue") { // those that have an end
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
	ended := make(chan error, 2*places)
	for i := range 2 * places {
		go func() { ended <- ask(t.Context(), []string{"limit", "any"}[i%2]) }()
	}
	for host.shared.room.waiting.Load() < places {
		time.Sleep(time.Millisecond)
	}
	if err := ask(Streamed(t.Context()), "limit", "continue"); err != nil {
		t.Errorf("a list that is dealt with as it comes: %v", err)
	}
	for name, test := range map[string]struct {
		ctx    context.Context
		params []string
	}{
		"a list that is read as a whole": {t.Context(), []string{"limit", "continue"}},
		"an answer that is no list":      {Streamed(t.Context()), []string{"limit", "continue", "fieldSelector"}},
	} {
		short, cancel := context.WithTimeout(test.ctx, 100*time.Millisecond)
		defer cancel()
		if err := ask(short, test.params...); reason.Of(err) != reason.Timeout {
			t.Errorf("%s got a place: %v", name, err)
		}
	}
	close(release)
	for range 2 * places {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A connection is closed once what came over it was read, be it to its end or not.
func TestConnectionsAreClosed(t *testing.T) {
	for _, http2 := range []bool{true, false} {
		var open atomic.Int32
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte(" "), freeShare))
		}))
		server.EnableHTTP2 = http2
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Add(-1)
			}
		}
		server.StartTLS()
		t.Cleanup(server.Close)
		config := kubeconfig{server: server.URL, cluster: authority(server)}
		for i := range 50 {
			member := mustConnect(t, config)
			body, err := member.Get().AbsPath("api/v1/pods").Param("limit", "0").Stream(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				_, err = io.Copy(io.Discard, body)
			}
			body.Close()
			member.Close()
			if err != nil {
				t.Fatal(err)
			}
		}
		for deadline := time.Now().Add(5 * time.Second); open.Load() > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("http2=%t: %d connections stay open", http2, open.Load())
			}
		}
	}
}
