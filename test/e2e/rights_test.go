package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// right is one verb on one resource that docs/rbac.yaml grants.
type right struct {
	role string
	rule rbacv1.PolicyRule // which grants nothing else
}

func (r right) String() string {
	if r.role == "" {
		return "nothing"
	}
	return r.rule.Verbs[0] + " " + r.rule.Resources[0]
}

// scene is a part of what the plugin does, with a role of docs/rbac.yaml and with
// the one that all others come on top of.
type scene struct {
	role string
	// prepare is done by somebody who may do everything.
	prepare func(*stage)
	steps   []missing
}

// missing is one command and the rights that it is the first to miss.
type missing struct {
	command string
	misses  string
	// also is what it says that is lacking in any case: rights of other roles.
	also string
	// before, if set, is done before it, and what that returns while it runs.
	before func(s *stage, without right) func()
}

func scenes() []scene {
	return []scene{
		{"fleetapp-host", ready, []missing{
			{command: "deploy -f git.yaml", misses: "get namespaces; list fleets,attachedclusters,clusters; get applications; get,create,update secrets"},
			{command: "status", misses: "list applications,secrets"},
			{command: "delete git", misses: "delete secrets"},
		}},
		{"fleetapp-host-copy-refs", ready, []missing{
			{command: "deploy -f refs.yaml --copy-refs", misses: "get configmaps"},
		}},
		{"fleetapp-host-remove-application", ready, []missing{
			{command: "deploy -f git.yaml"},
			{command: "delete git --remove-application", misses: "delete applications"},
		}},
		{"fleetapp-member", ready, []missing{
			{command: "deploy -f git.yaml", misses: "create,patch gitrepositories,kustomizations"},
			{command: "status git", misses: "get gitrepositories,kustomizations; list deployments,statefulsets,daemonsets"},
			{command: "delete git", misses: "delete gitrepositories,kustomizations"},
		}},
		{"fleetapp-member", ready, []missing{
			{command: "deploy -f helm.yaml", misses: "create,patch helmrepositories,helmreleases"},
			{command: "status helm", misses: "get helmrepositories,helmreleases"},
			{
				command: "delete helm --cascade=orphan", before: (*stage).chartIsMade,
				misses: "get,delete helmcharts; delete helmrepositories,helmreleases",
			},
		}},
		{"fleetapp-member", ready, []missing{
			{command: "deploy -f oci.yaml", misses: "create,patch ocirepositories"},
			{command: "status oci", misses: "get ocirepositories"},
			{command: "delete oci", misses: "delete ocirepositories"},
		}},
		{"fleetapp-member", ready, []missing{
			{
				command: "check -C kurator-member1", also: "create namespaces; list pods",
				misses: "get namespaces; watch gitrepositories,helmrepositories,ocirepositories,kustomizations,helmreleases",
			},
		}},
		{"fleetapp-member-namespaces", noNamespace, []missing{
			{command: "deploy -f git.yaml", misses: "create namespaces"},
		}},
		{"fleetapp-member-copy-refs", ready, []missing{
			{command: "deploy -f refs.yaml --copy-refs", misses: "create,patch secrets,configmaps"},
			{command: "delete refs", misses: "get,delete secrets,configmaps"},
		}},
		{"fleetapp-member-read", ready, []missing{
			{command: "get configmaps -C kurator-member1", misses: "list *"},
			{command: "get configmap kube-root-ca.crt -C kurator-member1", misses: "get *"},
			{command: "get configmaps -w -C kurator-member1", misses: "watch *"},
		}},
		{"fleetapp-member-sweep", ready, []missing{
			{command: "deploy -f git.yaml"},
			{
				command: "delete git", before: (*stage).appliedLate,
				misses: "get,delete namespaces,serviceaccounts,services,deployments,horizontalpodautoscalers,roles,rolebindings",
			},
		}},
	}
}

// Every right of docs/rbac.yaml is there because something fails or warns without
// it, and names it; and nothing does with all of them.
func TestEveryRightIsMissed(t *testing.T) {
	count := fault.Begin(t, fault.RightsMissed)
	users, granted := newUsers(t, "rights"), readRights(t)
	for _, s := range scenes() {
		for _, step := range s.steps {
			for _, missed := range rights(step.misses) {
				if !slices.ContainsFunc(granted, func(r right) bool { return r.role == s.role && r.String() == missed }) {
					t.Errorf("docs/rbac.yaml does not grant %s, which %q is to miss, in %s", missed, step.command, s.role)
				}
			}
		}
	}
	var all sync.WaitGroup
	window := make(chan struct{}, 6)
	play := func(s scene, without right) {
		all.Go(func() {
			window <- struct{}{}
			defer func() { <-window }()
			breaches := s.play(t, users, granted, without)
			if without.role != "" {
				count.Did(breaches...)
			} else if len(breaches) > 0 {
				t.Error(strings.Join(breaches, "\n"))
			}
		})
	}
	for _, s := range scenes() {
		play(s, right{})
	}
	for _, without := range granted {
		at := slices.IndexFunc(scenes(), func(s scene) bool { return s.misses(without) >= 0 })
		if at < 0 {
			t.Errorf("nothing here misses %s of %s: say what does, or take it out of docs/rbac.yaml", without, without.role)
			continue
		}
		play(scenes()[at], without)
	}
	all.Wait()
}

// rights are those of a text, as right.String has them: verbs and resources, and
// a semicolon between those that do not go together.
func rights(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, "; ") {
		verbs, resources, _ := strings.Cut(part, " ")
		for _, verb := range strings.Split(verbs, ",") {
			for _, resource := range strings.Split(resources, ",") {
				if verb != "" {
					all = append(all, verb+" "+resource)
				}
			}
		}
	}
	return all
}

// misses is the step that misses a right; negative where none does.
func (s scene) misses(r right) int {
	return slices.IndexFunc(s.steps, func(step missing) bool {
		return s.role == r.role && slices.Contains(rights(step.misses), r.String())
	})
}

// succeeds tells a command that does, with all rights: status does not, where
// nothing becomes ready, and who watches is stopped.
func (m missing) succeeds() bool {
	return !strings.HasPrefix(m.command, "status") && !strings.Contains(m.command, " -w")
}

// lacks finds what the plugin says that it may not do: in an API server's words,
// or in those of check.
var lacks = regexp.MustCompile(`cannot (\w+) resource "(\w+)"|grant ([\w, ]+) on \{?([\w,]+)`)

// lacking are the rights that it says it lacks, each once.
func (e ended) lacking() []string {
	var all []string
	for _, found := range lacks.FindAllStringSubmatch(e.stdout+e.stderr, -1) {
		all = append(all, rights(found[1]+strings.ReplaceAll(found[3], ", ", ",")+" "+found[2]+found[4])...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// play plays a scene up to the command that misses a right, or all of it where
// none is taken away, and returns what was not as it should have been.
func (s scene) play(t *testing.T, users *users, granted []right, without right) (breaches []string) {
	on, last := members[0], len(s.steps)-1
	if strings.HasPrefix(s.role, "fleetapp-host") {
		on = "host"
	}
	if without.role != "" {
		last = s.misses(without)
	}
	way := users.with(t, on, slices.DeleteFunc(slices.Clone(granted), func(r right) bool {
		return r.role == without.role && r.String() == without.String() ||
			r.role != s.role && r.role != "fleetapp-"+strings.Split(s.role, "-")[1]
	}))
	stage := newStage(t, way, users.clusters)
	defer stage.end()
	s.prepare(stage)
	for i, step := range s.steps[:last+1] {
		want := rights(step.also)
		if without.role != "" && i == last {
			want = append(want, without.saidAs())
		}
		slices.Sort(want)
		did := stage.does(step, without)
		switch {
		case !slices.Equal(did.lacking(), want):
			breaches = append(breaches, fmt.Sprintf("%s without %s: %s: it says that it lacks %q, want %q: %s", s.role, without, step.command, did.lacking(), want, did))
		case len(want) == 0 && did.code != 0 && step.succeeds():
			breaches = append(breaches, fmt.Sprintf("%s without %s: %s: it fails: %s", s.role, without, step.command, did))
		case len(want) > 0 && on != "host" && !strings.Contains(did.stdout+did.stderr, on):
			breaches = append(breaches, fmt.Sprintf("%s without %s: %s: the member is not named: %s", s.role, without, step.command, did))
		case len(want) > 0:
			t.Logf("%s without %s: %s: %s", s.role, without, step.command, did)
		}
	}
	return breaches
}

// A right that nothing misses, and one without which something fails that is
// granted nowhere, are found out.
func TestAWrongRightIsSeen(t *testing.T) {
	users, granted := newUsers(t, "wrong"), readRights(t)
	superfluous := right{"fleetapp-member", rbacv1.PolicyRule{
		APIGroups: []string{"source.toolkit.fluxcd.io"}, Resources: []string{"gitrepositories"}, Verbs: []string{"deletecollection"},
	}}
	deploys := scene{superfluous.role, ready, []missing{{command: "deploy -f git.yaml", misses: superfluous.String()}}}
	seen(t, deploys.play(t, users, append(granted, superfluous), superfluous), "it says that it lacks [], want [\"deletecollection gitrepositories\"]")
	lacking := slices.DeleteFunc(slices.Clone(granted), func(r right) bool { return r.String() == "patch kustomizations" })
	seen(t, deploys.play(t, users, lacking, right{}), "it says that it lacks [\"patch kustomizations\"], want []")
}

// saidAs is how a command names the right that misses it: what lets it read
// everything is missed by reading something.
func (r right) saidAs() string { return strings.Replace(r.String(), "*", "configmaps", 1) }
