package duck_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"sutor/internal/plan/duck"
)

// Who waits for a slot hears their place at once, and each time that somebody
// before them leaves, by getting a slot or by giving up.
func TestPlaceInTheLine(t *testing.T) {
	t.Parallel()
	e, err := duck.New(duck.Options{Slots: 1, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	first, err := e.Queue(t.Context(), func(int) { t.Error("there was a free slot") })
	if err != nil {
		t.Fatal(err)
	}
	type waiter struct {
		heard  chan int
		got    chan *duck.Session
		cancel context.CancelFunc
	}
	wait := func() waiter {
		ctx, cancel := context.WithCancel(t.Context())
		w := waiter{make(chan int, 10), make(chan *duck.Session, 1), cancel}
		go func() {
			s, err := e.Queue(ctx, func(before int) { w.heard <- before })
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			w.got <- s
		}()
		return w
	}
	hears := func(w waiter, want int) {
		t.Helper()
		if got := <-w.heard; got != want {
			t.Errorf("heard of %d before, want %d", got, want)
		}
	}
	second := wait()
	hears(second, 0)
	third := wait()
	hears(third, 1)
	fourth := wait()
	hears(fourth, 2)
	third.cancel()
	hears(fourth, 1)
	if s := <-third.got; s != nil {
		t.Error("who gave up got a slot")
	}
	first.Close()
	hears(fourth, 0)
	s := <-second.got
	fifth := wait()
	hears(fifth, 1)
	s.Close()
	hears(fifth, 0)
	(<-fourth.got).Close()
	(<-fifth.got).Close()
	for _, w := range []waiter{second, fourth, fifth} {
		w.cancel()
	}
}

// Of small plans as many are made at once as the processors can; who then needs an
// instance waits for a slot, and for nobody's small plan.
func TestPlacesOfSmallPlans(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e, err := duck.New(duck.Options{Slots: 1, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	var all []*duck.Session
	for range runtime.GOMAXPROCS(0) + 1 {
		s, err := e.Deferred(t.Context(), func(int) { t.Error("there was a free place") })
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	heard, got := make(chan int, 1), make(chan *duck.Session, 1)
	go func() {
		s, err := e.Deferred(t.Context(), func(before int) { heard <- before })
		if err != nil {
			t.Error(err)
		}
		got <- s
	}()
	if before := <-heard; before != 0 {
		t.Errorf("%d are before the first", before)
	}
	if _, err := all[0].Lines(t.Context(), filepath.Join(dir, "none.parquet"), []int64{1}, 1); err == nil { // and takes the slot for its place
		t.Error("there is no such file")
	}
	all = append(all, <-got)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Deferred(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	for _, s := range all {
		s.Close()
	}
	if left, err := os.ReadDir(dir); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
