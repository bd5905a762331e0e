package cmd

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

func parseScope(t *testing.T, args string) (*scope, error) {
	t.Helper()
	flags := pflag.NewFlagSet("get", pflag.ContinueOnError)
	s := &scope{}
	s.addFlags(flags)
	if err := flags.Parse(strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
	return s, s.validate()
}

func TestScopeFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                               "",
		"--all-clusters":                 "",
		"--fleet f -C a,b":               "",
		"--app shop --include-host":      "",
		"--all-clusters --fleet f":       "--all-clusters and --fleet exclude each other",
		"--fleet f --app a":              "--fleet and --app exclude each other",
		"--fleet=":                       "--fleet is empty: give a value, or leave the flag out",
		"--app=":                         "--app is empty: give a value, or leave the flag out",
		"--clusters=":                    "--clusters is empty: give a value, or leave the flag out",
		"--cluster-selector=":            "--cluster-selector is empty: give a value, or leave the flag out",
		"--fleet-namespace=":             "--fleet-namespace is empty: give a value, or leave the flag out",
		"--app a/b":                      `"a/b" cannot be a name: `,
		"--cluster-selector a==b==c":     `--cluster-selector "a==b==c": `,
		"--parallel 0":                   "--parallel must be at least 1, it is 0",
		"--member-timeout 0s":            "--member-timeout must be more than nothing, it is 0s",
		"--fleet-namespace kurator -C a": "",
	} {
		_, err := parseScope(t, args)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%q: error is %q, want %q", args, got, want)
		}
	}
}

func TestScopeNarrows(t *testing.T) {
	members := []fleet.Member{
		{Name: "c", Labels: map[string]string{"env": "prod"}}, {Name: "a", Labels: map[string]string{"env": "prod"}}, {Name: "b"},
		{Name: "gone", Missing: true},
	}
	for args, want := range map[string]string{
		"":                                      "c a b gone",
		"-C b,c":                                "c b",
		"--cluster-selector env=prod":           "c a",
		"--cluster-selector !env":               "b",
		"-C a,b --cluster-selector env":         "a",
		"--include-host -C b":                   "host b",
		"--include-host --cluster-selector env": "host c a",
		"-C aa":                                 `--clusters: no cluster "aa" (there are "a", "c", "b", "gone")`,
		"-C b --cluster-selector env":           `no cluster matches --cluster-selector "env"`,
		"--cluster-selector=env=staging":        `no cluster matches --cluster-selector "env=staging"`,
	} {
		s, err := parseScope(t, args)
		if err != nil {
			t.Fatal(err)
		}
		asked := members
		if s.includeHost {
			asked = append([]fleet.Member{fleet.HostMember()}, members...)
		}
		selected, err := s.narrow(asked)
		var names []string
		for _, member := range selected {
			names = append(names, member.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q selects %q, want %q", args, got, want)
		}
	}
}
