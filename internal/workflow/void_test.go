package workflow_test

import (
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// void wants that no decision counts any more, each with a reason.
func void(t tb, c wire.Change) wire.Change {
	t.Helper()
	for _, d := range c.Decisions {
		if d.Void == "" {
			t.Errorf("the decision of %s still counts", d.By)
		}
	}
	return c
}

// A change of the rules, or of the people who decide, between approval and apply
// voids what was decided; what does not concern the dataset does not.
func TestCompactChangedAfterTheApproval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, old, new string
		void           bool
	}{
		{"a guardrail", "after.credit > 1000", "after.credit > 2000", true},
		{"a column rule", "[NET30, NET60, NET90]", "[NET30, NET60]", true},
		{"what is allowed", "allow: [insert, update]", "allow: [update]", true},
		{"another owner", "[olaf@example.test, olga@example.test, marlo@", "[olaf@example.test, marlo@", true},
		{"the decider is gone", "owner: [olaf@example.test, ", "owner: [", true},
		{"a manager who might decide", "mona@example.test:  {roles: [manager], departments: [sales]}", "mona@example.test:  {roles: [manager], departments: [finance]}", true},
		{"another dataset's section", "    key: [sku]\n", "    key: [sku]\n    label: Goods\n", false},
		{"another dataset's owner", "    owner: owen@example.test", "    owner: [owen@example.test, olga@example.test]", false},
		{"a person who decides nothing here", "fred@example.test:  {roles: [maker]", "fred@example.test:  {name: Fred, roles: [maker]", false},
		{"a comment", "compact: Example Trading\n", "compact: Example Trading # as ever\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			before := w.dump("customer")
			ch := w.approvedIn(edit)
			w.amend(c.old, c.new)
			if !c.void {
				in(t, w.see(t, "maria", ch), change.Approved)
				in(t, w.does("maria", apply, ch), change.Applied)
				return
			}
			void(t, in(t, w.see(t, "maria", ch), change.Planned))
			w.mayNot("maria", apply, ch, errs.Blocked, "it cannot be applied")
			w.mayNot("maria", submit, ch, errs.Blocked, "since change "+ch.ID+" was planned")
			if w.dump("customer") != before {
				t.Error("it was written")
			}
		})
	}
}

// A submitted change goes back too, and is decided on anew once it was planned
// by the new rules.
func TestCompactChangedWhileItWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", "id,credit\n1,1500\n", upsert)
	w.does("maria", submit, c)
	w.does("olaf", approve, c)
	in(t, w.see(t, "maria", c), change.Submitted) // a manager must decide too
	w.amend("after.credit > 1000", "after.credit > 2000")
	void(t, in(t, w.see(t, "maria", c), change.Planned))
	w.mayNot("olaf", approve, c, errs.Blocked, "")
	w.applied(t, "maria", "olaf", w.does("maria", replan, c)) // no manager is asked for any more
}

// The dataset leaves the Compact: what waited for it waits no longer, and nobody
// but an auditor sees it.
func TestDatasetGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.approvedIn(edit)
	old := w.text
	w.inForce(t, w.text[:strings.Index(w.text, "  customers:")]+w.text[strings.Index(w.text, "  products:"):])
	in(t, w.see(t, "aud", c), change.Planned)
	w.mayNot("maria", apply, c, errs.NotFound, "There is no change")
	w.inForce(t, old)
	void(t, in(t, w.see(t, "maria", c), change.Planned))
}

// Freedom is judged again at the apply: a maker who has lost it needs the owner.
func TestFreedomLostBeforeTheApply(t *testing.T) {
	t.Parallel()
	free := strings.Replace(company, "    guardrails:\n", "    freedom: [{level: expert, when: 'rows <= 5'}]\n    guardrails:\n", 1)
	w := newWorld(t, free)
	c := w.propose("eva", "id,name\n1,Anna\n", upsert)
	c = in(t, w.does("eva", submit, c), change.Approved)
	if len(c.Route) != 0 || !strings.Contains(c.RouteWhy, "expert") {
		t.Errorf("the route is %v because %q", c.Route, c.RouteWhy)
	}
	w.amend("departments: [sales], level: expert", "departments: [sales], level: newcomer")
	before := w.dump("customer")
	w.mayNot("eva", apply, c, errs.Blocked, "not applied")
	in(t, w.see(t, "eva", c), change.Planned)
	if w.dump("customer") != before {
		t.Error("it was written")
	}
	w.applied(t, "eva", "olaf", w.does("eva", replan, c))
}

// A freeze stops applies, and changes no decision.
func TestFreeze(t *testing.T) {
	t.Parallel()
	frozen := company + "freeze:\n  - {from: 2026-03-02T08:00:00Z, to: 2026-03-02T12:00:00Z, datasets: [customers], say: Year-end closing.}\n"
	w := newWorld(t, frozen)
	c := w.approvedIn(edit)
	w.mayNot("maria", apply, c, errs.Blocked, "Year-end closing.")
	in(t, w.see(t, "maria", c), change.Approved)
	w.clock.pass(4 * time.Hour)
	in(t, w.does("maria", apply, c), change.Applied)
	w.clock.pass(-2 * time.Hour)
	r := in(t, w.does("olaf", submit, w.does("olaf", undo, c)), change.Approved)
	w.mayNot("olaf", apply, r, errs.Blocked, "Year-end closing.") // holds for reversals too
}

// A new plan voids what was decided on the old one, and a decision on the old
// one is refused as changed.
func TestReplanVoidsDecisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.approvedIn(edit)
	w.clock.pass(time.Minute)
	now := void(t, in(t, w.does("maria", replan, c), change.Planned))
	if now.Plan.Digest == c.Plan.Digest {
		t.Fatal("two plans have one digest")
	}
	w.mayNot("maria", apply, now, errs.Blocked, "")
	w.does("maria", submit, now)
	w.mayNot("olaf", approve, c, errs.Changed, now.Plan.Digest)
	w.mayNot("olaf", reject, c, errs.Changed, now.Plan.Digest)
	in(t, w.does("olaf", approve, now), change.Approved)
}
