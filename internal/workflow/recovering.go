package workflow

import (
	"context"
	"errors"
	"os"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// takeUp goes on with an apply that another left behind: it finds out what became
// of that, and writes if nothing was. Where the system has no names for
// transactions, the other's may still be open, if that one was only taken for
// dead: it holds the rows until it ends. So what stands in the way of the write
// may be the other's work, and the rows are asked again.
func (w *Workflow) takeUp(ctx context.Context, c *change.Change, out *written) (*change.Committing, error) {
	former := c.Lease.Committing
	for {
		done, err := w.settle(ctx, c)
		if done != nil || err != nil {
			return done, err
		}
		done, err = w.write(ctx, c, out)
		if err == nil || former == nil || former.Tx != "" || errors.Is(err, errUncertain) || errors.Is(err, driver.ErrAgain) {
			return done, err
		}
		switch errs.KindOf(err) {
		case errs.Changed:
			if done, _ := w.settle(ctx, c); done != nil { // else the conflict tells more
				return done, nil
			}
			return nil, err
		case errs.Unavailable:
			w.tell(c.ID)(waitingForFate, 0, 0)
			if *out = (written{}); !pause(ctx) {
				return nil, ctx.Err()
			}
		default:
			return nil, err
		}
	}
}

// waitingForFate is what people see meanwhile.
const waitingForFate = "waiting for the system to tell what became of the apply"

// settle finds out what became of a commit whose answer nobody heard, by asking
// the system for the transaction, and where it has no answer, by comparing the
// rows. It waits for a system that cannot be reached and for a transaction still
// in progress. Nil without an error: nothing was written.
func (w *Workflow) settle(ctx context.Context, c *change.Change) (*change.Committing, error) {
	note := c.Lease.Committing
	if note == nil {
		return nil, nil // the other never came to its commit
	}
	for {
		state, err := w.fate(ctx, c, note)
		switch {
		case errs.KindOf(err) == errs.Unavailable || err == nil && state == driver.TxInProgress:
			w.tell(c.ID)(waitingForFate, 0, 0)
			if !pause(ctx) {
				return nil, ctx.Err()
			}
		case err != nil:
			return nil, err
		case state == driver.TxCommitted:
			return note, nil
		default:
			return nil, nil
		}
	}
}

// fate tells whether the rows of a plan were committed. Half of them is an
// answer that a transactional system cannot give: then it is told as a conflict
// and nothing is written.
func (w *Workflow) fate(ctx context.Context, c *change.Change, note *change.Committing) (driver.TxState, error) {
	m, parquet, release, err := w.openPlan(ctx, c.Plan.Digest)
	if err != nil {
		return driver.TxUnknown, err
	}
	defer release()
	sys, err := w.Systems.System(m.System)
	if err != nil {
		return driver.TxUnknown, err
	}
	if note.Tx != "" {
		if state, err := sys.TxStatus(ctx, note.Tx); err != nil || state != driver.TxUnknown {
			return state, err
		}
	}
	return w.compareRows(ctx, c, m, parquet, sys)
}

// compareRows tells the fate by the rows: all as planned, or all as before.
func (w *Workflow) compareRows(ctx context.Context, c *change.Change, m plan.Manifest, parquet string, sys *system.System) (driver.TxState, error) {
	session, err := w.Engine.Session(ctx, parquet)
	if err != nil {
		return driver.TxUnknown, err
	}
	defer session.Close()
	var before, after, neither int64
	for _, op := range []driver.Op{driver.Delete, driver.Update, driver.Insert} {
		path := session.Path("verify.csv")
		n, err := session.Step(ctx, parquet, m, op, m.JudgedSchema(), path)
		if err != nil {
			return driver.TxUnknown, err
		}
		if n == 0 {
			continue
		}
		in, err := os.Open(path)
		if err != nil {
			return driver.TxUnknown, diskFull(err)
		}
		v, err := sys.Verify(ctx, driver.Write{Op: op, Table: m.Table, Key: m.KeySchema(), Columns: m.JudgedSchema()}, in)
		in.Close()
		if err != nil {
			return driver.TxUnknown, err
		}
		before, after, neither = before+v.Before, after+v.After, neither+v.Neither
	}
	switch {
	case after > 0 && before == 0:
		return driver.TxCommitted, nil
	case before > 0 && after == 0 || neither == 0:
		return driver.TxAborted, nil
	}
	return driver.TxUnknown, errs.New(errs.Changed, "The server ended while change %s was applied, and the rows are neither all as before nor all as planned.", c.ID).
		WithMend("Look at the rows; plan the change again to see what is left to do.")
}
