package preflight_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// The most that is asked: of a host where something is deployed to.
func TestCheckIsOneRoundTrip(t *testing.T) {
	m := ready(t)
	// As Look, who that is, the namespace, five verbs on five kinds, two on charts,
	// to make the namespace, to list three kinds of workloads and pods, ten on the
	// host, and seven versions.
	m.held = 7 + 1 + 1 + 25 + 2 + 1 + 4 + 10 + 7
	all := needs()
	all.Host = true
	report := preflight.Check(t.Context(), m.client(), all)
	if len(m.seen) != m.held {
		t.Errorf("%d requests, want %d", len(m.seen), m.held)
	}
	if !report.Passes() || !report.IsSure() || len(report.Findings) > 0 || report.User != "ana" || report.Err != nil {
		t.Errorf("%+v", report)
	}
	if got, want := marks(report), "- ✔ ✔ ✔ ✔ ✔ ✔"; got != want {
		t.Errorf("marks %s, want %s", got, want)
	}
}

// marks are a report's, one sign for each concern.
func marks(report preflight.Report) string {
	var all []string
	for _, concern := range preflight.Concerns() {
		all = append(all, map[preflight.Mark]string{
			preflight.Passed: "✔", preflight.Failed: "✗", preflight.Warned: "!", preflight.Unknown: "?", preflight.NotNeeded: "-",
		}[report.Marks[concern]])
	}
	return strings.Join(all, " ")
}

func TestCheck(t *testing.T) {
	helm := func(n *preflight.Needs) { n.Kinds = []plan.Identity{plan.Kinds()[1], plan.Kinds()[4]} }
	onlyHost := func(n *preflight.Needs) { n.Host, n.Kinds = true, nil }
	const namespaceMissing = "/api/v1/namespaces/apps"
	for name, test := range map[string]struct {
		member func(*member)
		needs  func(*preflight.Needs)
		marks  string
		passes bool
		// unsure says that it is not known.
		unsure bool
		wayOut []string
	}{
		"all is well": {marks: "✔ ✔ ✔ ✔ ✔ ✔ ✔", passes: true},
		"one kind may not be changed": {
			member: func(m *member) { m.lacks = []string{"patch kustomizations.kustomize.toolkit.fluxcd.io apps/"} },
			marks:  "✔ ✔ ✗ ✔ ✔ ✔ ✔",
			wayOut: []string{`✗ grant patch on kustomizations.kustomize.toolkit.fluxcd.io in namespace "apps" to its user "ana"`},
		},
		"nothing may be done": {
			member: func(m *member) {
				m.lacks = []string{"*"}
				m.answers["/api/v1/namespaces/kube-system"] = forbidden("ana")
				m.answers["/apis/apps/v1/deployments"] = forbidden("ana")
				m.answers["/apis/apps/v1/namespaces/flux-system/deployments"] = forbidden("ana")
				m.answers[namespaceMissing] = forbidden("ana")
			},
			marks: "✔ ✔ ✗ ? ? ? ✔",
			wayOut: []string{
				`✗ grant get, create, patch, delete, watch on {gitrepositories,helmrepositories,ocirepositories}.source.toolkit.fluxcd.io, ` +
					`kustomizations.kustomize.toolkit.fluxcd.io, helmreleases.helm.toolkit.fluxcd.io in namespace "apps" to its user "ana"`,
				`! grant get on namespaces "kube-system" to its user "ana", so that it is told from any other cluster`,
				`! grant get, delete on helmcharts.source.toolkit.fluxcd.io in namespace "apps" to its user "ana", so that status and --wait can find a HelmRelease ready, and --cascade=orphan leaves no chart`,
				`! grant create on namespaces to its user "ana", or make namespace "apps" there, if it is missing`,
				`! grant list on {deployments,statefulsets,daemonsets}.apps to its user "ana", so that status sees which images run, and check whether Flux does`,
				`! grant list on pods to its user "ana", so that status --tree shows the pods`,
			},
		},
		"what a deploy can do without": {
			member: func(m *member) { m.lacks = []string{"watch "} },
			needs:  helm,
			marks:  "✔ ✔ ! ✔ - ✔ ✔", passes: true,
			wayOut: []string{`! grant watch on helmrepositories.source.toolkit.fluxcd.io, helmreleases.helm.toolkit.fluxcd.io in namespace "apps" to its user "ana", so that a delete sees at once what is gone`},
		},
		"a namespace that is there need not be made": {
			member: func(m *member) { m.lacks = []string{"create namespaces"} },
			marks:  "✔ ✔ ✔ ✔ ✔ ✔ ✔", passes: true,
		},
		"a namespace that is missing": {
			member: func(m *member) {
				m.lacks = []string{"create namespaces"}
				m.answers[namespaceMissing] = refuse(http.StatusNotFound, "NotFound", "not found")
			},
			marks:  "✔ ✔ ✗ ✔ ✔ ✔ ✔",
			wayOut: []string{`✗ grant create on namespaces to its user "ana", or make namespace "apps" there`},
		},
		"a namespace that can be made": {
			member: func(m *member) {
				m.answers[namespaceMissing] = refuse(http.StatusNotFound, "NotFound", "not found")
			},
			marks: "✔ ✔ ✔ ✔ ✔ ✔ ✔", passes: true,
		},
		"rights that cannot be asked": {
			member: func(m *member) { m.reviews = forbidden("ana") },
			marks:  "✔ ✔ ? ✔ ✔ ✔ ✔", passes: true, unsure: true,
			wayOut: []string{`? what its user may do there could not be asked: Forbidden: this is forbidden: User "ana" cannot do it`},
		},
		"controllers that cannot be asked for": {
			member: func(m *member) {
				m.flux()
				m.answers["/apis/apps/v1/deployments"] = refuse(http.StatusInternalServerError, "InternalError", "etcd is away")
			},
			needs: helm,
			marks: "✔ ✔ ✔ ? - ? ✔", passes: true,
			wayOut: []string{"? whether source-controller and helm-controller run there could not be asked: Failed: etcd is away"},
		},
		"no Flux": {
			member: func(m *member) {
				m.group("source")
				m.group("kustomize")
				m.group("helm")
				for _, version := range []string{"source/v1", "kustomize/v1", "helm/v2"} {
					m.answers[apis(version)] = plainNotFound
				}
				m.flux()
			},
			marks:  "✔ ✔ ✔ ✗ ✗ ✗ ✔",
			wayOut: []string{"✗ install Flux there: source.toolkit.fluxcd.io, kustomize.toolkit.fluxcd.io and helm.toolkit.fluxcd.io are not served"},
		},
		"no Helm, which is needed": {
			member: func(m *member) { m.group("helm"); m.answers[apis("helm/v2")] = plainNotFound },
			marks:  "✔ ✔ ✔ ✔ ✔ ✗ ✔",
			wayOut: []string{"✗ install Flux there: helm.toolkit.fluxcd.io is not served"},
		},
		"an older Flux": {
			member: func(m *member) {
				m.group("helm", "v2beta1")
				m.answers[apis("helm/v2")] = plainNotFound
				m.serves("helm/v2beta1", "helmreleases")
				m.group("source", "v1", "v1beta2")
				m.serves("source/v1", "gitrepositories")
				m.serves("source/v1beta2", "gitrepositories", "helmrepositories", "ocirepositories")
			},
			marks: "✔ ✔ ✔ ✔ ✔ ✔ ✔", passes: true,
		},
		"too new, or too old, a Flux": {
			member: func(m *member) {
				m.group("helm", "v3")
				m.answers[apis("helm/v2")] = plainNotFound
				m.serves("source/v1", "gitrepositories", "helmrepositories")
			},
			marks: "✔ ✔ ✔ ✗ ✔ ✗ ✔",
			wayOut: []string{
				"✗ upgrade Flux there, or kubectl fleetapp here: it serves source.toolkit.fluxcd.io in v1, but no ocirepositories in a version that is known here (v1, v1beta2)",
				"✗ upgrade Flux there, or kubectl fleetapp here: it serves helm.toolkit.fluxcd.io in v3, but no helmreleases in a version that is known here (v2, v2beta2, v2beta1)",
			},
		},
		"APIs that cannot be read": {
			member: func(m *member) { m.answers[apis("helm")] = forbidden("ana") },
			marks:  "✔ ✔ ✔ ✔ ✔ ? ✔", passes: true,
			wayOut: []string{`? which versions of helm.toolkit.fluxcd.io it serves could not be asked: Forbidden: this is forbidden: User "ana" cannot do it`},
		},
		"controllers that do not run": {
			member: func(m *member) { m.flux(controller("helm-controller", "v1.6.5", 0)) },
			marks:  "✔ ✔ ✔ ! ! ! ✔", passes: true,
			wayOut: []string{
				"! see why helm-controller is not available there (Deployment flux-system/helm-controller, 0/1): nothing is synced without",
				"! start source-controller and kustomize-controller there: no Deployment is seen, and nothing is synced without",
			},
		},
		"one shard of two is enough": {
			member: func(m *member) {
				m.flux(controller("source-controller", "v1", 1), controller("kustomize-controller", "v1", 1),
					controller("helm-controller", "v1.6.5", 0, named("a-shard")), controller("helm-controller", "v1.6.5", 1))
			},
			marks: "✔ ✔ ✔ ✔ ✔ ✔ ✔", passes: true,
		},
		"an old Kubernetes": {
			member: func(m *member) { m.on("/version", object{"gitVersion": "v1.24.17-eks-abc"}) },
			marks:  "✔ ✔ ✔ ✔ ✔ ✔ !", passes: true,
			wayOut: []string{"! upgrade Kubernetes there to 1.25 or later, which refuses fields that its Flux does not know: this one drops them"},
		},
		"a Kubernetes that does not tell": {
			member: func(m *member) { m.answers["/version"] = forbidden("ana") },
			marks:  "✔ ✔ ✔ ✔ ✔ ✔ ?", passes: true,
		},
		"it refuses us": {
			member: func(m *member) {
				m.answers["/api/v1/namespaces/kube-system"] = refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
			},
			marks:  "✗ ✔ ? ? ? ? ?",
			wayOut: []string{"✗ Unauthorized: it does not accept the credentials of Secret default/one; renew them"},
		},
		"it knows nobody": {
			member: func(m *member) { m.answers["/api/v1/namespaces/kube-system"] = forbidden("system:anonymous") },
			marks:  "✗ ✔ ? ? ? ? ?",
			wayOut: []string{"✗ Unauthorized: its kubeconfig holds no credentials that it knows (it answers to system:anonymous); mend Secret default/one"},
		},
		"the host, and nothing is deployed to it": {needs: onlyHost, marks: "- ✔ ✔ - - - ✔", passes: true},
		"a host where nothing may be done": {
			needs: onlyHost,
			member: func(m *member) {
				m.lacks = []string{"*"}
				m.answers["/api/v1/namespaces/kube-system"] = forbidden("ana")
			},
			marks: "- ✔ ✗ - - - ✔",
			wayOut: []string{
				`✗ grant get on namespaces "kube-system" to your user "ana"`,
				`✗ grant list on fleets.fleet.kurator.dev, {attachedclusters,clusters}.cluster.kurator.dev in namespace "apps" to your user "ana"`,
				`✗ grant get, list on applications.apps.kurator.dev in namespace "apps" to your user "ana"`,
				`✗ grant get, create, update, delete, list on secrets in namespace "apps" to your user "ana"`,
			},
		},
		"a host whose Applications cannot be listed": {
			member: func(m *member) { m.lacks = []string{"list applications"} },
			needs:  onlyHost,
			marks:  "- ✔ ! - - - ✔", passes: true,
			wayOut: []string{`! grant list on applications.apps.kurator.dev in namespace "apps" to your user "ana", so that status can list the applications`},
		},
		"a host whose inventories cannot be listed": {
			needs:  onlyHost,
			member: func(m *member) { m.lacks = []string{"list secrets"} },
			marks:  "- ✔ ! - - - ✔", passes: true,
			wayOut: []string{`! grant list on secrets in namespace "apps" to your user "ana", so that clusters and status find the applications`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, wants := ready(t), needs()
			if test.member != nil {
				test.member(m)
			}
			if test.needs != nil {
				test.needs(&wants)
			}
			report := preflight.Check(t.Context(), m.client(), wants)
			if got := marks(report); got != test.marks || report.Passes() != test.passes {
				t.Errorf("marks %s (passes: %t), want %s", got, report.Passes(), test.marks)
			}
			if report.IsKnown() == test.unsure {
				t.Errorf("known: %t", report.IsKnown())
			}
			compare(t, report, test.wayOut)
		})
	}
}

func compare(t *testing.T, report preflight.Report, want []string) {
	t.Helper()
	var got []string
	for _, finding := range report.Findings {
		sign := map[preflight.Mark]string{preflight.Failed: "✗", preflight.Warned: "!", preflight.Unknown: "?"}[finding.Mark]
		got = append(got, sign+" "+finding.WayOut)
	}
	if is, want := strings.Join(got, "\n"), strings.Join(want, "\n"); is != want {
		t.Errorf("to do\n%s\nwant\n%s", is, want)
	}
}

func TestUnasked(t *testing.T) {
	for _, test := range []struct {
		err    error
		opened bool
		marks  string
		wayOut string
	}{
		{reason.Errorf(reason.NotFound, "there is no such cluster"), false, "✗ ? ? ? ? ? ?", "NotFound: there is no such cluster; make it, or take it out of its fleet"},
		{reason.Errorf(reason.BadKubeconfig, "it holds exec"), false, "✗ ? ? ? ? ? ?", "BadKubeconfig: it holds exec; put a self-contained kubeconfig there"},
		{reason.Errorf(reason.Forbidden, "its Secret cannot be read"), false, "✗ ? ? ? ? ? ?", "Forbidden: its Secret cannot be read"},
		{reason.Errorf(reason.BadKubeconfig, "its server is link-local"), true, "✗ ? ? ? ? ? ?", "BadKubeconfig: its server is link-local; put a self-contained kubeconfig there"},
		{reason.Errorf(reason.Unreachable, "refused"), true, "✔ ✗ ? ? ? ? ?", "Unreachable: refused; bring it back, or mend the address in Secret default/one"},
		{reason.Errorf(reason.Timeout, "no answer"), true, "✔ ✗ ? ? ? ? ?", "Timeout: no answer; see why its API server does not answer"},
		{reason.Errorf(reason.TLS, "unknown authority"), true, "✔ ✗ ? ? ? ? ?", "TLS: unknown authority; mend certificate-authority-data or tls-server-name in Secret default/one"},
		{errors.New(strings.Repeat("long ", 1000)), true, "✔ ✗ ? ? ? ? ?", "Failed: " + strings.Repeat("long ", 100) + "…"},
	} {
		report := preflight.Unasked(test.err, test.opened, needs())
		if got := marks(report); got != test.marks || report.Passes() || !errors.Is(report.Err, test.err) {
			t.Errorf("%v: marks %s, want %s", test.err, got, test.marks)
		}
		compare(t, report, []string{"✗ " + test.wayOut})
	}
}
