package printer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// signs are a report with these marks, one sign for each concern.
func signs(text string, findings ...preflight.Finding) preflight.Report {
	report := preflight.Report{Marks: map[preflight.Concern]preflight.Mark{}, Findings: findings}
	for i, sign := range strings.Fields(text) {
		report.Marks[preflight.Concerns()[i]] = map[string]preflight.Mark{
			"✔": preflight.Passed, "✗": preflight.Failed, "!": preflight.Warned, "?": preflight.Unknown, "-": preflight.NotNeeded,
		}[sign]
	}
	report.Version = "v1.36.3"
	return report
}

func finding(mark preflight.Mark, wayOut string, concerns ...preflight.Concern) preflight.Finding {
	return preflight.Finding{Concerns: concerns, Mark: mark, WayOut: wayOut}
}

// aCheck has a host, and a cluster of each sort.
func aCheck() []printer.Checked {
	of := func(name string, report preflight.Report) printer.Checked {
		return printer.Checked{Member: fleet.Member{Name: name, Kind: fleet.KindAttachedCluster}, Report: report}
	}
	host := printer.Checked{Member: fleet.HostMember(), OnlyHost: true, Report: signs("- ✔ ✔ - - - ✔")}
	host.User = "ana\x1b"
	old := signs("✔ ✔ ✗ ✔ ! ✗ !",
		finding(preflight.Failed, `grant patch on kustomizations.kustomize.toolkit.fluxcd.io in namespace "default" to its user`, preflight.Permissions),
		finding(preflight.Warned, "start kustomize-controller there", preflight.Kustomize),
		finding(preflight.Failed, "install Flux there: helm.toolkit.fluxcd.io is not served", preflight.Helm),
		finding(preflight.Warned, "upgrade Kubernetes there to 1.25 or later", preflight.Version),
	)
	old.Version = "v1.24.1\x07"
	down := preflight.Unasked(reason.Errorf(reason.Unreachable, "dial tcp: \x9bconnection refused"), true, preflight.Needs{Secret: "default/down"})
	return []printer.Checked{
		host, of("eu-1", signs("✔ ✔ ✔ ✔ ✔ ✔ ✔")), of("old", old), of("down\u202e", down),
		of("git", signs("✔ ✔ ✔ ✔ ✔ - ?")),
	}
}

func TestChecks(t *testing.T) {
	for _, noHeaders := range []bool{false, true} {
		var out, talk bytes.Buffer
		if err := printer.Checks(&out, aCheck(), printer.Terminal{}, noHeaders); err != nil {
			t.Fatal(err)
		}
		printer.ClosingCheck(&talk, aCheck())
		golden(t, fmt.Sprintf("check-no-headers-%t", noHeaders), fmt.Appendf(nil, "%sstderr:\n%s", &out, &talk))
	}
	for name, terminal := range map[string]printer.Terminal{
		"check-below": {Width: 80}, "check-beside": {Width: 250}, "check-colors": {Colors: true},
	} {
		var out bytes.Buffer
		if err := printer.Checks(&out, aCheck(), terminal, false); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
	}
	for _, format := range []string{"json", "yaml"} {
		var out bytes.Buffer
		if err := printer.PreflightReport(&out, format, aCheck()); err != nil {
			t.Fatal(err)
		}
		golden(t, "check-"+format, out.Bytes())
	}
}

func TestClosingCheck(t *testing.T) {
	passes, fails, warned := printer.Checked{Report: signs("✔ ✔ ✔ ✔ ✔ ✔ ✔")}, printer.Checked{Report: signs("✔ ✗ ? ? ? ? ?")}, printer.Checked{Report: signs("✔ ✔ ✔ ✔ ! ✔ ✔")}
	unknown := printer.Checked{Report: signs("✔ ✔ ? ✔ ✔ ✔ ✔")}
	unknown.Unsure = true
	unsureHost := unknown
	unsureHost.OnlyHost = true
	host, badHost := passes, fails
	host.OnlyHost, badHost.OnlyHost = true, true
	for want, checked := range map[string][]printer.Checked{
		"a deploy would succeed in 1 cluster":                                                                        {host, passes},
		"a deploy would succeed in 2 clusters":                                                                       {passes, passes},
		"a deploy would succeed in 1 of 2 clusters, and fail in 1":                                                   {host, passes, fails},
		"a deploy would succeed in 2 of 3 clusters, and fail in 1; there is something to do in 1 of those that pass": {host, passes, fails, warned},
		"a deploy would fail before it begins: mend what is said of the host":                                        {badHost, passes},
		"a deploy would succeed in 0 of 1 cluster; it is not known in 1":                                             {host, unknown},
		"a deploy would succeed in 1 of 3 clusters, and fail in 1; it is not known in 1":                             {host, passes, fails, unknown},
		"a deploy would succeed in 1 cluster; whether the host lets it begin is not known":                           {unsureHost, passes},
	} {
		var out strings.Builder
		printer.ClosingCheck(&out, checked)
		if out.String() != want+"\n" {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
}

func TestWhoIsAway(t *testing.T) {
	for why, want := range map[reason.Reason]bool{reason.Unreachable: true, reason.Timeout: true, reason.TLS: false, reason.Unauthorized: false} {
		if away := (printer.Checked{Report: preflight.Report{Err: reason.Errorf(why, "x")}}).IsAway(); away != want {
			t.Errorf("%s: away is %t", why, away)
		}
	}
	if (printer.Checked{}).IsAway() {
		t.Error("a cluster that was asked is away")
	}
}
