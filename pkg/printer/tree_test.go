package printer_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// node is something that Flux applied, called kind.group/namespace/name.
func node(name string, level status.Level, health string, change ...func(*status.Node)) status.Node {
	parts := strings.Split(name, "/")
	kind, group, _ := strings.Cut(parts[0], ".")
	made := status.Node{
		Identity: plan.Identity{Group: group, Version: "v1", Kind: kind, Namespace: parts[1], Name: parts[2]}, Level: level, Health: health,
	}
	for _, change := range change {
		change(&made)
	}
	return made
}

func of(ready, message string, children ...status.Node) func(*status.Node) {
	return func(n *status.Node) { n.Ready, n.Message, n.Children = ready, message, children }
}

func podsOf(n int, name string, level status.Level, ready, health string) []status.Node {
	var all []status.Node
	for i := range n {
		all = append(all, node(fmt.Sprintf("Pod/shop/%s-%d", name, i), level, health, of(ready, "")))
	}
	return all
}

// forest has a member of each sort.
func forest() printer.Judged {
	stored := status.State{Phase: status.Ready, Revision: mainRevision}
	current := func(name string) status.Node { return node(name, status.Fine, "Current") }
	images := func(n *status.Node) { n.Images = []string{"shop:2", "proxy:1"} }
	fine := withSource(synced("shop-eu-1", ready(mainRevision)), stored)
	fine.Below = []status.Branch{{}, {Nodes: []status.Node{
		node("Deployment.apps/shop/web", status.Fine, "Current", of("12/12", "", podsOf(12, "web-abc", status.Fine, "1/1", "Running")...), images),
		node("CronJob.batch/shop/tidy", status.Fine, "Current"),
		current("Namespace//shop"), current("Service/shop/web"), current("Service/shop/api"), current("ConfigMap/shop/web"),
	}}}
	sick := withSource(synced("shop-eu-2", ready(mainRevision)), stored)
	broken := append(podsOf(12, "api-abc", status.Bad, "0/1", "CrashLoopBackOff"), podsOf(6, "api-def", status.Fine, "1/1", "Running")...)
	broken[0].Restarts = "7 (2m ago)"
	sick.Below = []status.Branch{{}, {
		Notes: []string{"3 more, which are not looked at: \x1b[31mno\u202e"}, Gaps: []error{errors.New("too many")},
		Nodes: []status.Node{
			node("Deployment.apps/shop/api", status.Working, "InProgress", of("6/18", "Available: 6/18", broken...), images),
			node("Deployment.apps/shop/web", status.Bad, "NotFound", of("", "Flux says that it applied it, and it is not there")),
			node("StatefulSet.apps/shop/db\x1b[2J", status.Unseen, "Unknown", func(n *status.Node) {
				n.Err, n.Reason, n.Message = reason.Errorf(reason.Forbidden, "no"), "Forbidden", "no"
			}),
			node("Deployment.apps/shop/one", status.Fine, "Current", of("1/1", "", podsOf(1, "one-abc", status.Fine, "1/1", "Running")...), func(n *status.Node) {
				n.Notes = []string{"it has more pods than the 500 that are looked at"}
			}),
			current("Service/shop/web"),
			node("Gateway.gateway.networking.k8s.io/shop/web", status.Working, "InProgress", func(n *status.Node) { n.Reason, n.Message = "NoAddress", "no address" }),
		},
	}}
	failed := withSource(synced("shop-us-1", status.State{Phase: status.Failed, Reason: "BuildFailed", Message: "no such path"}), stored)
	down := synced("shop-us-2", status.State{})
	down.Err, down.Rows = reason.Errorf(reason.Unreachable, "dial tcp 10.7.0.1:6443: i/o timeout"), nil
	left := synced("shop-old", ready(oldRevision))
	left.Objects[0].Leftover = true
	return judged(&status.Application{
		Namespace: "default", Name: "shop", Manager: status.ByFleetapp, Fleets: []string{"prod"}, Seen: []status.Seen{fine, sick, failed, down, left},
	})
}

func TestTrees(t *testing.T) {
	for name, options := range map[string]printer.StatusOptions{
		"plain":       {},
		"colors":      {Terminal: printer.Terminal{Colors: true}},
		"wide":        {Wide: true, Terminal: printer.Terminal{Width: 60}},
		"narrow":      {Terminal: printer.Terminal{Width: 90}},
		"very-narrow": {Terminal: printer.Terminal{Width: 44}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := printer.Trees(&out, forest(), options); err != nil {
				t.Fatal(err)
			}
			printer.StatusClosing(&out, forest())
			unpainted := strings.NewReplacer("\x1b[32m", "", "\x1b[31m", "", "\x1b[33m", "", "\x1b[2m", "", "\x1b[0m", "").Replace(out.String())
			if strings.ContainsAny(unpainted, "\x1b\u202e") {
				t.Errorf("a dangerous character is printed as it is: %q", out.String())
			}
			for line := range strings.Lines(unpainted) {
				if width := options.Terminal.Width; width > 0 && !options.Wide && strings.ContainsAny(line, "├└│") && len([]rune(line)) > max(width, 64) {
					t.Errorf("a line is wider than %d: %q", width, line)
				}
			}
			golden(t, "tree-"+name, out.Bytes())
		})
	}
}

func TestTreeDocuments(t *testing.T) {
	for _, format := range []string{"json", "yaml"} {
		var out bytes.Buffer
		if err := printer.TreeReport(&out, forest(), format); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\u202e") {
			t.Error("a dangerous character is printed as it is")
		}
		golden(t, "tree-"+format, out.Bytes())
	}
}

// A watch prints a tree again where it is another one.
func TestTreesThatChange(t *testing.T) {
	var out, err bytes.Buffer
	changes := printer.NewStatusChanges(&out, &err)
	restarts := func(text string) printer.Judged {
		all := forest()
		all.Seen[1].Below[1].Nodes[0].Children[0].Restarts = text
		return all
	}
	for _, test := range []struct {
		restarts string
		want     int
	}{{"7 (2m ago)", 1}, {"7 (2m ago)", 1}, {"7 (10m20s ago)", 1}, {"8 (1s ago)", 2}} {
		if err := changes.Tree(restarts(test.restarts), printer.StatusOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "shop-eu-1\n"); got != test.want || strings.Count(err.String(), "\n") != test.want {
			t.Errorf("%s: printed %d times, with %q", test.restarts, got, err.String())
		}
	}
}
