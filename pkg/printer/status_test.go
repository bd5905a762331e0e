package printer_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

const (
	mainRevision = "main@sha1:41c0d2e0000000000000000000000000000000aa"
	oldRevision  = "main@sha1:9d1f0030000000000000000000000000000000aa"
)

// synced is the Kustomization shop-0 in a member.
func synced(member string, state status.State, images ...string) status.Seen {
	id := plan.Identity{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations", Kind: "Kustomization", Namespace: "default", Name: "shop-0"}
	return status.Seen{
		Place:  status.Place{Member: fleet.Member{Name: member, Kind: fleet.KindAttachedCluster}, Objects: []status.Expected{{Identity: id, Listed: true}}},
		Rows:   []status.Row{{Identity: id, State: state, Created: noon.Add(-72 * time.Hour)}},
		Images: map[plan.Identity][]string{id: images},
	}
}

// withSource puts the source before it.
func withSource(seen status.Seen, state status.State) status.Seen {
	id := plan.Identity{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories", Kind: "GitRepository", Namespace: "default", Name: "shop"}
	seen.Objects = append([]status.Expected{{Identity: id, Listed: true}}, seen.Objects...)
	seen.Rows = append([]status.Row{{Identity: id, State: state, Created: noon.Add(-73 * time.Hour)}}, seen.Rows...)
	return seen
}

func ready(revision string) status.State {
	return status.State{Phase: status.Ready, Revision: revision, Reason: "ReconciliationSucceeded", Message: "Applied revision: " + revision}
}

func judged(app *status.Application) printer.Judged {
	return printer.Judged{Application: app, Verdict: app.Judge()}
}

// everySort has one member of each sort.
func everySort() printer.Judged {
	stored := status.State{Phase: status.Ready, Revision: mainRevision, Message: "stored artifact for revision '" + mainRevision + "'"}
	down := synced("shop-eu-7", status.State{})
	down.Err, down.Rows = reason.Errorf(reason.Unreachable, "dial tcp 10.7.0.1:6443: i/o timeout"), nil
	left := synced("shop-old", ready(oldRevision))
	left.Objects[0].Leftover = true
	unlisted := synced("shop-us-2", status.State{Phase: status.Failed, Revision: mainRevision, Reason: "HealthCheckFailed", Message: "Deployment/shop/web: ImagePullBackOff"})
	unlisted.ImagesErr = reason.Errorf(reason.Forbidden, "may not list deployments \x1b[31m")
	return judged(&status.Application{
		Namespace: "default", Name: "shop", Manager: status.ByFleetapp, Fleets: []string{"prod"}, Created: noon.Add(-72 * time.Hour),
		Run: &status.Run{Verb: "deployed", Holder: "ana@laptop\u202e", PID: 4711, Started: noon},
		Seen: []status.Seen{
			withSource(synced("shop-eu-1", ready(mainRevision), "shop:1"), stored),
			synced("shop-eu-2", ready(oldRevision), "shop:1"),
			synced("shop-eu-3", ready(mainRevision), "shop:1", "proxy:2"),
			down,
			withSource(synced("shop-us-1", status.State{Phase: status.Waiting, Reason: "NotCurrent", Message: "gitrepository/shop has no revision yet"}),
				status.State{Phase: status.Failed, Reason: "GitOperationFailed", Message: "no branch \x1b[31m\u202e"}),
			unlisted,
			synced("shop-us-3", status.State{Phase: status.Suspended, Revision: mainRevision, Reason: "Suspended", Message: "it is suspended (spec.suspend), and Flux leaves it alone"}),
			left,
		},
	})
}

func applications() []printer.Judged {
	web := &status.Application{Namespace: "default", Name: "web", Manager: status.ByKurator, Fleets: []string{"prod", "test"}, Seen: []status.Seen{synced("a", ready(mainRevision))}, Created: noon.Add(-time.Minute)}
	nobody := &status.Application{Namespace: "team", Name: "\x1b]0;x\a", Problem: errors.New(`fleet "\x1b" not found`)}
	return []printer.Judged{everySort(), judged(web), judged(nobody)}
}

func TestStatus(t *testing.T) {
	lines := func(options printer.StatusOptions) func(*bytes.Buffer) error {
		return func(out *bytes.Buffer) error {
			if err := printer.LineTable(out, everySort(), options); err != nil {
				return err
			}
			printer.StatusClosing(out, everySort())
			return nil
		}
	}
	list := func(options printer.StatusOptions) func(*bytes.Buffer) error {
		return func(out *bytes.Buffer) error { return printer.ApplicationTable(out, applications(), options) }
	}
	unasked := []printer.Outcome{{Member: fleet.Member{Name: "shop-eu-7", Kind: fleet.KindAttachedCluster}, Errs: []error{reason.Errorf(reason.Unreachable, "refused")}}}
	for name, do := range map[string]func(*bytes.Buffer) error{
		"lines":        lines(printer.StatusOptions{Now: noon}),
		"lines-wide":   lines(printer.StatusOptions{Now: noon, Wide: true}),
		"lines-narrow": lines(printer.StatusOptions{Now: noon, Terminal: printer.Terminal{Width: 120}}),
		"lines-below":  lines(printer.StatusOptions{Now: noon, Terminal: printer.Terminal{Width: 80}}),
		"lines-colors": lines(printer.StatusOptions{Now: noon, NoHeaders: true, Terminal: printer.Terminal{Colors: true}}),
		"list":         list(printer.StatusOptions{Now: noon}),
		"list-wide":    list(printer.StatusOptions{Now: noon, Wide: true}),
		"lines-json":   func(out *bytes.Buffer) error { return printer.LineReport(out, everySort(), "json") },
		"list-yaml":    func(out *bytes.Buffer) error { return printer.ApplicationReport(out, applications(), unasked, "yaml") },
		"list-json-of-nothing": func(out *bytes.Buffer) error {
			return printer.ApplicationReport(out, nil, nil, "json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := do(&out); err != nil {
				t.Fatal(err)
			}
			if text := strings.NewReplacer("\x1b[32m", "", "\x1b[31m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(out.String()); strings.ContainsAny(text, "\x1b\a\u202e") {
				t.Errorf("a dangerous character is printed as it is: %q", text)
			}
			golden(t, "status-"+name, out.Bytes())
		})
	}
}

// Of what is looked at again only what changed is printed; an age is no change.
func TestStatusChanges(t *testing.T) {
	var out bytes.Buffer
	changes := printer.NewStatusChanges(&out, &out)
	now := noon
	show := func(seen ...status.Seen) {
		t.Helper()
		now = now.Add(time.Hour)
		app := &status.Application{Namespace: "default", Name: "shop", Seen: seen}
		if err := changes.Lines(judged(app), printer.StatusOptions{Now: now}); err != nil {
			t.Fatal(err)
		}
		out.WriteString("--\n")
	}
	show(synced("one", ready(mainRevision)), synced("two", ready(mainRevision)))
	show(synced("one", ready(mainRevision)), synced("two", ready(mainRevision)))
	show(synced("one", ready(mainRevision)), synced("two", status.State{Phase: status.Reconciling, Revision: mainRevision, Reason: "Progressing", Message: "at work"}))
	show(synced("one", ready(mainRevision)))
	show(synced("one", ready(mainRevision)), synced("three", ready(oldRevision)))
	golden(t, "status-changes", out.Bytes())

	// A source that has recovered, or whose cluster is down, is not gone.
	out.Reset()
	changes = printer.NewStatusChanges(&out, &out)
	waits := synced("one", status.State{Phase: status.Waiting, Revision: mainRevision, Reason: "NotCurrent", Message: "it is yet to come"})
	failed := status.State{Phase: status.Failed, Revision: mainRevision, Reason: "GitOperationFailed", Message: "no branch"}
	stored := status.State{Phase: status.Ready, Revision: mainRevision, Message: "stored artifact"}
	down := withSource(synced("one", ready(mainRevision)), stored)
	down.Err, down.Rows = reason.Errorf(reason.Unreachable, "refused"), nil
	show(withSource(synced("one", ready(mainRevision)), stored))
	show(withSource(waits, failed))
	show(withSource(synced("one", ready(mainRevision)), stored))
	show(withSource(synced("one", ready(mainRevision)), stored))
	show(withSource(waits, failed))
	show(down)
	show(down)
	show(withSource(waits, failed))
	show(waits)
	golden(t, "status-changes-sources", out.Bytes())

	out.Reset()
	changes = printer.NewStatusChanges(&out, &out)
	for _, all := range [][]printer.Judged{applications()[:2], applications()[:2], applications()[1:2], nil} {
		if err := changes.Applications(all, printer.StatusOptions{Now: noon}); err != nil {
			t.Fatal(err)
		}
		out.WriteString("--\n")
	}
	golden(t, "status-changes-list", out.Bytes())

	out.Reset()
	changes = printer.NewStatusChanges(&out, &out)
	for _, text := range []string{"a\n", "a\n", "b\n", "a\n"} {
		if err := changes.Document([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "a\nb\na\n" {
		t.Errorf("documents %q", out.String())
	}
}

func TestScreen(t *testing.T) {
	var out bytes.Buffer
	screen := printer.NewScreen(&out)
	for _, step := range []struct {
		text, beside string
		terminal     printer.Terminal
		want         string
	}{
		{"one\ntwo\n", "", printer.Terminal{}, "\x1b[Jone\ntwo\n"},
		{"one\n", "", printer.Terminal{Width: 80, Height: 24}, "\r\x1b[2A\x1b[Jone\n"},
		{"a\nb\nc\nd\n", "", printer.Terminal{Width: 80, Height: 4}, "\r\x1b[1A\x1b[Ja\nb\n… 2 more lines\n"},
		{"a longer line\n\x1b[32mTrue and more\x1b[0m\n", "", printer.Terminal{Width: 6, Height: 24}, "\r\x1b[3A\x1b[Ja lon…\n\x1b[32mTrue …\x1b[0m\n"},
		{"", "", printer.Terminal{Width: 80, Height: 24}, "\r\x1b[2A\x1b[J"},
		{"a\nb\n", "warning\n0/2 ready\n", printer.Terminal{Width: 80, Height: 5}, "\x1b[Ja\nb\nwarning\n0/2 ready\n"},
		{"a\nb\nc\nd\n", "warning\n0/2 ready\n", printer.Terminal{Width: 80, Height: 5}, "\r\x1b[4A\x1b[Ja\n… 3 more lines\nwarning\n0/2 ready\n"},
		{"a\nb\nc\nd\n", "1\n2\n3\n4\n0/2 ready\n", printer.Terminal{Width: 80, Height: 7}, "\r\x1b[4A\x1b[Ja\nb\n… 2 more lines\n1\n… 3 more lines\n0/2 ready\n"},
		{"a\n", "1\n2\n3\n0/2 ready\n", printer.Terminal{Width: 80, Height: 5}, "\r\x1b[6A\x1b[Ja\n1\n… 2 more lines\n0/2 ready\n"},
		{"a\nb\n", "0/2 ready\n", printer.Terminal{Width: 80, Height: 2}, "\r\x1b[4A\x1b[J0/2 ready\n"},
	} {
		out.Reset()
		if err := screen.Show([]byte(step.text), []byte(step.beside), step.terminal); err != nil {
			t.Fatal(err)
		}
		if out.String() != step.want {
			t.Errorf("%q: got %q, want %q", step.text, out.String(), step.want)
		}
	}
}
