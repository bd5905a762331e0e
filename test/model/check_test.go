package model

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// law is broken by an object that the inventory does not list.
func (s state) law() error {
	for m := range members {
		if s.object[m] != 0 && s.entry[m] == none {
			return fmt.Errorf("an object is in member %d, and not in the inventory", m)
		}
	}
	return nil
}

// holds checks, when the last client has ended and nothing is under way, that
// all is as it wants.
func (s state) holds(wants uint8) error {
	for m := range members {
		wanted := wants&(1<<m) != 0
		if wanted != (s.object[m] != 0) || wanted != (s.entry[m] != none) {
			return fmt.Errorf("member %d holds object %d, and the inventory %d, where it is wanted: %t", m, s.object[m], s.entry[m], wanted)
		}
	}
	if s.holder != 0 {
		return fmt.Errorf("client %d holds the inventory", s.holder)
	}
	return nil
}

// explore goes through all states that can follow from a first one. It returns
// how many there are, and how the first breach comes about.
func explore(first state, without broken, wants uint8) (int, []string) {
	before := map[state]state{first: first}
	queue := []state{first}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if err := s.law(); err != nil {
			return len(before), append(path(before, s), err.Error())
		}
		following := s.next(without, wants)
		if len(following) == 0 {
			if err := s.final(wants); err != nil {
				return len(before), append(path(before, s), err.Error())
			}
		}
		for _, next := range following {
			if _, seen := before[next]; !seen {
				before[next] = s
				queue = append(queue, next)
			}
		}
	}
	return len(before), nil
}

// final judges a state that nothing follows from.
func (s state) final(wants uint8) error {
	if !s.isFinal || s.client[0].stage != ended {
		return fmt.Errorf("nobody gets any further")
	}
	return s.holds(wants)
}

func path(before map[state]state, s state) []string {
	var all []string
	for {
		all = append([]string{fmt.Sprintf("%+v", s)}, all...)
		if before[s] == s {
			return all
		}
		s = before[s]
	}
}

// begins are the states to begin with: nothing is there, or the application is
// in all members, and two clients want something.
func begins() []state {
	const all, some, nothing = 0b111, 0b011, 0b000
	var states []state
	for _, wants := range [][2]uint8{{all, nothing}, {all, some}, {some, nothing}, {nothing, nothing}, {all, all}} {
		empty := state{client: [2]client{{wants: wants[0]}, {wants: wants[1]}}}
		full := empty
		for m := range members {
			full.object[m], full.uid[m], full.entry[m] = 1, 1, known+1
		}
		states = append(states, empty, full)
	}
	return states
}

// No order of events breaks the law, and one run to which nothing happens brings
// about what it is asked for.
func TestModel(t *testing.T) {
	count := fault.Begin(t, fault.ModelStates)
	for _, first := range begins() {
		for _, wants := range []uint8{0b000, 0b111} {
			states, breach := explore(first, broken{}, wants)
			if breach != nil {
				t.Errorf("%s", strings.Join(breach, "\n"))
			}
			count.Add(states)
		}
	}
}

// Each rule is needed.
func TestModelFindsWhatIsBroken(t *testing.T) {
	for name, without := range map[string]broken{
		"members are touched before the inventory is written": {earlyWork: true},
		"the inventory is written over another run's":         {blindWrites: true},
		"an apply does not say onto which object":             {blindChanges: true},
		"nobody waits for a create that is late":              {hasty: true},
		"nobody waits for another one that is late":           {satisfied: true},
		"what is made anew stays known":                       {surely: true},
		"who else may have made it is forgotten":              {forgets: true},
		"what was not seen is taken for gone":                 {strikesOff: true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, first := range begins() {
				for _, wants := range []uint8{0b000, 0b111} {
					if states, breach := explore(first, without, wants); breach != nil {
						t.Logf("found after %d states, in %d steps", states, len(breach)-1)
						return
					}
				}
			}
			t.Error("nothing was found to be broken")
		})
	}
}
