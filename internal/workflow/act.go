package workflow

import (
	"context"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/notice"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// step is one act of a person on one change, inside its transaction.
type step struct {
	tx       Tx
	c        *change.Change
	dataset  access.Dataset // of a family the zero value: nobody has rights to it
	datasets []access.Dataset
	who      access.Principal
	seat     change.Seat // what a decision counts as
}

// act is the one way in which a person changes a change's state: load it, judge
// rights and state, do the work, store, and leave a leaf, all in one
// transaction. Refusals that matter become evidence in a transaction of their
// own.
func (w *Workflow) act(ctx context.Context, p access.Principal, id change.ID, a change.Act, do func(*step) error) (wire.Change, error) {
	var out wire.Change
	err := w.Store.Do(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, a)
		if err != nil {
			return err
		}
		if slices.Contains(makersActs, a) && !s.c.MadeBy(s.who.Email) {
			s.c.Hands = append(s.c.Hands, s.who.Email)
		}
		if err := do(s); err != nil {
			return w.knows(s.who, s.c).refusal(err)
		}
		if err := tx.SaveChange(s.c); err != nil {
			return err
		}
		if err := w.readOf(tx, s.who, id); err != nil { // who acts on it has seen what was told of it
			return err
		}
		out, err = w.view(tx, s.c, s.who)
		return err
	})
	if err != nil {
		return out, w.refused(ctx, p, id, a, err)
	}
	return out, nil
}

// makersActs make somebody a maker of the change who does them in the place of one
// who has left: from then on they do not decide on it.
var makersActs = []change.Act{change.ActReplan, change.ActMend, change.ActSubmit}

// place says in whose place the person does what its maker does; "" where they are
// the maker, or an owner who applies.
func (s *step) place() string {
	if s.who.Email == s.c.Maker || !slices.ContainsFunc(s.who.StandsIn, func(in access.StandIn) bool { return in.For.Email == s.c.Maker && in.Left }) {
		return ""
	}
	return string(s.c.Maker)
}

// judge loads a change and asks whether the person may do the act now.
func (w *Workflow) judge(tx Tx, p access.Principal, id change.ID, a change.Act) (*step, error) {
	p, err := w.today(tx, p)
	if err != nil {
		return nil, err
	}
	c, err := tx.Change(id)
	if err != nil {
		return nil, unseen(id, err)
	}
	p = w.caring(p, c)
	s := &step{tx: tx, c: c, dataset: w.Compact().AccessDataset(c.Dataset), datasets: w.accessOf(c), who: p}
	s.seat, err = change.Judge(c, a, p, s.datasets...)
	return s, w.knows(p, c).refusal(err)
}

// accessOf gives what the rights to a change are judged against: its datasets.
func (w *Workflow) accessOf(c *change.Change) (all []access.Dataset) {
	for _, name := range c.Datasets() {
		all = append(all, w.Compact().AccessDataset(name))
	}
	return all
}

// unseen gives the same answer for a change that is absent and one that may not
// be seen.
func unseen(id change.ID, err error) error {
	if errs.KindOf(err) != errs.NotFound {
		return err
	}
	return change.Unseen(id)
}

// refused records a refusal that matters: somebody without the right, or a
// decision on another plan than the one that stands. The refusal itself is
// given back, even where recording it failed.
func (w *Workflow) refused(ctx context.Context, p access.Principal, id change.ID, a change.Act, refusal error) error {
	if refusal == nil {
		return nil
	}
	kind := errs.KindOf(refusal)
	if kind != errs.Forbidden && kind != errs.Changed {
		return refusal
	}
	err := w.Store.Do(ctx, func(tx Tx) error {
		_, err := w.log.Append(tx.Log(), evidence.Entry{
			Kind: evidence.Refused, Change: evidence.ChangeID(id), At: w.Now(), Means: p.Means,
			IDs:  map[string]string{"action": string(a), "why": kind.String()},
			Body: evidence.Body{Who: string(p.Email), Action: string(a), Message: errs.Public(refusal).Message},
		})
		return err
	})
	return refusalWith(refusal, err)
}

// move changes the state and leaves the leaf that says so.
func (w *Workflow) move(tx Tx, c *change.Change, to change.State, e evidence.Entry) error {
	if !change.MayMove(c.State, to) {
		return errs.New(errs.Blocked, "Change %s is %s and cannot become %s.", c.ID, c.State.Words(), to.Words())
	}
	from := c.State
	c.State, c.UpdatedAt = to, w.Now()
	e.From, e.To = evidence.State(from), evidence.State(to)
	return w.leaf(tx, c, e)
}

// leaf appends to the evidence of a change, and tells those whom that concerns.
func (w *Workflow) leaf(tx Tx, c *change.Change, e evidence.Entry) error {
	e.Change, e.At = evidence.ChangeID(c.ID), w.Now()
	if _, err := w.log.Append(tx.Log(), e); err != nil {
		return err
	}
	var owners []access.Email
	for _, d := range w.accessOf(c) {
		owners = append(owners, d.Owners...)
	}
	for _, t := range notice.Of(c, e, owners) {
		if err := w.notify(tx, t.Notice, t.To...); err != nil {
			return err
		}
	}
	return nil
}

// planDigests names a plan in a leaf.
func planDigests(c *change.Change) map[string]record.Digest {
	return map[string]record.Digest{"plan": c.Plan.Digest}
}

// refusalWith keeps the refusal as the answer; that it could not be recorded
// stands in the server's log as its cause.
func refusalWith(refusal, recording error) error {
	if recording == nil {
		return refusal
	}
	e := *errs.Public(refusal)
	return (&e).Because(recording)
}
