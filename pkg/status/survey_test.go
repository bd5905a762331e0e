package status

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

var (
	errDown = reason.Errorf(reason.Unreachable, "connection refused")
	errDeny = reason.Errorf(reason.Forbidden, "may not")
)

// seen makes a member of an application out of words, one for each object: its
// phase, and what it stands at. A word in brackets is a leftover; "down" and
// "denied" are objects that could not be read.
func seen(name string, words ...string) Seen {
	s := Seen{Place: Place{Member: fleet.Member{Name: name, Kind: fleet.KindAttachedCluster}}, Images: map[plan.Identity][]string{}}
	for i, word := range words {
		leftover := strings.HasPrefix(word, "[")
		word, revision, _ := strings.Cut(strings.Trim(word, "[]"), "@")
		id := plan.Identity{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations", Kind: "Kustomization", Namespace: "default", Name: fmt.Sprintf("app-%d", i)}
		row := Row{Identity: id, State: State{Phase: Phase(word), Revision: revision, Reason: "Why"}}
		switch word {
		case "down":
			row.State, row.Err = State{}, errDown
		case "denied":
			row.State, row.Err = State{}, errDeny
		case "New":
			row.State = State{Phase: Missing, Reason: notDeployed}
		}
		s.Objects = append(s.Objects, Expected{Identity: id, Leftover: leftover, Listed: true})
		s.Rows = append(s.Rows, row)
	}
	return s
}

func unreached(name string, err error, words ...string) Seen {
	s := seen(name, words...)
	s.Err, s.Rows = err, nil
	return s
}

func TestJudge(t *testing.T) {
	for name, test := range map[string]struct {
		seen    []Seen
		problem error
		// want is READY, ready/wanted, and all other numbers that are not 0.
		want                string
		allReady, apartDown bool
	}{
		"nothing":             {nil, nil, "Nowhere 0/0", false, false},
		"all ready":           {[]Seen{seen("one", "Ready@a", "Ready@a"), seen("two", "Ready@a")}, nil, "True 2/2", true, true},
		"one fails":           {[]Seen{seen("one", "Ready@a", "Failed@a"), seen("two", "Ready@a")}, nil, "False 1/2 failing=1", false, false},
		"stalled":             {[]Seen{seen("one", "Stalled")}, nil, "False 0/1 failing=1", false, false},
		"deleted by somebody": {[]Seen{seen("one", "Missing")}, nil, "False 0/1 failing=1", false, false},
		"suspended":           {[]Seen{seen("one", "Suspended", "Ready")}, nil, "False 0/1 suspended=1", false, false},
		"never deployed":      {[]Seen{seen("one", "New"), seen("two", "Ready@a")}, nil, "False 1/2 notDeployed=1", false, false},
		"at work":             {[]Seen{seen("one", "Reconciling", "Waiting"), seen("two", "Ready@a")}, nil, "Reconciling 1/2 reconciling=1", false, false},
		"being deleted":       {[]Seen{seen("one", "Deleting")}, nil, "Reconciling 0/1 reconciling=1", false, false},
		"down":                {[]Seen{unreached("one", errDown, "Ready"), seen("two", "Ready@a")}, nil, "Unknown 1/2 unknown=1", false, true},
		"down in between":     {[]Seen{seen("one", "Ready", "down"), seen("two", "Ready@a")}, nil, "Unknown 1/2 unknown=1", false, true},
		"denied":              {[]Seen{unreached("one", errDeny, "Ready")}, nil, "Unknown 0/1 unknown=1", false, false},
		"fails, and denied":   {[]Seen{seen("one", "Failed", "denied")}, nil, "False 0/1 failing=1", false, false},
		"fails, then down":    {[]Seen{seen("one", "down", "Failed")}, nil, "False 0/1 failing=1", false, false},
		"at work, and denied": {[]Seen{seen("one", "Reconciling", "denied")}, nil, "Unknown 0/1 unknown=1", false, false},
		"denied an object":    {[]Seen{seen("one", "denied")}, nil, "Unknown 0/1 unknown=1", false, false},
		"down, others fail":   {[]Seen{unreached("one", errDown, "Ready"), seen("two", "Failed")}, nil, "False 0/2 failing=1 unknown=1", false, false},
		"a leftover policy":   {[]Seen{seen("one", "Ready@a", "[Ready@a]")}, nil, "Leftover 1/1 leftovers=1", false, false},
		"a leftover member":   {[]Seen{seen("one", "Ready@a"), seen("two", "[Ready@a]")}, nil, "Leftover 1/1 leftovers=1", false, false},
		"leftovers alone":     {[]Seen{seen("two", "[Deleting]")}, nil, "Deleting 0/0 leftovers=1", false, false},
		"leftover and down":   {[]Seen{seen("one", "Ready@a"), unreached("two", errDown, "[Ready]")}, nil, "Leftover 1/1 leftovers=1", false, true},
		"no plan":             {[]Seen{seen("one", "Ready@a")}, errors.New("no such fleet"), "Unknown 1/1", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			app := &Application{Seen: test.seen, Problem: test.problem}
			v := app.Judge()
			got := fmt.Sprintf("%s %d/%d", v.Ready, v.Counts.Ready, v.Counts.Wanted)
			sum := v.Counts.Ready
			for _, count := range []struct {
				name string
				n    int
			}{
				{"failing", v.Counts.Failing}, {"notDeployed", v.Counts.NotDeployed}, {"suspended", v.Counts.Suspended},
				{"reconciling", v.Counts.Reconciling}, {"unknown", v.Counts.Unknown},
			} {
				if sum += count.n; count.n > 0 {
					got += fmt.Sprintf(" %s=%d", count.name, count.n)
				}
			}
			if v.Counts.Leftovers > 0 {
				got += fmt.Sprintf(" leftovers=%d", v.Counts.Leftovers)
			}
			if got != test.want || v.AllReady != test.allReady || v.UnreachedApart != test.apartDown {
				t.Errorf("got %q, %t, %t, want %q, %t, %t", got, v.AllReady, v.UnreachedApart, test.want, test.allReady, test.apartDown)
			}
			if sum != v.Counts.Wanted {
				t.Errorf("the numbers come to %d, and %d are wanted", sum, v.Counts.Wanted)
			}
		})
	}
}

// Two that bring the same to its members are no healthy application, whatever Flux
// says in between.
func TestJudgeAConflict(t *testing.T) {
	app := &Application{Seen: []Seen{seen("one", "Ready@a")}, Conflict: errors.New("another one does, too")}
	if v := app.Judge(); v.AllReady || v.UnreachedApart || v.Ready != True {
		t.Errorf("judged %+v", v)
	}
}

// words are the lines of a verdict: member, READY, a mark, revision, reason.
func words(v Verdict) []string {
	var all []string
	for _, l := range v.Lines {
		line := l.At.Member.Name + " " + string(l.Ready)
		if l.RevisionDiffers {
			line += " !" + l.Usual.Revision
		}
		if l.ImagesDiffer {
			line += " !" + strings.Join(l.Usual.Images, ",")
		}
		all = append(all, line+" "+l.Short+" "+l.Why)
	}
	return all
}

func TestLines(t *testing.T) {
	const long = "main@sha1:41c0d2e0000000000000000000000000000000aa"
	app := &Application{Seen: []Seen{
		seen("one", "Ready@"+long), seen("two", "Ready@old"), seen("three", "Failed@"+long), seen("four", "[Ready@old]"),
		seen("five", "[Deleting@old]"), seen("six", "[Missing]"), unreached("seven", errDown, "Ready@old"), seen("eight", "New"),
		seen("nine", "Reconciling"), seen("ten", "denied"),
	}}
	v := app.Judge()
	want := []string{
		"one True main@41c0d2e Why", "two True !main@41c0d2e old Why", "three False main@41c0d2e Why", "four Leftover old NotWanted",
		"five Deleting old Why", "six Leftover  Gone", "seven Unknown  Unreachable", "eight Missing  NotDeployed",
		"nine Reconciling  Why", "ten Unknown  Forbidden",
	}
	if got := words(v); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(v.Revisions, []string{"main@41c0d2e", "old"}) {
		t.Errorf("revisions %q", v.Revisions)
	}
}

// What most members have is usual; of two that are as many, what came first.
func TestUsual(t *testing.T) {
	with := func(s Seen, images ...string) Seen {
		s.Images[s.Objects[0].Identity] = images
		return s
	}
	notAll := func(s Seen) Seen {
		s.ImagesErr = errDeny
		return s
	}
	for name, test := range map[string]struct {
		seen []Seen
		want []string
	}{
		"the same":         {[]Seen{with(seen("one", "Ready@a"), "x"), with(seen("two", "Ready@a"), "x")}, []string{"one True a Why", "two True a Why"}},
		"the first of two": {[]Seen{seen("one", "Ready@a"), seen("two", "Ready@b")}, []string{"one True a Why", "two True !a b Why"}},
		"most":             {[]Seen{seen("one", "Ready@a"), seen("two", "Ready@b"), seen("three", "Ready@b")}, []string{"one True !b a Why", "two True b Why", "three True b Why"}},
		"none is nothing":  {[]Seen{seen("one", "Reconciling"), seen("two", "Ready@b"), seen("three", "Waiting")}, []string{"one Reconciling  Why", "two True b Why", "three Waiting  Why"}},
		"each policy apart": {
			[]Seen{seen("one", "Ready@1", "Ready@2"), seen("two", "Ready@1", "Ready@2")},
			[]string{"one True 1 Why", "one True 2 Why", "two True 1 Why", "two True 2 Why"},
		},
		"an image": {
			[]Seen{with(seen("one", "Ready@a"), "x", "y"), with(seen("two", "Ready@a"), "x", "z"), with(seen("three", "Ready@a"), "x", "z"), seen("four", "Ready@a")},
			[]string{"one True !x,z a Why", "two True a Why", "three True a Why", "four True a Why"},
		},
		"not all images": {
			[]Seen{with(seen("one", "Ready@a"), "x", "y"), with(seen("two", "Ready@a"), "x", "y"), notAll(with(seen("three", "Ready@a"), "x"))},
			[]string{"one True a Why", "two True a Why", "three True a Why"},
		},
		"not all images have no vote": {
			[]Seen{notAll(with(seen("one", "Ready@a"), "x")), with(seen("two", "Ready@a"), "x", "y")}, []string{"one True a Why", "two True a Why"},
		},
		"leftovers have no vote": {[]Seen{seen("one", "[Ready@a]"), seen("two", "[Ready@a]"), seen("three", "Ready@b")}, []string{"one Leftover a NotWanted", "two Leftover a NotWanted", "three True b Why"}},
	} {
		t.Run(name, func(t *testing.T) {
			app := &Application{Seen: test.seen}
			if got := words(app.Judge()); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Below objects that are ready something may not be: that counts, and so does what
// could not be asked. A member that stopped answering in between may be passed
// over.
func TestJudgeBelow(t *testing.T) {
	fine, bad, denied := Node{Level: Fine}, Node{Level: Bad}, Node{Level: Unseen, Err: errDeny}
	podless := Node{Level: Fine, Gaps: []error{errDown}}
	for name, test := range map[string]struct {
		below               Branch
		notFine, gaps       int
		allReady, apartDown bool
	}{
		"fine":                  {Branch{Nodes: []Node{fine}}, 0, 0, true, true},
		"not fine":              {Branch{Nodes: []Node{fine, bad}}, 1, 0, false, false},
		"denied":                {Branch{Nodes: []Node{denied}}, 0, 1, false, false},
		"nothing known":         {Branch{Gaps: []error{errDeny}}, 0, 1, false, false},
		"down before the pods":  {Branch{Nodes: []Node{podless, fine}}, 0, 1, false, true},
		"down, and denied":      {Branch{Nodes: []Node{podless, denied}}, 0, 2, false, false},
		"down, and another bad": {Branch{Nodes: []Node{podless, bad}}, 1, 1, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			one := seen("one", "Ready@a")
			one.Below = []Branch{test.below}
			v := (&Application{Seen: []Seen{one}}).Judge()
			if v.NotFine != test.notFine || v.Gaps != test.gaps || v.AllReady != test.allReady || v.UnreachedApart != test.apartDown {
				t.Errorf("got %d, %d, %t, %t", v.NotFine, v.Gaps, v.AllReady, v.UnreachedApart)
			}
		})
	}
}
