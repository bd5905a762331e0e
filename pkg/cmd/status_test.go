package cmd

import (
	"errors"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// looks is a status of all applications, on such a terminal.
func looks(t *testing.T, on printer.Terminal) (*statusOptions, *terminal) {
	t.Helper()
	term := newTerminal(t)
	term.Terminal = func() printer.Terminal { return on }
	return &statusOptions{Factory: term.Factory}, term
}

func judged(apps ...*status.Application) *looked {
	l := &looked{}
	for _, app := range apps {
		l.all = append(l.all, printer.Judged{Application: app, Verdict: app.Judge()})
	}
	return l
}

// A watch says of which applications it knows nothing, wherever it prints.
func TestWatchSaysWhatIsUnread(t *testing.T) {
	const warning = "warning: Secret a: no gzip\nwarning: Secret b: no gzip\n"
	unread := errors.Join(errors.New("Secret a: no gzip"), errors.New("Secret b: no gzip"))
	for name, test := range map[string]struct {
		terminal printer.Terminal
		output   string
		// want is where it is said.
		want func(out, err string) string
	}{
		"lines":                    {printer.Terminal{}, "", func(_, err string) string { return err }},
		"a document":               {printer.Terminal{}, "json", func(_, err string) string { return err }},
		"in place":                 {printer.Terminal{Is: true, Width: 80, Height: 24}, "", func(out, _ string) string { return out }},
		"a document on a terminal": {printer.Terminal{Is: true}, "yaml", func(_, err string) string { return err }},
	} {
		t.Run(name, func(t *testing.T) {
			o, term := looks(t, test.terminal)
			o.output = test.output
			show := o.shower()
			look := judged(&status.Application{Namespace: "default", Name: "shop"})
			look.unread = unread
			if err := show(look, nil); err != nil {
				t.Fatal(err)
			}
			if got := test.want(term.out.String(), term.err.String()); strings.Count(got, warning) != 1 {
				t.Errorf("said %q", got)
			}
		})
	}
}
