package cmd

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// jobOf is one over these clusters, each labelled with its first letter.
func jobOf(application string, clusters ...string) job {
	made := job{owner: plan.Owner{Namespace: "default", Application: application}}
	for _, name := range clusters {
		made.works = append(made.works, deploy.Work{Member: fleet.Member{Name: name, Labels: map[string]string{"in": name[:1]}}})
	}
	return made
}

// chosen are the jobs that are left, and what they do where: in brackets where
// they let go.
func chosen(jobs []job) string {
	var lines []string
	for _, job := range jobs {
		line := job.owner.Application + ":"
		for _, work := range job.works {
			switch {
			case work.Skip:
			case work.Abandon:
				line += " (" + work.Member.Name + ")"
			default:
				line += " " + work.Member.Name
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestNarrow(t *testing.T) {
	const none = "error: no cluster is selected (--clusters, --cluster-selector): nothing was changed\n"
	jobs := func() []job {
		return []job{jobOf("shop", "eu-1", "eu-2", "us-1"), jobOf("blog\x1b", "us-1", "us-2"), jobOf("object")}
	}
	for name, test := range map[string]struct {
		clusters []string
		labels   string
		abandon  []string
		want     string
		said     string
	}{
		"all":           {nil, "", nil, "shop: eu-1 eu-2 us-1\nblog\x1b: us-1 us-2\nobject:", ""},
		"by name":       {[]string{"us-1", "eu-2"}, "", nil, "shop: eu-2 us-1\nblog\x1b: us-1\nobject:", ""},
		"by label":      {nil, "in=u", nil, "shop: us-1\nblog\x1b: us-1 us-2\nobject:", ""},
		"by both":       {[]string{"us-1", "eu-2"}, "in=e", nil, "shop: eu-2\nobject:", "application default/blog\\x1b: none of its clusters is selected\n"},
		"let go":        {nil, "", []string{"us-1"}, "shop: eu-1 eu-2 (us-1)\nblog\x1b: (us-1) us-2\nobject:", ""},
		"let go of it":  {[]string{"us-2"}, "", []string{"us-2"}, "blog\x1b: (us-2)\nobject:", "application default/shop: none of its clusters is selected\n"},
		"unknown":       {[]string{"us-1", "eu-3"}, "", nil, "", "error: --clusters: nothing is deployed to, or was to be deployed to, a cluster \"eu-3\" (there are \"eu-1\", \"eu-2\", \"us-1\", \"us-2\")\n"},
		"let go of who": {nil, "", []string{"x\x1b"}, "", "error: --abandon: nothing is deployed to, or was to be deployed to, a cluster \"x\\x1b\" (there are \"eu-1\", \"eu-2\", \"us-1\", \"us-2\")\n"},
		"let go of a cluster that is not selected": {
			[]string{"us-2"}, "", []string{"eu-1"}, "",
			"application default/shop: none of its clusters is selected\nerror: --abandon=eu-1: that cluster is not selected (--clusters, --cluster-selector)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, selection{clusters: test.clusters, labels: test.labels, abandon: test.abandon}, jobs(), test.want, test.said)
		})
	}
	t.Run("none", func(t *testing.T) {
		check(t, selection{labels: "in=asia"}, []job{jobOf("shop", "eu-1")}, "", "application default/shop: none of its clusters is selected\n"+none)
	})
}

func check(t *testing.T, s selection, jobs []job, want, said string) {
	t.Helper()
	var out bytes.Buffer
	var err error
	if s.selector, err = labels.Parse(s.labels); err != nil {
		t.Fatal(err)
	}
	left, err := s.narrow(&out, jobs)
	exitCode(&out, err)
	if got := chosen(left); err == nil && got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if out.String() != said {
		t.Errorf("said\n%s\nwant\n%s", &out, said)
	}
}
