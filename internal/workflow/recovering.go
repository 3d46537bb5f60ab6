package workflow

import (
	"context"
	"os"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// Recover takes over what a server that ended in the middle left behind: it
// wakes up the work of every change that is planning or applying. Call it at
// start, before the queue runs.
func (w *Workflow) Recover(ctx context.Context) error {
	return w.Store.Do(ctx, func(tx Tx) error {
		for state, kind := range map[change.State]JobKind{change.Planning: JobPlan, change.Applying: JobApply} {
			left, err := tx.Changes(Filter{States: []change.State{state}, Limit: 100_000})
			if err != nil {
				return err
			}
			for _, c := range left {
				if err := tx.Enqueue(Job{Kind: kind, Change: c.ID}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// recover finds out what became of an apply that another worker began, before
// anything is written: by asking the system for the transaction, and where it
// has no answer, by comparing the rows.
func (w *Workflow) recover(ctx context.Context, c *change.Change) error {
	done, err := w.fate(ctx, c)
	if err != nil {
		return w.applyEnded(context.WithoutCancel(ctx), c, nil, err)
	}
	if !done {
		out, err := w.write(ctx, c)
		return w.applyEnded(context.WithoutCancel(ctx), c, out, err)
	}
	return w.applyEnded(context.WithoutCancel(ctx), c, &written{rows: c.Plan.Counts.Written()}, nil)
}

// fate tells whether the rows of a plan were committed. Half of them is an
// answer that a transactional system cannot give: then it is told as a conflict
// and nothing is written.
func (w *Workflow) fate(ctx context.Context, c *change.Change) (committed bool, err error) {
	m, parquet, release, err := w.openPlan(ctx, c.Plan.Digest)
	if err != nil {
		return false, err
	}
	defer release()
	sys, err := w.Systems.System(m.System)
	if err != nil {
		return false, err
	}
	if c.Lease.Tx != "" {
		switch state, err := sys.TxStatus(ctx, c.Lease.Tx); {
		case err != nil:
			return false, err
		case state == driver.TxCommitted:
			return true, nil
		case state == driver.TxAborted:
			return false, nil
		}
	}
	session, err := w.Engine.Session(ctx, parquet)
	if err != nil {
		return false, err
	}
	defer session.Close()
	var before, after, neither int64
	for _, op := range []driver.Op{driver.Delete, driver.Update, driver.Insert} {
		path := session.Path("verify.csv")
		n, err := session.Step(ctx, parquet, m, op, m.JudgedSchema(), path)
		if err != nil {
			return false, err
		}
		if n == 0 {
			continue
		}
		in, err := os.Open(path)
		if err != nil {
			return false, diskFull(err)
		}
		v, err := sys.Verify(ctx, driver.Write{Op: op, Table: m.Table, Key: m.KeySchema(), Columns: m.JudgedSchema()}, in)
		in.Close()
		if err != nil {
			return false, err
		}
		before, after, neither = before+v.Before, after+v.After, neither+v.Neither
	}
	switch {
	case after > 0 && before == 0:
		return true, nil
	case before > 0 && after == 0 || neither == 0:
		return false, nil
	}
	return false, errs.New(errs.Changed, "The server ended while change %s was applied, and the rows are neither all as before nor all as planned.", c.ID).
		WithMend("Look at the rows; plan the change again to see what is left to do.")
}
