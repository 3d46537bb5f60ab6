package workflow

import (
	"context"
	"errors"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// A change may say when it is applied. The time is one of the maker's choices, so it
// stands in the plan that people approve, and another time is another plan. Once
// approved the change waits, and any server applies it at its time. It is judged
// again then; what stands in the way sends it back to planned, with its decisions
// void, for they were for that time.
const (
	late     = time.Hour            // how long after its time a change is still applied by itself: no server ran, or its system did not answer
	farthest = 366 * 24 * time.Hour // how far ahead a time may be
)

// checkTime refuses a time at which nothing could be applied.
func (w *Workflow) checkTime(dataset string, at *time.Time) error {
	if at == nil {
		return nil
	}
	switch now := w.Now(); {
	case !at.After(now):
		return errs.New(errs.Usage, "%s, when it is to be applied, is past.", w.told(*at)).WithMend("Give a time to come, or none.")
	case at.Sub(now) > farthest:
		return errs.New(errs.Usage, "%s is more than a year away.", w.told(*at)).WithMend("Plan it when the time is nearer: the plan is compared with the rows of today.")
	}
	if f, frozen := w.Compact().Frozen(dataset, *at); frozen {
		return errs.New(errs.Blocked, "Nothing is applied to %s at %s: %s", dataset, w.told(*at), f.Say).WithMend("Give a time after %s.", w.told(f.To))
	}
	return nil
}

// checkTimes refuses a time at which a change could not be applied to one of its
// datasets.
func (w *Workflow) checkTimes(c *change.Change) error {
	for _, name := range c.Datasets() {
		if err := w.checkTime(name, c.Options.ApplyAt); err != nil {
			return err
		}
	}
	return nil
}

// told writes a time as the people of the Compact read it.
func (w *Workflow) told(at time.Time) string {
	return at.In(w.Compact().Timezone).Format("2006-01-02 15:04 MST")
}

// overdue refuses to approve a change whose time has come already.
func (w *Workflow) overdue(c *change.Change) error {
	at := c.Options.ApplyAt
	if at == nil || w.Now().Before(*at) {
		return nil
	}
	return errs.New(errs.Blocked, "Change %s was to be applied at %s, which is past.", c.ID, w.told(*at)).
		WithMend("Its maker plans it again for another time: sutor change replan %s --apply-at …", c.ID)
}

// early refuses to apply a change by hand before its time.
func (w *Workflow) early(c *change.Change) error {
	at := c.Options.ApplyAt
	if c.State != change.Approved || at == nil || !w.Now().Before(*at) {
		return nil
	}
	return errs.New(errs.Blocked, "Change %s was approved to be applied at %s, and is applied then by itself.", c.ID, w.told(*at)).
		WithMend("To apply it now, its maker plans it again: sutor change replan %s --apply-at none", c.ID)
}

// applyDue applies the changes whose time has come.
func (w *Workflow) applyDue(ctx context.Context) error {
	due, err := w.due(ctx)
	for _, c := range due {
		err = errors.Join(err, w.applyAtItsTime(ctx, c))
	}
	return err
}

// due gives the changes whose time has come, and that no server has begun then.
func (w *Workflow) due(ctx context.Context) (due []*change.Change, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		due = nil
		return pages(tx, Filter{States: []change.State{change.Approved}}, func(c *change.Change) {
			if at := c.Options.ApplyAt; at != nil && !w.Now().Before(*at) && (c.Tried == nil || c.Tried.Before(*at)) {
				due = append(due, c)
			}
		})
	})
	return due, err
}

// applyAtItsTime begins the apply of one change, as its maker asked for, or sends it
// back. Another server, or somebody, may have done either meanwhile.
func (w *Workflow) applyAtItsTime(ctx context.Context, due *change.Change) error {
	down := w.answers(ctx, due)
	return w.Store.Do(ctx, func(tx Tx) error {
		if err := w.adopt(tx); err != nil {
			return err
		}
		c, err := tx.Change(due.ID)
		if err != nil || c.State != change.Approved || c.Options.ApplyAt == nil || w.Now().Before(*c.Options.ApplyAt) {
			return err
		}
		at := *c.Options.ApplyAt
		if c.Tried != nil && !c.Tried.Before(at) { // begun since it was found due, and stopped
			return nil
		}
		why, code, err := w.inTheWay(tx, c)
		if err != nil {
			return err
		}
		switch behind := w.Now().Sub(at); {
		case why != "":
		case behind > late && down != nil:
			why, code = "What it needs did not answer for an hour: "+errs.Public(down).Message, "late"
		case behind > late:
			why, code = "No server applied it within an hour of its time.", "late"
		case down != nil:
			return nil // it is asked again at the next look
		}
		if why == "" {
			c.Tried = &at
			err = w.beginApply(tx, c, "", evidence.Entry{IDs: map[string]string{"apply_at": at.UTC().Format(time.RFC3339)},
				Body: evidence.Body{Who: string(c.Maker), Comment: "By the server, at the time that was approved with the plan."}})
		} else {
			err = w.voidDecisions(tx, c, "It was not applied at its time, "+w.told(at)+". "+why, code)
		}
		if err != nil {
			return err
		}
		return tx.SaveChange(c)
	})
}

// inTheWay says what of the rules keeps a change from being applied now; "" for nothing.
func (w *Workflow) inTheWay(tx Tx, c *change.Change) (why, code string, err error) {
	code = "rules-changed"
	if err = w.applicable(tx, c); err == nil {
		code, err = "frozen", w.frozen(tx, c.Datasets())
	}
	if errs.KindOf(err) == errs.Blocked {
		return errs.Public(err).Message, code, nil
	}
	return "", "", err
}

// beginApply moves an approved change to applying, with its intent and its job; by
// is the person who asked for it now, if one did.
func (w *Workflow) beginApply(tx Tx, c *change.Change, by access.Email, e evidence.Entry) error {
	c.Lease, c.Halt, c.Applier = nil, nil, by
	e.Kind, e.Counts = evidence.ApplyIntended, countsOf(c.Plan.Counts)
	e.Digests = map[string]record.Digest{"plan": c.Plan.Digest, "compact": w.Compact().Digest}
	if err := w.move(tx, c, change.Applying, e); err != nil {
		return err
	}
	return tx.Enqueue(Job{Kind: JobApply, Change: c.ID})
}

// Hold takes back what was approved: nothing is applied, at its time or by hand,
// until the change is decided on again.
func (w *Workflow) Hold(ctx context.Context, p access.Principal, id change.ID, comment string) (wire.Change, error) {
	return w.act(ctx, p, id, change.ActHold, func(s *step) error {
		if strings.TrimSpace(comment) == "" {
			return errs.New(errs.Usage, "People who approved the change will ask why it is held back.").WithMend("Say it with --comment.")
		}
		s.c.VoidDecisions("held back by " + string(p.Email))
		if !s.c.MadeBy(s.who.Email) { // its maker alone must not let it go again
			s.c.HeldBy = s.who.Email
		}
		s.c.Why, s.c.Route, s.c.RouteWhy, s.c.SubmittedAt = string(p.Email)+" held it back: "+comment, nil, "", nil
		return w.move(s.tx, s.c, change.Planned, evidence.Entry{Kind: evidence.DecisionsVoided, Means: s.who.Means, Digests: planDigests(s.c),
			IDs: map[string]string{"why": "held"}, Body: evidence.Body{Who: string(p.Email), Comment: comment}})
	})
}
