package duck

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Plans that people look at stay open for a while: making an instance, and the
// order of a million rows, takes longer than a page may. They have places of their
// own beside slots and views.
const (
	shelfPlaces   = 4
	shelfIdle     = 2 * time.Minute
	shelfMemoryMB = 256
	selections    = 6 // kept of each plan
)

// shelf keeps open plans.
type shelf struct {
	mu   sync.Mutex
	open map[string]*openPlan
}

// openPlan is a warm instance over one plan. Its table base has the rows in the
// file's order: pos, n, op, line, mask. Tables are made on connections of their own: the
// first pages of a large plan do not wait for them.
type openPlan struct {
	mu         sync.Mutex      // held while it is used
	session    *Session        // nil until it is first used, and after it was put away
	making     context.Context // of what is being made
	cancel     func()          // ends that
	base       *meanwhile
	selections []*selected // the last used last
	next       int
	idle       *time.Timer
}

// selected is a selection. Its table has pos and n.
type selected struct {
	where, table string
	making       *meanwhile // of the table; nil where nobody needed it yet
	cancel       func()     // ends that
	asked        int
	total        int64 // rows; less than 0 where they are not counted yet
}

// made tells whether the table is there, or could not be made.
func (s *selected) made() bool { return s.making != nil && s.making.over() }

// take gives the place of a plan; the one that was not used for longest makes room.
func (s *shelf) take(path string) *openPlan {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, there := s.open[path]
	if there {
		return o
	}
	if len(s.open) >= shelfPlaces {
		for other, old := range s.open {
			if old.mu.TryLock() { // one that nobody uses now
				old.putAway()
				old.mu.Unlock()
				delete(s.open, other)
				break
			}
		}
	}
	o = &openPlan{}
	s.open[path] = o
	return o
}

// close closes all of them.
func (s *shelf) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.open {
		o.mu.Lock()
		o.putAway()
		o.mu.Unlock()
	}
	clear(s.open)
}

// use opens the instance where there is none, and does something with it; it gives the
// condition of a selection. What half an attempt left behind is not built on; and where
// that was made for somebody before, whose files are gone, it is made again.
func (o *openPlan) use(ctx context.Context, e *Engine, f Frozen, s Selection, do func(where string) error) error {
	where, err := s.where(f)
	if err != nil {
		return err
	}
	for there := o.session != nil; ; there = false {
		if o.session == nil {
			if err := o.begin(ctx, e, f); err != nil {
				return err
			}
		}
		o.idle.Reset(shelfIdle)
		if err = do(where); err == nil {
			return nil
		}
		if o.putAway(); !there || ctx.Err() != nil {
			return err
		}
	}
}

// begin opens the instance and begins to put the rows in the file's order.
func (o *openPlan) begin(ctx context.Context, e *Engine, f Frozen) (err error) {
	limits := e.o
	limits.MemoryMB, limits.Threads, limits.stays = shelfMemoryMB, 1, true
	files := []string{f.Parquet}
	if f.Hits != "" {
		files = append(files, f.Hits)
	}
	if f.Stored != "" {
		files = append(files, f.Stored)
	}
	if o.session, err = e.session(ctx, newSlots(1), nil, limits, files); err != nil {
		o.session = nil
		return err
	}
	o.selections, o.next, o.base = nil, 0, nil
	o.making, o.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if o.base, err = o.aside(ctx, func(s *Session) error { return s.order(o.making, f) }); err != nil {
		o.putAway()
		return err
	}
	o.idle = time.AfterFunc(shelfIdle, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.putAway()
	})
	return nil
}

// order makes the tables base, and hits where lines behind findings are kept. One thread
// numbers the rows in the order in which they come.
func (s *Session) order(ctx context.Context, f Frozen) error {
	err := s.exec(ctx, `CREATE TABLE base AS SELECT row_number() OVER () AS pos, * FROM (SELECT n, op, line, mask FROM read_parquet(`+text(f.Parquet)+`) ORDER BY line NULLS LAST, n)`)
	if err == nil && f.Hits != "" {
		err = s.load(ctx, `CREATE TABLE hits AS SELECT line, f FROM read_csv(`+text(f.Hits)+`, header = false, auto_detect = false, parallel = true, columns = {'line': 'BIGINT', 'f': 'INTEGER'})`)
	}
	return err
}

// aside begins something on a connection of its own.
func (o *openPlan) aside(ctx context.Context, do func(*Session) error) (*meanwhile, error) {
	s, err := o.session.apart(ctx)
	if err != nil {
		return nil, err
	}
	return begin(func() error { return s.done(do(s)) }), nil
}

// putAway closes the instance; the next who looks opens it again.
func (o *openPlan) putAway() {
	if o.idle != nil {
		o.idle.Stop()
	}
	if o.session == nil {
		return
	}
	o.cancel()
	o.base.end()
	for _, sel := range o.selections {
		sel.making.end()
	}
	o.session.Close()
	o.session = nil
}

// selected gives a selection; the one that was not used for longest makes room.
func (o *openPlan) selected(ctx context.Context, where string) (sel *selected, err error) {
	at := slices.IndexFunc(o.selections, func(s *selected) bool { return s.where == where })
	switch {
	case at >= 0:
		sel = o.selections[at]
		o.selections = slices.Delete(o.selections, at, at+1)
	case len(o.selections) >= selections:
		old := o.selections[0]
		o.selections = o.selections[1:]
		if err := o.drop(ctx, old); err != nil {
			return nil, err
		}
	}
	if sel == nil {
		o.next++
		sel = &selected{where: where, table: fmt.Sprintf("s%d", o.next), total: -1}
	}
	sel.asked++
	o.selections = append(o.selections, sel)
	return sel, nil
}

// make begins to make a selection's table, once.
func (o *openPlan) make(ctx context.Context, sel *selected) (err error) {
	if sel.making != nil {
		return nil
	}
	base := o.base
	making, cancel := context.WithCancel(o.making)
	sel.cancel = cancel
	sel.making, err = o.aside(ctx, func(s *Session) error {
		if err := base.end(); err != nil {
			return err
		}
		return s.exec(making, `CREATE TABLE `+sel.table+` AS SELECT row_number() OVER () AS pos, n FROM (SELECT n FROM base WHERE `+sel.where+`)`)
	})
	return err
}

// await makes a selection's table, or waits for it.
func (o *openPlan) await(ctx context.Context, sel *selected) error {
	if err := o.make(ctx, sel); err != nil {
		return err
	}
	return sel.making.end()
}

// drop forgets a selection; what is made of it ends.
func (o *openPlan) drop(ctx context.Context, sel *selected) error {
	if sel.making == nil {
		return nil
	}
	sel.cancel()
	sel.making.end()
	return o.session.exec(ctx, `DROP TABLE IF EXISTS `+sel.table)
}
