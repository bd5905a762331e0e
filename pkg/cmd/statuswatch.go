package cmd

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// betweenLooks is how long to wait between two looks at all members, but at least
// for as long as the last one took: so nobody is asked without a pause.
const betweenLooks = 2 * time.Second

// follow looks again and again until the context ends. That is how a watch is to
// end, and no error. A host that does not answer for a while is asked again, once
// it has answered.
func (o *statusOptions) follow(ctx context.Context, host *fleet.Client) error {
	show, answered, said := o.shower(), false, ""
	for ctx.Err() == nil {
		began := time.Now()
		looked, err := o.look(ctx, host, nil)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil: // which cut the look off
		case err != nil && !answered:
			return err
		case err != nil && err.Error() != said:
			said = err.Error()
			fmt.Fprintln(o.ErrOut, printer.Escape("warning: "+said+"; trying again"))
		case err == nil:
			answered, said = true, ""
			if err := show(looked); err != nil {
				return err
			}
		}
		sleep(ctx, max(betweenLooks, took))
	}
	return nil
}

// shower shows looks: in place on a terminal, and else what changes.
func (o *statusOptions) shower() func(*looked) error {
	changes := printer.NewStatusChanges(o.Out, o.ErrOut)
	switch {
	case o.document():
		return func(l *looked) error {
			text, err := o.text(l, printer.Terminal{})
			if err != nil {
				return err
			}
			if o.output == "yaml" {
				text = append([]byte("---\n"), text...)
			}
			return changes.Document(text)
		}
	case o.Terminal().Is:
		screen := printer.NewScreen(o.Out)
		return func(l *looked) error {
			terminal := o.Terminal() // it may have another size by now
			text, err := o.text(l, terminal)
			if err != nil {
				return err
			}
			return screen.Show(text, terminal)
		}
	}
	var said []byte
	return func(l *looked) error {
		beside, text := o.into()
		if l.warn(beside); !bytes.Equal(text.Bytes(), said) {
			said = text.Bytes()
			if _, err := o.ErrOut.Write(said); err != nil {
				return err
			}
		}
		if o.tree {
			return changes.Tree(l.all[0], o.options(printer.Terminal{}))
		}
		if o.one() {
			return changes.Lines(l.all[0], o.options(printer.Terminal{}))
		}
		return changes.Applications(l.all, o.options(printer.Terminal{}))
	}
}

// into is the same with all that is printed going into a text.
func (o *statusOptions) into() (*statusOptions, *bytes.Buffer) {
	text := &bytes.Buffer{}
	factory, to := *o.Factory, *o
	factory.Out, factory.ErrOut = text, text
	to.Factory = &factory
	return &to, text
}

// text is all that is printed of a look.
func (o *statusOptions) text(l *looked, terminal printer.Terminal) ([]byte, error) {
	to, text := o.into()
	err := l.print(to, terminal)
	return text.Bytes(), err
}
