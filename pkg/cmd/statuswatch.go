package cmd

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// betweenLooks is how long to wait between two looks at all members, but at least
// for as long as the last one took: so nobody is asked without a pause.
const betweenLooks = 2 * time.Second

// follow looks again and again until the context ends. That is how a watch is to
// end, and no error. Where the host does not answer for a while, or the
// application is gone, it is looked for again, once it was found.
func (o *statusOptions) follow(ctx context.Context, host *fleet.Client) error {
	show, answered := o.shower(), false
	for ctx.Err() == nil {
		began := time.Now()
		looked, err := o.look(ctx, host, nil)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil: // which cut the look off
		case err != nil && !answered:
			return err
		default:
			answered = true
			if err := show(looked, err); err != nil {
				return err
			}
		}
		sleep(ctx, max(betweenLooks, took))
	}
	return nil
}

// shower shows looks, or why there was none: in place on a terminal, and else what
// changes.
func (o *statusOptions) shower() func(*looked, error) error {
	if o.Terminal().Is && !o.document() {
		return o.inPlace(printer.NewScreen(o.Out))
	}
	var beside []byte
	say := func(text []byte) error {
		if bytes.Equal(text, beside) {
			return nil
		}
		beside = text
		_, err := o.ErrOut.Write(text)
		return err
	}
	change := o.changes()
	return func(l *looked, err error) error {
		if err != nil {
			return say(tryingAgain(err))
		}
		to, _, beside := o.into()
		l.warnUnread(to)
		if !o.document() {
			l.warn(to)
		}
		return errors.Join(say(beside.Bytes()), change(l))
	}
}

func tryingAgain(err error) []byte {
	return []byte(printer.Escape("warning: "+err.Error()+"; trying again") + "\n")
}

// inPlace shows looks on a terminal. Where there is none, nothing of the one
// before stays.
func (o *statusOptions) inPlace(screen *printer.Screen) func(*looked, error) error {
	return func(l *looked, err error) error {
		terminal := o.Terminal() // it may have another size by now
		if err != nil {
			return screen.Show(nil, tryingAgain(err), terminal)
		}
		text, beside, err := o.text(l, terminal)
		if err != nil {
			return err
		}
		return screen.Show(text, beside, terminal)
	}
}

// changes prints what is not as it was in the look before.
func (o *statusOptions) changes() func(*looked) error {
	changes := printer.NewStatusChanges(o.Out, o.ErrOut)
	switch {
	case o.document():
		return func(l *looked) error {
			text, _, err := o.text(l, printer.Terminal{})
			if err != nil {
				return err
			}
			if o.output == "yaml" {
				text = append([]byte("---\n"), text...)
			}
			return changes.Document(text)
		}
	case o.tree:
		return func(l *looked) error { return changes.Tree(l.all[0], o.options(printer.Terminal{})) }
	case o.one():
		return func(l *looked) error { return changes.Lines(l.all[0], o.options(printer.Terminal{})) }
	}
	return func(l *looked) error { return changes.Applications(l.all, o.options(printer.Terminal{})) }
}

// into is the same with what is printed, and what is said beside it, going into
// texts.
func (o *statusOptions) into() (to *statusOptions, text, beside *bytes.Buffer) {
	text, beside = &bytes.Buffer{}, &bytes.Buffer{}
	factory, same := *o.Factory, *o
	factory.Out, factory.ErrOut = text, beside
	same.Factory = &factory
	return &same, text, beside
}

// text is what is printed of a look, and what is said beside it.
func (o *statusOptions) text(l *looked, terminal printer.Terminal) (text, beside []byte, err error) {
	to, printed, said := o.into()
	l.warnUnread(to)
	err = l.print(to, terminal)
	return printed.Bytes(), said.Bytes(), err
}
