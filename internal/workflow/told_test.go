package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

// Threat: what a maker may not see stands in the refusal of a submission, in the route,
// or in the history: how many rows a guardrail over a hidden column hit, or its name.
func TestWhatIsWithheldIsToldNowhere(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	w.sql(`UPDATE customer SET note = NULL WHERE id = 2`) // of which the guardrail is not certain
	w.sql(`CREATE TRIGGER keep BEFORE UPDATE OF name ON customer WHEN NEW.name = 'Bad' BEGIN SELECT RAISE(ABORT, 'note is kept'); END`)
	c := w.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert)
	for _, s := range c.Route {
		if s.Role == "manager" && s.Why != "Guardrail blacklist: Look twice. Guardrail big-credit: A credit above 1000 needs a manager." {
			t.Errorf("the route says %q", s.Why)
		}
	}
	if full := w.see(t, "olaf", c).Route; !strings.Contains(full[len(full)-1].Why, "could not be judged") {
		t.Errorf("the route of who sees all: %+v", full)
	}

	bad := w.propose("maria", "id,name\n2,Bad\n", upsert)
	_, err := submit(w, w.as("maria"), bad)
	if errs.KindOf(err) != errs.Blocked {
		t.Fatalf("submitted: %v", err)
	}
	keeps(t, "the trial's refusal", errs.Public(err).Error())
	if strings.Contains(errs.Public(err).Error(), "note is") {
		t.Errorf("the trial's refusal: %v", errs.Public(err))
	}
	h, err := w.w.History(ctx, w.as("maria"), change.ID(bad.ID))
	fine(t, err)
	if text, _ := json.Marshal(h); strings.Contains(string(text), "note is") {
		t.Errorf("the history of a trial: %s", text)
	}

	w.does("maria", submit, c)
	c = w.does("olaf", only_("before.note == 'SECRET'"), c)
	for _, who := range []string{"maria", "eva"} {
		h, err := w.w.History(ctx, w.as(who), change.ID(c.ID))
		fine(t, err)
		text, _ := json.Marshal(h)
		if strings.Contains(string(text), "SECRET") || strings.Contains(string(text), "before.") {
			t.Errorf("the history for %s: %s", who, text)
		}
	}

	w.inForce(t, strings.Replace(secretive, "then: approve, by: manager, say: Look twice.", "then: block, say: Look twice.", 1))
	c = w.propose("maria", "id,name\n1,Annabel\n2,Bobby\n", upsert)
	_, err = submit(w, w.as("maria"), c)
	if say := errs.Public(err).Message; say != "Change "+c.ID+" cannot be submitted: Look twice." {
		t.Errorf("the refusal says %q", say)
	}
}

// Threat: somebody's change, or one of a maker whom the Compact has not any more, is
// planned again as if all rows were theirs, once they have left.
func TestWhoHasLeftSeesNoMoreThanBefore(t *testing.T) {
	t.Parallel()
	const maria = "maria@example.test: {roles: [maker], departments: [sales]"
	for name, of := range map[string]struct{ old, new string }{
		"has left":        {maria, maria + ", left: true"},
		"is not there":    {"  " + maria + "}\n", ""},
		"never was there": {"  " + maria + "}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSecretive(t)
			if name == "has left" { // their limits come with a role, which a leaver has no more
				w.amend("for: [maria@example.test]", "for: [maker]")
			}
			c := w.propose("maria", "id,name\n1,Anna\n4,Zed\n", change.Options{Mode: change.Update})
			if of.new == "" { // who goes on with it is limited likewise
				w.inForce(t, strings.NewReplacer("for: [maria@example.test]", "for: [mona@example.test]").Replace(w.text))
			}
			if name == "never was there" { // and nobody has gone on with it yet
				_, err := replan(w, w.as("maria"), c)
				fine(t, err)
				w.amend(of.old, of.new)
				w.work(t)
				c = in(t, w.see(t, "mona", c), change.Failed)
				if !strings.Contains(c.Why, "does not know maria@example.test") {
					t.Errorf("it says %s", c.Why)
				}
			} else {
				w.amend(of.old, of.new)
			}
			if c = in(t, w.does("mona", replan, c), change.Planned); c.Plan.Counts.Update != 1 || c.Plan.Counts.Invalid != 1 {
				t.Errorf("planned again: %+v", c.Plan.Counts)
			}
		})
	}
}

// Threat: who goes on with a leaver's change submits rows that are kept from them.
func TestHeirsSubmitWhatTheySee(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	const marlo = "marlo@example.test: {roles: [maker, owner], departments: [sales]"
	c := w.propose("marlo", "id,name\n1,Anna\n4,Zed\n", upsert)
	w.inForce(t, strings.NewReplacer("for: [maria@example.test]", "for: [mona@example.test]", marlo, marlo+", left: true").Replace(w.text))
	c = in(t, w.does("mona", replan, c), change.Planned)
	w.mayNot("mona", submit, c, errs.Blocked, "some of its rows are not among those that you may see")
	in(t, w.see(t, "olaf", c), change.Planned)
}

// Threat: an auditor who is limited to some rows looks for keys, to learn which others
// there are.
func TestSearchForKeysOfRowsThatAreWithheld(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	c := w.propose("marlo", "id,name\n4,Zed\n", upsert)
	find := func() int {
		found, err := w.w.Searched(ctx, w.as("aud"), workflow.Search{Key: "4"})
		fine(t, err)
		return len(found.Changes)
	}
	if find() != 1 {
		t.Errorf("who sees all rows does not find change %s", c.ID)
	}
	text := w.text
	w.amend("for: [maria@example.test]", "for: [maria@example.test, aud@example.test]")
	if find() != 0 {
		t.Error("a key of a row that is withheld is found")
	}
	w.inForce(t, text)
}

// Threat: an impact counts rows of another dataset which are not for who reads it.
func TestImpactOverRowsThatAreWithheld(t *testing.T) {
	t.Parallel()
	w := withOrders(t)
	w.inForce(t, w.text+`  orders:
    system: shop
    table: orders
    key: [id]
    department: sales
    owner: olaf@example.test
    rows:
      - {for: [maria@example.test], where: "status == 'done'"}
`)
	c := w.propose("maria", "id,name\n1,Anna\n", upsert)
	if i := c.Impact[0]; !i.Unknown || i.Rows != 0 || i.Measure != nil {
		t.Errorf("maria is told %+v", i)
	}
	if i := w.see(t, "olaf", c).Impact[0]; i.Unknown || i.Rows != 2 {
		t.Errorf("olaf is told %+v", i)
	}
}
