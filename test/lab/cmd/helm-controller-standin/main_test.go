package main

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestRunRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		env  map[string]string
		want string
	}{
		{"no cluster", nil, nil, "KUBECONFIG"},
		{"absent kubeconfig", nil, map[string]string{"KUBECONFIG": "/absent/config"}, "/absent/config"},
		{"health off loopback", []string{"--health-addr=:9440"}, nil, "loopback"},
		{"metrics off loopback", []string{"--metrics-addr=0.0.0.0:8080"}, nil, "loopback"},
		{"one namespace, but which", []string{"--watch-all-namespaces=false"}, nil, "RUNTIME_NAMESPACE"},
		{"encoding", []string{"--log-encoding=xml"}, nil, "json or console"},
		{"argument", []string{"more"}, nil, `"more"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr bytes.Buffer
			err := run(t.Context(), test.args, func(name string) string { return test.env[name] }, &stderr)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestItSaysThatItIsAStandIn(t *testing.T) {
	var help, log bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, nil, &help); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help gave %v", err)
	}
	// Flags as Flux's controllers take them, and no cluster.
	args := []string{"--events-addr=", "--watch-all-namespaces", "--health-addr=127.0.0.1:0", "--metrics-addr=0", "--log-encoding=console"}
	if err := run(t.Context(), args, func(string) string { return "" }, &log); err == nil {
		t.Error("it runs without a cluster")
	}
	for name, text := range map[string]string{"--help": help.String(), "the first log line": strings.SplitN(log.String(), "\n", 2)[0]} {
		if !strings.Contains(text, "stand-in for Flux's helm-controller") {
			t.Errorf("%s does not say so: %q", name, text)
		}
	}
}
