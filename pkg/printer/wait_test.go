package printer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// waited is a member that is ready at a revision, or not ready for a reason.
func waited(n int, revision, why string) deploy.Waited {
	w := deploy.Waited{Awaited: deploy.Awaited{
		Owner:  plan.Owner{Namespace: "default", Application: "shop"},
		Member: fleet.Member{Name: fmt.Sprintf("m%d", n), Kind: fleet.KindAttachedCluster},
	}}
	if why == "" {
		w.Revisions = []string{revision}
	} else {
		w.Errs = []error{reason.Errorf(reason.NotReady, "%s", why)}
	}
	return w
}

// told is what is printed of members, and the closing line.
func told(members []deploy.Waited, summary deploy.Summary, how printer.WaitEnd) string {
	var out bytes.Buffer
	wait := printer.NewWait(&out, len(members), nil)
	for _, member := range members {
		wait.Member(member)
	}
	wait.Close()
	how.Took, how.See = 7*time.Second, "SEE"
	run := printer.NewRun(&out, &out, plan.Owner{Namespace: "default", Application: "shop"}, summary.Members, printer.Style{})
	run.ClosingWaited(summary, wait, how)
	return out.String()
}

func TestWaited(t *testing.T) {
	made := func(members, failed int) deploy.Summary {
		return deploy.Summary{Members: members, Failed: failed, Actions: map[apply.Action]int{apply.Created: 2 * members}}
	}
	const app = "application default/shop: "
	for name, test := range map[string]struct {
		members []deploy.Waited
		summary deploy.Summary
		how     printer.WaitEnd
		want    string
	}{
		"ready": {[]deploy.Waited{waited(1, "main@1", ""), waited(2, "main@1", "")}, made(2, 0), printer.WaitEnd{},
			app + "2 clusters, 4 created, ready at main@1 in 7.0s\n"},
		"at several revisions": {[]deploy.Waited{waited(1, "main@1", ""), waited(2, "main@2", "")}, made(2, 0), printer.WaitEnd{},
			app + "2 clusters, 4 created, ready at 2 revisions in 7.0s\n"},
		"at none": {[]deploy.Waited{waited(1, "", "")}, made(1, 0), printer.WaitEnd{}, app + "1 cluster, 2 created, ready in 7.0s\n"},
		"one failed before": {[]deploy.Waited{waited(1, "main@1", "")}, made(2, 1), printer.WaitEnd{},
			app + "1 of 2 clusters done, 1 failed, the other one ready at main@1 in 7.0s; run the same again once it is back\n"},
		"not in time": {[]deploy.Waited{waited(1, "main@1", ""), waited(2, "", "a: B: c\x1b")}, made(2, 0), printer.WaitEnd{},
			"m2: NotReady: a: B: c\\x1b\n" + app + "2 clusters, 4 created, 1 of 2 ready after 7.0s; the same command waits on, and SEE shows how far it is\n"},
		"interrupted": {[]deploy.Waited{waited(1, "", "a")}, made(1, 0), printer.WaitEnd{Interrupted: true},
			"m1: NotReady: a\n" + app + "1 cluster, 2 created; interrupted with 0 of 1 ready: the same command waits on, and SEE shows how far it is\n"},
		"stalled": {[]deploy.Waited{waited(1, "", "a")}, made(1, 0), printer.WaitEnd{GaveUp: true},
			"m1: NotReady: a\n" + app + "1 cluster, 2 created, 0 of 1 ready after 7.0s, and the rest will not be by itself; mend what is said above, then run the same again\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(test.members, test.summary, test.how); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// What many members say is told once, also where Flux put a number of its own
// into it; what one says is told with its name.
func TestManyThatAreNotReady(t *testing.T) {
	var members []deploy.Waited
	for n := range 10 {
		members = append(members, waited(n, "", fmt.Sprintf("kustomization/web: stat /tmp/kustomization-%d/x: :6443", 3834363017+n)))
	}
	members = append(members, waited(10, "", "gitrepository/shop: no"), waited(11, "main@1", ""))
	got := told(members, deploy.Summary{Members: 12}, printer.WaitEnd{})
	want := "10 clusters: NotReady: kustomization/web: stat /tmp/kustomization-…/x: :6443\nm10: NotReady: gitrepository/shop: no\n"
	if head, _, _ := strings.Cut(got, "application"); head != want {
		t.Errorf("got\n%s\nwant\n%s", head, want)
	}
	alone := told(append(members[9:], make([]deploy.Waited, 10)...), deploy.Summary{}, printer.WaitEnd{})
	if !strings.HasPrefix(alone, "m9: NotReady: kustomization/web: stat /tmp/kustomization-3834363026/x: :6443\n") {
		t.Errorf("one alone is told so:\n%s", alone)
	}
}

func TestReportOfAWait(t *testing.T) {
	report := printer.NewReport()
	owner := plan.Owner{Namespace: "default", Application: "shop"}
	run := printer.NewRun(&bytes.Buffer{}, &bytes.Buffer{}, owner, 3, printer.Style{Report: report})
	strange := waited(3, "main\u202e@\u009b2J", "")
	strange.Member.Name = "m\u0085"
	for n := range 3 {
		event := deploy.Event{Member: waited(n, "", "").Member}
		if n == 2 {
			event.Errs = []error{errors.New("it failed")}
		}
		run.Member(event)
	}
	run.Member(deploy.Event{Member: strange.Member})
	wait := printer.NewWait(&bytes.Buffer{}, 3, report)
	wait.Member(waited(0, "main@1", ""))
	wait.Member(waited(1, "", "a: B: c"))
	wait.Member(strange)
	got, err := json.Marshal(report.Members)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"application":"default/shop","cluster":"m0","kind":"AttachedCluster","ready":true,"revisions":["main@1"]},` +
		`{"application":"default/shop","cluster":"m1","kind":"AttachedCluster","ready":false,"errors":[{"reason":"NotReady","message":"a: B: c"}]},` +
		`{"application":"default/shop","cluster":"m2","kind":"AttachedCluster","errors":[{"reason":"Failed","message":"it failed"}]},` +
		`{"application":"default/shop","cluster":"m\\x85","kind":"AttachedCluster","ready":true,"revisions":["main\\u202e@\\x9b2J"]}]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What a member says has a bound, and is cut between characters.
func TestALongMessage(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é\xff", n/2) }
	for name, members := range map[string]int{"few": 2, "many": 20} {
		t.Run(name, func(t *testing.T) {
			all := make([]deploy.Waited, members)
			for n := range all {
				all[n] = waited(n, "", long(1<<20))
			}
			for line := range strings.Lines(told(all, deploy.Summary{Members: members}, printer.WaitEnd{})) {
				if _, text, ok := strings.Cut(line, "NotReady: "); ok && text != printer.Escape(long(1000))+"…\n" {
					t.Errorf("%d bytes: %.40s", len(line), line)
				}
			}
		})
	}
	report := printer.NewReport()
	run := printer.NewRun(&bytes.Buffer{}, &bytes.Buffer{}, plan.Owner{}, 1, printer.Style{Report: report})
	run.Member(deploy.Event{Errs: []error{errors.New(long(1 << 20))}, GaveUp: []error{errors.New(long(32768))}})
	if got := report.Members[0].Errors[0].Message; got != printer.Escape(long(32768))+"…" {
		t.Errorf("%d bytes in the report", len(got))
	}
	if got := report.Members[0].Abandoned[0].Message; got != printer.Escape(long(32768)) {
		t.Errorf("%d bytes in the report", len(got))
	}
}
