package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http2"
)

// speech is what a server says on a connection, in whatever protocol.
type speech func(net.Conn)

// forLong repeats until it fails, or has lasted for longer than it should: fast for
// as long as a flood has to be seen, and then slowly, for it is our machine, too.
func forLong(do func() error) {
	began := time.Now()
	for i := 0; time.Since(began) < 2*memberTime; i++ {
		if do() != nil {
			return
		}
		if i > 5000 {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// overHTTP1 are servers that speak HTTP/1.1, badly.
func overHTTP1() []behaviour {
	var all []behaviour
	says := func(what, text string, then ...string) {
		all = append(all, behaviour{what: "HTTP/1.1: " + what, fails: everywhere, protocol: "http/1.1", speak: func(connection net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(connection)); err != nil {
				return
			}
			if _, err := io.WriteString(connection, text); err != nil {
				return
			}
			for _, again := range then {
				block := strings.Repeat(again, 8<<10/len(again)+1)
				forLong(func() error { _, err := io.WriteString(connection, block); return err })
			}
		}})
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	says("nothing", "")
	says("garbage", nasty)
	says("SSH", "SSH-2.0-OpenSSH_9.9\r\n")
	says("a version", "HTTP/9.9 200 OK\r\n\r\n")
	says("no code", "HTTP/1.1 abc\r\n\r\n")
	says("a line without end", "HTTP/1.1 200 ", "O")
	says("a header without end", ok, "X: y\r\n")
	says("a name without end", ok, "X")
	says("garbage in the header", ok+nasty+"\r\n\r\n{}")
	says("a body without end", ok+"\r\n", " ")
	says("two lengths", ok+"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}")
	says("a length below nothing", ok+"Content-Length: -1\r\n\r\n{}")
	says("a length that is not kept", ok+"Content-Length: 1000000\r\n\r\n{}")
	says("a chunk without end", ok+"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", " ")
	says("chunks without end", ok+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n")
	says("an extension without end", ok+"Transfer-Encoding: chunked\r\n\r\n1;", "x")
	says("a chunk of no length", ok+"Transfer-Encoding: chunked\r\n\r\nxyz\r\n")
	says("trailers without end", ok+"Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n")
	says("another encoding", ok+"Transfer-Encoding: gzip, identity\r\n\r\nx")
	says("another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "x")
	says("hints without end", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n")
	says("to go on, without end", "", "HTTP/1.1 100 Continue\r\n\r\n")
	return all
}

// overHTTP2 are servers that agree on HTTP/2, and then do not keep to it.
func overHTTP2() []behaviour {
	var all []behaviour
	speaks := func(what string, does func(*http2.Framer, net.Conn)) {
		all = append(all, behaviour{what: "HTTP/2: " + what, fails: everywhere, protocol: "h2", speak: func(connection net.Conn) {
			if _, err := io.ReadFull(connection, make([]byte, len(http2.ClientPreface))); err != nil {
				return
			}
			frames := http2.NewFramer(connection, connection)
			frames.AllowIllegalWrites = true
			does(frames, connection)
			_, _ = io.Copy(io.Discard, connection)
		}})
	}
	// asked greets, and then does something to each request.
	asked := func(what string, does func(frames *http2.Framer, stream uint32), settings ...http2.Setting) {
		speaks(what, func(frames *http2.Framer, _ net.Conn) {
			if frames.WriteSettings(settings...) != nil {
				return
			}
			for {
				frame, err := frames.ReadFrame()
				if err != nil {
					return
				}
				switch frame := frame.(type) {
				case *http2.SettingsFrame:
					if !frame.IsAck() {
						_ = frames.WriteSettingsAck()
					}
				case *http2.HeadersFrame:
					does(frames, frame.StreamID)
				}
			}
		})
	}
	ok := []byte{0x88} // ":status: 200", as HPACK has it
	headers := func(frames *http2.Framer, stream uint32, ends bool) error {
		return frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: ok, EndHeaders: true, EndStream: ends})
	}
	speaks("silence", func(*http2.Framer, net.Conn) {})
	speaks("garbage", func(_ *http2.Framer, connection net.Conn) {
		_, _ = io.WriteString(connection, nasty+strings.Repeat("x", 1000))
	})
	speaks("HTTP/1.1", func(_ *http2.Framer, connection net.Conn) {
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	})
	speaks("a farewell at once", func(frames *http2.Framer, _ net.Conn) { _ = frames.WriteGoAway(0, http2.ErrCodeNo, []byte(nasty)) })
	speaks("the end at once", func(_ *http2.Framer, connection net.Conn) { connection.Close() })
	speaks("a frame that is too large", func(frames *http2.Framer, _ net.Conn) {
		_ = frames.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 1<<20))
	})
	speaks("settings without end", func(frames *http2.Framer, _ net.Conn) {
		forLong(func() error {
			return frames.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 100})
		})
	})
	speaks("pings without end", func(frames *http2.Framer, _ net.Conn) {
		_ = frames.WriteSettings()
		forLong(func() error { return frames.WritePing(false, [8]byte{}) })
	})
	speaks("frames that nobody knows", func(frames *http2.Framer, _ net.Conn) {
		_ = frames.WriteSettings()
		forLong(func() error { return frames.WriteRawFrame(0xbe, 0xff, 0, make([]byte, 16<<10)) })
	})
	asked("no answer", func(*http2.Framer, uint32) {})
	asked("no stream at all", func(*http2.Framer, uint32) {}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
	asked("no window", func(*http2.Framer, uint32) {}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	asked("a window beyond all", func(*http2.Framer, uint32) {}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<32 - 1})
	asked("no frame size", func(*http2.Framer, uint32) {}, http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1})
	asked("a table beyond all", func(frames *http2.Framer, stream uint32) { _ = headers(frames, stream, true) }, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 1<<32 - 1})
	for _, code := range []http2.ErrCode{http2.ErrCodeNo, http2.ErrCodeRefusedStream, http2.ErrCodeHTTP11Required, http2.ErrCodeEnhanceYourCalm, 0xffff} {
		asked(fmt.Sprintf("reset %d", code), func(frames *http2.Framer, stream uint32) { _ = frames.WriteRSTStream(stream, code) })
		asked(fmt.Sprintf("a farewell %d", code), func(frames *http2.Framer, stream uint32) { _ = frames.WriteGoAway(stream-1, code, []byte(nasty)) })
	}
	asked("a header without end", func(frames *http2.Framer, stream uint32) {
		_ = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: ok})
		forLong(func() error { return frames.WriteContinuation(stream, false, []byte("\x40\x01x\x01y")) })
	})
	asked("empty continuations", func(frames *http2.Framer, stream uint32) {
		_ = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: ok})
		forLong(func() error { return frames.WriteContinuation(stream, false, nil) })
	})
	asked("a header that is none", func(frames *http2.Framer, stream uint32) {
		_ = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte("\xff\xff\xff\xff\xff\xff"), EndHeaders: true})
	})
	asked("more than the window", func(frames *http2.Framer, stream uint32) {
		_ = headers(frames, stream, false)
		forLong(func() error { return frames.WriteData(stream, false, make([]byte, 16<<10)) })
	})
	asked("empty data without end", func(frames *http2.Framer, stream uint32) {
		_ = headers(frames, stream, false)
		forLong(func() error { return frames.WriteData(stream, false, nil) })
	})
	asked("padding without end", func(frames *http2.Framer, stream uint32) {
		_ = headers(frames, stream, false)
		forLong(func() error { return frames.WriteDataPadded(stream, false, nil, make([]byte, 255)) })
	})
	asked("data before the header", func(frames *http2.Framer, stream uint32) { _ = frames.WriteData(stream, true, []byte("{}")) })
	asked("another stream", func(frames *http2.Framer, stream uint32) { _ = headers(frames, stream+100, true) })
	asked("a push", func(frames *http2.Framer, stream uint32) {
		_ = frames.WritePushPromise(http2.PushPromiseParam{StreamID: stream, PromiseID: 2, BlockFragment: ok, EndHeaders: true})
	})
	asked("a window that overflows", func(frames *http2.Framer, stream uint32) {
		forLong(func() error { return frames.WriteWindowUpdate(stream, 1<<31-1) })
	})
	asked("resets and pings", func(frames *http2.Framer, stream uint32) {
		_ = headers(frames, stream, false)
		forLong(func() error { return frames.WritePing(false, [8]byte{1}) })
	})
	return all
}
