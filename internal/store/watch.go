package store

import "sync"

// Watchers are those who want to know of commits. The zero value has none.
type Watchers struct {
	mu  sync.Mutex
	all map[chan struct{}]bool
}

// Tell tells everybody that something was committed. Several calls become one for
// somebody who has not looked in between.
func (w *Watchers) Tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.all {
		select {
		case ch <- struct{}{}:
		default: // it has not looked since the last one; it will see both
		}
	}
}

// Watch implements the Watch of workflow.Store: look at the state after having
// called Watch, then wait on the channel; so no commit is missed. Call stop when
// done.
func (w *Watchers) Watch() (committed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]bool{}
	}
	w.all[ch] = true
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, ch)
	}
}
