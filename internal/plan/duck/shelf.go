package duck

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"sutor/internal/plan"
	"sutor/internal/system/driver"
)

// Plans that people look at stay open for a while: making an instance, and the
// order of a million rows, takes longer than a page may. They have places of their
// own beside slots and views; who finds all of them in use waits.
const (
	shelfPlaces   = 4
	shelfIdle     = 2 * time.Minute
	shelfMemoryMB = 256
	selections    = 6 // kept of each plan
)

// shelf keeps open plans, never more than it has places.
type shelf struct {
	mu    sync.Mutex
	open  map[string]*openPlan
	freed chan struct{} // closed when a plan is not in use any more, and then made anew
}

func newShelf() shelf { return shelf{open: map[string]*openPlan{}, freed: make(chan struct{})} }

// openPlan is a warm instance over one plan. Its table base has the rows in the
// file's order: n, op, line, mask. Tables are made on connections of their own: the
// first pages of a large plan do not wait for them, nor for somebody who does. One thread
// makes them, so rowids number the rows of a table from 0 in the order in which they came.
type openPlan struct {
	turn       *slots          // one, had while its session is used; lent while something is awaited
	session    *Session        // nil until it is first used, and after it was put away
	apart      *Session        // reads pages whose rows lie far apart; nil where there is none
	ordered    *copied         // of the plan's file, in the order of the file it was made of; nil until it is of use
	making     context.Context // of what is being made
	cancel     func()          // ends that
	base       *meanwhile
	selections []*selected // the last used last
	next       int
	instead    *openPlan // whose place it has: is put away before it opens

	path  string // on the shelf, whose lock is held for all that follows
	users int
	since time.Time // nobody uses it
	idle  *time.Timer
}

// selected is a selection. Its table has n and line.
type selected struct {
	where, table string
	making       *meanwhile // of the table; nil where nobody needed it yet
	cancel       func()     // ends that; nil where the table is base
	asked        int
	awaited      int     // by so many
	total        int64   // rows; less than 0 where they are not counted yet
	top          []place // of the first, nearTop at most; nil where nobody asked for them yet
}

// made tells whether the table is there, or could not be made.
func (s *selected) made() bool { return s.making != nil && s.making.over() }

// take gives the place of a plan, which is used until it is given back. Where all are in
// use it waits; else the one that was not used for longest makes room.
func (s *shelf) take(ctx context.Context, path string) (*openPlan, error) {
	for {
		o, freed := s.place(path)
		if o != nil {
			return o, nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// place gives the place of a plan, or, where there is none, what tells that there may be.
func (s *shelf) place(path string) (*openPlan, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[path]
	if o == nil {
		o = &openPlan{path: path, turn: newSlots(1)}
		if len(s.open) >= shelfPlaces {
			if o.instead = s.unused(); o.instead == nil {
				return nil, s.freed
			}
			delete(s.open, o.instead.path)
		}
		s.open[path] = o
	}
	if o.idle != nil {
		o.idle.Stop()
	}
	o.users++
	return o, nil
}

// unused gives the plan that was not used for longest, nil where all are in use.
func (s *shelf) unused() (old *openPlan) {
	for _, o := range s.open {
		if o.users == 0 && (old == nil || o.since.Before(old.since)) {
			old = o
		}
	}
	return old
}

// give gives a place back; a plan that stays unused is put away.
func (s *shelf) give(o *openPlan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.users--; o.users > 0 {
		return
	}
	o.since = time.Now()
	o.idle = time.AfterFunc(shelfIdle, func() {
		o.turn.again()
		defer o.turn.give()
		if !s.used(o) {
			o.putAway()
		}
	})
	close(s.freed)
	s.freed = make(chan struct{})
}

func (s *shelf) used(o *openPlan) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return o.users > 0
}

// close closes all of them.
func (s *shelf) close() {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.open))
	clear(s.open)
	s.mu.Unlock()
	for _, o := range all {
		if o.idle != nil {
			o.idle.Stop()
		}
		o.turn.again()
		o.putAway()
		o.turn.give()
	}
}

// look does something with an open plan; it gives the condition of a selection.
func (e *Engine) look(ctx context.Context, path string, f Frozen, s Selection, do func(o *openPlan, where string) error) error {
	where, err := s.where(f)
	if err != nil {
		return err
	}
	o, err := e.shelf.take(ctx, path)
	if err != nil {
		return err
	}
	defer e.shelf.give(o)
	if err := o.turn.take(ctx, nil); err != nil {
		return err
	}
	defer o.turn.give()
	return o.use(ctx, e, f, func() error { return do(o, where) })
}

// use opens the instance where there is none, and does something with it. What half an
// attempt left behind is not built on; and where that was made for somebody before, whose
// files are gone, it is made again. Of somebody who is gone nothing is left behind, and
// what others await goes on.
func (o *openPlan) use(ctx context.Context, e *Engine, f Frozen, do func() error) error {
	for there := o.session != nil; ; there = false {
		if o.session == nil {
			if err := o.begin(ctx, e, f); err != nil {
				return err
			}
		}
		session := o.session
		err := do()
		switch {
		case err == nil:
			return nil
		case o.session != session: // others put it away while something was awaited
			continue
		case ctx.Err() != nil && session.reconnect(err) == nil:
			return err
		}
		if o.putAway(); !there {
			return err
		}
	}
}

// begin opens the instance and begins to put the rows in the file's order.
func (o *openPlan) begin(ctx context.Context, e *Engine, f Frozen) (err error) {
	o.putAway() // what had its place
	if o.session, err = e.shownIn(ctx, newSlots(1), f, e.shown, 1); err != nil {
		return err
	}
	o.selections, o.next, o.base, o.ordered = nil, 0, nil, nil
	o.making, o.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if o.base, err = o.aside(ctx, func(s *Session) error { return o.order(s, f) }); err != nil {
		o.putAway()
		return err
	}
	return nil
}

// shownIn opens an instance over a plan, once there is a place in the line.
func (e *Engine) shownIn(ctx context.Context, line *slots, f Frozen, megabytes, threads int) (*Session, error) {
	limits := e.o
	limits.MemoryMB, limits.Threads, limits.stays = megabytes, threads, true
	files := slices.DeleteFunc([]string{f.Parquet, f.Hits, f.Stored}, func(path string) bool { return path == "" })
	return e.session(ctx, line, nil, limits, files)
}

// operations of a plan's rows.
var operations = func() string {
	var all []string
	for _, op := range []driver.Op{driver.Insert, driver.Update, driver.Delete, plan.Kept, plan.Impossible} {
		all = append(all, text(string(op)))
	}
	return strings.Join(all, ", ")
}()

// order puts the rows in the file's order; where there is not the memory to do it beside
// pages, as of long texts, while none is read.
func (o *openPlan) order(s *Session, f Frozen) error {
	err := s.order(o.making, f)
	if !errors.Is(err, errMemory) {
		return err
	}
	if err := o.turn.take(o.making, nil); err != nil {
		return err
	}
	defer o.turn.give()
	if err := s.reconnect(err); err != nil {
		return err
	}
	return s.order(o.making, f)
}

// order makes the tables base, and hits where lines behind findings are kept. All of base
// is as narrow as can be: what spills while it is put in order is waited for by the pages
// that are read meanwhile.
func (s *Session) order(ctx context.Context, f Frozen) error {
	rows := `read_parquet(` + text(f.Parquet) + `)`
	last, err := s.count(ctx, `SELECT coalesce(max(line), 0) FROM `+rows)
	if err != nil {
		return err
	}
	number := "UINTEGER"
	if max(last, f.all()) > math.MaxUint32 {
		number = "BIGINT"
	}
	err = s.exec(ctx, `CREATE OR REPLACE TYPE masks AS ENUM (SELECT DISTINCT mask FROM `+rows+`)`)
	if err == nil {
		err = s.exec(ctx, `CREATE OR REPLACE TABLE base AS SELECT n::`+number+` AS n, op::ENUM (`+operations+`) AS op, line::`+number+` AS line, mask::masks AS mask FROM `+rows+` ORDER BY line NULLS LAST, n`)
	}
	if err == nil && f.Hits != "" {
		err = s.loadHits(ctx, f.Hits, last)
	}
	return err
}

// loadHits makes the table hits, and hit(its, fs), which is true where one of these findings
// is about that line. A plan's rows have lines up to last.
func (s *Session) loadHits(ctx context.Context, path string, last int64) error {
	err := s.load(ctx, `CREATE OR REPLACE TABLE hits AS SELECT line, f FROM read_csv(`+text(path)+`, header = false, auto_detect = false, parallel = true, columns = {'line': 'BIGINT', 'f': 'INTEGER'})`)
	if err != nil {
		return err
	}
	return s.exec(ctx, `CREATE OR REPLACE MACRO hit(its, fs) AS `+among("its", `SELECT line FROM hits WHERE list_contains(fs, f) AND line <= `+fmt.Sprint(last), last))
}

// among is true for rows whose number, a column, is one that the query gives; none is less
// than 0 or more than most, which is a thousand millions at most. A bit for each takes
// less memory than a join, which would spill and then lose the order of the rows.
func among(number, query string, most int64) string {
	return fmt.Sprintf(`get_bit((SELECT bitstring_agg(x, 0, %d) FROM (%s) numbers(x)), %s::INTEGER) = 1`, max(most, 1), query, number)
}

// aside begins something on a connection of its own.
func (o *openPlan) aside(ctx context.Context, do func(*Session) error) (*meanwhile, error) {
	s, err := o.session.apart(ctx)
	if err != nil {
		return nil, err
	}
	return begin(func() error { return s.done(do(s)) }), nil
}

// putAway closes the instance, and that of the plan whose place it has, where it was not
// opened since; the next who looks opens it again.
func (o *openPlan) putAway() {
	if old := o.instead; old != nil {
		old.turn.again()
		old.putAway()
		old.turn.give()
		o.instead = nil
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
	o.closeApart()
	o.ordered.remove()
}

// selected gives a selection.
func (o *openPlan) selected(ctx context.Context, where string) (sel *selected, err error) {
	at := slices.IndexFunc(o.selections, func(s *selected) bool { return s.where == where })
	switch {
	case at >= 0:
		sel = o.selections[at]
		o.selections = slices.Delete(o.selections, at, at+1)
	default:
		if err := o.makeRoom(ctx); err != nil {
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

// makeRoom forgets the selections that were not used for longest, as far as nobody awaits
// them.
func (o *openPlan) makeRoom(ctx context.Context) error {
	for len(o.selections) >= selections {
		at := slices.IndexFunc(o.selections, func(s *selected) bool { return s.awaited == 0 })
		if at < 0 {
			return nil
		}
		old := o.selections[at]
		o.selections = slices.Delete(o.selections, at, at+1)
		if err := o.drop(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

// make begins to make a selection's table, once.
func (o *openPlan) make(ctx context.Context, sel *selected) (err error) {
	switch {
	case sel.making != nil:
		return nil
	case sel.where == everyRow:
		sel.table, sel.making = "base", o.base
		return nil
	}
	base := o.base
	making, cancel := context.WithCancel(o.making)
	sel.cancel = cancel
	sel.making, err = o.aside(ctx, func(s *Session) error {
		if err := base.await(making); err != nil {
			return err
		}
		return s.exec(making, `CREATE TABLE `+sel.table+` AS SELECT n, line FROM base WHERE `+sel.where)
	})
	return err
}

// await makes a selection's table, or waits for it. The table is not dropped meanwhile.
func (o *openPlan) await(ctx context.Context, sel *selected) error {
	if err := o.make(ctx, sel); err != nil {
		return err
	}
	sel.awaited++
	defer func() { sel.awaited-- }()
	return o.wait(ctx, sel.making)
}

// wait waits until something is made. Meanwhile it is somebody else's turn, who may be in no
// need of it.
func (o *openPlan) wait(ctx context.Context, m *meanwhile) (err error) {
	session := o.session
	o.turn.lend(0, func() { err = m.await(ctx) })
	if err == nil && o.session != session {
		err = errPutAway
	}
	return err
}

// errPutAway is that a plan was put away while something of it was awaited.
var errPutAway = errors.New("plan/duck: the plan was put away meanwhile")

// drop forgets a selection; what is made of it ends.
func (o *openPlan) drop(ctx context.Context, sel *selected) error {
	if sel.making == nil || sel.cancel == nil {
		return nil
	}
	sel.cancel()
	sel.making.end()
	return o.session.exec(context.WithoutCancel(ctx), `DROP TABLE IF EXISTS `+sel.table)
}
