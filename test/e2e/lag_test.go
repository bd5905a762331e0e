package e2e

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// lags are TCP proxies in front of all clusters, as far away as one round trip
// takes: opening a connection costs one, and each direction half of one.
type lags struct {
	roundTrip time.Duration
	configs   map[string]*rest.Config
	servers   map[string]string

	mutex sync.Mutex // guards the fields below
	// answered is when the last byte of a member reached the plugin.
	answered time.Time
	// isNone is set where the lag no longer matters.
	isNone bool
}

func (l *lags) last() time.Time {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.answered
}

// none ends the lag for all connections to come.
func (l *lags) none() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.isNone = true
}

func (l *lags) now() time.Duration {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.isNone {
		return 0
	}
	return l.roundTrip
}

func newLags(t *testing.T, roundTrip time.Duration) *lags {
	t.Helper()
	l := &lags{roundTrip: roundTrip, configs: map[string]*rest.Config{}, servers: map[string]string{}}
	for _, cluster := range append([]string{"host"}, members[:]...) {
		config := pluginConfig(t, cluster)
		upstream, err := url.Parse(config.Host)
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		l.configs[cluster], l.servers[cluster] = config, "https://"+listener.Addr().String()
		go func() {
			for {
				down, err := listener.Accept()
				if err != nil {
					return
				}
				go l.carry(down, upstream.Host, cluster != "host")
			}
		}()
	}
	return l
}

func (l *lags) kubeconfig(cluster string) []byte {
	config := l.configs[cluster]
	return kubeconfigFor(l.servers[cluster], config.CAData, config.CertData, config.KeyData)
}

func (l *lags) carry(down net.Conn, upstream string, isMember bool) {
	roundTrip := l.now()
	opened := time.Now().Add(roundTrip) // only then could the plugin say a word
	up, err := net.Dial("tcp", upstream)
	if err != nil {
		down.Close()
		return
	}
	go pump(up, down, roundTrip/2, opened, func() {})
	pump(down, up, roundTrip/2, time.Time{}, func() {
		if isMember {
			l.mutex.Lock()
			defer l.mutex.Unlock()
			l.answered = time.Now()
		}
	})
}

// pump carries bytes one way: none leaves before it may, and all of them take so
// long.
func pump(to, from net.Conn, takes time.Duration, notBefore time.Time, passed func()) {
	defer to.Close()
	type chunk struct {
		due  time.Time
		data []byte
	}
	chunks := make(chan chunk, 1024)
	go func() {
		defer close(chunks)
		for {
			data := make([]byte, 64<<10)
			n, err := from.Read(data)
			left := time.Now()
			if left.Before(notBefore) {
				left = notBefore
			}
			if n > 0 {
				chunks <- chunk{left.Add(takes), data[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		if _, err := to.Write(c.data); err != nil {
			from.Close()
			continue
		}
		passed()
	}
}
