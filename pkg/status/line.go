package status

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// lines are a member's objects as they are shown.
func (s *Seen) lines() []Line {
	lines := make([]Line, len(s.Objects))
	for i, object := range s.Objects {
		line := Line{At: s, Leftover: object.Leftover, Row: Row{Identity: object.Identity}}
		switch {
		case s.Err != nil:
			line.Err = s.Err
		default:
			line.Row = s.Rows[i]
			if s.ImagesErr == nil { // some may be missing, which is no difference
				line.Images = s.Images[object.Identity]
			}
		}
		line.judge()
		lines[i] = line
	}
	return lines
}

// judge finds the word and the reason for it.
func (l *Line) judge() {
	l.Short, l.Why = Short(l.Revision), l.Reason
	switch {
	case l.Err != nil:
		l.State = State{}
		l.Ready, l.Short, l.Why, l.Message = Unknown, "", string(reason.Of(l.Err)), text(reason.Message(l.Err), maxMessage)
	case l.Leftover && l.Phase == Deleting:
		l.Ready, l.Message = Word(Deleting), "it is being deleted, as it should"
	case l.Leftover && l.Phase == Missing:
		l.Ready, l.Why, l.Message = Leftover, "Gone", "it is not there any more; the next deploy or delete strikes it off the inventory"
	case l.Leftover:
		l.Ready, l.Why, l.Message = Leftover, "NotWanted", "it is not wanted here any more; the next deploy or delete removes it"
	case l.Phase == Ready:
		l.Ready = True
	case l.Phase == Failed:
		l.Ready = False
	default:
		l.Ready = Word(l.Phase)
	}
}

// Usual is what most members have.
type Usual struct {
	Revision string
	Images   []string
}

// compare marks the lines whose revision or images are not what most members
// have of the same object.
func compare(lines []Line) {
	type key struct{ kind, name string }
	revisions, images := map[key]*ballot{}, map[key]*ballot{}
	vote := func(ballots map[key]*ballot, of key, said string) {
		if ballots[of] == nil {
			ballots[of] = &ballot{}
		}
		ballots[of].add(said)
	}
	each := func(do func(*Line, key)) {
		for i := range lines {
			if l := &lines[i]; l.IsSync() && !l.Leftover {
				do(l, key{l.Kind, l.Name})
			}
		}
	}
	each(func(l *Line, of key) {
		vote(revisions, of, l.Revision)
		vote(images, of, strings.Join(l.Images, "\n"))
	})
	each(func(l *Line, of key) {
		usual, usualImages := revisions[of].winner(), images[of].winner()
		l.Usual = Usual{Revision: Short(usual), Images: split(usualImages)}
		l.RevisionDiffers = l.Revision != "" && l.Revision != usual
		l.ImagesDiffer = len(l.Images) > 0 && !slices.Equal(l.Images, l.Usual.Images)
	})
}

func split(images string) []string {
	if images == "" {
		return nil
	}
	return strings.Split(images, "\n")
}

// ballot counts how often something was said. Nothing is not counted.
type ballot struct {
	order []string
	votes map[string]int
}

func (b *ballot) add(said string) {
	if said == "" {
		return
	}
	if b.votes == nil {
		b.votes = map[string]int{}
	}
	if b.votes[said] == 0 {
		b.order = append(b.order, said)
	}
	b.votes[said]++
}

// ranked is what was said, what was said most often first, and then what was
// said first.
func (b *ballot) ranked() []string {
	return slices.SortedStableFunc(slices.Values(b.order), func(x, y string) int { return cmp.Compare(b.votes[y], b.votes[x]) })
}

func (b *ballot) winner() string {
	if ranked := b.ranked(); len(ranked) > 0 {
		return ranked[0]
	}
	return ""
}

// revisions are the different ones that members stand at: of each member those
// of its sync objects together.
func revisions(all []Seen) []string {
	var said ballot
	for i := range all {
		if all[i].Err == nil {
			said.add(strings.Join(all[i].stands(), ", "))
		}
	}
	return said.ranked()
}

// stands are the different revisions of what a member should have.
func (s *Seen) stands() []string {
	var all []string
	for i, object := range s.Objects {
		if short := Short(s.Rows[i].Revision); object.IsSync() && !object.Leftover && short != "" && !slices.Contains(all, short) {
			all = append(all, short)
		}
	}
	return all
}
