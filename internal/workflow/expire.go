package workflow

import (
	"context"
	"time"

	"sutor/internal/change"
	"sutor/internal/evidence"
)

// expiry is how long a submitted change may wait to be applied: after that, what
// was decided on is too old, and its maker plans again (docs/lifecycle.md).
const expiry = 14 * 24 * time.Hour

// expire ends the changes that waited too long.
func (w *Workflow) expire(ctx context.Context) error {
	return w.Store.Do(ctx, func(tx Tx) error {
		waiting, err := tx.Changes(Filter{States: []change.State{change.Submitted, change.Approved}, Limit: 100_000})
		if err != nil {
			return err
		}
		for _, c := range waiting {
			if c.SubmittedAt == nil || w.Now().Sub(waitsSince(c)) < expiry {
				continue
			}
			c.VoidDecisions("expired")
			c.Why = "Nobody applied it within 14 days of its submission."
			if err := w.move(tx, c, change.Expired, evidence.Entry{Kind: evidence.ChangeExpired, Body: evidence.Body{Message: c.Why}}); err != nil {
				return err
			}
			if c.IsReversal() {
				if err := w.release(tx, c); err != nil {
					return err
				}
			}
			if err := tx.SaveChange(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// waitsSince is when a submitted change began to wait: with its submission, or at the
// time at which it is to be applied.
func waitsSince(c *change.Change) time.Time {
	if at := c.Options.ApplyAt; at != nil && at.After(*c.SubmittedAt) {
		return *at
	}
	return *c.SubmittedAt
}
