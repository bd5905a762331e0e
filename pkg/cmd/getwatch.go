package cmd

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// moment is how long a watch that the server ended in order rests.
const moment = time.Second

// watching follows many members: their lists in order, and then what changes, as
// it happens.
type watching struct {
	*getOptions
	host     *fleet.Client
	rows     printer.Watched
	watchers map[memberKey]*view.Watcher
	changes  chan change
}

// change is something that happened in a member, or why it cannot be followed.
type change struct {
	member fleet.Member
	event  view.Event
	err    error
}

func (o *getOptions) follow(ctx context.Context, host *fleet.Client, members []fleet.Member) error {
	rows, ok := o.rows.(printer.Watched)
	if !ok {
		return errors.New("this output format cannot be watched")
	}
	w := &watching{getOptions: o, host: host, rows: rows, watchers: map[memberKey]*view.Watcher{}, changes: make(chan change)}
	for _, member := range members {
		watcher, err := view.NewWatcher(o.query)
		if err != nil {
			return err
		}
		w.watchers[memberKey{member.Kind, member.Name}] = watcher
	}
	answers, err := o.ask(ctx, members, w.list)
	if err != nil || ctx.Err() != nil {
		return err
	}
	// A member that failed may come back; what is nowhere is as kubectl has it.
	if err := answers.report(o.ErrOut, false); err != nil && (answers.nowhere() || !errors.As(err, &membersError{})) {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go w.start(ctx, members)
	return w.print(ctx)
}

func (w *watching) list(ctx context.Context, member fleet.Member, emit func(view.Page) error) error {
	client, err := w.Connect(ctx, w.host, member)
	if err != nil {
		return err
	}
	defer client.Close()
	if w.watchOnly {
		emit = nil
	}
	return w.watchers[memberKey{member.Kind, member.Name}].List(fleet.Streamed(ctx), client, emit)
}

// start follows all members, but opens no more than so many connections a
// second: each of them is kept.
func (w *watching) start(ctx context.Context, members []fleet.Member) {
	for i, member := range members {
		if i > 0 && i%w.parallel == 0 {
			sleep(ctx, time.Second)
		}
		go w.followOne(ctx, member)
	}
}

// followOne follows a member, whatever becomes of it, until the context ends.
func (w *watching) followOne(ctx context.Context, member fleet.Member) {
	backoff := newBackoff()
	for ctx.Err() == nil {
		begun := time.Now()
		err := w.untilItBreaks(ctx, member)
		if ctx.Err() != nil {
			return
		}
		_ = w.tell(ctx, change{member: member, err: err}) // or the context has ended
		if time.Since(begun) > backoff.Cap {              // it went well for a while
			backoff = newBackoff()
		}
		sleep(ctx, backoff.Step())
	}
}

func newBackoff() wait.Backoff {
	return wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 10, Cap: 30 * time.Second}
}

func (w *watching) untilItBreaks(ctx context.Context, member fleet.Member) error {
	client, err := w.Connect(ctx, w.host, member)
	if err != nil {
		return err
	}
	defer client.Close()
	watcher := w.watchers[memberKey{member.Kind, member.Name}]
	for err == nil {
		err = watcher.Follow(fleet.Streamed(ctx), client, func(event view.Event) error {
			return w.tell(ctx, change{member: member, event: event})
		})
		sleep(ctx, moment)
	}
	return err
}

func (w *watching) tell(ctx context.Context, change change) error {
	select {
	case w.changes <- change:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// print prints what happens until the context ends. That is how a watch is to
// end, and no error.
func (w *watching) print(ctx context.Context) error {
	said := map[memberKey]string{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-w.changes:
			key := memberKey{now.member.Kind, now.member.Name}
			err := now.err
			if err == nil {
				delete(said, key)
				err = w.rows.AddEvent(now.member, string(now.event.Type), now.event.Page)
				var unprintable *printer.UnprintableError
				if err != nil && !errors.As(err, &unprintable) {
					return err
				}
			}
			if err != nil && said[key] != reason.Message(err) {
				said[key] = reason.Message(err)
				printer.MemberError(w.ErrOut, "warning: ", now.member, reason.Errorf(reason.Of(err), "%s; trying again", reason.Message(err)))
			}
		}
	}
}

func sleep(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
