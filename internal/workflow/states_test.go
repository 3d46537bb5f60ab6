package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// inState makes a change of maria's and brings it into a state by what people do.
func (w *world) inState(s change.State) wire.Change {
	w.t.Helper()
	const file = "id,name\n1,Anna\n"
	switch s {
	case change.Planning:
		c, err := w.w.Propose(ctx, w.as("maria"), workflow.Proposal{Dataset: "customers", Name: "f.csv", File: strings.NewReader(file), Options: upsert})
		fine(w.t, err)
		return c
	case change.Failed:
		return w.propose("maria", "number,name\n1,Anna\n", upsert)
	case change.Submitted:
		return w.does("maria", submit, w.inState(change.Planned))
	case change.Approved:
		return w.does("olaf", approve, w.inState(change.Submitted))
	case change.Rejected:
		return w.does("olaf", reject, w.inState(change.Submitted))
	case change.Withdrawn:
		return w.does("maria", withdraw, w.inState(change.Planned))
	case change.Applying:
		c, err := apply(w, w.as("maria"), w.inState(change.Approved))
		fine(w.t, err)
		return c
	case change.Applied:
		return w.does("maria", apply, w.inState(change.Approved))
	case change.Undone:
		c := w.inState(change.Applied)
		w.undone(w.t, "olaf", c)
		return w.see(w.t, "maria", c)
	}
	return w.propose("maria", file, upsert)
}

// Every act that the state forbids is refused as blocked, with a sentence that
// says where the change stands, and moves nothing.
func TestIllegalActs(t *testing.T) {
	t.Parallel()
	acts := map[string]struct {
		who   string
		do    act
		legal []change.State
	}{
		"replan":   {"maria", replan, []change.State{change.Planned, change.Submitted, change.Approved, change.Rejected, change.Failed}},
		"submit":   {"maria", submit, []change.State{change.Planned}},
		"withdraw": {"maria", withdraw, []change.State{change.Planning, change.Planned, change.Submitted, change.Approved, change.Rejected, change.Failed}},
		"approve":  {"olaf", approve, []change.State{change.Submitted}},
		"reject":   {"olaf", reject, []change.State{change.Submitted}},
		"apply":    {"maria", apply, []change.State{change.Approved, change.Applying}},
		"undo":     {"olaf", undo, []change.State{change.Applied}},
	}
	for _, s := range []change.State{change.Planning, change.Planned, change.Submitted, change.Approved, change.Rejected, change.Applying,
		change.Applied, change.Failed, change.Undone, change.Withdrawn} {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			c := in(t, w.inState(s), s)
			before := shownTo(w, "aud", c)
			for name, a := range acts {
				if slices.Contains(a.legal, s) {
					continue
				}
				_, err := a.do(w, w.as(a.who), c)
				refused(t, err, errs.Blocked, c.ID)
				if text := err.Error(); !strings.Contains(text, s.Words()) && !strings.Contains(text, "applied already") {
					t.Errorf("%s: the refusal does not say where it stands: %s", name, text)
				}
			}
			if after := shownTo(w, "aud", c); after != before {
				t.Errorf("something changed:\n%s\n%s", before, after)
			}
			for name, a := range acts {
				if slices.Contains(c.May, name) && !slices.Contains(a.legal, s) {
					t.Errorf("%s is offered", name)
				}
			}
			w.work(t)
			w.proves(t, c)
		})
	}
}

// partly approves a part of a change, whose one row is all of it: that is told.
func partly(w *world, who access.Principal, c wire.Change) (wire.Change, error) {
	out, err := only_("after.id == 1")(w, who, c)
	if errs.KindOf(err) == errs.Blocked && strings.Contains(errs.Public(err).Message, "All rows of change") {
		return c, nil
	}
	return out, err
}

// The acts that the document offers are those that succeed.
func TestOfferedActsSucceed(t *testing.T) {
	t.Parallel()
	acts := map[string]act{"replan": replan, "submit": submit, "withdraw": withdraw, "approve": approve, "reject": reject, "apply": apply, "undo": undo, "prove": prove, "mend": mends, "hold": holds, "try": try,
		workflow.MayApprovePart: partly}
	for _, s := range []change.State{change.Planned, change.Submitted, change.Approved, change.Applied} {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			for _, name := range []string{"maria", "olaf"} {
				w.sql(`UPDATE customer SET name = 'Ann' WHERE id = 1`)
				for _, offered := range w.see(t, name, w.inState(s)).May {
					w.sql(`UPDATE customer SET name = 'Ann' WHERE id = 1`)
					c := w.inState(s)
					if _, err := acts[offered](w, w.as(name), c); err != nil {
						t.Errorf("%s of a %s change is offered to %s: %v", offered, s, name, err)
					}
					w.work(t)
				}
			}
		})
	}
}

// A plan that nobody may submit says why: findings that block, rows that are
// invalid, nothing to do.
func TestSubmitBlockedByFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	bad := in(t, w.propose("maria", "id,terms\n1,NET45\n2,NET60\n", upsert), change.Planned)
	w.mayNot("maria", submit, bad, errs.Blocked, "--leave-out-invalid")
	o := upsert
	o.LeaveOut = true
	good := in(t, w.propose("maria", "id,terms\n1,NET45\n2,NET60\n", o), change.Planned)
	if !good.Plan.LeftOut || good.Plan.Counts.Invalid != 1 || good.Plan.Counts.Update != 1 {
		t.Errorf("the plan is %+v", good.Plan)
	}
	w.applied(t, "maria", "olaf", good)
	if got := w.value("terms", 1) + " " + w.value("terms", 2); got != "NET30 NET60" {
		t.Error(got)
	}
	w.mayNot("maria", submit, in(t, w.propose("maria", "id,name\n1,Ann\n", upsert), change.Planned), errs.Blocked, "nothing to submit")
}

// A rejection needs its reason, and the maker goes on from there.
func TestRejectAndMend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.inState(change.Submitted)
	_, err := w.w.Reject(ctx, w.as("olaf"), change.ID(c.ID), digestOf(c), "  ")
	refused(t, err, errs.Usage, "needs a comment")
	c = in(t, w.does("olaf", reject, c), change.Rejected)
	if c.Why != "mend it" {
		t.Errorf("the maker is told %q", c.Why)
	}
	w.mayNot("maria", apply, c, errs.Blocked, "")
	w.mayNot("maria", submit, c, errs.Blocked, "replan")
	w.applied(t, "maria", "olga", w.does("maria", replan, c))
}
