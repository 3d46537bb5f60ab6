package workflow

import (
	"context"
	"errors"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/wire"
)

// errStopped: somebody asked for the apply to be stopped before its commit.
var errStopped = errors.New("workflow: the apply was stopped")

// Stop asks for an apply to be given up. Whoever writes finds the wish at its next
// beat, and at the latest right before the commit, rolls back, and the change is
// approved as it was. From the commit on nothing can be stopped, only undone.
func (w *Workflow) Stop(ctx context.Context, p access.Principal, id change.ID, comment string) (wire.Change, error) {
	return w.act(ctx, p, id, change.ActStop, func(s *step) error {
		if l := s.c.Lease; l != nil && l.Committing != nil {
			return errs.New(errs.Blocked, "Change %s is at its commit already and cannot be stopped any more.", id).
				WithMend("Wait for its end; then it can be undone: sutor change undo %s", id)
		}
		if s.c.Halt == nil {
			s.c.Halt = &change.Halt{By: s.who.Email, At: w.Now(), Say: oneLine(comment, 500)}
		}
		return nil
	})
}

// unstopped refuses to go on where somebody asked for a stop.
func (w *Workflow) unstopped(tx Tx, id change.ID) error {
	c, err := tx.Change(id)
	if err == nil && c.Halt != nil {
		err = errStopped
	}
	return err
}

// stopped takes an apply back that was given up before its commit.
func (w *Workflow) stopped(tx Tx, c *change.Change) error {
	halt := *c.Halt
	c.Lease, c.Halt, c.Result, c.Problem = nil, nil, nil, nil
	e := evidence.Entry{Kind: evidence.ApplyStopped, Digests: planDigests(c), Body: evidence.Body{Who: string(halt.By), Comment: halt.Say}}
	if err := w.move(tx, c, change.Approved, e); err != nil {
		return err
	}
	return tx.SaveChange(c)
}
