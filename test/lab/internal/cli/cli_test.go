package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/lab"
)

func TestComplete(t *testing.T) {
	for name, test := range map[string]struct {
		names        []string
		members      int
		membersGiven bool
		want         []string
		err          string
	}{
		"the guide's":        {members: 2, want: lab.GuideMembers()},
		"one":                {members: 1, membersGiven: true, want: []string{"kurator-member1"}},
		"three":              {members: 3, membersGiven: true, want: append(lab.GuideMembers(), "kurator-member3")},
		"by name":            {members: 2, names: []string{"a", "b", "c"}, want: []string{"a", "b", "c"}},
		"both, and they fit": {members: 2, membersGiven: true, names: []string{"a", "b"}, want: []string{"a", "b"}},
		"both, and they do not": {
			members: 3, membersGiven: true, names: []string{"a"}, err: "--members says 3, and --names gives 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			options := lab.Options{Members: test.names, Bin: "/bin/lab", Timeout: time.Minute}
			err := complete(&options, test.members, test.membersGiven)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Fatalf("the error is %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(options.Members, test.want) {
				t.Errorf("got %v, want %v", options.Members, test.want)
			}
		})
	}
}

func TestExportsAreForAShell(t *testing.T) {
	var out bytes.Buffer
	printExports(&out, lab.Info{Dir: "/home/o'neill/my lab", Bin: "/src/bin/lab"})
	want := `export KUBECONFIG='/home/o'\''neill/my lab/host.kubeconfig'
export PATH='/src/bin':'/src/bin/lab':"$PATH"
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestErrorsGoToStderrWithCode1(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no lab":         {[]string{"status"}, "no lab here"},
		"no program":     {[]string{"stop"}, "name a program"},
		"nobody's stop":  {[]string{"stop", "a/etcd"}, "no lab here"},
		"bad name":       {[]string{"up", "--names", "Not_A_Name"}, `member name "Not_A_Name"`},
		"reserved name":  {[]string{"up", "--names", "host"}, `member name "host"`},
		"name twice":     {[]string{"up", "--names", "a,a"}, `member name "a" is given twice`},
		"no members":     {[]string{"up", "--members", "0"}, "at least one member"},
		"no programs":    {[]string{"up", "--bin", dir + "/nothing"}, "run make lab"},
		"unknown verb":   {[]string{"fly"}, "unknown command"},
		"too many words": {[]string{"down", "now"}, "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := Run(t.Context(), append(test.args, "--dir", dir), &stdout, &stderr)
			if code != 1 {
				t.Errorf("the exit code is %d, want 1", code)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout has %q", stdout.String())
			}
			if !strings.HasPrefix(stderr.String(), "fleetlab: ") || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("stderr is %q, want %q in it", stderr.String(), test.want)
			}
		})
	}
}

func TestDownOfNothingIsFine(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := Run(t.Context(), []string{"down", "--dir", t.TempDir()}, &stdout, &stderr)
	if code != 0 || !strings.Contains(stderr.String(), "0 processes ended") {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
}
