package duck

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
)

// A group of a plan's file is read whole. The rows of a page have numbers near each other in
// most plans, and lie in one or two groups; in a plan whose file is in another order than its
// keys, and in a selection of few of many rows, each may lie in a group of its own.
const (
	farApart    = 8 // groups in which the rows of a page lie, from which on they are far apart
	pageThreads = 4 // at most, to read such a page
)

// page reads the rows of one page.
func (o *openPlan) page(ctx context.Context, e *Engine, f Frozen, places []place) ([]Row, error) {
	if len(places) == 0 {
		return nil, nil
	}
	rows, at, numbers, extent := make([]Row, len(places)), map[int64]int{}, make([]int64, len(places)), newExtent()
	for i, p := range places {
		numbers[i], at[p.n] = p.n, i
		extent.add(p)
	}
	read := func(s *Session, parquet string) error {
		where := fmt.Sprintf(`n BETWEEN %d AND %d AND n IN (%s)`, extent.first.n, extent.last.n, commas(numbers))
		if parquet != f.Parquet {
			where += fmt.Sprintf(` AND line BETWEEN %d AND %d`, extent.first.line, extent.last.line)
		}
		return s.readRows(ctx, f.rowsIn(parquet), f.Manifest, where, func(r Row) { rows[at[r.N]] = r })
	}
	parquet := f.Parquet
	if byKey := len(extent.groups); byKey >= farApart {
		made := false
		if extent.byLine() <= byKey/2 {
			parquet, made = o.inOrder(e, f)
		}
		if threads := min(runtime.GOMAXPROCS(0), pageThreads); !made && threads > 1 {
			if done, err := o.readApart(ctx, e, f, threads, func(s *Session) error { return read(s, f.Parquet) }); done {
				return rows, err
			}
		}
	}
	return rows, o.patiently(ctx, func() error { return read(o.session, parquet) })
}

// patiently reads, once more where there was too little memory for it while the rows were put
// in order, which needs none of it after.
func (o *openPlan) patiently(ctx context.Context, read func() error) error {
	ordering := !o.base.over()
	err := read()
	if !ordering || !errors.Is(err, errMemory) {
		return err
	}
	if err := o.session.reconnect(err); err != nil {
		return err
	}
	if err := o.wait(ctx, o.base); err != nil {
		return err
	}
	return read()
}

// extent is how far apart the rows of a page are.
type extent struct {
	groups      map[int64]bool // of the plan's file, in which they lie
	first, last place          // what is least and most of them, of numbers and lines each
}

func newExtent() *extent {
	return &extent{groups: map[int64]bool{}, first: place{math.MaxInt64, math.MaxInt64}}
}

func (s *extent) add(p place) {
	s.groups[(p.n-1)/groupRows] = true
	s.first.n, s.last.n = min(s.first.n, p.n), max(s.last.n, p.n)
	s.first.line, s.last.line = min(s.first.line, p.line), max(s.last.line, p.line)
}

// byLine gives in how many groups they lie at most where a plan is in its file's order; where
// some are none of the file, in as many as there may be.
func (s *extent) byLine() int {
	if s.first.line == 0 {
		return math.MaxInt
	}
	return int((s.last.line-s.first.line)/groupRows) + 1
}

// readApart reads beside what is put in order, with more threads. It is not done where that
// takes more memory than there is, as of long texts.
func (o *openPlan) readApart(ctx context.Context, e *Engine, f Frozen, threads int, read func(*Session) error) (done bool, err error) {
	if o.apart == nil {
		if o.apart, err = e.shownIn(ctx, newSlots(1), f, max(e.shown/2, 1), threads); err != nil {
			o.apart = nil
			return true, err
		}
	}
	if err = read(o.apart); err == nil {
		return true, nil
	}
	done = !errors.Is(err, errMemory)
	if !done || o.apart.reconnect(err) != nil {
		o.closeApart()
	}
	return done, err
}

func (o *openPlan) closeApart() {
	if o.apart != nil {
		o.apart.Close()
		o.apart = nil
	}
}

// inOrder gives the file of a plan in the order of the file that it was made of, where that is
// made; else as it is, and the copy is begun, once. Of all open plans one is written at a time, by one thread that
// has half of a plan's memory. Where there is not the disk or the memory for it, there is none.
func (o *openPlan) inOrder(e *Engine, f Frozen) (parquet string, made bool) {
	if o.ordered == nil {
		o.ordered = &copied{}
		making, c := o.making, o.ordered
		c.making = begin(func() (err error) {
			if c.session, err = e.shownIn(making, e.copies, f, max(e.shown/2, 1), 1); err != nil {
				return err
			}
			defer c.session.leave()
			return c.session.writeGroups(making, `SELECT * FROM read_parquet(`+text(f.Parquet)+`) ORDER BY line NULLS LAST, n`, c.path())
		})
	}
	if !o.ordered.making.over() || o.ordered.making.end() != nil {
		return f.Parquet, false
	}
	o.closeApart()
	return o.ordered.path(), true
}

// copied is a copy of a plan's file; its session has a folder, and nothing else once it is made.
type copied struct {
	session *Session // nil where it did not come to that
	making  *meanwhile
}

func (c *copied) path() string { return c.session.Path("in-order.parquet") }

// remove waits until it is made, or given up, and removes it.
func (c *copied) remove() {
	if c == nil {
		return
	}
	if c.making.end(); c.session != nil {
		c.session.Close()
	}
}
