package e2e

import (
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
}

func scenarios() []scenario {
	one := []policy{{name: "one", path: "./one"}}
	narrow := []policy{{name: "one", path: "./one", ring: "1"}}
	deploys := func(policies ...policy) func(*stage) []string {
		return func(s *stage) []string { return s.application(policies...) }
	}
	deployed := func(policies ...policy) func(*stage) {
		return func(s *stage) { s.must(s.application(policies...)...) }
	}
	deletes := func(flags ...string) func(*stage) []string {
		return func(*stage) []string { return append([]string{"delete", "app"}, flags...) }
	}
	return []scenario{
		{"deploy", (*stage).makeNamespaces, deploys(first...), first, 0, 10},
		{"a namespace is missing", func(*stage) {}, deploys(first...), first, 0, 12},
		{"nothing changes", deployed(first...), deploys(first...), first, 0, 10},
		{"everything changes", deployed(first...), deploys(second...), second, 0, 12},
		{"a selector changes", deployed(one...), deploys(narrow...), narrow, 0, 6},
		{"a policy is removed", deployed(first...), deploys(one...), one, 0, 12},
		{"a policy is renamed", deployed(one...), deploys(policy{name: "other", path: "./one"}), []policy{{name: "other", path: "./one"}}, 0, 8},
		{"from the host to a fleet", deployed(policy{name: "one", path: "./one", onHost: true}), deploys(one...), one, 0, 8},
		{"delete", deployed(first...), deletes(), nil, 0, 10},
		{"delete --cascade=orphan", deployed(first...), deletes("--cascade=orphan"), nil, 0, 16},
		{"delete with a dead member", func(s *stage) { deployed(one...)(s); s.bury() }, deletes(), []policy{{name: "one", path: "./one", member: members[1]}}, 3, 4},
		{"somebody else's are taken over", (*stage).makeOthers, func(s *stage) []string { return append(s.application(one...), "--force-conflicts") }, one, 0, 10},
		{"what is referred to is copied", (*stage).makeCredentials, func(s *stage) []string { return append(s.application(one...), "--copy-refs") }, one, 0, 8},
	}
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
