// Package model checks the protocol between the inventory on the host and what
// is in the members: every order in which two clients, each of which may die at
// any point, and their requests, each of which may be late or lost, can take
// turns. It is a model: what it says of the plugin rests on its rules being
// those of pkg/inventory, pkg/deploy and pkg/apply, which each rule names.
package model

// members is how many there are. An application has one object in each.
const members = 3

// Entries of the inventory, and what a client knows: nothing, that there may be
// an object, or from known on its UID.
const (
	none   = 0
	unsure = 1
	known  = 1 // plus the UID, which begins with 1
)

// stage is where a client is.
type stage uint8

const (
	starts  stage = iota
	intends       // it has read the inventory
	works         // it holds the inventory
	settles
	hands // another has taken the inventory: it adds what it made
	ended
	dead
)

// step is where a client is with one member.
type step uint8

const (
	todo step = iota
	sent
	refused // another object is there, or none where one was to be
	made
	failed // of what became of it, nothing is known
	gone
)

// client is one run.
type client struct {
	stage stage
	// wants are the members that should have an object, a bit for each.
	wants uint8
	// entry is what it knows, and step what it does.
	entry [members]uint8
	step  [members]step
	// doubt tells of which objects an earlier run's request to make them may still
	// come.
	doubt [members]bool
	// isFresh tells that nobody has written the inventory since it last read or
	// wrote it: that a write of its own would be taken.
	isFresh bool
	// isLapsed tells that its lease ended before it could renew it.
	isLapsed bool
}

// wanted tells whether a member should have an object.
func (c *client) wanted(m int) bool { return c.wants&(1<<m) != 0 }

// requests are those of one client to the members that are under way: to make an
// object, to change that with a UID, to delete it.
type requests struct {
	make   [members]bool
	change [members]uint8
	remove [members]uint8
}

// state is all that there is. Two states that are equal are the same.
type state struct {
	// entry and late are the inventory, and holder who holds it, from 1 on.
	entry  [members]uint8
	late   [members]bool
	holder uint8
	// object is the UID of what is in a member, 0 where nothing is, and uid the last
	// that it gave away.
	object, uid [members]uint8
	client      [2]client
	underWay    [2]requests
	// isFinal is set when both have ended, and one more begins to which nothing
	// happens.
	isFinal bool
}

// broken are rules that are left out, to see that they are needed.
type broken struct {
	// earlyWork: members are touched before the inventory is written.
	// blindWrites: the inventory is written whatever is in it.
	// blindChanges: a change does not say of which object.
	// hasty: nobody waits for a request to make an object that is late.
	// satisfied: nor once one that is there is gone.
	// surely: what is made anew stays in the inventory as known.
	// forgets: nothing says of an object that an earlier run may have made it, too.
	// strikesOff: what was not seen to be gone is struck off.
	earlyWork, blindWrites, blindChanges, hasty, satisfied, surely, forgets, strikesOff bool
}

// next are the states that can follow. wants is what the last client wants.
func (s state) next(without broken, wants uint8) []state {
	var all []state
	for c := range s.client {
		all = append(all, s.moves(c, without)...)
		all = append(all, s.arrivals(c, without)...)
	}
	if last, ok := s.last(wants); ok {
		all = append(all, last)
	}
	return all
}

// last is the state in which one more client begins, once both have ended. What
// may still be late then are requests to make something, of one of them: what
// changes or deletes one object does nothing to any other.
func (s state) last(wants uint8) (state, bool) {
	isOver := func(c client) bool { return c.stage == ended || c.stage == dead }
	isQuiet := func(r requests) bool { return r.change == [members]uint8{} && r.remove == [members]uint8{} }
	if s.isFinal || !isOver(s.client[0]) || !isOver(s.client[1]) || !isQuiet(s.underWay[0]) || !isQuiet(s.underWay[1]) {
		return s, false
	}
	if s.underWay[0] != (requests{}) {
		if s.underWay[1] != (requests{}) {
			return s, false
		}
		s.underWay[0], s.underWay[1] = s.underWay[1], s.underWay[0]
	}
	if s.holder != 0 {
		s.holder = 2
	}
	s.client = [2]client{{wants: wants}, {stage: dead}}
	s.isFinal = true
	return s, true
}

// moves are what one client may do next.
func (s state) moves(c int, without broken) []state {
	me := s.client[c]
	var all []state
	if me.stage > starts && me.stage < ended && !s.isFinal { // killed: see killedBefore in test/e2e
		died := s
		died.client[c] = client{stage: dead}
		all = append(all, died)
	}
	switch me.stage {
	case starts:
		all = append(all, s.read(c))
	case intends:
		all = append(all, s.intend(c, without))
		if without.earlyWork {
			all = append(all, s.work(c, without)...)
		}
	case works:
		all = append(all, s.work(c, without)...)
		if !s.isFinal && !me.isLapsed {
			all = append(all, s.lapse(c))
		}
	case settles:
		all = append(all, s.settle(c, without))
	case hands:
		all = append(all, s.handOver(c, without))
	}
	return all
}

// read is inventory.Read and PassOver: whoever holds it is waited for, unless it is
// dead or its lease has ended.
func (s state) read(c int) state {
	me := &s.client[c]
	other := s.client[1-c]
	if s.holder == uint8(2-c) && other.stage < ended && !other.isLapsed {
		me.stage = ended
		return s
	}
	me.entry, me.isFresh, me.stage = s.entry, true, intends
	for m := range members {
		me.doubt[m] = s.late[m] || s.entry[m] == unsure
	}
	return s
}

// intend is inventory.Intend.
func (s state) intend(c int, without broken) state {
	me := &s.client[c]
	if !me.isFresh && !without.blindWrites {
		me.stage = ended
		return s
	}
	for m := range members {
		if me.wanted(m) && me.entry[m] == none {
			me.entry[m] = unsure
		}
	}
	s.write(c, me.entry, uint8(c+1))
	me.stage = works
	return s
}

// write puts the inventory in the place of the one that is there.
func (s *state) write(c int, entry [members]uint8, holder uint8) {
	s.entry, s.holder = entry, holder
	s.client[c].isFresh, s.client[1-c].isFresh = true, false
}

// lapse is inventory.Keep where nothing could be written: the run sends no more,
// and knows nothing of what it has sent.
func (s state) lapse(c int) state {
	me := &s.client[c]
	me.isLapsed, me.stage = true, settles
	for m := range members {
		if me.step[m] == sent || me.step[m] == refused {
			me.step[m] = failed
		}
	}
	return s
}

// work is deploy.Run between intend and settle: all is brought where it should be,
// side by side, and then the rest is pruned.
func (s state) work(c int, without broken) []state {
	me := s.client[c]
	var all []state
	busy := false
	for m := range members {
		if me.wanted(m) && me.step[m] < made {
			busy = true
			if did, ok := s.bring(c, m, without); ok {
				all = append(all, did)
			}
		}
	}
	if busy {
		return all
	}
	for m := range members {
		if !me.wanted(m) && me.entry[m] != none && me.step[m] < made {
			busy = true
			if did, ok := s.prune(c, m, without); ok {
				all = append(all, did)
			}
		}
	}
	if !busy {
		s.client[c].stage = settles
		all = append(all, s)
	}
	return all
}

// bring is apply.applyOne.
func (s state) bring(c, m int, without broken) (state, bool) {
	me, mine := &s.client[c], &s.underWay[c]
	switch {
	case me.step[m] == todo && me.entry[m] > known:
		mine.change[m], me.step[m] = me.entry[m]-known, sent
	case me.step[m] == todo:
		mine.make[m], me.step[m] = true, sent
	case me.step[m] == refused && !me.isFresh: // StillHeld
		me.stage = hands
	case me.step[m] == refused && s.object[m] != 0: // whatIsThere
		me.step[m], me.entry[m] = todo, known+s.object[m]
	case me.step[m] == refused: // it is made anew, and the inventory says so first
		s.late[m] = s.late[m] || !without.surely
		s.write(c, s.entry, s.holder)
		me.step[m], me.entry[m], me.doubt[m] = todo, unsure, !without.surely
	default:
		return s, false
	}
	return s, true
}

// prune is apply.deleteOne.
func (s state) prune(c, m int, without broken) (state, bool) {
	me, mine := &s.client[c], &s.underWay[c]
	switch {
	case me.step[m] != todo:
		return s, false
	case s.object[m] != 0:
		mine.remove[m], me.step[m] = s.object[m], sent
	case (me.entry[m] == unsure || me.doubt[m]) && s.underWay[1-c].make[m] && !without.hasty:
		return s, false // getLate: it waits for longer than that may take
	default:
		me.step[m] = gone
	}
	return s, true
}

// arrivals are what may become of the requests of a client that are under way:
// each may be carried out or not, and its answer may come or not; but for the
// last client's, to which nothing happens.
func (s state) arrivals(c int, without broken) []state {
	var all []state
	isCalm := s.isFinal && c == 0
	for m := range members {
		for _, carriedOut := range []func(*state, int, int, broken) bool{(*state).makes, (*state).changes, (*state).removes} {
			did := s
			if !carriedOut(&did, c, m, without) {
				continue
			}
			all = append(all, did)
			if isCalm {
				continue
			}
			unanswered, lost := did, s
			unanswered.client = s.client
			unanswered.answer(c, m, failed)
			lost.underWay = did.underWay
			lost.answer(c, m, failed)
			all = append(all, unanswered, lost)
		}
	}
	return all
}

// makes carries out a request to make an object, if there is one.
func (s *state) makes(c, m int, _ broken) bool {
	if !s.underWay[c].make[m] {
		return false
	}
	s.underWay[c].make[m] = false
	if s.object[m] != 0 {
		s.answer(c, m, refused)
		return true
	}
	s.uid[m]++
	s.object[m] = s.uid[m]
	s.answerMade(c, m)
	return true
}

// changes carries out a request to change an object, if there is one.
func (s *state) changes(c, m int, without broken) bool {
	uid := s.underWay[c].change[m]
	if uid == 0 {
		return false
	}
	s.underWay[c].change[m] = 0
	switch {
	case s.object[m] == uid:
		s.answerMade(c, m)
	case s.object[m] == 0 && without.blindChanges:
		s.uid[m]++
		s.object[m] = s.uid[m]
		s.answerMade(c, m)
	default:
		s.answer(c, m, refused)
	}
	return true
}

// removes carries out a request to delete an object, if there is one.
func (s *state) removes(c, m int, without broken) bool {
	uid := s.underWay[c].remove[m]
	if uid == 0 {
		return false
	}
	s.underWay[c].remove[m] = 0
	if s.object[m] != uid {
		s.answer(c, m, failed)
		return true
	}
	s.object[m] = 0
	if me := s.client[c]; (me.entry[m] == unsure || me.doubt[m]) && !without.satisfied {
		s.answer(c, m, todo) // it looks again
	} else {
		s.answer(c, m, gone)
	}
	return true
}

// answer lets a client know, if it still waits for that.
func (s *state) answer(c, m int, what step) {
	if me := &s.client[c]; me.step[m] == sent {
		me.step[m] = what
	}
}

func (s *state) answerMade(c, m int) {
	if me := &s.client[c]; me.step[m] == sent {
		me.step[m], me.entry[m] = made, known+s.object[m]
	}
}

// settle is inventory.Settle.
func (s state) settle(c int, without broken) state {
	me := &s.client[c]
	if !me.isFresh && !without.blindWrites {
		me.stage = hands
		return s
	}
	entry := me.entry
	for m := range members {
		if me.step[m] == gone || without.strikesOff && me.step[m] == failed {
			entry[m] = none
		}
		s.late[m] = me.doubt[m] && entry[m] > unsure && !without.forgets
	}
	s.write(c, entry, 0)
	s.client[c] = client{stage: ended}
	return s
}

// handOver is inventory.handOver.
func (s state) handOver(c int, without broken) state {
	me := s.client[c]
	entry := s.entry
	for m := range members {
		if me.step[m] == made {
			entry[m] = me.entry[m]
			s.late[m] = (s.late[m] || s.entry[m] == unsure) && !without.forgets
		}
	}
	s.write(c, entry, s.holder)
	s.client[c] = client{stage: ended}
	return s
}
