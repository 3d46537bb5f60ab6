package duck

import (
	"context"
	"slices"
	"sync"
	"time"
)

// slots hands out a number of places, in the order in which they are asked for,
// and tells everybody who waits how many are before them.
type slots struct {
	mu   sync.Mutex
	free int
	line []*waiting
}

// waiting is one who waits; turn is closed when the place is theirs.
type waiting struct {
	turn chan struct{}
	told func(before int)
}

func newSlots(n int) *slots { return &slots{free: n} }

// take waits for a place. told (may be nil) hears how many are before, at once and
// whenever that changes; it must not wait for anything. It is not called where
// there is a free place.
func (s *slots) take(ctx context.Context, told func(before int)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := s.queue(told)
	if w == nil {
		return nil
	}
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		s.leave(w)
		return ctx.Err()
	}
}

// queue takes a free place (nil), or joins the line.
func (s *slots) queue(told func(before int)) *waiting {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free > 0 {
		s.free--
		return nil
	}
	w := &waiting{make(chan struct{}), told}
	if s.line = append(s.line, w); told != nil {
		told(len(s.line) - 1)
	}
	return w
}

// again takes a place before all who wait: for somebody who lent theirs.
func (s *slots) again() {
	s.mu.Lock()
	if s.free > 0 {
		s.free--
		s.mu.Unlock()
		return
	}
	w := &waiting{turn: make(chan struct{})}
	s.line = slices.Insert(s.line, 0, w)
	s.tell(1)
	s.mu.Unlock()
	<-w.turn
}

// lend does something that may take long without needing the place: from the given time
// on somebody else has it.
func (s *slots) lend(after time.Duration, do func()) {
	lent := time.AfterFunc(after, s.give)
	defer func() {
		if !lent.Stop() {
			s.again()
		}
	}()
	do()
}

// leave gives up waiting; a place that came in the same moment goes to the next.
func (s *slots) leave(w *waiting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.line, w)
	if at < 0 {
		s.next()
		return
	}
	s.line = slices.Delete(s.line, at, at+1)
	s.tell(at)
}

// give gives a place back.
func (s *slots) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next()
}

// next gives a place to the first in the line; the lock is held.
func (s *slots) next() {
	if len(s.line) == 0 {
		s.free++
		return
	}
	close(s.line[0].turn)
	s.line = slices.Delete(s.line, 0, 1)
	s.tell(0)
}

// tell tells those from a place in the line on; the lock is held.
func (s *slots) tell(from int) {
	for before, w := range s.line[from:] {
		if w.told != nil {
			w.told(from + before)
		}
	}
}
