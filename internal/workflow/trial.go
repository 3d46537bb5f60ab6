package workflow

import (
	"context"
	"errors"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

// A trial writes a plan in a transaction of the system that is always rolled back,
// so that the system's own constraints, triggers and rights speak before anybody
// decides. It is the apply's own code up to the commit, which a [system.Trial]
// does not have. It takes the dataset's turn as an apply does, has the time limits
// of one, and keeps its locks no longer than the writing takes.
//
// It goes on within the request that asked for it: whoever ends that, or the
// server, ends the transaction with it, and nothing is left of either.
//
// What it leaves is the change's Trial, with a leaf. That names the plan it is of and
// is no part of it: nobody's decision changes by it, and it goes when the change is
// planned again.

// turnTime bounds how long a trial waits for an apply on the same dataset.
const turnTime = 30 * time.Second

// SideEffects is what the maker is told before a plan is tried.
const SideEffects = "Nothing of a trial stays in the tables, but numbers that the system gives by itself (sequences) advance, and a trigger that acts outside of the database acts."

// Try tries the plan of a change, whatever its size.
func (w *Workflow) Try(ctx context.Context, p access.Principal, id change.ID) (wire.Change, error) {
	c, err := w.toTry(ctx, p, id, change.ActTry)
	if err != nil {
		return wire.Change{}, w.refused(ctx, p, id, change.ActTry, err)
	}
	t, err := w.tried(ctx, p, c)
	if err != nil {
		return wire.Change{}, err
	}
	return w.act(ctx, p, id, change.ActTry, func(s *step) error { return w.keepTrial(s, t) })
}

// toTry gives a change whose plan may be tried.
func (w *Workflow) toTry(ctx context.Context, p access.Principal, id change.ID, a change.Act) (c *change.Change, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, a)
		if err != nil {
			return err
		}
		if c = s.c; a != change.ActTry {
			if c.IsReversal() {
				_, err = w.unreversed(tx, c)
			}
			return err
		}
		if c.Plan.Counts.Written() == 0 {
			return errs.New(errs.Blocked, "Change %s would change nothing: there is nothing to try.", id)
		}
		if err := w.sameRules(c); err != nil {
			return err
		}
		return w.frozen(tx, c.Datasets())
	})
	return c, err
}

// keepTrial keeps a trial with the change, if the plan is still the one tried.
func (w *Workflow) keepTrial(s *step, t *change.Trial) error {
	if s.c.Plan.Digest != t.Plan {
		return errs.New(errs.Blocked, "Change %s was planned again while its plan was tried.", s.c.ID).WithMend("Try the plan that stands now: sutor change try %s", s.c.ID)
	}
	s.c.Trial = t
	return w.trialLeaf(s)
}

func (w *Workflow) trialLeaf(s *step) error {
	t := s.c.Trial
	return w.leaf(s.tx, s.c, evidence.Entry{Kind: evidence.ChangeTried, Means: s.who.Means, Digests: planDigests(s.c), Counts: countsOf(s.c.Plan.Counts),
		IDs:  map[string]string{"outcome": string(t.Outcome)},
		Body: evidence.Body{Who: string(s.who.Email), Message: t.Why}})
}

// trySubmit tries the plan of a change that is to be submitted, where it is small
// enough, and keeps what came of it even if that stands in the way. A larger one
// that was found to be refused stays so until it is tried again.
func (w *Workflow) trySubmit(ctx context.Context, p access.Principal, id change.ID, digest record.Digest) error {
	c, err := w.toTry(ctx, p, id, change.ActSubmit)
	if err == nil {
		err = meant(c, digest)
	}
	if err == nil {
		err = w.submittable(c, func(string) sight { return sight{} })
	}
	if err != nil || w.anyFrozen(ctx, c.Datasets()) {
		return nil // the act itself says why it is refused, if it is
	}
	t := c.TrialOf()
	if c.Plan.Counts.Written() <= change.TriedOnSubmit {
		if t, err = w.tried(ctx, p, c); err != nil {
			return err
		}
		if _, err = w.act(ctx, p, id, change.ActSubmit, func(s *step) error { return w.keepTrial(s, t) }); err != nil {
			return err
		}
	}
	return w.trialPassed(ctx, p, c, t)
}

// trialPassed refuses what a trial found to be in the way of the apply.
func (w *Workflow) trialPassed(ctx context.Context, p access.Principal, c *change.Change, t *change.Trial) error {
	if !t.Blocks() {
		return nil
	}
	var who access.Principal
	err := w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, c.ID, change.ActSubmit)
		if err == nil {
			who = s.who
		}
		return err
	})
	if err != nil {
		return err
	}
	tried := *c
	tried.Trial = t
	why, mend := w.trialTold(&tried, who)
	if t.Outcome == change.Moved {
		return errs.New(errs.Changed, "Change %s cannot be submitted: %s", c.ID, why).WithMend("Plan it again: sutor change replan %s", c.ID)
	}
	return errs.New(errs.Blocked, "Change %s cannot be submitted: %s", c.ID, why).WithMend("%s See all findings with `sutor change findings %s`.", mend, c.ID)
}

// tried tries a plan and says how that ended. An error is a fault of ours, or the
// caller has gone.
func (w *Workflow) tried(ctx context.Context, p access.Principal, c *change.Change) (*change.Trial, error) {
	t := &change.Trial{Plan: c.Plan.Digest, By: p.Email, At: w.Now().UTC()}
	err := w.inTurn(ctx, c, func() error { return w.tryPlan(ctx, c, t) })
	public := errs.As(err)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil:
		return t, nil
	case public != nil && (public.Kind == errs.Unavailable || public.Kind == errs.Blocked):
		t.Outcome, t.Why = change.Unknown, "It could not be tried: "+public.Error()
	case public != nil && public.Kind == errs.Changed:
		if t.Outcome = change.Moved; t.Why == "" {
			t.Why = public.Message
		}
	default:
		return nil, err
	}
	w.Log.Info("a trial did not pass", "change", c.ID, "outcome", t.Outcome, "error", errs.Detail(err))
	return t, nil
}

// inTurn does something when no apply and no other trial runs on the change's datasets,
// in this process or another.
func (w *Workflow) inTurn(ctx context.Context, c *change.Change, do func() error) error {
	short, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	release, err := w.turn(short, c.Datasets()...)
	if err != nil {
		return errBusy(c.Dataset)
	}
	defer release()
	end, err := w.claimTrial(short, c)
	if err != nil && short.Err() != nil {
		return errBusy(c.Dataset)
	}
	if err != nil {
		return err
	}
	defer end()
	return do()
}

func errBusy(dataset string) error {
	return errs.New(errs.Unavailable, "Another change is being applied to %s.", dataset).WithMend("Try it again when that is done.")
}

// claimTrial notes that this process tries a plan on the change's datasets, and renews
// that until end is called.
func (w *Workflow) claimTrial(ctx context.Context, c *change.Change) (end func(), err error) {
	note := func(ctx context.Context) error {
		return w.Store.Do(ctx, func(tx Tx) error {
			if err := w.ourTurn(tx, c); err != nil {
				return err
			}
			lease := change.Lease{Node: w.Node, Home: w.Home, Epoch: 1, Beat: w.Now()}
			for _, name := range c.Datasets() {
				if err := tx.SaveTrial(change.Trying{Dataset: name, Change: c.ID, Lease: lease}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for err = note(ctx); errors.Is(err, errTurn) && pause(ctx); {
		err = note(ctx)
	}
	if err != nil {
		return nil, err
	}
	return w.renewTrial(context.WithoutCancel(ctx), c, note), nil
}

func (w *Workflow) renewTrial(ctx context.Context, c *change.Change, note func(context.Context) error) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if err := note(ctx); err != nil && ctx.Err() == nil {
					w.Log.Warn("a trial's turn could not be renewed", "change", c.ID, "error", errs.Detail(err))
				}
			}
		}
	}()
	return func() {
		cancel()
		<-done
		if err := w.Store.Do(context.WithoutCancel(ctx), func(tx Tx) error { return w.endTrial(tx, c.Datasets()) }); err != nil {
			w.Log.Warn("a trial's turn could not be given back; it lapses", "change", c.ID, "error", errs.Detail(err))
		}
	}
}

// endTrial takes this process's trial away, and none that came after it lapsed.
func (w *Workflow) endTrial(tx Tx, datasets []string) error {
	for _, name := range slices.Sorted(slices.Values(datasets)) {
		if err := tx.TakeTurn(name); err != nil {
			return err
		}
		t, err := tx.Trial(name)
		if err != nil {
			return err
		}
		if t == nil || t.Lease.Node != w.Node {
			continue
		}
		if err := tx.EndTrial(name); err != nil {
			return err
		}
	}
	return nil
}

// nobodyTries refuses while another process tries a plan on the dataset.
func (w *Workflow) nobodyTries(tx Tx, dataset string) error {
	t, err := tx.Trial(dataset)
	if err != nil || t == nil || !w.alive(&t.Lease) {
		return err
	}
	return errTurn
}

// tryPlan writes a plan and rolls it back. An error says why that could not be
// done, or that live rows are not what the plan says.
func (w *Workflow) tryPlan(ctx context.Context, c *change.Change, t *change.Trial) error {
	out := &written{}
	whole, err := w.openApply(ctx, c, out, func(files ...string) (*duck.Session, error) { return w.trialSession(ctx, c, files...) })
	if err != nil {
		return err
	}
	defer whole.close()
	steps, err := whole.prepare(ctx)
	if err != nil {
		return err
	}
	refused, err := whole.try(ctx, steps)
	if errors.Is(err, errConflict) {
		for _, a := range whole.members {
			if a.out.conflicts > 0 {
				a.out.findings = []finding.Finding{plan.MovedFinding(a.out.conflicts, a.out.lines)}
			}
		}
		keepFound(t, c, out)
		return err
	}
	if err != nil {
		return err
	}
	if len(refused.all) > 0 {
		err = whole.told(ctx, refused)
	} else {
		err = whole.altered(ctx)
	}
	if t.Outcome = change.Passed; keepFound(t, c, out) {
		t.Outcome = change.Refused
	}
	return err
}

// keepFound keeps what was found in each dataset; false where nothing was.
func keepFound(t *change.Trial, c *change.Change, out *written) bool {
	for _, name := range c.Datasets() {
		found := out.on(name).findings
		if len(found) == 0 {
			continue
		}
		if t.Why == "" {
			t.Why = found[0].Message
		}
		if !c.IsFamily() {
			t.Findings = found
			continue
		}
		t.Members = append(t.Members, change.Tried{Dataset: name, Findings: found})
	}
	return t.Why != ""
}

// altered finds what the system would store in another way than was approved.
func (t *transaction) altered(ctx context.Context) (err error) {
	for _, a := range t.members {
		if a.out.findings, err = a.session.Stored(ctx, a.parquet, a.m, a.all, a.files, a.session.Path("tried.parquet")); err != nil {
			return err
		}
	}
	return nil
}

// trialSession gives a small plan a place of its own: who submits waits for it.
func (w *Workflow) trialSession(ctx context.Context, c *change.Change, files ...string) (*duck.Session, error) {
	if c.Plan.Counts.Written() <= change.TriedOnSubmit {
		return w.Engine.Trial(ctx, files...)
	}
	return w.Engine.Session(ctx, files...)
}

// try writes the steps, and finds the rows that the system refuses. It never
// commits: a trial cannot.
func (a *transaction) try(ctx context.Context, steps []prepared) (*refusals, error) {
	r := &refusals{}
	err := a.inTrial(ctx, steps, func(t *system.Trial) error {
		for _, s := range steps {
			if err := t.Mark(ctx); err != nil {
				return err
			}
			err := s.of.step(ctx, t, s)
			if !isRefusal(err) {
				if err != nil {
					return err
				}
				continue
			}
			if err := s.of.search(ctx, t, s, false, err, r); err != nil {
				return err
			}
		}
		if len(r.all) > 0 {
			return nil
		}
		err := t.Check(ctx)
		if isRefusal(err) {
			r.late = err
			return nil
		}
		return err
	})
	if err == nil && r.late != nil {
		err = a.inTrial(ctx, steps, func(t *system.Trial) error { return a.searchLate(ctx, t, steps, r) })
	}
	return r, err
}

// inTrial does something with steps in a transaction that is rolled back, whatever
// comes of it.
func (a *transaction) inTrial(ctx context.Context, steps []prepared, do func(*system.Trial) error) error {
	t, err := a.sys.Try(ctx, a.w.Waits)
	if err != nil {
		return err
	}
	defer func() {
		if err := t.Close(ctx); err != nil {
			a.w.Log.Warn("rolling a trial back", "change", a.c.ID, "error", errs.Detail(err))
		}
	}()
	if err := a.number(ctx, t, steps); err != nil {
		return err
	}
	return do(t)
}

// isRefusal tells whether the system itself said no.
func isRefusal(err error) bool {
	var no *driver.Refusal
	return errors.As(err, &no)
}
