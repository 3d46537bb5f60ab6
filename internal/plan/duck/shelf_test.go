package duck

import (
	"context"
	"fmt"
	"testing"
)

// No more plans are open than there are places: who comes when all are in use waits, and
// may give up; else the one that was not used for longest makes room, and is put away before
// another opens.
func TestShelfIsBounded(t *testing.T) {
	t.Parallel()
	s := newShelf()
	take := func(path string) *openPlan {
		t.Helper()
		o, err := s.take(t.Context(), path)
		fine(t, err)
		return o
	}
	var all []*openPlan
	for i := range shelfPlaces {
		all = append(all, take(fmt.Sprint("plan ", i)))
	}
	if o := take("plan 1"); o != all[1] {
		t.Error("one plan has two places")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.take(gone, "another"); err != context.Canceled {
		t.Errorf("with all in use: %v", err)
	}
	came := make(chan *openPlan)
	go func() { came <- take("another") }()
	s.give(all[1]) // which somebody else uses
	s.give(all[2])
	if o := <-came; o.instead != all[2] {
		t.Errorf("it has the place of %+v", o.instead)
	}
	s.give(all[3])
	s.give(all[0])
	more := take("one more")
	if more.instead != all[3] {
		t.Errorf("it has the place of %+v", more.instead)
	}
	if more.putAway(); more.instead != nil {
		t.Error("nobody puts away what had the place of a plan that was never opened")
	}
	if len(s.open) != shelfPlaces {
		t.Errorf("%d plans are open", len(s.open))
	}
	s.close()
}

// A session whose statement failed goes on by another connection, with all of its tables.
func TestReconnect(t *testing.T) {
	t.Parallel()
	s := opened(t)
	fine(t, s.exec(t.Context(), `CREATE TABLE base AS SELECT 7 AS n`))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	failed := s.exec(gone, `SELECT count(*) FROM range(1_000_000_000)`)
	if failed == nil {
		t.Fatal("it was not given up")
	}
	fine(t, s.reconnect(failed))
	if n, err := s.count(t.Context(), `SELECT n FROM base`); n != 7 || err != nil {
		t.Errorf("it has %d, %v", n, err)
	}
}
