package system

import (
	"context"
	"errors"
	"io"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Tx is the transaction of an apply.
type Tx interface {
	driver.Tx
	driver.Drawer
}

// Begin opens the transaction of an apply.
func (s *System) Begin(ctx context.Context, o driver.Options) (Tx, error) {
	drv, err := s.connected(ctx)
	if err != nil {
		return nil, err
	}
	t, err := drv.Begin(ctx, o)
	if err != nil {
		return nil, s.explain(err)
	}
	return &tx{Tx: t, sys: s}, nil
}

// tx is a driver's transaction with what package system adds.
type tx struct {
	driver.Tx
	sys *System
}

// Write counts what goes in and what comes out: without conflicts every row
// sent is written, and no more rows are told of than were written.
func (t *tx) Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	up, down := counted{r: rows}, counted{w: stored}
	written, conflicts, err := t.Tx.Write(ctx, w, &up, &down)
	if err != nil || len(conflicts) > 0 {
		return 0, conflicts, t.sys.explain(err)
	}
	err = errors.Join(up.drained(), up.agrees("sent", written))
	if err == nil && (down.records > written || down.quoted) {
		err = down.agrees("given back as stored", written)
	}
	return written, nil, t.sys.explain(err)
}

// Draw gives the keys of n new rows; see [driver.Drawer].
func (t *tx) Draw(ctx context.Context, table record.Table, column string, n int64, out io.Writer) error {
	drawer, can := t.Tx.(driver.Drawer)
	if !can {
		return errs.New(errs.Blocked, "The system %s cannot tell the %s of new rows before they are written, so none are written without one.", t.sys.name, column).
			WithMend("Give the rows a %s in the file.", column)
	}
	down := counted{w: out}
	err := drawer.Draw(ctx, table, column, n, &down)
	if err == nil {
		err = down.agrees("given a "+column, n)
	}
	return t.sys.explain(err)
}

// Commit makes the changes last. An error leaves open whether it did, unless it
// is a refusal or comes from before the attempt.
func (t *tx) Commit(ctx context.Context) error { return t.sys.explain(t.Tx.Commit(ctx)) }

// Rollback undoes everything; after Commit it does nothing.
func (t *tx) Rollback(ctx context.Context) error { return t.sys.explain(t.Tx.Rollback(ctx)) }

// Check judges what a commit would judge; see [driver.Tx].
func (t *tx) Check(ctx context.Context) error { return t.sys.explain(t.Tx.Check(ctx)) }

// Mark remembers what has been written so far.
func (t *tx) Mark(ctx context.Context) error { return t.sys.explain(t.Tx.Mark(ctx)) }

// Back returns to the mark.
func (t *tx) Back(ctx context.Context) error { return t.sys.explain(t.Tx.Back(ctx)) }

// Trial is a transaction that is never committed: it has no way to.
type Trial struct{ tx Tx }

// Try opens a transaction in which a plan is written to hear what the system says,
// and that is rolled back. A system without transactions refuses it.
func (s *System) Try(ctx context.Context, o driver.Options) (*Trial, error) {
	if _, err := s.connected(ctx); err != nil {
		return nil, err
	}
	if !s.Capabilities().Transactional {
		return nil, errs.New(errs.Blocked, "The system %s cannot take back what was written, so a plan cannot be tried in it.", s.name).
			WithMend("It speaks when the change is applied.")
	}
	t, err := s.Begin(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Trial{t}, nil
}

// Write is that of [driver.Tx], as is Check, Mark and Back.
func (t *Trial) Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	return t.tx.Write(ctx, w, rows, stored)
}

// Draw is that of [driver.Drawer]: where the system counts on whatever becomes of a
// transaction, a trial advances its numbers.
func (t *Trial) Draw(ctx context.Context, table record.Table, column string, n int64, out io.Writer) error {
	return t.tx.Draw(ctx, table, column, n, out)
}

// Check judges what a commit would judge.
func (t *Trial) Check(ctx context.Context) error { return t.tx.Check(ctx) }

// Mark remembers what has been written so far.
func (t *Trial) Mark(ctx context.Context) error { return t.tx.Mark(ctx) }

// Back returns to the mark.
func (t *Trial) Back(ctx context.Context) error { return t.tx.Back(ctx) }

// Close rolls everything back.
func (t *Trial) Close(ctx context.Context) error { return t.tx.Rollback(context.WithoutCancel(ctx)) }

// counted passes a stream of records on and counts them by itself: a byte pass
// over the canonical dialect, where a quote opens or closes and a line feed
// outside quotes ends a record.
type counted struct {
	r       io.Reader
	w       io.Writer
	records int64
	quoted  bool
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.count(p[:n])
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.count(p[:n])
	return n, err
}

func (c *counted) count(p []byte) {
	for _, b := range p {
		switch {
		case b == '"':
			c.quoted = !c.quoted
		case b == '\n' && !c.quoted:
			c.records++
		}
	}
}

// drained fails where the connector left some of the stream unread.
func (c *counted) drained() error {
	n, err := io.Copy(io.Discard, c)
	if err == nil && n > 0 {
		err = errs.New(errs.Internal, "Some of the rows were not sent.")
	}
	return err
}

// agrees compares the connector's count with ours.
func (c *counted) agrees(what string, n int64) error {
	if c.records == n && !c.quoted {
		return nil
	}
	return errs.New(errs.Internal, "Of %d rows, %d were %s.", max(c.records, n), min(c.records, n), what).
		WithMend("Nothing was taken over. Tell the steward; the server's log has the rest.")
}
