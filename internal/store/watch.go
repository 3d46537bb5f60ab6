package store

import (
	"slices"
	"sync"

	"sutor/internal/change"
)

// Watchers are those who want to know of commits. The zero value has none.
type Watchers struct {
	mu  sync.Mutex
	all map[chan struct{}]change.ID // of whom each wants to know; "" for every commit
}

// Tell tells of a commit that saved these changes: those who wait for one of them, and
// those who wait for every commit. Several become one for somebody who has not looked
// in between.
func (w *Watchers) Tell(saved []change.ID) {
	w.tell(func(of change.ID) bool { return of == "" || slices.Contains(saved, of) })
}

// TellAll tells everybody: of a commit of which it is not known what it saved.
func (w *Watchers) TellAll() { w.tell(func(change.ID) bool { return true }) }

func (w *Watchers) tell(whom func(of change.ID) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch, of := range w.all {
		if !whom(of) {
			continue
		}
		select {
		case ch <- struct{}{}:
		default: // it has not looked since the last one; it will see both
		}
	}
}

// Watch implements the Watch of workflow.Store: look at the state after having
// called Watch, then wait on the channel; so no commit is missed. Call stop when
// done.
func (w *Watchers) Watch(of change.ID) (committed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]change.ID{}
	}
	w.all[ch] = of
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, ch)
	}
}
