package workflow

import (
	"context"
	"errors"
	"fmt"
	"os"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan/duck"
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
		if done == nil && err == nil {
			err = w.clear(ctx, c)
		}
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

// What people see meanwhile.
const (
	waitingForFate = "waiting for the system to tell what became of the apply"
	mayNotEnd      = waitingForFate + "; its transaction is still open, and Sutor's account may not end it"
)

// grace is the number of looks, a retry apart, after which a transaction in
// progress is ended: who began it was taken for dead or has lost its connection,
// a COMMIT on its way has arrived by then, and nobody else would end it.
const grace = 3

// settle finds out what became of a commit whose answer nobody heard, by asking
// the system for the transaction, and where it has no answer, by comparing the
// rows. It waits for a system that cannot be reached and for a transaction still
// in progress. Nil without an error: nothing was written.
func (w *Workflow) settle(ctx context.Context, c *change.Change) (*change.Committing, error) {
	note := c.Lease.Committing
	if note == nil {
		return nil, nil // the other never came to its commit
	}
	state, err := w.await(ctx, c, note.Tx, func() (driver.TxState, error) { return w.fate(ctx, c, note) })
	if err != nil || state != driver.TxCommitted {
		return nil, err
	}
	return note, nil
}

// clear sees to it that a transaction which another began, and never came to
// commit, does not hold the rows any more.
func (w *Workflow) clear(ctx context.Context, c *change.Change) error {
	tx := c.Lease.Tx
	if tx == "" {
		return nil
	}
	state, err := w.await(ctx, c, tx, func() (driver.TxState, error) {
		sys, err := w.systemOf(ctx, c)
		if err != nil {
			return driver.TxUnknown, err
		}
		return sys.TxStatus(ctx, tx)
	})
	if err == nil && state == driver.TxCommitted && c.Lease.Committing == nil {
		return fmt.Errorf("the transaction %s of change %s was committed, and nobody had noted that it would be", tx, c.ID)
	}
	return err
}

// await asks until the answer is an end. It waits for a system that cannot be
// reached; a transaction in progress is ended after the time of grace, or waited
// for where that is refused.
func (w *Workflow) await(ctx context.Context, c *change.Change, tx string, ask func() (driver.TxState, error)) (driver.TxState, error) {
	for open, say := 0, waitingForFate; ; {
		state, err := ask()
		switch {
		case err == nil && state == driver.TxInProgress:
			if open++; open > grace && tx != "" {
				say = w.end(ctx, c, tx)
			}
		case errs.KindOf(err) != errs.Unavailable:
			return state, err
		}
		w.tell(c.ID)(say, 0, 0)
		if !pause(ctx) {
			return state, ctx.Err()
		}
	}
}

// end ends a transaction whose client is gone, and gives what is to be told
// meanwhile. Whether it was ended, or committed just before, the next look tells.
func (w *Workflow) end(ctx context.Context, c *change.Change, tx string) string {
	sys, err := w.systemOf(ctx, c)
	var ended bool
	if err == nil {
		ended, err = sys.EndTx(ctx, tx)
	}
	about := []any{"change", c.ID, "transaction", tx}
	switch {
	case ended:
		w.Log.Warn("ended the open transaction of an apply that nobody works on", about...)
		return waitingForFate
	case err != nil:
		w.Log.Warn("the open transaction of an apply could not be ended", append(about, "error", errs.Detail(err))...)
	}
	return mayNotEnd
}

// systemOf gives the system that a change's plan is for.
func (w *Workflow) systemOf(ctx context.Context, c *change.Change) (*system.System, error) {
	o, release, err := w.openPlans(ctx, c)
	if err != nil {
		return nil, err
	}
	release()
	return w.Systems.System(o.plans[0].m.System)
}

// fate tells whether the rows of a plan were committed. Half of them is an
// answer that a transactional system cannot give: then it is told as a conflict
// and nothing is written.
func (w *Workflow) fate(ctx context.Context, c *change.Change, note *change.Committing) (driver.TxState, error) {
	o, release, err := w.openPlans(ctx, c)
	if err != nil {
		return driver.TxUnknown, err
	}
	defer release()
	sys, err := w.Systems.System(o.plans[0].m.System)
	if err != nil {
		return driver.TxUnknown, err
	}
	if note.Tx != "" {
		if state, err := sys.TxStatus(ctx, note.Tx); err != nil || state != driver.TxUnknown {
			return state, err
		}
	}
	return w.compareRows(ctx, c, o, sys)
}

// compareRows tells the fate by the rows: all as planned, or all as before.
func (w *Workflow) compareRows(ctx context.Context, c *change.Change, o opened, sys *system.System) (driver.TxState, error) {
	var sum system.Verdict
	if err := o.sound(); err != nil {
		return driver.TxUnknown, untold(c, err)
	}
	for i, p := range o.plans {
		v, err := w.verifyRows(ctx, p, sys, c.Lease.Committing.Each()[i])
		if err != nil {
			return driver.TxUnknown, err
		}
		sum.Before, sum.After, sum.Neither = sum.Before+v.Before, sum.After+v.After, sum.Neither+v.Neither
	}
	switch {
	case sum.After > 0 && sum.Before == 0:
		return driver.TxCommitted, nil
	case sum.Before > 0 && sum.After == 0 || sum.Neither == 0:
		return driver.TxAborted, nil
	}
	return driver.TxUnknown, errs.New(errs.Changed, "The server ended while change %s was applied, and the rows are neither all as before nor all as planned.", c.ID).
		WithMend("Look at the rows; plan the change again to see what is left to do.")
}

// untold says that rows cannot be compared with files which are not what they were.
func untold(c *change.Change, err error) error {
	if errs.KindOf(err) != errs.Internal {
		return err
	}
	return errs.New(errs.Internal, "The server ended while change %s was applied, and whether its rows were written cannot be told: a file of its plan is damaged, or was altered.", c.ID).
		WithMend("Look at the rows; plan the change again to see what is left to do.").Because(err)
}

// verifyRows counts the rows of one plan by what they are now. New rows whose key the
// system gave are found by the keys that were noted before the commit.
func (w *Workflow) verifyRows(ctx context.Context, p openedPlan, sys *system.System, note change.Committing) (sum system.Verdict, err error) {
	files := []string{p.parquet}
	if p.m.Given != "" {
		stored, release, err := w.Artifacts.Local(ctx, note.Stored)
		if err != nil {
			return sum, err
		}
		defer release()
		if err := sound(stored, note.Stored); err != nil {
			return sum, untold(p.c, err)
		}
		files = append(files, stored)
	}
	session, err := w.Engine.Session(ctx, files...)
	if err != nil {
		return sum, err
	}
	defer session.Close()
	for _, op := range []driver.Op{driver.Delete, driver.Update, driver.Insert} {
		path := session.Path("verify.csv")
		n, err := duck.StepFile(ctx, p.parquet, p.m, op, p.m.JudgedSchema(), path)
		if err != nil {
			return sum, err
		}
		if n == 0 {
			continue
		}
		if op == driver.Insert && p.m.Given != "" {
			keys := session.Path("given.csv")
			if err := session.GivenKeys(ctx, p.parquet, files[1], p.m, keys); err != nil {
				return sum, err
			}
			if path, err = withKeys(path, keys, p.m); err != nil {
				return sum, err
			}
		}
		in, err := os.Open(path)
		if err != nil {
			return sum, diskFull(err)
		}
		v, err := sys.Verify(ctx, driver.Write{Op: op, Table: p.m.Table, Key: p.m.KeySchema(), Columns: p.m.JudgedSchema()}, in)
		in.Close()
		if err != nil {
			return sum, err
		}
		sum.Before, sum.After, sum.Neither = sum.Before+v.Before, sum.After+v.After, sum.Neither+v.Neither
	}
	return sum, nil
}
