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
	many := func(w http.ResponseWriter, _ *http.Request) { endless(w) }
	wrong := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		endless(w)
	}
	compressed := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bytes.Repeat(bomb.Bytes(), maxAnswer>>20+1)) // gzip's members count as one
	}
	for name, test := range map[string]struct {
		method, path, query string
		handler             http.HandlerFunc
		want                int
	}{
		"a list":                    {http.MethodGet, "api/v1/pods", "limit=0", many, 32},
		"a list in one page":        {http.MethodGet, "api/v1/pods", "limit=500", compressed, 32},
		"a short list":              {http.MethodGet, "api/v1/pods", "limit=64", many, 7},
		"a watch":                   {http.MethodGet, "api/v1/pods", "watch=true", many, 32},
		"what is served":            {http.MethodGet, "apis", "", many, 8},
		"an object":                 {http.MethodGet, "api/v1/namespaces/a/pods/b", "", many, 3},
		"an object, compressed":     {http.MethodGet, "api/v1/namespaces/a/pods/b", "", compressed, 3},
		"what was applied":          {http.MethodPatch, "api/v1/namespaces/a/pods/b", "limit=0", many, 3},
		"an error":                  {http.MethodGet, "api/v1/namespaces/a/pods/b", "", wrong, 1},
		"an error in place of many": {http.MethodGet, "api/v1/pods", "limit=0", wrong, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := newMember(t, true, test.handler)
			request := mustConnect(t, kubeconfig{server: server.URL + "/prefix", cluster: authority(server)}).Verb(test.method).AbsPath(test.path)
			if name, value, ok := strings.Cut(test.query, "="); ok {
				request.Param(name, value)
			}
			err := request.Do(t.Context()).Error()
			if want := fmt.Sprintf("its answer is larger than %d MiB", test.want); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %.200v, want %s", err, want)
			}
			if why := reason.Of(err); why != reason.Failed {
				t.Errorf("reason is %s", why)
			}
		})
	}
}

func TestAnAnswerOfExactlyTheBoundIsRead(t *testing.T) {
	body := &boundedBody{ReadCloser: io.NopCloser(strings.NewReader("12345")), left: 5, bound: 5}
	if got, err := io.ReadAll(body); string(got) != "12345" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	body = &boundedBody{ReadCloser: io.NopCloser(strings.NewReader("123456")), left: 5, bound: 5}
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
