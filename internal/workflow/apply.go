package workflow

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Apply accepts the request to write an approved plan: state, lease, job and the
// intent in one transaction. On a change that is applying already it gives that
// run.
func (w *Workflow) Apply(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	if err := w.reachable(ctx, p, id); err != nil {
		return wire.Change{}, err
	}
	voided := ""
	out, err := w.act(ctx, p, id, change.ActApply, func(s *step) error {
		voided = ""
		if err := meant(s.c, digest); err != nil {
			return err
		}
		if s.c.State == change.Applying {
			return nil
		}
		if err := w.early(s.c); err != nil {
			return err
		}
		err := w.applicable(s.tx, s.c)
		if err != nil && errs.KindOf(err) == errs.Blocked {
			voided = errs.Public(err).Message
			return w.voidDecisions(s.tx, s.c, voided, "rules-changed")
		}
		if err != nil {
			return err
		}
		if err := w.frozen(s.tx, s.c.Datasets()); err != nil {
			return err
		}
		return w.beginApply(s.tx, s.c, p.Email, evidence.Entry{Means: p.Means, Body: evidence.Body{Who: string(p.Email), For: s.place(), Comment: comment}})
	})
	if err == nil && voided != "" {
		err = errs.New(errs.Blocked, "Change %s was not applied, and its decisions are void: %s", id, voided).
			WithMend("Plan it again: sutor change replan %s", id)
	}
	return out, err
}

// applicable judges again what was judged when the change was approved, by the
// Compact in force: the rules, and the route, which may have grown since (a
// maker's level or the time for an owner's undo is not what it was).
func (w *Workflow) applicable(tx Tx, c *change.Change) error {
	if err := w.sameRules(c); err != nil {
		return err
	}
	if w.deputyGone(w.Compact(), c) {
		return errs.New(errs.Blocked, "A deputy who decided on it is no person of the Compact in force any more.")
	}
	maker, _ := w.Compact().Principal(c.Maker) // nobody, who has no freedom, where they are gone
	now := *c
	route, err := w.route(tx, c, maker)
	if err != nil {
		return err
	}
	now.Route = route.Steps
	if open := now.Open(); len(open) > 0 {
		return errs.New(errs.Blocked, "Its route asks for a decision as %s.", change.Asks(open[:1]))
	}
	return nil
}

// voidDecisions sends a submitted or approved change back to planned.
func (w *Workflow) voidDecisions(tx Tx, c *change.Change, why, code string) error {
	c.VoidDecisions(why)
	c.Why, c.Route, c.RouteWhy, c.SubmittedAt = why, nil, "", nil
	return w.move(tx, c, change.Planned, evidence.Entry{Kind: evidence.DecisionsVoided, Digests: planDigests(c),
		IDs: map[string]string{"why": code}, Body: evidence.Body{Message: why}})
}

// reachable asks what an apply needs before it begins, so that what is down leaves
// everything as it was.
func (w *Workflow) reachable(ctx context.Context, p access.Principal, id change.ID) error {
	c, _, err := w.judged(ctx, p, id, change.ActApply)
	if err != nil {
		return w.refused(ctx, p, id, change.ActApply, err)
	}
	return w.answers(ctx, c)
}

// answers tells whether the change's system can be reached, and the place of its plan.
func (w *Workflow) answers(ctx context.Context, c *change.Change) error {
	d, there := w.Compact().Dataset(c.Datasets()[0]) // all of them are in one system
	if !there {
		return nil // told by the rules
	}
	sys, err := w.Systems.System(d.System)
	if err == nil {
		err = sys.Ping(ctx)
	}
	if err == nil {
		_, err = w.Artifacts.Has(ctx, c.Plan.Digest) // one that is gone is told by who reads it
	}
	return err
}
