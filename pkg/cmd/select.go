package cmd

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// selection narrows a run to some clusters: what it would do in the others is
// not done, and what the inventory lists of them stays.
type selection struct {
	clusters []string
	labels   string
	abandon  []string

	selector labels.Selector
	// given tells whether a flag was given, with whatever value.
	given func(flag string) bool
}

func (s *selection) addFlags(flags *pflag.FlagSet) {
	s.given = flags.Changed
	flags.StringSliceVarP(&s.clusters, "clusters", "C", nil, "Only these clusters; the others are left out.")
	flags.StringVar(&s.labels, "cluster-selector", "", "Only clusters whose labels match; the others are left out.")
	flags.StringSliceVar(&s.abandon, "abandon", nil, "Forget what cannot be deleted in these clusters, because they are gone for good.")
}

func (s *selection) validate() error {
	// An empty value is a variable that a script forgot to set, and would stand
	// for all clusters.
	switch {
	case s.given("clusters") && len(s.clusters) == 0:
		return errors.New("--clusters is empty: name at least one, or leave the flag out for all")
	case s.given("cluster-selector") && strings.TrimSpace(s.labels) == "":
		return errors.New("--cluster-selector is empty: give a selector, or leave the flag out for all clusters")
	}
	selector, err := parseSelector("--cluster-selector", s.labels)
	s.selector = selector
	return err
}

// narrows tells whether some clusters may be left out.
func (s *selection) narrows() bool { return len(s.clusters) > 0 || s.labels != "" }

func (s *selection) selects(member fleet.Member) bool {
	return (len(s.clusters) == 0 || slices.Contains(s.clusters, member.Name)) && s.selector.Matches(labels.Set(member.Labels))
}

// narrow marks what the jobs are not to do. A job with nothing left is said
// and dropped; a name that no job knows is an error.
func (s *selection) narrow(out io.Writer, jobs []job) ([]job, error) {
	if err := errors.Join(known("--clusters", s.clusters, jobs), known("--abandon", s.abandon, jobs)); err != nil {
		return nil, err
	}
	var left []job
	for _, job := range jobs {
		for i := range job.works {
			work := &job.works[i]
			work.Skip = !s.selects(work.Member)
			work.Abandon = slices.Contains(s.abandon, work.Member.Name)
		}
		if active(job.works) == 0 && len(job.works) > 0 {
			fmt.Fprintln(out, printer.Escape(fmt.Sprintf("application %s/%s: none of its clusters is selected", job.owner.Namespace, job.owner.Application)))
			continue
		}
		left = append(left, job)
	}
	if len(left) == 0 {
		return nil, errors.New("no cluster is selected (--clusters, --cluster-selector): nothing was changed")
	}
	return left, s.reachesAbandoned(left)
}

// reachesAbandoned checks that each cluster to let go of is worked on.
func (s *selection) reachesAbandoned(jobs []job) error {
	var errs []error
	for _, name := range s.abandon {
		if !slices.ContainsFunc(jobs, func(job job) bool {
			return slices.ContainsFunc(job.works, func(w deploy.Work) bool { return w.Member.Name == name && !w.Skip })
		}) {
			errs = append(errs, fmt.Errorf("--abandon=%s: that cluster is not selected (--clusters, --cluster-selector)", name))
		}
	}
	return errors.Join(errs...)
}

// known checks that each cluster that a flag names is one of some job.
func known(flag string, names []string, jobs []job) error {
	var clusters []string
	for _, job := range jobs {
		for _, work := range job.works {
			clusters = append(clusters, work.Member.Name)
		}
	}
	slices.Sort(clusters)
	clusters = slices.Compact(clusters)
	var errs []error
	for _, name := range names {
		if !slices.Contains(clusters, name) {
			errs = append(errs, fmt.Errorf("%s: nothing is deployed to, or was to be deployed to, a cluster %q%s", flag, name, fleet.ThereIs(clusters)))
		}
	}
	return errors.Join(errs...)
}

// active counts the works that are not skipped.
func active(works []deploy.Work) int {
	count := 0
	for _, work := range works {
		if !work.Skip {
			count++
		}
	}
	return count
}
