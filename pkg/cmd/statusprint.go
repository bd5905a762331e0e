package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// options are those of what is printed on a terminal.
func (o *statusOptions) options(terminal printer.Terminal) printer.StatusOptions {
	return printer.StatusOptions{
		Wide: o.output == "wide", NoHeaders: o.noHeaders, Terminal: o.on(terminal), Now: o.Now(),
	}
}

// print prints a look. What is said beside it goes to stderr.
func (l *looked) print(o *statusOptions, terminal printer.Terminal) error {
	options := o.options(terminal)
	switch {
	case o.document():
		if o.tree {
			return printer.TreeReport(o.Out, l.all[0], o.output)
		}
		if o.one() {
			return printer.LineReport(o.Out, l.all[0], o.output)
		}
		return printer.ApplicationReport(o.Out, l.all, l.unasked(), o.output)
	case o.output == "name":
		for _, one := range l.all {
			if _, err := fmt.Fprintln(o.Out, printer.Escape("application.apps.kurator.dev/"+one.Name)); err != nil {
				return err
			}
		}
		return nil
	case len(l.all) == 0:
		_, err := fmt.Fprintln(o.ErrOut, printer.Escape(o.nothing()))
		return err
	case !o.one():
		if err := printer.ApplicationTable(o.Out, l.all, options); err != nil {
			return err
		}
		l.warn(o)
		return nil
	}
	err := l.one(o, options)
	if err == nil {
		l.sum(o)
	}
	return err
}

// one prints one application.
func (l *looked) one(o *statusOptions, options printer.StatusOptions) error {
	if o.tree {
		return printer.Trees(o.Out, l.all[0], options)
	}
	return printer.LineTable(o.Out, l.all[0], options)
}

// sum says of one application what it comes to.
func (l *looked) sum(o *statusOptions) {
	l.warn(o)
	printer.StatusClosing(o.ErrOut, l.all[0])
}

func (o *statusOptions) nothing() string {
	if o.allNamespaces {
		return "No applications found"
	}
	return fmt.Sprintf("No applications found in %s namespace. (-A looks in all.)", o.fleetNamespace)
}

// err is the error of what is not ready, which the output says.
func (l *looked) err(ignoreUnreachable bool) error {
	for _, one := range l.all {
		if !one.AllReady && (!ignoreUnreachable || !one.UnreachedApart) {
			return errors.Join(l.unread, unhealthyError{})
		}
	}
	if l.unread != nil {
		return errors.Join(l.unread, unhealthyError{})
	}
	return nil
}

// warnUnread says which inventories could not be read, in a watch: it goes on, and
// returns no error that would say so.
func (l *looked) warnUnread(o *statusOptions) {
	if l.unread == nil {
		return
	}
	for _, err := range flatten(l.unread) {
		o.say("warning: %v", err)
	}
}

// say says something beside what is printed.
func (o *statusOptions) say(format string, args ...any) {
	fmt.Fprintln(o.ErrOut, printer.Escape(fmt.Sprintf(format, args...)))
}

// warn says what a table has no room for.
func (l *looked) warn(o *statusOptions) {
	for _, one := range l.all {
		if one.Problem != nil {
			shown := "where it is to be is not known"
			if one.Manager == status.ByFleetapp {
				shown = "only what its inventory lists is shown"
			}
			o.say("warning: application %s/%s: %s; %s", one.Namespace, one.Name, strings.ReplaceAll(one.Problem.Error(), "\n", "; "), shown)
		}
	}
	for _, one := range l.all {
		if one.Conflict != nil {
			o.say("warning: application %s/%s: %v", one.Namespace, one.Name, one.Conflict)
		}
	}
	if !o.one() {
		for _, outcome := range l.unasked() {
			for _, err := range outcome.Errs {
				if !cutOff(err) { // those may be all that there are
					printer.MemberError(o.ErrOut, "warning: ", outcome.Member, err)
				}
			}
		}
		return
	}
	for i := range l.all[0].Seen {
		if seen := &l.all[0].Seen[i]; seen.Err == nil && seen.ImagesErr != nil {
			printer.MemberError(o.ErrOut, "note: its images are not compared: ", seen.Member, seen.ImagesErr)
		}
	}
	if run := l.all[0].Run; run != nil {
		o.say("note: it is being %s by %s (pid %d), or that run died; the next deploy or delete finds out", run.Verb, run.Holder, run.PID)
	}
}
