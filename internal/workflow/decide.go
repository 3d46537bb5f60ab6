package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/notice"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Approve approves exactly the plan named by digest.
func (w *Workflow) Approve(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	if err := w.seesAll(ctx, p, id, change.ActApprove); err != nil {
		return wire.Change{}, err
	}
	return w.act(ctx, p, id, change.ActApprove, func(s *step) error {
		if err := w.decidable(s.c, digest); err != nil {
			return err
		}
		if err := w.overdue(s.c); err != nil {
			return err
		}
		return w.approve(s, comment)
	})
}

// approve adds the approval, and moves the change on where nobody else must decide.
func (w *Workflow) approve(s *step, comment string) error {
	if err := s.decide(w, true, comment); err != nil {
		return err
	}
	e := s.decision(evidence.DecisionApproved, comment)
	if len(s.c.Open()) > 0 {
		e.From, e.To = evidence.State(change.Submitted), evidence.State(change.Submitted)
		s.c.UpdatedAt = w.Now()
		return w.leaf(s.tx, s.c, e)
	}
	return w.move(s.tx, s.c, change.Approved, e)
}

// Reject sends a change back to its maker, with the reason.
func (w *Workflow) Reject(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	if err := w.seesAll(ctx, p, id, change.ActReject); err != nil {
		return wire.Change{}, err
	}
	return w.act(ctx, p, id, change.ActReject, func(s *step) error {
		if strings.TrimSpace(comment) == "" {
			return errs.New(errs.Usage, "A rejection needs a comment: the maker must know what to mend.").WithMend("Say it with --comment.")
		}
		if err := w.decidable(s.c, digest); err != nil {
			return err
		}
		if err := s.decide(w, false, comment); err != nil {
			return err
		}
		s.c.Why = comment
		if s.c.IsReversal() {
			if err := w.release(s.tx, s.c); err != nil {
				return err
			}
		}
		if err := w.move(s.tx, s.c, change.Rejected, s.decision(evidence.DecisionRejected, comment)); err != nil {
			return err
		}
		return w.recorded(s.tx, s.c)
	})
}

// decidable refuses a decision on another plan than the one that stands.
func (w *Workflow) decidable(c *change.Change, digest record.Digest) error {
	if digest == "" {
		return errs.New(errs.Usage, "A decision names the digest of the plan that it is about.").WithMend("See it with: sutor change show %s", c.ID)
	}
	if err := named(c, digest, "decided on"); err != nil {
		return err
	}
	return w.sameRules(c)
}

// meant refuses what somebody does about another plan than the one that stands; ""
// means whichever does.
func meant(c *change.Change, digest record.Digest) error { return named(c, digest, "mean") }

func named(c *change.Change, digest record.Digest, does string) error {
	switch {
	case digest == "" || c.Plan != nil && digest == c.Plan.Digest:
		return nil
	case c.Plan == nil:
		return errs.New(errs.Changed, "Change %s has no plan now: it is %s.", c.ID, c.State.Words()).WithMend("Look at the change again: sutor change show %s", c.ID)
	}
	return errs.New(errs.Changed, "The plan of change %s is not the one you %s: it is %s now.", c.ID, does, c.Plan.Digest).
		WithMend("Look at the plan again, then decide on that: sutor change show %s", c.ID)
}

// decide notes the decision, and tells in whose place it was made.
func (s *step) decide(w *Workflow, approve bool, comment string) error {
	s.c.Decisions = append(s.c.Decisions, change.Decision{By: s.who.Email, For: s.seat.For, Role: s.seat.Role, Approve: approve,
		Digest: s.c.Plan.Digest, Means: s.who.Means, At: w.Now(), Comment: comment, Datasets: change.DecidesFor(s.c, s.seat, s.who, s.datasets...)})
	if s.seat.For == "" || !w.here(s.seat.For) {
		return nil
	}
	did := "sent change %s back in your place."
	if approve {
		did = "approved change %s in your place."
	}
	say := w.nameOf(s.who.Email) + " " + fmt.Sprintf(did, s.c.ID)
	return w.notify(s.tx, notice.Notice{Kind: notice.Told, By: s.who.Email, Change: s.c.ID, Dataset: s.c.Dataset, Say: say}, s.seat.For)
}

func (s *step) decision(kind evidence.Kind, comment string) evidence.Entry {
	e := evidence.Entry{Kind: kind, Means: s.who.Means, Digests: planDigests(s.c), IDs: map[string]string{"role": string(s.seat.Role)},
		Body: evidence.Body{Who: string(s.who.Email), For: string(s.seat.For), Comment: comment}}
	for _, in := range s.who.StandsIn {
		if in.For.Email == s.seat.For && in.Deputy != "" && slices.ContainsFunc(s.c.Datasets(), in.Covers) {
			e.IDs["deputy"] = in.Deputy
		}
	}
	return deciding(s.c, s.c.Decisions[len(s.c.Decisions)-1], e)
}
