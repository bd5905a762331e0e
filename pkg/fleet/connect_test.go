package fleet

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

func TestConnectWithoutAnyRequest(t *testing.T) {
	for name, test := range map[string]struct {
		member Member
		want   string
		why    reason.Reason
	}{
		"missing": {
			Member{Name: "a", Kind: KindAttachedCluster, Missing: true},
			"there is no AttachedCluster of this name in the fleet's namespace", reason.NotFound,
		},
		"not made yet": {
			Member{Name: "a", Kind: KindCluster, Kubeconfig: SecretKey{"default", "", "value"}},
			"its Cluster names no kubeconfig Secret yet", reason.BadKubeconfig,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Connector{Host: newHost(t, nil)}.Connect(t.Context(), test.member)
			checkError(t, err, test.want, test.why)
		})
	}
}

func TestConnectToTheHostIsTheHost(t *testing.T) {
	host := newHost(t, map[string]any{"/api/v1/namespaces/kube-system": map[string]any{"metadata": map[string]any{"uid": "u-1"}}})
	client, err := Connector{Host: host}.Connect(t.Context(), HostMember())
	if err != nil {
		t.Fatal(err)
	}
	client.Close() // leaves the host's own connections alone
	if uid, err := UID(t.Context(), client); uid != "u-1" || err != nil {
		t.Errorf("UID is %q, %v", uid, err)
	}
}

func TestSecretsThatLeadNowhere(t *testing.T) {
	for name, test := range map[string]struct {
		answer any
		want   string
	}{
		"no Secret": {
			status(http.StatusNotFound, "NotFound", `secrets "shop" not found`),
			"its kubeconfig Secret default/shop does not exist",
		},
		"forbidden": {
			status(http.StatusForbidden, "Forbidden", `secrets "shop" is forbidden`),
			`its kubeconfig Secret default/shop cannot be read on the host: secrets "shop" is forbidden`,
		},
		"no key": {
			map[string]any{"data": map[string][]byte{"b": []byte(canary), "a": nil}},
			`its kubeconfig Secret default/shop has no key "value" (it has: a, b)`,
		},
		"empty": {
			map[string]any{},
			`its kubeconfig Secret default/shop has no key "value" (it has: )`,
		},
		"a bad kubeconfig is traced to its Secret": {
			map[string]any{"data": map[string][]byte{"value": []byte(canary)}},
			`the kubeconfig cannot be parsed (Secret default/shop, key "value")`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			host := newHost(t, map[string]any{secretPath: test.answer})
			_, err := Connector{Host: host}.Connect(t.Context(), secretMember())
			why := reason.BadKubeconfig
			if name == "forbidden" {
				why = reason.Forbidden
			}
			checkError(t, err, test.want, why)
			noCanary(t, err)
		})
	}
}

// The name of a Secret stands in an object that others may write: it must not
// lead to a Secret of another namespace.
func TestSecretsOfOtherNamespacesAreOutOfReach(t *testing.T) {
	for _, name := range []string{"../../kube-system/secrets/admin", "a/../../../kube-system/secrets/admin", "a/b", "..", "a%2fb"} {
		t.Run(name, func(t *testing.T) {
			other := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("asked for %s", r.URL.Path)
			})
			host := newHost(t, map[string]any{"/api/v1/namespaces/kube-system/secrets/admin": other})
			member := secretMember()
			member.Kubeconfig.Name = name
			if _, err := (Connector{Host: host}).Connect(t.Context(), member); err == nil {
				t.Error("connected")
			}
		})
	}
}

const (
	fleetsPath   = "/apis/fleet.kurator.dev/v1alpha1/namespaces/default/fleets"
	attachedPath = "/apis/cluster.kurator.dev/v1alpha1/namespaces/default/attachedclusters"
	clustersPath = "/apis/cluster.kurator.dev/v1alpha1/namespaces/default/clusters"
)

func items(all ...any) map[string]any { return map[string]any{"items": all} }

func object(name string, spec any) map[string]any {
	return map[string]any{"metadata": map[string]any{"name": name}, "spec": spec}
}

func TestReadOneNamespace(t *testing.T) {
	host := newHost(t, map[string]any{
		// The reference's own namespace is not where the cluster lives.
		fleetsPath: items(object("f", map[string]any{"plugin": map[string]any{"x": 1}, "clusters": []any{
			map[string]any{"kind": "AttachedCluster", "name": "a", "namespace": "elsewhere"},
		}})),
		attachedPath: items(object("a", map[string]any{"kubeconfig": map[string]any{"name": "s"}})),
		clustersPath: items(object("c", map[string]any{"infraType": "aws"})),
	})
	snapshot, err := Read(t.Context(), host, "default")
	if err != nil {
		t.Fatal(err)
	}
	members, err := snapshot.Fleet("f")
	if err != nil || len(members) != 1 || members[0].Kubeconfig != (SecretKey{"default", "s", "value"}) {
		t.Errorf("got %+v, %v", members, err)
	}
	if all := names(snapshot.All()); strings.Join(all, " ") != "AttachedCluster/a Cluster/c" {
		t.Errorf("all are %q", all)
	}
}

func TestReadFails(t *testing.T) {
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "404 page not found", http.StatusNotFound)
	})
	for name, test := range map[string]struct {
		path   string
		answer http.HandlerFunc
		want   string
	}{
		"no Kurator": {fleetsPath, plain, "the host does not serve fleets.fleet.kurator.dev: is this the cluster that Kurator's objects are on?"},
		"forbidden": {
			clustersPath, status(http.StatusForbidden, "Forbidden", "no"),
			`read clusters in namespace "default" on the host: no`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]any{fleetsPath: items(), attachedPath: items(), clustersPath: items()}
			answers[test.path] = test.answer
			_, err := Read(t.Context(), newHost(t, answers), "default")
			if err == nil || err.Error() != test.want {
				t.Errorf("error\n  %v, want\n  %s", err, test.want)
			}
		})
	}
}

func TestReadApplication(t *testing.T) {
	const path = "/apis/apps.kurator.dev/v1alpha1/namespaces/default/applications/shop"
	host := newHost(t, map[string]any{path: map[string]any{"metadata": map[string]any{"finalizers": []string{"apps.kurator.dev"}}}})
	app, err := ReadApplication(t.Context(), host, "default", "shop")
	if err != nil || len(app.Finalizers) != 1 {
		t.Errorf("got %+v, %v", app, err)
	}
	host = newHost(t, map[string]any{path: status(http.StatusNotFound, "NotFound", "x")})
	if app, err := ReadApplication(t.Context(), host, "default", "shop"); app != nil || err != nil {
		t.Errorf("where there is none: %+v, %v", app, err)
	}
	host = newHost(t, map[string]any{path: status(http.StatusForbidden, "Forbidden", "x")})
	if _, err := ReadApplication(t.Context(), host, "default", "shop"); reason.Of(err) != reason.Forbidden {
		t.Errorf("where it is forbidden: %v", err)
	}
}

// A host that cannot be reached is not the member's fault, and the text of the
// error, as it is printed, must not read as if it were.
func TestAnUnreachableHostIsNamed(t *testing.T) {
	host, err := NewHostClient(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Connector{Host: host}.Connect(t.Context(), secretMember())
	if err == nil {
		t.Fatal("connected")
	}
	if text := reason.Message(err); !strings.Contains(text, "default/shop") {
		t.Errorf("it is printed as %q, which does not say what could not be read", text)
	}
	if errors.Unwrap(err) == nil {
		t.Error("the cause is lost")
	}
}
