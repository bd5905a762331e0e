package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestExitCode(t *testing.T) {
	const (
		interrupted = "error: interrupted; what was begun is in the inventory: run the same again to go on\n"
		before      = "error: interrupted: nothing was changed\n"
	)
	held := errors.New("application default/shop is being deployed")
	for name, test := range map[string]struct {
		err  error
		code int
		out  string
	}{
		"none":                         {nil, 0, ""},
		"usage":                        {errors.New("which application?"), 1, "error: which application?\n"},
		"some members":                 {membersError{failed: 1, of: 3}, 3, ""},
		"all members":                  {membersError{failed: 3, of: 3}, 1, ""},
		"all were slow":                {membersError{failed: 3, timedOut: 3, of: 3}, 4, ""},
		"some were slow":               {membersError{failed: 1, timedOut: 1, of: 3}, 4, ""},
		"one was slow, and one failed": {membersError{failed: 2, timedOut: 1, of: 3}, 3, ""},
		"joined":                       {errors.Join(errors.New("one"), errors.New("two")), 1, "error: one\nerror: two\n"},
		"joined twice":                 {errors.Join(errors.Join(errors.New("one")), errors.New("two")), 1, "error: one\nerror: two\n"},
		"interrupted":                  {begun(fmt.Errorf("read: %w", context.Canceled)), 1, interrupted},
		"two interrupted":              {begun(errors.Join(context.Canceled, context.Canceled)), 1, interrupted},
		"before it began":              {errors.Join(context.Canceled, fmt.Errorf("read: %w", context.Canceled)), 1, before},
		"begun, and none":              {begun(nil), 0, ""},
		"begun":                        {begun(errors.Join(errors.New("one"), errors.New("two"))), 1, "error: one\nerror: two\n"},
		"text is escaped":              {errors.New("a\x1b[2Jb\nc"), 1, "error: a\\x1b[2Jb\\nc\n"},
		// What the host said must not get lost beside what members did.
		"host and some members":        {errors.Join(held, membersError{failed: 1, of: 3}), 3, "error: " + held.Error() + "\n"},
		"host and slow members":        {errors.Join(held, membersError{failed: 1, timedOut: 1, of: 3}), 3, "error: " + held.Error() + "\n"},
		"host, and members went well":  {errors.Join(held, membersError{of: 3}), 3, "error: " + held.Error() + "\n"},
		"host and all members":         {errors.Join(held, membersError{failed: 3, of: 3}), 1, "error: " + held.Error() + "\n"},
		"interrupted and some members": {errors.Join(begun(context.Canceled), membersError{failed: 1, of: 3}), 3, interrupted},
		"interrupted and another":      {errors.Join(begun(context.Canceled), held), 1, interrupted + "error: " + held.Error() + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if code := exitCode(&out, test.err); code != test.code {
				t.Errorf("code %d, want %d", code, test.code)
			}
			if out.String() != test.out {
				t.Errorf("printed\n%s\nwant\n%s", &out, test.out)
			}
		})
	}
}
