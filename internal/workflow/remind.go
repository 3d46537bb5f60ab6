package workflow

import (
	"context"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/notice"
)

// remind tells those who are asked to decide that a change still waits for them,
// after the time that the Compact says and again each such time; and makers, that
// long before, that a change will expire. That it was told is noted in the change,
// in the same transaction: so each is told once, however many servers look.
func (w *Workflow) remind(ctx context.Context) error {
	var due []change.ID
	err := w.Store.View(ctx, func(tx Tx) error {
		due = nil
		waiting, err := tx.Changes(Filter{States: []change.State{change.Submitted, change.Approved}, Limit: 100_000})
		for _, c := range waiting {
			if w.reminderDue(c) || w.expirySoon(c) {
				due = append(due, c.ID)
			}
		}
		return err
	})
	for _, id := range due {
		if err == nil {
			err = w.Store.Do(ctx, func(tx Tx) error { return w.remindOf(tx, id) })
		}
	}
	return err
}

func (w *Workflow) remindOf(tx Tx, id change.ID) error {
	c, err := tx.Change(id)
	if err != nil {
		return err
	}
	reminder, expiring := w.reminderDue(c), w.expirySoon(c)
	if !reminder && !expiring { // another server was first
		return nil
	}
	now := w.Now()
	if reminder {
		c.RemindedAt = &now
		if err := w.notify(tx, notice.Notice{Kind: notice.Reminder, Change: c.ID, Dataset: c.Dataset}, notice.Asks(c)...); err != nil {
			return err
		}
	}
	if expiring {
		c.ExpiryToldAt = &now
		if err := w.notify(tx, notice.Notice{Kind: notice.Expiring, Change: c.ID, Dataset: c.Dataset}, c.Maker); err != nil {
			return err
		}
	}
	return tx.SaveChange(c)
}

func (w *Workflow) patience() time.Duration {
	return time.Duration(w.Compact().Remind) * 24 * time.Hour
}

// reminderDue tells whether those who must decide on a change have been waited for
// long enough since they were asked, or reminded.
func (w *Workflow) reminderDue(c *change.Change) bool {
	if c.State != change.Submitted || c.SubmittedAt == nil {
		return false
	}
	last := *c.SubmittedAt
	if c.RemindedAt != nil && c.RemindedAt.After(last) {
		last = *c.RemindedAt
	}
	return w.Now().Sub(last) >= w.patience()
}

// expirySoon tells whether a change will expire soon, and its maker does not know.
func (w *Workflow) expirySoon(c *change.Change) bool {
	waits := c.State == change.Submitted || c.State == change.Approved
	if !waits || c.SubmittedAt == nil || c.ExpiryToldAt != nil && c.ExpiryToldAt.After(*c.SubmittedAt) {
		return false
	}
	return w.Now().Sub(waitsSince(c)) >= max(expiry-w.patience(), expiry/2)
}

// open are the states in which a change waits for its maker, or for others who
// decide for them.
var open = []change.State{change.Planning, change.Planned, change.Submitted, change.Approved, change.Rejected, change.Failed, change.Expired}

// handOver tells those who take the duties of people over who have left with the
// Compact that just came into force: nothing that was begun is forgotten.
func (w *Workflow) handOver(ctx context.Context, before *compact.Compact) error {
	if before == nil {
		return nil
	}
	for _, p := range before.People {
		if p.Left || w.here(p.Email) {
			continue
		}
		err := w.Store.Do(ctx, func(tx Tx) error {
			left, err := tx.Changes(Filter{Maker: p.Email, States: open, Limit: 100_000})
			if err != nil {
				return err
			}
			for _, c := range left {
				say := p.Name + " has left: change " + string(c.ID) + ", which is " + c.State.Words() + ", is yours to look after."
				if err := w.notify(tx, notice.Notice{Kind: notice.Told, Change: c.ID, Dataset: c.Dataset, Say: say}, p.Email); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return errs.New(errs.Internal, "Those who look after the changes of %s could not be told.", p.Email).Because(err)
		}
	}
	return nil
}

// heirsOf gives those to whom the duties of somebody who is not here any more went,
// in a dataset: the deputies whom they named, else the managers of its department.
// Who is not in the Compact at all has no deputies.
func (w *Workflow) heirsOf(tx Tx, e access.Email, dataset string) ([]access.Email, error) {
	all, err := w.deputiesNow(tx)
	if err != nil {
		return nil, err
	}
	if _, there := w.Compact().Person(e); there {
		if deputies := deputiesOf(all, e, dataset); len(deputies) > 0 {
			return deputies, nil
		}
	}
	return w.Compact().Deciders(dataset, access.Manager), nil
}
