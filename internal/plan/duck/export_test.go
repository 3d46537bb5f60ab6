package duck

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Same gives how many live rows were known to be the same as they arrived, -1 where they
// were not compared then.
func (d *Draft) Same() int64 {
	if d.r.arriving == nil {
		return -1
	}
	return d.r.arriving.alike.n
}

// Pairs gives how many of them went on beside the row of the file.
func (d *Draft) Pairs() int64 {
	if d.r.arriving == nil {
		return 0
	}
	return d.r.arriving.pairs.len()
}

// SortAlone has the plan's file written when nothing else is done, however few rows it has.
func (e *Engine) SortAlone() { e.beside = 0 }

// Exec runs a statement.
func (s *Session) Exec(ctx context.Context, query string) error { return s.exec(ctx, query) }

// TooLittleMemory tells whether a statement had too little memory.
func TooLittleMemory(err error) bool { return errors.Is(err, errMemory) }

// ShowEarly says from how many rows on first pages are shown before a plan is in order.
func (e *Engine) ShowEarly(rows int64) { e.early = rows }

// ShowIn says how many megabytes a plan that people look at has.
func (e *Engine) ShowIn(megabytes int) { e.shown = megabytes }

// Foreseen tells whether a reversal is what it was foreseen to be, as far as live rows tell.
func (d *Draft) Foreseen() bool { return d.r.foreseen }

// Abreast tells whether a reversal was made of rows that lay beside what was stored of them.
func (d *Draft) Abreast() bool { return d.r.abreast }

// Tables gives how many tables are made, or being made, of what was selected of a plan.
func (e *Engine) Tables(f Frozen) (n int) {
	o, done := e.open(f)
	defer done()
	for _, sel := range o.selections {
		if sel.making != nil {
			n++
		}
	}
	return n
}

// LeaveFree says how much of the disk is free.
func (e *Engine) LeaveFree(bytes int64) { e.free = func(string) (int64, bool) { return bytes, true } }

// Forget removes what a plan left in the session, and gives back what it was promised.
func (s *Session) Forget(ctx context.Context) error {
	s.disk.release()
	return s.Reset(ctx)
}

// open gives an open plan that nobody uses until done.
func (e *Engine) open(f Frozen) (o *openPlan, done func()) {
	o, _ = e.shelf.place(f.onShelf())
	o.turn.again()
	return o, func() { o.turn.give(); e.shelf.give(o) }
}

// HoldOrder has a plan's order take until it is let go.
func (e *Engine) HoldOrder(f Frozen) (letGo func()) {
	o, done := e.open(f)
	defer done()
	base, making, held := o.base, o.making, make(chan struct{})
	o.base = begin(func() error {
		select {
		case <-held:
			return base.end()
		case <-making.Done():
			return making.Err()
		}
	})
	return sync.OnceFunc(func() { close(held) })
}

// Awaited gives how many wait for tables of a plan.
func (e *Engine) Awaited(f Frozen) (n int) {
	o, done := e.open(f)
	defer done()
	for _, sel := range o.selections {
		n += sel.awaited
	}
	return n
}

// PutAway puts an open plan away.
func (e *Engine) PutAway(f Frozen) {
	o, done := e.open(f)
	defer done()
	o.putAway()
}

// ReadsApart tells whether pages of an open plan were read by more than one thread.
func (e *Engine) ReadsApart(f Frozen) bool {
	o, done := e.open(f)
	defer done()
	return o.apart != nil
}

// HoldCopies has copies of plans in their file's order wait until they are let go.
func (e *Engine) HoldCopies() (letGo func()) {
	e.copies.again()
	return sync.OnceFunc(e.copies.give)
}

// AwaitCopy waits for that of a plan.
func (e *Engine) AwaitCopy(f Frozen) error {
	o, done := e.open(f)
	defer done()
	return o.ordered.making.end()
}

// KeepInstances has instances stay open however long they were used.
func (e *Engine) KeepInstances() { e.shortly = time.Hour }

// Opened gives how many instances were opened.
func (e *Engine) Opened() int64 { return e.pool.opened.Load() }

// Tops gives of how many selections of a plan the first rows are known.
func (e *Engine) Tops(f Frozen) (n int) {
	o, done := e.open(f)
	defer done()
	for _, sel := range o.selections {
		if sel.top != nil {
			n++
		}
	}
	return n
}
