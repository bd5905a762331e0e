package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/bench"
)

// outposts are many members on as many addresses, as far away as a round trip
// takes. Each answers what a real API server said of the same object in the same
// form, word for word, but for its UID, which is another one in each.
type outposts struct {
	t         *testing.T
	authority []byte // in PEM
	addresses []string
	answers   map[string]answer // by method and path, with the query of what is read

	requests, connections, bytes atomic.Int64 // bytes are of answers

	mutex sync.Mutex // guards the fields below
	// made are the objects that a member has: the next apply does not create them.
	made map[string]bool
	// last is when the last request was answered.
	last time.Time
	// perMember is how many connections each was asked on.
	perMember []int
}

func newOutposts(t *testing.T, many int, roundTrip time.Duration, answers map[string]answer) *outposts {
	t.Helper()
	o := &outposts{t: t, answers: answers, made: map[string]bool{}, perMember: make([]int, many)}
	pair := o.certificate()
	for i := range many {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		o.addresses = append(o.addresses, "https://"+listener.Addr().String())
		server := &http.Server{
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.answer(i, w, r) }),
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13},
			ErrorLog:  log.New(io.Discard, "", 0),
			ConnState: func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					o.connections.Add(1)
					o.mutex.Lock()
					defer o.mutex.Unlock()
					o.perMember[i]++
				}
			},
		}
		t.Cleanup(func() { server.Close() })
		go func() { _ = server.ServeTLS(farListener{listener, roundTrip}, "", "") }()
	}
	return o
}

// certificate is one for loopback, with a key of the kind that API servers have.
func (o *outposts) certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		o.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		o.t.Fatal(err)
	}
	o.authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (o *outposts) answer(member int, w http.ResponseWriter, r *http.Request) {
	o.requests.Add(1)
	request := r.Method + " " + r.URL.RequestURI()
	if r.Method == http.MethodPatch {
		request = r.Method + " " + r.URL.Path
	}
	_, _ = io.Copy(io.Discard, r.Body)
	said, ok := o.answers[request]
	if !ok {
		o.t.Errorf("unexpected request: %s", request)
		http.Error(w, "", http.StatusTeapot)
		return
	}
	status := http.StatusOK
	o.mutex.Lock()
	if at := fmt.Sprint(member, request); r.Method == http.MethodPatch && !o.made[at] {
		o.made[at] = true
		status = http.StatusCreated
	}
	o.mutex.Unlock()
	data := said.data
	if said.uid != "" {
		data = bytes.Replace(data, []byte(said.uid), fmt.Appendf(nil, "%08x%s", member, said.uid[8:]), 1)
	}
	w.Header().Set("Content-Type", "application/json")
	if encoding := said.header.Get("Content-Encoding"); encoding != "" {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), encoding) {
			o.t.Errorf("%s asks for no %s", request, encoding)
		}
		w.Header().Set("Content-Encoding", encoding)
	}
	w.WriteHeader(status)
	_, _ = w.Write(data)
	o.bytes.Add(int64(len(data)))
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.last = time.Now()
}

// begin forgets what was counted, and, if it is asked to, what was made.
func (o *outposts) begin(anew bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.requests.Store(0)
	o.connections.Store(0)
	o.bytes.Store(0)
	clear(o.perMember)
	if anew {
		clear(o.made)
	}
}

// took is how long after a moment the last request was answered.
func (o *outposts) took(since time.Time) time.Duration {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.last.Sub(since)
}

// connected tells whether each of the first members was connected to once.
func (o *outposts) connected(many int) bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for _, connections := range o.perMember[:many] {
		if connections != 1 {
			return false
		}
	}
	return true
}

// servers are the members, for a program that follows a script.
func (o *outposts) servers(namespace string, many int) []bench.Server {
	var all []bench.Server
	for i, address := range o.addresses[:many] {
		all = append(all, bench.Server{URL: address, CA: o.authority, Secret: fmt.Sprintf("/api/v1/namespaces/%s/secrets/member-%04d", namespace, i)})
	}
	return all
}
