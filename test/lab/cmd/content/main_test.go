package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRunRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing given", nil, "usage"},
		{"argument", []string{"--listen=127.0.0.1:0", "--podinfo=p", "--work=w", "more"}, "usage"},
		{"off loopback", []string{"--listen=0.0.0.0:0", "--podinfo=p", "--work=w"}, "loopback"},
		{"no tree", []string{"--listen=127.0.0.1:0", "--podinfo=" + t.TempDir(), "--work=" + t.TempDir()}, "podinfo's tree"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), test.args, &stdout, &stderr)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("it printed %q", stdout.String())
			}
		})
	}
}
