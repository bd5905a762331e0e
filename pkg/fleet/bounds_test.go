package fleet

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// endless writes until nobody reads any more.
func endless(w io.Writer) {
	block := make([]byte, 1<<20)
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	_, _ = zip.Write(make([]byte, 1<<20))
	_ = zip.Close()
	for name, handler := range map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) { endless(w) },
		"endless error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			endless(w)
		},
		"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bytes.Repeat(bomb.Bytes(), maxAnswer>>20+1)) // gzip's members count as one
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newMember(t, true, handler)
			_, err := get(t.Context(), mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)}))
			if err == nil || !strings.Contains(err.Error(), "its answer is larger than 32 MiB") {
				t.Errorf("error is %.200v", err)
			}
			if why := reason.Of(err); why != reason.Failed {
				t.Errorf("reason is %s", why)
			}
		})
	}
}

func TestAnAnswerOfExactlyTheBoundIsRead(t *testing.T) {
	body := &boundedBody{ReadCloser: io.NopCloser(strings.NewReader("12345")), left: 5}
	if got, err := io.ReadAll(body); string(got) != "12345" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	body = &boundedBody{ReadCloser: io.NopCloser(strings.NewReader("123456")), left: 5}
	if got, err := io.ReadAll(body); err == nil {
		t.Errorf("a longer one was read: %q", got)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	for _, http2 := range []bool{true, false} {
		t.Run(fmt.Sprintf("http2=%t", http2), func(t *testing.T) {
			server := newMember(t, http2, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Large", strings.Repeat("x", 2*maxHeader))
			})
			if _, err := get(t.Context(), mustConnect(t, kubeconfig{server: server.URL, cluster: authority(server)})); err == nil {
				t.Error("it was read")
			}
		})
	}
}
