package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// WritePlan is the work behind an apply: it writes the plan of a change that is
// applying, in one transaction of the system, and moves it to applied, or back
// to planned where live data is not what was approved, or to failed. Applies on
// one dataset go one after the other; a family takes its turn on all of its
// datasets. It is called by the queue; on a change that does not wait for it, it
// does nothing.
func (w *Workflow) WritePlan(ctx context.Context, id change.ID) error {
	c, err := w.claim(ctx, id, change.Applying)
	if err != nil || c == nil {
		return err
	}
	ctx, end := w.keepAlive(ctx, c)
	defer end()
	release, err := w.turn(ctx, c.Datasets()...)
	if err != nil {
		return err
	}
	defer release()
	var done *change.Committing
	out := &written{}
	if c.Lease.Epoch > 1 {
		done, err = w.takeUp(ctx, c, out)
	} else {
		done, err = w.write(ctx, c, out)
	}
	if errors.Is(err, driver.ErrAgain) { // once, before anybody is told
		w.Log.Info("the apply met another transaction; writing again", "change", id, "error", errs.Detail(err))
		*out = written{}
		done, err = w.write(ctx, c, out)
	}
	if errors.Is(err, errUncertain) {
		if done, err = w.settle(ctx, c); done == nil && err == nil {
			err = errs.New(errs.Unavailable, "The connection was lost while change %s was committed; the system rolled it back, and nothing was written.", id).
				WithMend("Plan it again.")
		}
	}
	if done == nil && errors.Is(context.Cause(ctx), errStopped) {
		err = errStopped
	} else if ctx.Err() != nil && done == nil {
		return ctx.Err() // the server stops: taken over at its next start
	}
	if err != nil && !errors.Is(err, errStopped) {
		w.Log.Warn("apply failed", "change", id, "error", errs.Detail(err))
	}
	return w.persist(ctx, func(ctx context.Context) error { return w.applyEnded(ctx, c, done, out, err) })
}

// turn waits until no other apply on the datasets runs in this process. It takes them
// in the order of their names, so that no two families wait for each other.
func (w *Workflow) turn(ctx context.Context, datasets ...string) (release func(), err error) {
	var taken []chan struct{}
	release = func() {
		for _, lock := range taken {
			<-lock
		}
	}
	for _, name := range slices.Sorted(slices.Values(datasets)) {
		lock, _ := w.turns.LoadOrStore(name, make(chan struct{}, 1))
		select {
		case lock.(chan struct{}) <- struct{}{}:
			taken = append(taken, lock.(chan struct{}))
		case <-ctx.Done():
			release()
			return nil, ctx.Err()
		}
	}
	return release, nil
}

// retry is the time between two attempts at what must come to an end.
const retry = 2 * time.Second

// persist records what has happened outside already; it tries until it succeeds
// or the server stops.
func (w *Workflow) persist(ctx context.Context, record func(context.Context) error) error {
	for {
		err := record(context.WithoutCancel(ctx))
		if err == nil {
			return nil
		}
		w.Log.Error("the result of an apply could not be recorded; trying again", "error", errs.Detail(err))
		if !pause(ctx) {
			return err
		}
	}
}

// pause waits for the time between two attempts; false if the server stops.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(retry)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// written is what an apply did so far, by dataset.
type written struct{ of map[string]*wrote }

// wrote is what an apply did in one dataset.
type wrote struct {
	rows      int64
	conflicts int64
	lines     []int64 // file rows of conflicts
	findings  []finding.Finding
}

func (o *written) on(dataset string) *wrote {
	if o.of == nil {
		o.of = map[string]*wrote{}
	}
	if o.of[dataset] == nil {
		o.of[dataset] = &wrote{}
	}
	return o.of[dataset]
}

// errUncertain: the answer to the commit was lost.
var errUncertain = errors.New("workflow: it is not known whether the commit succeeded")

// errConflict: the live rows are not what was approved; nothing was written.
var errConflict = errs.New(errs.Changed, "Live rows are not what was approved any more, so nothing was written.")

// write writes the plan and commits. An error means that nothing was written,
// except for errUncertain.
func (w *Workflow) write(ctx context.Context, c *change.Change, out *written) (*change.Committing, error) {
	t, err := w.openApply(ctx, c, out, func(files ...string) (*duck.Session, error) {
		return w.Engine.Queue(ctx, w.queued(c.ID), files...)
	})
	if err != nil {
		return nil, err
	}
	defer t.close()
	done, err := t.run(ctx)
	for _, a := range t.members {
		w.counts.forget(a.sys, a.m.Table)
	}
	if isRefusal(err) {
		t.nameRefused(ctx)
	}
	return done, err
}

// openApply opens the plans of a change and what it takes to write them.
func (w *Workflow) openApply(ctx context.Context, c *change.Change, out *written, session func(files ...string) (*duck.Session, error)) (t *transaction, err error) {
	o, release, err := w.openPlans(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	if err := o.sound(); err != nil {
		return nil, err
	}
	sys, err := w.Systems.System(o.plans[0].m.System)
	if err != nil {
		return nil, err
	}
	var files []string
	whole := &transaction{w: w, c: c, sys: sys, steps: o.steps}
	for _, p := range o.plans {
		a, err := w.samePlan(ctx, p, sys)
		if err != nil {
			return nil, err
		}
		a.out = out.on(p.c.Dataset)
		whole.members, files = append(whole.members, a), append(files, p.parquet)
	}
	s, err := session(files...)
	if err != nil {
		return nil, err
	}
	whole.close = func() { s.Close(); release() }
	for i, a := range whole.members {
		if a.session = s; len(whole.members) > 1 {
			if a.session, err = s.In(ctx, fmt.Sprintf("m%d", i+1)); err != nil {
				s.Close()
				return nil, err
			}
		}
	}
	return whole, nil
}

// samePlan makes sure that a table is still what its plan was made for.
func (w *Workflow) samePlan(ctx context.Context, p openedPlan, sys *system.System) (*applying, error) {
	table, err := sys.Describe(ctx, p.m.Table)
	if err != nil {
		return nil, err
	}
	if table.ReadOnly != "" {
		return nil, errs.New(errs.Blocked, "%s cannot be written any more, so nothing was: %s", p.m.Table, table.ReadOnly).
			WithMend("Ask the steward; then plan the change again.")
	}
	if err := samePlace(p.m, table); err != nil {
		return nil, err
	}
	return &applying{w: w, c: p.c, m: p.m, sys: sys, parquet: p.parquet, columns: table.Columns, all: readable(table, p.m.Key)}, nil
}

// samePlace refuses a table whose judged columns are not what they were.
func samePlace(m plan.Manifest, t driver.Table) error {
	for _, c := range m.Columns {
		i := t.Columns.Index(c.Name)
		if i < 0 {
			return errs.New(errs.Changed, "The column %s is not in %s any more, so nothing was written.", c.Name, m.Table).WithMend("Plan the change again.")
		}
		now, then := t.Columns[i].Type, c.Type
		now.Labels, then.Labels = nil, nil // where a value is none of them any more, the system says so
		if !now.Equal(then) {
			return errs.New(errs.Changed, "The column %s of %s is %s now and was %s, so nothing was written.", c.Name, m.Table, now.Native, c.Type.Native).
				WithMend("Plan the change again.")
		}
	}
	return nil
}

// readable gives the columns, besides the key, that Sutor can read.
func readable(t driver.Table, key []string) record.Schema {
	var out record.Schema
	for _, c := range t.Columns {
		if c.Type.Kind != record.Unsupported && t.Columns.Pick(key).Index(c.Name) < 0 {
			out = append(out, c)
		}
	}
	return out
}

// transaction is one apply under way, over all datasets of its change.
type transaction struct {
	w       *Workflow
	c       *change.Change
	sys     *system.System
	members []*applying
	steps   []plan.Step
	ready   []prepared // what run sends
	close   func()
}

// applying is what it does in one dataset.
type applying struct {
	w       *Workflow
	c       *change.Change // over this dataset alone
	m       plan.Manifest
	sys     *system.System
	parquet string
	session *duck.Session
	columns record.Schema // of the table, as described just now
	all     record.Schema // of them, the readable ones besides the key
	out     *wrote
	files   []duck.StoredFile // what the system told of each step
	given   int64             // new rows whose key the system gives

	ahead *ahead
	kept  kept // as foreseen, "" where it was not
}

// kept are the rows as stored.
type kept struct {
	path string
	csv  record.Digest
}

func (a *transaction) run(ctx context.Context) (done *change.Committing, err error) {
	if a.ready, err = a.lineUp(ctx); err != nil {
		return nil, err
	}
	a.flow()
	defer a.flown()
	if err := a.make(ctx, a.atOnce()); err != nil {
		return nil, err
	}
	tx, err := a.sys.Begin(ctx, a.w.Waits)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			if rollback := tx.Rollback(context.WithoutCancel(ctx)); rollback != nil {
				a.w.Log.Warn("rolling back", "change", a.c.ID, "error", errs.Detail(rollback))
			}
		}
	}()
	if err := a.w.noteTx(ctx, a.c, tx.ID()); err != nil {
		return nil, err
	}
	if err := a.number(ctx, tx, a.ready); err != nil {
		return nil, err
	}
	making, cancel := context.WithCancel(ctx)
	ahead := a.goAhead(making)
	defer func() { cancel(); ahead.leave() }()
	for _, s := range a.ready {
		a.w.tell(a.c.ID)(fmt.Sprintf("writing %d rows (%s)", s.rows, s.op), s.of.out.rows, s.of.m.Counts.Written())
		if err := s.of.step(ctx, tx, s); err != nil {
			return nil, inDataset(a.c, s.of.c.Dataset, err)
		}
	}
	if ahead.end(); ahead.err != nil {
		return nil, ahead.err
	}
	if done, err = a.keepStored(ctx); err != nil {
		return nil, err
	}
	done.Tx = tx.ID()
	if err := a.w.commit(ctx, a.c, tx, done); err != nil {
		return nil, err
	}
	return done, nil
}

// keep digests rows as stored.
func (a *applying) keep(ctx context.Context, path string) error {
	digest := record.NewDigester()
	err := duck.CanonicalStored(ctx, path, a.m.KeySchema(), a.all, digest)
	a.kept = kept{path: path, csv: digest.Digest()}
	return err
}

// keepStored keeps what each dataset has stored, all before the commit.
func (a *transaction) keepStored(ctx context.Context) (*change.Committing, error) {
	var all []change.Committing
	rows := int64(0)
	for _, member := range a.members {
		if want := member.m.Counts.Written(); member.out.rows != want {
			return nil, fmt.Errorf("the plan of change %s writes %d rows to %s, the system wrote %d", a.c.ID, want, member.c.Dataset, member.out.rows)
		}
		one, err := member.keepStored(ctx)
		if err != nil {
			return nil, inDataset(a.c, member.c.Dataset, err)
		}
		all, rows = append(all, *one), rows+one.Rows
	}
	if !a.c.IsFamily() {
		return &all[0], nil
	}
	return &change.Committing{Rows: rows, Members: all}, nil
}

// writer is what an apply and a trial write to.
type writer interface {
	Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error)
}

// step writes the rows of one operation.
func (a *applying) step(ctx context.Context, tx writer, s prepared) error {
	in, err := s.open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(s.stored)
	if err != nil {
		return diskFull(err)
	}
	rows := io.Reader(in)
	if s.sent != nil {
		rows = outgoing{in, s.sent}
	}
	done, err := a.send(ctx, tx, s, rows, out)
	if cerr := out.Close(); err == nil && cerr != nil {
		err = diskFull(cerr)
	}
	if err != nil {
		return err
	}
	a.out.rows += done
	a.files = append(a.files, s.told(s.stored))
	return nil
}

// send sends rows of a step.
func (a *applying) send(ctx context.Context, tx writer, s prepared, in io.Reader, stored io.Writer) (int64, error) {
	done, conflicts, err := tx.Write(ctx, driver.Write{Op: s.op, Table: a.m.Table, Key: a.columns.Pick(a.m.Key), Columns: s.columns,
		OverrideIdentity: a.m.Reverses != "" || s.keyless != ""}, in, stored)
	if len(conflicts) > 0 {
		a.ahead.leave()
	}
	if err == nil && len(conflicts) > 0 && s.keyless != "" {
		err = a.givenTwice(ctx, conflicts)
	}
	if err == nil && len(conflicts) > 0 {
		err = a.conflict(ctx, conflicts)
	}
	return done, err
}

func (a *applying) conflict(ctx context.Context, conflicts []driver.Conflict) error {
	numbers := make([]int64, len(conflicts))
	for i, c := range conflicts {
		numbers[i] = c.Number
	}
	lines, err := a.session.Lines(ctx, a.parquet, numbers, 1000)
	if err != nil {
		return err
	}
	a.out.conflicts, a.out.lines = int64(len(conflicts)), lines
	return errConflict
}

// keepStored compares what was stored with what was approved and keeps it, all
// before the commit.
func (a *applying) keepStored(ctx context.Context) (*change.Committing, error) {
	if known, err := a.asForeseen(); err != nil {
		return nil, err
	} else if !known {
		if err := a.keepTold(ctx); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(a.kept.path)
	if err != nil {
		return nil, diskFull(err)
	}
	defer f.Close()
	done := &change.Committing{Rows: a.out.rows, Columns: a.all.Names(), CSV: a.kept.csv}
	if a.given > 0 {
		done.Given = &change.Given{Column: a.m.Given, Rows: a.given}
	}
	done.Stored, _, err = a.w.Artifacts.Put(ctx, f)
	return done, err
}

// asForeseen tells whether what is to be kept was made already.
func (a *applying) asForeseen() (bool, error) {
	for _, f := range a.files {
		if told, err := f.Told(); told || err != nil {
			return false, err
		}
	}
	return a.kept.path != "", nil
}

// keepTold takes in what the system told of, in place of what was foreseen.
func (a *applying) keepTold(ctx context.Context) error {
	path := a.session.Path("stored.parquet")
	found, err := a.session.Stored(ctx, a.parquet, a.m, a.all, a.files, path)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		a.out.findings = found
		return errs.New(errs.Blocked, "%s", found[0].Message).WithMend("%s", found[0].Mend)
	}
	return a.keep(ctx, path)
}

// noteTx notes the transaction that holds the rows from now on, so that whoever
// takes over can end it.
func (w *Workflow) noteTx(ctx context.Context, c *change.Change, id string) error {
	if id == "" {
		return nil
	}
	return w.note(ctx, c, func(Tx) error { return nil }, func(l *change.Lease) { l.Tx = id })
}

// note writes something into the lease that this worker still holds, if it may.
func (w *Workflow) note(ctx context.Context, c *change.Change, may func(Tx) error, write func(*change.Lease)) error {
	return w.Store.Do(ctx, func(meta Tx) error {
		now, err := held(meta, c, change.Applying)
		if err != nil {
			return err
		}
		if now == nil {
			return fmt.Errorf("change %s is worked on by somebody else", c.ID)
		}
		if err := may(meta); err != nil {
			return err
		}
		write(now.Lease)
		write(c.Lease)
		return meta.SaveChange(now)
	})
}

// commit notes in the metadata what is about to be committed, unless the dataset
// was frozen or the apply stopped in the meantime, and commits. After
// the system's own no, or where it took the transaction back for another's sake,
// nothing was written; after any other error that is not known.
func (w *Workflow) commit(ctx context.Context, c *change.Change, tx driver.Tx, done *change.Committing) error {
	may := func(meta Tx) error {
		if err := errors.Join(w.adopt(meta), w.unstopped(meta, c.ID)); err != nil {
			return err
		}
		return w.frozen(meta, c.Datasets())
	}
	if err := w.note(ctx, c, may, func(l *change.Lease) { l.Committing = done }); err != nil {
		return err
	}
	err := tx.Commit(ctx)
	var no *driver.Refusal
	if err != nil && !errors.As(err, &no) && !errors.Is(err, driver.ErrAgain) {
		return fmt.Errorf("%w: %w", errUncertain, err)
	}
	return err
}

// applyEnded records how an apply ended, and where it was a reversal, that the
// other change is undone.
func (w *Workflow) applyEnded(ctx context.Context, c *change.Change, done *change.Committing, out *written, cause error) error {
	return w.Store.Do(ctx, func(tx Tx) error {
		now, err := held(tx, c, change.Applying)
		if err != nil || now == nil {
			return err
		}
		if now.Halt != nil && errors.Is(cause, errStopped) {
			return w.stopped(tx, now)
		}
		to := w.ended(now, done, out, cause)
		now.Lease, now.Halt = nil, nil
		e := evidence.Entry{Kind: evidence.ApplyResult, Digests: planDigests(now), Body: evidence.Body{Message: now.Result.Message},
			Counts: map[string]int64{"applied": now.Result.Applied, "conflicts": now.Result.Conflicts, "failed": now.Result.Failed}}
		if to == change.Applied {
			for i, one := range done.Each() {
				e.Digests[numbered(now, "stored", i)] = one.CSV
			}
		}
		if err := w.move(tx, now, to, e); err != nil {
			return err
		}
		if to == change.Applied || to == change.Planned {
			if err := w.recorded(tx, now); err != nil {
				return err
			}
		}
		if to == change.Applied && now.IsReversal() {
			if err := w.undone(tx, now); err != nil {
				return err
			}
		}
		return tx.SaveChange(now)
	})
}

// ended sets a change's result and gives its next state.
func (w *Workflow) ended(c *change.Change, done *change.Committing, out *written, cause error) change.State {
	now := w.Now()
	c.Result = &change.Result{At: now}
	for i := range c.Members {
		c.Members[i].Result = &change.Result{At: now}
	}
	switch {
	case cause == nil:
		c.Result.Applied, c.Result.Stored, c.Result.Columns, c.Result.Given = done.Rows, done.Stored, done.Columns, done.Given
		for i, one := range done.Members {
			r := c.Members[i].Result
			r.Applied, r.Stored, r.Columns, r.Given = one.Rows, one.Stored, one.Columns, one.Given
		}
		c.AppliedAt, c.Problem, c.Why = &now, nil, ""
		return change.Applied
	case errs.KindOf(cause) == errs.Changed:
		w.fail(c, cause)
		c.Result.Message = c.Why
		for i, one := range c.ByDataset() {
			r, did := c.Result, out.on(one.Dataset)
			c.Result.Conflicts += did.conflicts
			if c.IsFamily() {
				r = c.Members[i].Result
				r.Conflicts = did.conflicts
			}
			r.ConflictRows = did.lines
		}
		c.VoidDecisions("live data changed before it was applied")
		c.Route, c.RouteWhy, c.SubmittedAt = nil, "", nil
		return change.Planned
	}
	w.fail(c, refusal(cause, mendRefused(c, out)))
	c.Result.Failed, c.Result.Message = c.Plan.Counts.Written(), c.Why
	for i, one := range c.ByDataset() {
		r := c.Result
		if c.IsFamily() {
			r = c.Members[i].Result
			r.Failed = one.Plan.Counts.Written()
		}
		r.Findings = out.on(one.Dataset).findings
	}
	c.VoidDecisions("the apply failed")
	return change.Failed
}

// refusal gives the system's own no a public face.
func refusal(err error, mend string) error {
	var r *driver.Refusal
	if errs.As(err) == nil && errors.As(err, &r) {
		return errs.New(errs.Blocked, "The system refused, and nothing was written: %s", r.Message).WithMend("%s", mend).Because(err)
	}
	return err
}

// mendRefused says where the rows stand that the system refused, if they were found.
func mendRefused(c *change.Change, out *written) string {
	for _, name := range c.Datasets() {
		if len(out.on(name).findings) > 0 {
			return fmt.Sprintf("See which rows: sutor change findings %s. Mend them, then plan again.", c.ID)
		}
	}
	return fmt.Sprintf("Which rows it speaks of was not found. Plan it again, and have it tried: sutor change try %s", c.ID)
}

// undone marks the change that a reversal took back.
func (w *Workflow) undone(tx Tx, reversal *change.Change) error {
	forward, err := tx.Change(reversal.Reverses)
	if err != nil {
		return err
	}
	forward.ReversedBy = reversal.ID
	err = w.move(tx, forward, change.Undone, evidence.Entry{Kind: evidence.ChangeUndone, IDs: map[string]string{"reversed_by": string(reversal.ID)}})
	if err != nil {
		return err
	}
	if err := w.recorded(tx, forward); err != nil {
		return err
	}
	return tx.SaveChange(forward)
}
