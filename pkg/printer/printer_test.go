package printer_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/apply"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant (%s; -update writes it anew)\n%s", got, path, want)
	}
}

// kubectl is what kubectl's own writer makes of rows.
func kubectl(header []string, rows [][]string) string {
	var out bytes.Buffer
	writer := tabwriter.NewWriter(&out, 6, 4, 3, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		if row != nil {
			fmt.Fprintln(writer, strings.Join(row, "\t"))
		}
	}
	_ = writer.Flush()
	return out.String()
}

func TestTableIsKubectls(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func(least int) string {
		length := least + random.IntN(12)
		if random.IntN(40) == 0 {
			length += 300
		}
		text := make([]byte, length)
		for i := range text {
			text[i] = byte('!' + random.IntN('~'-'!'))
			if i > 0 && i < length-1 && random.IntN(9) == 0 {
				text[i] = ' '
			}
		}
		return string(text)
	}
	for round := range 150 {
		width := 1 + random.IntN(7)
		row := func() []string {
			cells := make([]string, width)
			for i := range cells {
				cells[i] = word(0)
			}
			return cells
		}
		var header []string
		if random.IntN(3) > 0 {
			header = row()
		}
		rows := make([][]string, 1+random.IntN(8))
		for i := range rows {
			rows[i] = row()
		}
		var got bytes.Buffer
		if err := printer.Table(&got, header, rows); err != nil {
			t.Fatal(err)
		}
		if want := kubectl(header, rows); got.String() != want {
			t.Fatalf("round %d: %q %q\ngot\n%s\nwant\n%s", round, header, rows, &got, want)
		}
	}
}

func TestTablesOfNothing(t *testing.T) {
	for name, test := range map[string]struct {
		header []string
		rows   [][]string
		want   string
	}{
		"nothing":      {nil, nil, ""},
		"header only":  {[]string{"NAME", "AGE"}, nil, "NAME   AGE\n"},
		"empty last":   {[]string{"NAME", "AGE"}, [][]string{{"a", ""}}, "NAME   AGE\na      \n"},
		"all empty":    {[]string{"A", "B"}, [][]string{{"", ""}, {"x", "y"}}, "A     B\n      \nx     y\n"},
		"indented":     {nil, [][]string{{"  one", "x"}, {"  longer", "y"}}, "  one      x\n  longer   y\n"},
		"escaped":      {[]string{"A\x1b"}, [][]string{{"b\nc\x1b[2J"}}, "A\\x1b\nb\\nc\\x1b[2J\n"},
		"wide letters": {[]string{"NAME", "AGE"}, [][]string{{"größe", "1d"}, {"abcde", "2d"}}, "NAME    AGE\ngröße   1d\nabcde   2d\n"},
		"short wide":   {[]string{"A", "B"}, [][]string{{"é", "1"}, {"a", "2"}}, "A     B\né     1\na     2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := printer.Table(&got, test.header, test.rows); err != nil {
				t.Fatal(err)
			}
			if got.String() != test.want {
				t.Errorf("got\n%q, want\n%q", &got, test.want)
			}
		})
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTableSaysThatItCouldNotBeWritten(t *testing.T) {
	if err := printer.Table(brokenPipe{}, []string{"A"}, [][]string{{"b"}}); err == nil {
		t.Error("no error")
	}
}

func result(kind, name string, action apply.Action, err error) apply.Result {
	id := plan.Identity{Group: "g.io", Version: "v1", Kind: kind, Name: name}
	return apply.Result{Identity: id, Action: action, Err: err}
}

func event(member string, errs []error, objects ...apply.Result) deploy.Event {
	return deploy.Event{Member: fleet.Member{Name: member}, Objects: objects, Errs: errs}
}

func TestRun(t *testing.T) {
	refused := reason.Errorf(reason.Unreachable, "dial tcp 10.7.0.1:6443: i/o timeout\x1b[2J")
	for name, members := range map[string]int{"few": 10, "many": 11} {
		t.Run(name, func(t *testing.T) {
			var out, talk bytes.Buffer
			run := printer.NewRun(&out, &talk, plan.Owner{}, members, printer.Style{})
			run.Member(event("one", nil, result("GitRepository", "shop", apply.Created, nil), result("Kustomization", "shop-0", apply.Created, nil)))
			run.Member(event("two", nil, result("GitRepository", "shop", apply.Unchanged, nil), result("Kustomization", "shop-0", apply.Configured, nil)))
			run.Member(event("three", []error{refused}, result("GitRepository", "shop", apply.Created, nil), result("Kustomization", "shop-0", "", refused)))
			run.Member(event("four", []error{refused, errors.New("second")}))
			for i := range 3 {
				run.Member(event(fmt.Sprintf("same%d", i), nil, result("GitRepository", "shop", apply.Created, nil), result("Kustomization", "shop-0", apply.Created, nil)))
			}
			run.Member(event("nothing", nil))
			run.Close()
			golden(t, "run-"+name, fmt.Appendf(nil, "stdout:\n%sstderr:\n%s", &out, &talk))
		})
	}
}

func TestClosing(t *testing.T) {
	owner := plan.Owner{Namespace: "default", Application: "shop"}
	for name, test := range map[string]struct {
		verb    string
		summary deploy.Summary
		took    time.Duration
		want    string
		dryRun  string
	}{
		"deployed": {
			"deployed", deploy.Summary{Members: 2, Actions: map[apply.Action]int{apply.Created: 6}}, 1234 * time.Millisecond,
			"2 clusters, 6 created in 1.2s", "",
		},
		"all counts, in one order": {
			"deployed", deploy.Summary{Members: 1, Actions: map[apply.Action]int{apply.Released: 5, apply.Deleted: 4, apply.Unchanged: 3, apply.Configured: 2, apply.Created: 1}}, time.Minute,
			"1 cluster, 1 created, 2 configured, 3 unchanged, 4 deleted, 5 released in 1m0s", "",
		},
		"deleted":        {"deleted", deploy.Summary{Members: 2, Actions: map[apply.Action]int{apply.Deleted: 6}}, 0, "gone from 2 clusters in 0ms", ""},
		"some failed":    {"deployed", deploy.Summary{Members: 50, Failed: 2}, time.Second, "48 of 50 clusters done, 2 failed; run the same again once they are back", ""},
		"one, failed":    {"deleted", deploy.Summary{Members: 1, Failed: 1}, time.Second, "0 of 1 cluster done, 1 failed; run the same again once it is back", ""},
		"slow":           {"deleted", deploy.Summary{Members: 3, Failed: 1, TimedOut: 1}, time.Second, "2 of 3 clusters done, 1 failed; run the same again to wait on", ""},
		"slow, and away": {"deleted", deploy.Summary{Members: 3, Failed: 2, TimedOut: 1}, time.Second, "1 of 3 clusters done, 2 failed; run the same again once they are back", ""},
		"nothing done":   {"deployed", deploy.Summary{Members: 1}, time.Second, "1 cluster, nothing to do in 1.0s", ""},
		"being deleted":  {"deleted", deploy.Summary{Members: 2, Actions: map[apply.Action]int{apply.Deleting: 4}}, 0, "being deleted from 2 clusters; run the same again to see it gone", ""},
		"abandoned":      {"deleted", deploy.Summary{Members: 2, Actions: map[apply.Action]int{apply.Deleted: 3, apply.Abandoned: 3}}, 0, "2 clusters, 3 deleted, 3 abandoned in 0ms", ""},
		"dry run":        {"deployed", deploy.Summary{Members: 2, Actions: map[apply.Action]int{apply.Created: 6}}, 0, "2 clusters, 6 created; nothing was changed (server dry run)", "server dry run"},
		"failed dry run": {"deleted", deploy.Summary{Members: 2, Failed: 1}, 0, "1 of 2 clusters failed, nothing to do; nothing was changed (server dry run)", "server dry run"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, talk bytes.Buffer
			printer.NewRun(&out, &talk, owner, 1, printer.Style{DryRun: test.dryRun}).Closing(test.verb, test.summary, test.took)
			if want := "application default/shop: " + test.want + "\n"; talk.String() != want || out.Len() > 0 {
				t.Errorf("got\n%s%s, want\n%s", &talk, &out, want)
			}
		})
	}
}

// What is said last is what to do about what was said before.
func TestClosingSaysWhatToDo(t *testing.T) {
	for why, want := range map[reason.Reason]string{
		reason.Unreachable: "run the same again once it is back",
		reason.Conflict:    "mend what is said above, then run the same again",
		reason.Forbidden:   "mend what is said above (docs/rbac.yaml has all rights to grant), then run the same again",
	} {
		t.Run(string(why), func(t *testing.T) {
			var out, talk bytes.Buffer
			run := printer.NewRun(&out, &talk, plan.Owner{}, 1, printer.Style{})
			run.Member(event("one", []error{reason.Errorf(why, "because")}))
			run.Closing("deployed", deploy.Summary{Members: 1, Failed: 1}, time.Second)
			if !strings.HasSuffix(talk.String(), "; "+want+"\n") {
				t.Errorf("got\n%s, want %q at its end", &talk, want)
			}
		})
	}
}

func TestDeletions(t *testing.T) {
	ids := []plan.Identity{{Kind: "Kustomization", Name: "shop-0"}, {Kind: "GitRepository", Name: "shop"}}
	recorded := func(name string, ids ...plan.Identity) deploy.Work {
		cluster := inventory.Member{Name: name}
		for _, id := range ids {
			cluster.Objects = append(cluster.Objects, inventory.Entry{Identity: id})
		}
		return deploy.Work{Member: fleet.Member{Name: name}, Recorded: []inventory.Member{cluster}}
	}
	var out bytes.Buffer
	printer.Deletions(&out, []deploy.Work{
		recorded("one", ids...), {Member: fleet.Member{Name: "nothing"}}, recorded("another", ids...), recorded("three\x1b", ids[0]),
	})
	const want = "  one         kustomization/shop-0, gitrepository/shop\n  another     the same\n  three\\x1b   kustomization/shop-0\n"
	if out.String() != want {
		t.Errorf("got\n%s, want\n%s", &out, want)
	}
}

func TestDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0ms": 0, "54ms": 54 * time.Millisecond, "1.2s": 1234 * time.Millisecond, "9.9s": 9940 * time.Millisecond, "10s": 9990 * time.Millisecond,
		"11s": 10600 * time.Millisecond, "1m5s": 65 * time.Second,
	} {
		if got := printer.Duration(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
