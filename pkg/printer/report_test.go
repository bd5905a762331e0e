package printer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

func shopOwner() plan.Owner {
	return plan.Owner{HostUID: "host", Namespace: "default", Application: "shop"}
}

// shop are the objects of an application with one policy.
func shop(t *testing.T) []*plan.Object {
	t.Helper()
	read, err := manifest.Parse("f", []byte(`{apiVersion: apps.kurator.dev/v1alpha1, kind: Application, metadata: {name: shop, namespace: default},
 spec: {source: {gitRepository: {url: "https://example.com/?a=<b>&c"}}, syncPolicies: [{kustomization: {path: ./web, interval: 5m}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	built, err := plan.Build(read[0].Application, shopOwner(), func(*appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
		return []fleet.Member{fleet.HostMember()}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return built.Members[0].Objects
}

// events are a deploy: one member went well, one in part, one was let go.
func events(t *testing.T) []deploy.Event {
	t.Helper()
	objects := shop(t)
	source, sync := objects[0].Identity, objects[1].Identity
	older := sync
	older.Version = "v1beta2"
	invalid := reason.Errorf(reason.Invalid, "%s: spec.path: bad\x1b[2J", sync)
	attached := func(name string) fleet.Member {
		return fleet.Member{Name: name, Kind: fleet.KindAttachedCluster}
	}
	strange := plan.Identity{Version: "v1", Kind: "Kind\x00\"", Name: "na\"me", Namespace: "\u202e"}
	return []deploy.Event{
		{Member: attached("eu-1"), Wanted: objects, Objects: []apply.Result{
			{Identity: source, Action: apply.Created}, {Identity: older, Action: apply.Unchanged}, {Identity: strange, Action: apply.Deleted},
		}},
		{Member: attached("eu-2"), Wanted: objects, Errs: []error{invalid, errors.New("second")}, Objects: []apply.Result{
			{Identity: source, Action: apply.Configured}, {Identity: sync, Err: invalid},
		}},
		{Member: attached("us-1"), GaveUp: []error{reason.Errorf(reason.Unreachable, "dial tcp: connection refused")}, Objects: []apply.Result{
			{Identity: sync, Action: apply.Abandoned}, {Identity: source, Action: apply.Abandoned},
		}},
	}
}

func TestReport(t *testing.T) {
	for _, format := range []string{"json", "yaml"} {
		t.Run(format, func(t *testing.T) {
			var out, talk bytes.Buffer
			report := printer.NewReport()
			report.DryRun = "server"
			run := printer.NewRun(&out, &talk, shopOwner(), 3, printer.Style{Report: report, DryRun: "server dry run"})
			for _, event := range events(t) {
				run.Member(event)
			}
			run.Close()
			if out.Len() > 0 {
				t.Errorf("printed before the end:\n%s", &out)
			}
			if err := report.Print(&out, format); err != nil {
				t.Fatal(err)
			}
			golden(t, "report-"+format, fmt.Appendf(nil, "%sstderr:\n%s", &out, &talk))
		})
	}
}

// A document of nothing is a document all the same.
func TestAnEmptyReport(t *testing.T) {
	var out bytes.Buffer
	if err := printer.NewReport().Print(&out, "json"); err != nil {
		t.Fatal(err)
	}
	var read struct{ Items, Members []any }
	if err := json.Unmarshal(out.Bytes(), &read); err != nil || read.Items == nil || read.Members == nil {
		t.Errorf("%v: %s", err, &out)
	}
}

func TestStyles(t *testing.T) {
	for name, test := range map[string]struct {
		style   printer.Style
		members int
	}{
		"plain": {printer.Style{}, 3}, "names": {printer.Style{Names: true}, 3}, "names-of-many": {printer.Style{Names: true}, 50},
		"dry-run": {printer.Style{DryRun: "dry run"}, 3}, "dry-run-of-many": {printer.Style{DryRun: "server dry run"}, 50},
	} {
		t.Run(name, func(t *testing.T) {
			var out, talk bytes.Buffer
			run := printer.NewRun(&out, &talk, shopOwner(), test.members, test.style)
			for _, event := range events(t) {
				run.Member(event)
			}
			run.Close()
			golden(t, "style-"+name, fmt.Appendf(nil, "stdout:\n%sstderr:\n%s", &out, &talk))
		})
	}
}
