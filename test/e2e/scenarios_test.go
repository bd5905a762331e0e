package e2e

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// first is what is deployed at first, and second what replaces it: one policy
// is removed, one taken from a member, one changed, one added.
var (
	first  = []policy{{name: "changed", path: "./one"}, {name: "narrowed", path: "./n"}, {name: "removed", path: "./r"}}
	second = []policy{{name: "changed", path: "./two"}, {name: "narrowed", path: "./n", ring: "1"}, {name: "added", path: "./a"}}
)

// scenario is a run to which something happens, on a stage that was prepared
// for it.
type scenario struct {
	name    string
	prepare func(*stage)
	args    func(*stage) []string
	want    []policy
	// code is the exit code of the run where nothing happens to it.
	code int
	// writes is how many requests that write it sends at the least: those that its
	// work cannot be done without.
	writes int
	// older tells that the second member's Flux is.
	older bool
}

// codeAfter is the exit code of a run that begins with such an inventory. Where it
// lists what is in the dead member alone, no cluster can be done.
func (p scenario) codeAfter(listed map[string]string) int {
	for at := range listed {
		if p.code != 3 || !strings.HasPrefix(at, members[1]+" ") {
			return p.code
		}
	}
	return min(p.code, 1)
}

func scenarios() []scenario {
	one := []policy{{name: "one", path: "./one"}}
	other := []policy{{name: "other", path: "./one"}}
	narrow := []policy{{name: "one", path: "./one", ring: "1"}}
	left := []policy{{name: "one", path: "./one", member: members[1]}}
	flagged := func(policies []policy, flags ...string) func(*stage) []string {
		return func(s *stage) []string { return append(s.application(policies...), flags...) }
	}
	deploys := func(policies ...policy) func(*stage) []string { return flagged(policies) }
	deployed := func(policies ...policy) func(*stage) {
		return func(s *stage) { s.must(s.application(policies...)...) }
	}
	deletes := func(flags ...string) func(*stage) []string {
		return func(*stage) []string { return append([]string{"delete", "app"}, flags...) }
	}
	all := []scenario{
		{name: "deploy", prepare: (*stage).makeNamespaces, args: deploys(first...), want: first, writes: 10},
		{name: "a namespace is missing", prepare: func(*stage) {}, args: deploys(first...), want: first, writes: 12},
		{name: "nothing changes", prepare: deployed(first...), args: deploys(first...), want: first, writes: 10},
		{name: "everything changes", prepare: deployed(first...), args: deploys(second...), want: second, writes: 12},
		{name: "a selector changes", prepare: deployed(one...), args: deploys(narrow...), want: narrow, writes: 6},
		{name: "a policy is removed", prepare: deployed(first...), args: deploys(one...), want: one, writes: 12},
		{name: "a policy is renamed", prepare: deployed(one...), args: deploys(other...), want: other, writes: 8},
		{name: "from the host to a fleet", prepare: deployed(policy{name: "one", path: "./one", onHost: true}), args: deploys(one...), want: one, writes: 8},
		{name: "a dead run is passed over", prepare: func(s *stage) {
			deployed(first...)(s)
			// It dies amid its applies: whoever passes it over has the same to do then,
			// whichever of them were carried out.
			s.plugin(&tapped{at: 4, what: killedAfter, carriedOut: func(string) {}}, s.application(one...)...)
		}, args: deploys(second...), want: second, writes: 12},
		{name: "delete", prepare: deployed(first...), args: deletes(), writes: 10},
		{name: "delete --cascade=orphan", prepare: deployed(first...), args: deletes("--cascade=orphan"), writes: 16},
		{name: "delete with a dead member", prepare: func(s *stage) { deployed(one...)(s); s.bury() }, args: deletes(), want: left, code: 3, writes: 4},
		{name: "somebody else's are taken over", prepare: (*stage).makeOthers, args: flagged(one, "--force-conflicts"), want: one, writes: 10},
		{name: "what is referred to is copied", prepare: (*stage).makeCredentials, args: flagged(one, "--copy-refs"), want: one, writes: 8},
	}
	for _, p := range all {
		if p.name == "deploy" || p.name == "everything changes" {
			p.name += " to an older Flux"
			p.older = true
			all = append(all, p)
		}
	}
	return all
}

// makeNamespaces makes the members have the application's.
func (s *stage) makeNamespaces() {
	for _, member := range members {
		s.createIn(member, namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
	}
}

// makeOthers makes somebody else's objects stand where the application's belong.
func (s *stage) makeOthers() {
	s.makeNamespaces()
	for _, member := range members {
		s.createIn(member, gitRepositories, object{
			"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": object{"name": "app"},
			"spec": object{"interval": "1h", "url": "https://127.0.0.1:1/other"},
		})
		s.createIn(member, kustomizations, object{
			"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": object{"name": "one"},
			"spec": object{"interval": "1h", "prune": true, "path": "./other", "sourceRef": object{"kind": "GitRepository", "name": "app"}},
		})
	}
}

// makeCredentials makes the application's source refer to a Secret.
func (s *stage) makeCredentials() {
	s.credentials = "credentials"
	s.create(secrets, object{
		"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": s.credentials}, "stringData": object{"username": "u", "password": "p"},
	})
}

// bury makes the second member one whose server is no more.
func (s *stage) bury() {
	of := s.clusters["host"].Resource(secrets).Namespace(s.namespace)
	dead := kubeconfigFor("https://127.0.0.1:1", nil, nil, nil)
	_, err := of.Update(s.t.Context(), &unstructured.Unstructured{Object: object{
		"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": members[1]}, "data": object{"value": base(dead)},
	}}, metav1.UpdateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}
