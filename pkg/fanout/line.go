package fanout

import (
	"sync"
	"time"
)

// line is where values wait until it is their item's turn.
type line[V any] struct {
	budget int
	size   func(V) int
	ended  sync.WaitGroup
	// ready holds something where the item whose turn it is may have news.
	ready chan struct{}

	mutex  sync.Mutex // guards the rest
	places []place[V]
	head   int           // whose turn it is
	held   int           // the size of all values
	freed  chan struct{} // closed, and another made, where room may have come
}

// place is one item's in the line.
type place[V any] struct {
	values         []V
	started, ended bool
	err            error
}

// news is what is next in the line.
type news[V any] struct {
	index   int
	value   V
	ended   bool
	err     error
	waiting []int
	over    bool
}

func newLine[V any](items, budget int, size func(V) int) *line[V] {
	l := &line[V]{
		budget: budget, size: size, places: make([]place[V], items),
		ready: make(chan struct{}, 1), freed: make(chan struct{}),
	}
	l.ended.Add(items)
	return l
}

func (l *line[V]) start(index int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.places[index].started = true
}

// put places a value in the line. Where there is no room it waits, with the
// clock stopped, until there is, or until it is the item's turn and it has
// nothing else in the line: so there is always one who can go on.
func (l *line[V]) put(clock *stopwatch, index int, value V) error {
	freed := l.tryPut(index, value)
	if freed == nil {
		return nil
	}
	clock.pause()
	defer clock.resume()
	for freed != nil {
		select {
		case <-freed:
		case <-clock.Done():
			return clock.Err()
		}
		freed = l.tryPut(index, value)
	}
	return nil
}

// tryPut returns nil where it placed the value, and else what to wait for.
func (l *line[V]) tryPut(index int, value V) <-chan struct{} {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	at, size := &l.places[index], l.sizeOf(value)
	first := index == l.head && len(at.values) == 0
	if l.budget > 0 && l.held+size > l.budget && !first {
		return l.freed
	}
	at.values = append(at.values, value)
	l.held += size
	l.tell(index)
	return nil
}

func (l *line[V]) sizeOf(value V) int {
	if l.size == nil {
		return 0
	}
	return l.size(value)
}

func (l *line[V]) end(index int, err error) {
	l.mutex.Lock()
	l.places[index].ended, l.places[index].err = true, err
	l.tell(index)
	l.mutex.Unlock()
	l.ended.Done()
}

// tell wakes who waits for the item whose turn it is.
func (l *line[V]) tell(index int) {
	if index != l.head {
		return
	}
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// next waits for what is next, or for as long as the patience lasts.
func (l *line[V]) next(patience time.Duration) news[V] {
	var enough <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		enough = timer.C
	}
	for {
		if news, ok := l.take(); ok {
			return news
		}
		select {
		case <-l.ready:
		case <-enough:
			return news[V]{waiting: l.atWork()}
		}
	}
}

// take takes what is next, if it is there.
func (l *line[V]) take() (news[V], bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.head == len(l.places) {
		return news[V]{over: true}, true
	}
	at := &l.places[l.head]
	next := news[V]{index: l.head}
	switch {
	case len(at.values) > 0:
		next.value = at.values[0]
		at.values[0] = *new(V) // lets go of it
		at.values = at.values[1:]
		l.held -= l.sizeOf(next.value)
	case at.ended:
		next.ended, next.err = true, at.err
		*at = place[V]{}
		l.head++
	default:
		return next, false
	}
	close(l.freed)
	l.freed = make(chan struct{})
	return next, true
}

// atWork lists the items that have begun and not ended.
func (l *line[V]) atWork() []int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	waiting := []int{}
	for i := l.head; i < len(l.places); i++ {
		if l.places[i].started && !l.places[i].ended {
			waiting = append(waiting, i)
		}
	}
	return waiting
}

// wait waits until every item has ended.
func (l *line[V]) wait() { l.ended.Wait() }
