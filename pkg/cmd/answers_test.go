package cmd

import (
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// told is what became of one member: how many rows it gave, and why it failed.
type told struct {
	rows int
	err  error
}

func TestWhatBecameOfTheMembers(t *testing.T) {
	unknown := func(kind string) error {
		return reason.Errorf(reason.NotFound, "%w", &view.UnknownTypeError{Type: kind, Served: []string{"widgets", "pods"}})
	}
	absent := apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "web")
	down := reason.Errorf(reason.Unreachable, "connection refused")
	slow := reason.Errorf(reason.Timeout, "no answer")
	odd := reason.Errorf(reason.Failed, "odd")
	for name, test := range map[string]struct {
		ignoreNotFound, ignoreUnreachable bool
		told                              []told
		code                              int
		want                              string
	}{
		"all well":                {told: []told{{rows: 1}, {rows: 0}}},
		"some failed":             {told: []told{{rows: 1}, {err: odd}}, code: 3, want: "warning: b: Failed: odd\n"},
		"all failed":              {told: []told{{err: odd}, {err: down}}, code: 1, want: "warning: a: Failed: odd\nwarning: b: Unreachable: connection refused\n"},
		"failed in part":          {told: []told{{rows: 1, err: odd}}, code: 3, want: "warning: a: Failed: odd\n"},
		"twice":                   {told: []told{{}, {err: errors.Join(odd, absent)}}, code: 3, want: "warning: b: Failed: odd\nwarning: b: NotFound: pods \"web\" not found\n"},
		"unreachable":             {told: []told{{}, {err: down}}, code: 3, want: "warning: b: Unreachable: connection refused\n"},
		"unreachable, ignored":    {ignoreUnreachable: true, told: []told{{err: slow}, {err: down}}, want: "warning: a: Timeout: no answer\nwarning: b: Unreachable: connection refused\n"},
		"ignored beside another":  {ignoreUnreachable: true, told: []told{{}, {err: down}, {err: odd}}, code: 3, want: "warning: b: Unreachable: connection refused\nwarning: c: Failed: odd\n"},
		"absent":                  {told: []told{{rows: 1}, {err: absent}}, code: 3, want: "warning: b: NotFound: pods \"web\" not found\n"},
		"absent, ignored":         {ignoreNotFound: true, told: []told{{rows: 1}, {err: absent}}},
		"unknown to all":          {told: []told{{err: unknown("widget")}, {err: unknown("widget")}}, code: 1, want: "error: resource type \"widget\" is not known to any cluster that answered (did you mean \"widgets\"?)\n"},
		"unknown to who answered": {told: []told{{err: unknown("widget")}, {err: down}}, code: 1, want: "warning: b: Unreachable: connection refused\nerror: resource type \"widget\" is not known to any cluster that answered (did you mean \"widgets\"?)\n"},
		"unknown to some":         {told: []told{{err: unknown("x")}, {rows: 1}, {err: absent}, {err: down}}, code: 3, want: "warning: a: NotFound: it has no resource type \"x\" (known to b and 1 more)\nwarning: c: NotFound: pods \"web\" not found\nwarning: d: Unreachable: connection refused\n"},
		"unknown is not ignored":  {ignoreNotFound: true, told: []told{{err: unknown("x")}, {rows: 1}}, code: 3, want: "warning: a: NotFound: it has no resource type \"x\" (known to b)\n"},
		"one type of two":         {told: []told{{rows: 1, err: unknown("x")}, {rows: 1, err: unknown("x")}}, code: 1, want: "error: resource type \"x\" is not known to any cluster that answered\n"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := &answers{ignoreNotFound: test.ignoreNotFound}
			for i, one := range test.told {
				if err := answers.add(view.Page{Rows: make([]view.Row, one.rows)}, nil); err != nil {
					t.Fatal(err)
				}
				answers.end(fleet.Member{Name: string(rune('a' + i)), Kind: fleet.KindAttachedCluster}, one.err)
			}
			var out strings.Builder
			code := exitCode(&out, answers.report(&out, test.ignoreUnreachable))
			if code != test.code || out.String() != test.want {
				t.Errorf("exit code %d, %s\nwant %d, %s", code, out.String(), test.code, test.want)
			}
		})
	}
}
