package fleet

import (
	"net/http"
	"time"
)

// Traced is one request to a cluster, once the header of its answer has come, or
// none will. The headers and bodies of both are left out: they hold credentials.
type Traced struct {
	Cluster, Method, URL string
	Status               int   // 0 where there was no answer
	Err                  error // why there was none
	Took                 time.Duration
}

// Trace is told of requests, by several goroutines at once.
type Trace func(Traced)

// tracing tells of each request that goes through it.
type tracing struct {
	cluster string
	tell    Trace
	next    http.RoundTripper
}

// Of is a transport that tells of the requests to one cluster; just the given
// one where nobody is to be told.
func (t Trace) Of(cluster string, next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return tracing{cluster: cluster, tell: t, next: next}
}

func (t tracing) RoundTrip(request *http.Request) (*http.Response, error) {
	began := time.Now()
	response, err := t.next.RoundTrip(request)
	did := Traced{Cluster: t.cluster, Method: request.Method, URL: request.URL.Redacted(), Err: err, Took: time.Since(began)}
	if err == nil {
		did.Status = response.StatusCode
	}
	t.tell(did)
	return response, err
}
