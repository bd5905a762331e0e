package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	inventoriesCall = "GET /api/v1/namespaces/default/secrets"
	reviewCall      = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
)

// inFleets is a terminal on a host with the clusters one and two of the fleet
// all, which lists a cluster gone, too, and other, of no fleet. One answers, two
// is down, and other has another error.
func inFleets(t *testing.T) (term *terminal, host *fakeServer) {
	t.Helper()
	const kurator = ".kurator.dev/v1alpha1/namespaces/default/"
	var listed, clusters []any
	for _, name := range []string{"two", "one", "gone"} {
		listed = append(listed, object{"kind": "AttachedCluster", "name": name})
	}
	for _, name := range []string{"one", "other", "two"} {
		clusters = append(clusters, object{"metadata": object{"name": name, "labels": object{"ring": name}}, "spec": object{"kubeconfig": object{"name": "of-" + name}}})
	}
	host = &fakeServer{t: t, answers: map[string]any{
		"GET /apis/fleet" + kurator + "fleets":             object{"items": []any{object{"metadata": object{"name": "all"}, "spec": object{"clusters": listed}}}},
		"GET /apis/cluster" + kurator + "clusters":         object{"items": []any{}},
		"GET /apis/cluster" + kurator + "attachedclusters": object{"items": clusters},
		inventoriesCall: object{"items": []any{inventoryOf(t, "default", "shop", "one"), inventoryOf(t, "default", "web", "one", "two")}},
	}}
	for call, answer := range saysWhatItIs() {
		host.answers[call] = answer
	}
	member := &fakeServer{t: t, answers: saysWhatItIs()}
	term = newTerminal(t)
	term.Host = host.client
	term.Terminal = func() printer.Terminal { return printer.Terminal{} }
	term.Waiting = func() *printer.Waiting { return nil }
	term.Connect = func(_ context.Context, of *fleet.Client, asked fleet.Member) (*fleet.Client, error) {
		switch asked.Name {
		case "one":
			return member.client()
		case "host":
			return of, nil
		case "two":
			return fleet.NewHostClient(&rest.Config{Host: "http://two.test", Transport: down{}})
		case "gone":
			return nil, reason.Errorf(reason.NotFound, "there is none")
		}
		return nil, reason.Errorf(reason.BadKubeconfig, "it holds exec")
	}
	return term, host
}

// down is a network that leads nowhere.
type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
}

// saysWhatItIs are the answers of a cluster with Flux, whose controllers are not
// in it, and where everything may be done.
func saysWhatItIs() map[string]any {
	answers := map[string]any{
		"GET /api/v1/namespaces/kube-system":                     object{"metadata": object{"uid": "uid"}},
		"GET /api/v1/namespaces/default":                         object{"metadata": object{"uid": "default"}},
		"GET /version":                                           object{"gitVersion": "v1.36.3"},
		"GET /apis/apps/v1/deployments":                          object{"items": []any{}},
		"GET /apis/apps/v1/namespaces/flux-system/deployments":   object{"items": []any{}},
		"POST /apis/authentication.k8s.io/v1/selfsubjectreviews": object{"status": object{"userInfo": object{"username": "ana"}}},
		reviewCall: object{"status": object{"allowed": true}},
	}
	for _, kind := range plan.Kinds() {
		answers["GET /apis/"+kind.Group] = object{"versions": []any{object{"version": kind.Version}}}
		for _, version := range plan.Versions(kind.Group) {
			answers["GET /apis/"+kind.Group+"/"+version] = nil
		}
	}
	for _, group := range plan.Groups() {
		var resources []any
		for _, kind := range plan.Kinds() {
			resources = append(resources, object{"name": kind.Resource})
		}
		answers["GET /apis/"+group+"/"+plan.Versions(group)[0]] = object{"resources": resources}
	}
	return answers
}

// inventoryOf is a record of an application that may have something in these
// clusters, and on the host.
func inventoryOf(t *testing.T, namespace, application string, clusters ...string) object {
	t.Helper()
	record := inventory.Record{Epoch: 1, Members: []inventory.Member{
		{Kind: fleet.KindHost, Name: "host", Objects: []inventory.Entry{{}}}, {Kind: fleet.KindAttachedCluster, Name: "nothing-there"},
	}}
	for _, name := range clusters {
		of := inventory.Member{Kind: fleet.KindAttachedCluster, Name: name, Objects: []inventory.Entry{{}}}
		former := of
		former.UID = "former"
		record.Members = append(record.Members, of, former)
	}
	secret := secretOf(t, record)
	secret["metadata"] = object{"namespace": namespace, "name": "fleetapp.v1." + application, "uid": "x", "resourceVersion": "1"}
	return secret
}

func TestClusters(t *testing.T) {
	for args, test := range map[string]struct {
		code     int
		out, err string
	}{
		"": {3, `NAME    KIND              FLEETS   READY   VERSION   FLUX        APPS   REASON
two     AttachedCluster   all      False   -         -           1      Unreachable: dial: connection refused
one     AttachedCluster   all      True    v1.36.3   APIs only   2      
gone    AttachedCluster   all      False   -         -           0      NotFound: there is none
other   AttachedCluster   <none>   False   -         -           0      BadKubeconfig: it holds exec
`, ""},
		"--all-clusters --no-headers --show-labels -C one,two": {3, `two   AttachedCluster   all   False   -         -           1     ring=two   Unreachable: dial: connection refused
one   AttachedCluster   all   True    v1.36.3   APIs only   2     ring=one   
`, ""},
		"--fleet all --cluster-selector ring=one -o wide": {0, `NAME   KIND              FLEETS   READY   VERSION   FLUX        FLUX-APIS                          APPS   REASON
one    AttachedCluster   all      True    v1.36.3   APIs only   source v1, kustomize v1, helm v2   2      
`, ""},
		"-C one,two --ignore-unreachable -o name": {
			0, "attachedcluster.cluster.kurator.dev/two\nattachedcluster.cluster.kurator.dev/one\n", "warning: two: Unreachable: dial: connection refused\n",
		},
		"-C two --ignore-unreachable -n default -o name": {0, "attachedcluster.cluster.kurator.dev/two\n", "warning: two: Unreachable: dial: connection refused\n"},
		"-C two -o name": {1, "attachedcluster.cluster.kurator.dev/two\n", "warning: two: Unreachable: dial: connection refused\n"},
		"-C other,two --ignore-unreachable --no-headers": {1, "two     AttachedCluster   all      False   -     -     1     Unreachable: dial: connection refused\nother   AttachedCluster   <none>   False   -     -     0     BadKubeconfig: it holds exec\n", ""},
		"-C nobody":           {1, "", "error: --clusters: no cluster \"nobody\" (there are \"two\", \"one\", \"gone\", \"other\")\n"},
		"one":                 {1, "", "error: \"one\": clusters are named with --clusters (-C)\n"},
		"--color maybe":       {1, "", "error: --color is auto, always or never, not \"maybe\"\n"},
		"-o table":            {1, "", "error: unknown output format \"table\": wide, name, json and yaml are known\n"},
		"--fleet all --app x": {1, "", "error: --fleet and --app exclude each other\n"},
	} {
		t.Run(args, func(t *testing.T) {
			term, _ := inFleets(t)
			term.check(t, term.run(t.Context(), append([]string{"clusters"}, strings.Fields(args)...)...), test.code, test.out, test.err)
		})
	}
}

// Where the host is shown, it is counted what is on it of all namespaces.
func TestTheHostHasApplicationsOfAllNamespaces(t *testing.T) {
	term, host := inFleets(t)
	host.answers["GET /api/v1/secrets"] = object{"items": []any{inventoryOf(t, "default", "shop", "one"), inventoryOf(t, "elsewhere", "web", "one")}}
	delete(host.answers, inventoriesCall)
	term.check(t, term.run(t.Context(), "cluster", "-C", "one", "--include-host", "--no-headers"), 0, `host   Host              <none>   True   v1.36.3   APIs only   2     
one    AttachedCluster   all      True   v1.36.3   APIs only   1     
`, "")
}

// Inventories that cannot be read leave a gap, which is said.
func TestApplicationsThatCannotBeCounted(t *testing.T) {
	term, host := inFleets(t)
	host.answers[inventoriesCall] = nil
	term.check(t, term.run(t.Context(), "clusters", "-C", "one", "--no-headers"), 0, "one   AttachedCluster   all   True   v1.36.3   APIs only   ?     \n",
		"warning: APPS is not known, or not all: list the inventories (Secrets of type fleetapp.kurator.dev/inventory.v1 on the host): \n")
	spoilt := inventoryOf(t, "default", "spoilt")
	spoilt["type"] = "Opaque"
	host.answers[inventoriesCall] = object{"items": []any{spoilt, inventoryOf(t, "default", "shop", "one")}}
	term.out.Reset()
	term.err.Reset()
	code := term.run(t.Context(), "clusters", "-C", "one", "--no-headers")
	if code != 0 || !strings.Contains(term.out.String(), " 1 ") || !strings.HasPrefix(term.err.String(), "warning: APPS is not known, or not all: read the inventory (Secret default/fleetapp.v1.spoilt on the host)") {
		t.Errorf("exit code %d, %s%s", code, term.out, term.err)
	}
}

func TestClustersOfADeadHost(t *testing.T) {
	term, _ := inFleets(t)
	term.Host = func() (*fleet.Client, error) {
		return newClient(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}
	for _, command := range []string{"clusters", "check"} {
		term.out.Reset()
		term.err.Reset()
		if code := term.run(t.Context(), command); code != 1 || term.out.Len() > 0 || !strings.HasPrefix(term.err.String(), "error: cannot reach the host http://127.0.0.1:") {
			t.Errorf("%s: exit code %d, %s%s", command, code, term.out, term.err)
		}
	}
}

// What is interrupted shows what there is, and does not say that all is well.
func TestInterrupted(t *testing.T) {
	for _, command := range []string{"clusters -C two", "check -C two", "status -C two", "status web -C two", "status web -C two --tree", "status web -C two -o json"} {
		t.Run(command, func(t *testing.T) {
			term, host := inFleets(t)
			host.answers[applicationsCall], host.answers[applicationsCall+"/web"] = object{"items": []any{}}, nil
			host.answers["GET /api/v1/namespaces/default/secrets/fleetapp.v1.web"] = inventoryOf(t, "default", "web", "one", "two")
			ctx, cancel := context.WithCancel(t.Context())
			ask := term.Connect
			term.Connect = func(asking context.Context, host *fleet.Client, member fleet.Member) (*fleet.Client, error) {
				if member.Name != "two" {
					return ask(asking, host, member)
				}
				cancel()
				<-asking.Done()
				return nil, fmt.Errorf("read: %w", asking.Err())
			}
			code := term.run(ctx, strings.Fields(command)...)
			if code != 1 || term.out.Len() == 0 || !strings.HasSuffix(term.err.String(), "error: interrupted before all clusters had answered\n") || strings.Contains(term.out.String(), "True") {
				t.Errorf("exit code %d, %s%s", code, term.out, term.err)
			}
		})
	}
}
