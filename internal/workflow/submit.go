package workflow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/recipe"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Submit asks for the decisions that the route names. An empty route approves
// at once, and says why. It is about the plan named by digest, where one is.
func (w *Workflow) Submit(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	if err := w.seesAll(ctx, p, id, change.ActSubmit); err != nil {
		return wire.Change{}, err
	}
	if err := w.trySubmit(ctx, p, id, digest); err != nil {
		return wire.Change{}, err
	}
	return w.act(ctx, p, id, change.ActSubmit, func(s *step) error {
		if err := meant(s.c, digest); err != nil {
			return err
		}
		if s.c.IsReversal() {
			if err := w.reserve(s.tx, s.c); err != nil {
				return err
			}
		}
		if err := w.submittable(s.c, func(dataset string) sight { return w.sight(s.who, dataset) }); err != nil {
			return err
		}
		for _, one := range s.c.ByDataset() {
			if what := w.sight(s.who, one.Dataset).blindTo(one.Plan); what != "" && !s.c.IsReversal() {
				return errs.New(errs.Blocked, "Change %s cannot be submitted: it writes %s.", id, what).
					WithMend("Plan it again: what you may not see is left out then.")
			}
		}
		route, err := w.route(s.tx, s.c, s.who)
		if err != nil {
			return err
		}
		s.c.Route, s.c.RouteWhy, s.c.Blocked = route.Steps, route.Why, route.Blocked
		if route.Blocked != "" {
			return errs.New(errs.Blocked, "Change %s cannot be submitted: %s", id, route.Blocked).
				WithMend("The steward names somebody for the role in the Compact.")
		}
		to := change.Submitted
		if len(route.Steps) == 0 {
			to = change.Approved
		}
		now := w.Now()
		s.c.SubmittedAt = &now
		if err := w.remember(s.tx, s.c, now); err != nil {
			return err
		}
		return w.move(s.tx, s.c, to, evidence.Entry{Kind: evidence.ChangeSubmitted, Means: p.Means,
			Digests: map[string]record.Digest{"plan": s.c.Plan.Digest, "compact": s.c.Compact},
			Counts:  countsOf(s.c.Plan.Counts),
			Body:    evidence.Body{Who: string(p.Email), For: s.place(), Comment: comment, Route: requirements(s.c, route.Steps), RouteWhy: route.Why}})
	})
}

// remember keeps what the change decided about the columns of its files.
func (w *Workflow) remember(tx Tx, c *change.Change, now time.Time) error {
	for _, one := range c.ByDataset() {
		if len(one.Plan.Mapping) == 0 {
			continue
		}
		department := w.Compact().AccessDataset(one.Dataset).Department
		earlier, err := tx.Memories(one.Dataset, one.Maker, department, memories)
		if err != nil {
			return err
		}
		if err := tx.Remember(recipe.Remember(one, department, now, earlier)); err != nil {
			return err
		}
	}
	return nil
}

// submittable says what stands in the way of a submission, besides rights and
// the route, in the words for somebody who sees so much of each dataset.
func (w *Workflow) submittable(c *change.Change, see func(dataset string) sight) error {
	if err := w.sameRules(c); err != nil {
		return err
	}
	if err := w.checkTimes(c); err != nil {
		return errs.New(errs.Blocked, "Change %s cannot be submitted: %s", c.ID, errs.Public(err).Message).
			WithMend("Plan it again for another time: sutor change replan %s --apply-at …", c.ID)
	}
	for _, one := range c.ByDataset() {
		for _, f := range one.Plan.Findings {
			if f.Severity == finding.Block {
				f = see(one.Dataset).finding(f, one)
				e := errs.New(errs.Blocked, "Change %s cannot be submitted: %s", c.ID, f.Message)
				e.WithMend("%s See all findings with `sutor change findings %s`.", f.Mend, c.ID)
				if f.Invalid {
					e.Mend += " Or plan again with --leave-out-invalid."
				}
				return e
			}
		}
	}
	if c.Plan.Counts.Written() == 0 {
		return errs.New(errs.Blocked, "Change %s would change nothing: there is nothing to submit.", c.ID).
			WithMend("%s", whyNothing(c))
	}
	return nil
}

// whyNothing says why a plan writes nothing, and what to do about it.
func whyNothing(c *change.Change) string {
	switch {
	case c.Plan.Counts.Invalid > 0:
		return fmt.Sprintf("Rows that cannot be taken are left out, and the others are so already. See why with `sutor change findings %s`.", c.ID)
	case c.IsReversal():
		return "No row can be given back: each has been changed since, or is as it was before."
	case c.Options.Rule != nil:
		return fmt.Sprintf("No row meets the rule's condition, or all that do are so already. Propose another rule: sutor change set %s", c.Dataset)
	}
	return "The file is the same as the live data, as far as it goes."
}

// sameRules refuses a plan that was judged by rules which are not in force any
// more: the dataset's section of the Compact, or the people of its route.
func (w *Workflow) sameRules(c *change.Change) error {
	for _, one := range c.ByDataset() {
		now, there := w.Compact().DatasetDigest(one.Dataset)
		if !there {
			return errs.New(errs.Blocked, "The dataset %s is not in the Compact any more.", one.Dataset).
				WithMend("Ask the steward.")
		}
		if now != one.DatasetDigest {
			return errs.New(errs.Blocked, "The Compact's rules for %s, or the people who decide on it, changed since change %s was planned.", one.Dataset, c.ID).
				WithMend("Plan it again: sutor change replan %s", c.ID)
		}
	}
	return nil
}

// route computes who must decide, by the Compact in force. In a family each dataset
// has steps of its own, and going ahead without an owner takes the freedom, or the
// exemption, of them all.
func (w *Workflow) route(tx Tx, c *change.Change, p access.Principal) (change.Route, error) {
	return w.routeBy(tx, w.Compact(), c, p)
}

func (w *Workflow) routeBy(tx Tx, comp *compact.Compact, c *change.Change, p access.Principal) (change.Route, error) {
	free, exempt, err := w.alone(tx, comp, c, p)
	if err != nil {
		return change.Route{}, err
	}
	var all []change.Route
	for _, one := range c.ByDataset() {
		left := map[access.Role][]change.Vacancy{}
		for _, r := range []access.Role{access.Owner, access.Manager} {
			if left[r], err = w.vacancies(tx, comp, one.Dataset, r); err != nil {
				return change.Route{}, err
			}
		}
		in := change.RouteInput{Maker: c.Maker, Hands: c.Hands, Findings: one.Plan.Findings, Freedom: free, Reversal: exempt,
			Deciders: func(r access.Role) []access.Email { return comp.Deciders(one.Dataset, r) },
			Left:     func(r access.Role) []change.Vacancy { return left[r] }}
		if c.IsFamily() {
			in.Dataset = one.Dataset
		}
		if d, there := comp.Dataset(one.Dataset); there {
			in.Owners = d.Needs
		}
		all = append(all, change.RouteFor(in))
	}
	return change.JoinRoutes(all), nil
}

// alone says why a change needs nobody else: by the maker's freedom, or as an owner's
// undo. Once an owner has held it back somebody decides.
func (w *Workflow) alone(tx Tx, comp *compact.Compact, c *change.Change, p access.Principal) (free, exempt string, err error) {
	switch {
	case c.HeldBy != "":
	case c.IsReversal():
		exempt, err = w.exempt(tx, c, p)
	default:
		free, err = w.freedom(tx, comp, c)
	}
	return free, exempt, err
}

// exempt says why a reversal needs nobody else: a listed owner, of a family one of
// all its datasets, may undo a change within thirty days of its apply, as its first
// reversal; not one that they made themselves, which somebody else let pass.
func (w *Workflow) exempt(tx Tx, c *change.Change, p access.Principal) (string, error) {
	if !w.ownsAll(c, p) || c.ReversesAt == nil || w.Now().Sub(*c.ReversesAt) > change.OwnersUndo {
		return "", nil
	}
	forward, err := tx.Change(c.Reverses)
	if err != nil || forward.MadeBy(p.Email) || forward.MadeBy(c.Maker) {
		return "", err
	}
	return "An owner of the dataset may undo a change alone within 30 days of its apply.", nil
}

// ownsAll tells whether somebody is a listed owner of all datasets of a change.
func (w *Workflow) ownsAll(c *change.Change, p access.Principal) bool {
	return !slices.ContainsFunc(w.accessOf(c), func(d access.Dataset) bool { return !d.OwnedBy(p) })
}

func requirements(c *change.Change, steps []change.Step) []evidence.Requirement {
	out := make([]evidence.Requirement, len(steps))
	for i, s := range steps {
		out[i] = evidence.Requirement{Role: string(s.Role), Needs: int64(s.Needs), Why: s.Why, Member: memberOf(c, s.Dataset)}
	}
	return out
}

func countsOf(c change.Counts) map[string]int64 {
	out := map[string]int64{"insert": c.Insert, "update": c.Update, "delete": c.Delete, "unchanged": c.Unchanged, "invalid": c.Invalid}
	if c.Kept > 0 || c.Impossible > 0 {
		out["kept"], out["impossible"] = c.Kept, c.Impossible
	}
	return out
}

// Withdraw takes a change back before it is applied.
func (w *Workflow) Withdraw(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	return w.act(ctx, p, id, change.ActWithdraw, func(s *step) error {
		if err := meant(s.c, digest); err != nil {
			return err
		}
		s.c.VoidDecisions("withdrawn")
		if s.c.IsReversal() {
			if err := w.release(s.tx, s.c); err != nil {
				return err
			}
		}
		return w.move(s.tx, s.c, change.Withdrawn, evidence.Entry{Kind: evidence.ChangeWithdrawn, Means: p.Means,
			Body: evidence.Body{Who: string(p.Email), For: s.place(), Comment: comment}})
	})
}

// reserve makes a reversal the one of its change again, after release: it must not
// come back beside another that took its place.
func (w *Workflow) reserve(tx Tx, reversal *change.Change) error {
	forward, err := w.unreversed(tx, reversal)
	if err != nil || forward.ReversedBy == reversal.ID {
		return err
	}
	forward.ReversedBy = reversal.ID
	return tx.SaveChange(forward)
}

// unreversed gives the change that a reversal is of, if no other takes it back.
func (w *Workflow) unreversed(tx Tx, reversal *change.Change) (*change.Change, error) {
	forward, err := tx.Change(reversal.Reverses)
	if err != nil || forward.ReversedBy == reversal.ID || forward.ReversedBy == "" && forward.State == change.Applied {
		return forward, err
	}
	return nil, errs.New(errs.Blocked, "Change %s is reversed by change %s already.", forward.ID, forward.ReversedBy).
		WithMend("Go on with that one, or withdraw it first.")
}

// release lets another reversal of the same change be proposed.
func (w *Workflow) release(tx Tx, reversal *change.Change) error {
	forward, err := tx.Change(reversal.Reverses)
	if err != nil {
		return err
	}
	if forward.ReversedBy != reversal.ID {
		return nil
	}
	forward.ReversedBy = ""
	return tx.SaveChange(forward)
}
