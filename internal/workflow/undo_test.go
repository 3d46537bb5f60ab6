package workflow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// plain is the company without its guardrails and column rules.
var plain = company[:strings.Index(company, "    columns:")] + company[strings.Index(company, "  products:"):]

// edit updates rows 1 and 2 and inserts 8 and 9.
const edit = "id,name,note\n1,Anna,new\n2,Bobby,\n8,Eve,e\n9,Zoe,z\n"

// why gives the reasons of a reversal's rows of one op, by key.
func (w *world) why(c wire.Change, op string) map[string]string {
	w.t.Helper()
	page, err := w.w.Rows(ctx, w.as("maria"), change.ID(c.ID), op, 100, 0)
	fine(w.t, err)
	out := map[string]string{}
	for _, r := range page.Rows {
		out[string(r.Key["id"])] = r.Why
	}
	return out
}

// left wants exactly these rows of an op, each with a reason that holds the text.
func (w *world) left(c wire.Change, op, reason string, keys ...string) {
	w.t.Helper()
	got := w.why(c, op)
	for _, k := range keys {
		if !strings.Contains(got[k], reason) {
			w.t.Errorf("row %s is not %s because %q: %v", k, op, reason, got)
		}
	}
	if len(got) != len(keys) {
		w.t.Errorf("%s are %v, want %v", op, got, keys)
	}
}

// What a colleague changed since is kept, row by row and named; a change in a
// column that the apply did not write is in nobody's way.
func TestUndoKeepsLaterEdits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.sql(`UPDATE customer SET name = 'Annabel' WHERE id = 1; UPDATE customer SET terms = 'NET90' WHERE id IN (2, 8)`)
	r := in(t, w.does("olaf", undo, c), change.Planned)
	if n := r.Plan.Counts; n.Update != 1 || n.Delete != 1 || *n.Kept != 2 || *n.Impossible != 0 {
		t.Fatalf("counts: %+v", n)
	}
	w.left(r, "kept", "changed by somebody else", "1", "8")
	for _, f := range r.Findings {
		if f.Guardrail == "kept" && f.Rows != 2 {
			t.Errorf("the finding tells of %d rows", f.Rows)
		}
	}
	in(t, w.does("olaf", submit, r), change.Approved)
	in(t, w.does("olaf", apply, r), change.Applied)
	for id, want := range map[int]string{1: "Annabel", 2: "Bob", 8: "Eve", 9: "no row"} {
		if got := w.value("name", id); got != want {
			t.Errorf("the name of %d is %s, want %s", id, got, want)
		}
	}
	if got := w.value("terms", 2); got != "NET90" {
		t.Errorf("the undo took a colleague's terms away: %s", got)
	}
}

// Between the plan of an undo and its apply a colleague is as safe as at any time.
func TestUndoMeetsLaterEditAtApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	r := in(t, w.does("olaf", submit, w.does("olaf", undo, c)), change.Approved)
	w.sql(`UPDATE customer SET note = 'mine' WHERE id = 9`)
	before := w.dump("customer")
	r = in(t, w.does("olaf", apply, r), change.Planned)
	if r.Result.Conflicts == 0 || w.dump("customer") != before {
		t.Errorf("conflicts %d, table\n%s", r.Result.Conflicts, w.dump("customer"))
	}
	in(t, w.see(t, "olaf", c), change.Applied)
	r = w.does("olaf", replan, r)
	w.left(r, "kept", "changed by somebody else", "9")
	in(t, w.does("olaf", apply, w.does("olaf", submit, r)), change.Applied)
	in(t, w.see(t, "olaf", c), change.Undone)
}

func TestUndoOfRowsThatAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.sql(`DELETE FROM customer WHERE id IN (1, 8)`)
	r := in(t, w.does("olaf", undo, c), change.Planned)
	if n := r.Plan.Counts; n.Update != 1 || n.Delete != 1 || *n.Kept != 0 || *n.Impossible != 1 {
		t.Fatalf("counts: %+v", n)
	}
	w.left(r, "impossible", "deleted by somebody else", "1") // 8 is gone already, as it should be
	in(t, w.does("olaf", apply, w.does("olaf", submit, r)), change.Applied)
	if got := w.value("name", 1); got != "no row" {
		t.Errorf("a row that a colleague deleted came back: %s", got)
	}
}

// A row that the undo of an undo would insert again is impossible where its key
// is in use, and where everything is, there is nothing to submit.
func TestUndoWhereTheKeyIsReused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n9,Zoe\n", upsert))
	r := w.undone(t, "olaf", c)
	w.sql(`INSERT INTO customer (id, name) VALUES (9, 'Other')`)
	again := in(t, w.does("maria", undo, r), change.Planned)
	w.left(again, "impossible", "in use again", "9")
	w.mayNot("maria", submit, again, errs.Blocked, "change nothing")
	if got := w.value("name", 9); got != "Other" {
		t.Error(got)
	}
}

// An undo can be undone, which brings the change back. That writes again, so it
// takes the normal route, an owner's included.
func TestUndoOfAnUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	before := w.dump("customer")
	c := w.applied(t, "marlo", "olaf", w.propose("marlo", edit, upsert))
	after := w.dump("customer")
	r := w.undone(t, "olaf", c)
	w.mayNot("marlo", undo, c, errs.Blocked, "undone")
	again := w.does("marlo", undo, r)
	in(t, w.does("marlo", submit, again), change.Submitted) // the maker, though an owner, not alone
	w.mayNot("marlo", approve, again, errs.Forbidden, "You made change")
	in(t, w.does("olga", approve, again), change.Approved)
	in(t, w.does("marlo", apply, again), change.Applied)
	if w.dump("customer") != after {
		t.Errorf("undone twice:\n%s\nwant\n%s", w.dump("customer"), after)
	}
	in(t, w.see(t, "aud", r), change.Undone)
	third := w.does("olaf", undo, again)
	in(t, w.does("olaf", submit, third), change.Submitted)
	in(t, w.does("olga", approve, third), change.Approved)
	in(t, w.does("olaf", apply, third), change.Applied)
	if w.dump("customer") != before {
		t.Errorf("undone three times:\n%s\nwant\n%s", w.dump("customer"), before)
	}
}

// A column dropped since: rows that wrote it cannot go back and are named, the
// others can.
func TestUndoAfterAColumnWasDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	c := w.applied(t, "maria", "olaf", w.propose("maria", "id,name,note\n1,Anna,\n2,Bobby,n\n", upsert))
	w.sql(`ALTER TABLE customer DROP COLUMN note`)
	r := in(t, w.does("olaf", undo, c), change.Planned)
	w.left(r, "impossible", "column", "2")
	w.left(r, "update", "", "1")
	in(t, w.does("olaf", apply, w.does("olaf", submit, r)), change.Applied)
	if got := w.value("name", 1) + " " + w.value("name", 2); got != "Ann Bobby" {
		t.Error(got)
	}
}

// A column added since: a row that comes back has the system's default in it, as
// any new row has.
func TestUndoOfAnUndoAfterAColumnWasAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	r := w.undone(t, "olaf", w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n9,Zoe\n", upsert)))
	w.sql(`ALTER TABLE customer ADD COLUMN region TEXT NOT NULL DEFAULT 'EU'`)
	again := in(t, w.does("maria", undo, r), change.Planned)
	w.left(again, "insert", "", "9")
	w.applied(t, "maria", "olaf", again)
	if got := w.value("name", 9) + " " + w.value("region", 9); got != "Zoe EU" {
		t.Error(got)
	}
}

// One reversal at a time; withdrawn, it makes way for another.
func TestUndoOnceAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	first := w.does("olaf", undo, c)
	w.mayNot("maria", undo, c, errs.Blocked, "it is change "+first.ID)
	in(t, w.does("olaf", withdraw, first), change.Withdrawn)
	w.undone(t, "olga", w.see(t, "olga", c))
	w.mayNot("olga", undo, c, errs.Blocked, "undone")
}

// A reversal that could not be planned makes way too, and does not come back
// beside the one that took its place.
func TestUndoThatFailedGivesWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.sql(`ALTER TABLE customer RENAME TO elsewhere`)
	failed := in(t, w.does("olaf", undo, c), change.Failed)
	w.sql(`ALTER TABLE elsewhere RENAME TO customer`)
	second := in(t, w.does("olga", undo, c), change.Planned)
	w.mayNot("olaf", replan, failed, errs.Blocked, second.ID)
	in(t, w.does("olga", withdraw, second), change.Withdrawn)
	failed = in(t, w.does("olaf", replan, failed), change.Planned) // nobody is in its way any more
	w.mayNot("eva", undo, c, errs.Blocked, failed.ID)
	in(t, w.does("olaf", apply, w.does("olaf", submit, failed)), change.Applied)
	in(t, w.see(t, "olaf", c), change.Undone)
}

func TestUndoInTime(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.clock.pass(30*day + time.Second)
	late := w.does("olaf", undo, c)
	late = in(t, w.does("olaf", submit, late), change.Submitted) // not alone any more
	if len(late.Route) != 1 || late.Route[0].Role != "owner" {
		t.Errorf("the route is %v", late.Route)
	}
	w.does("olaf", withdraw, late)
	w.clock.pass(60 * day)
	w.mayNot("olaf", undo, c, errs.Blocked, "90 days")
	if u := w.see(t, "olaf", c).Undo; u.Possible || u.Until == nil {
		t.Errorf("undo is said to be %+v", u)
	}
}

// Who is exempt when they submit is not when they apply too late: the route is
// judged again.
func TestUndoAppliedTooLateIsNotExempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	before := w.dump("customer")
	w.clock.pass(29 * 24 * time.Hour)
	r := in(t, w.does("olaf", submit, w.does("olaf", undo, c)), change.Approved)
	if r.RouteWhy == "" || len(r.Route) != 0 {
		t.Errorf("the route is %v because %q", r.Route, r.RouteWhy)
	}
	w.clock.pass(2 * 24 * time.Hour)
	w.mayNot("olaf", apply, r, errs.Blocked, "not applied")
	in(t, w.see(t, "olaf", r), change.Planned)
	if w.dump("customer") != before {
		t.Error("it was written")
	}
}

// Threat: a maker keeps the owner from undoing by proposing the undo first, and
// leaving it there.
func TestOwnersUndoIsNotHeldUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	first := in(t, w.does("maria", undo, c), change.Planned)
	w.mayNot("maria", undo, c, errs.Blocked, "withdraw it first")
	w.mayNot("eva", undo, c, errs.Blocked, "made by maria@example.test")
	for who, may := range map[string]bool{"olaf": true, "maria": false, "eva": false} {
		if slices.Contains(w.see(t, who, c).May, "undo") != may {
			t.Errorf("%s is not told what they may", who)
		}
	}

	in(t, w.does("maria", submit, first), change.Submitted)
	w.mayNot("olaf", undo, c, errs.Blocked, "proposed already")
	in(t, w.does("olaf", reject, first), change.Rejected)
	second := in(t, w.does("olaf", undo, c), change.Planned)
	w.mayNot("maria", replan, first, errs.Blocked, "reversed by change "+second.ID)
	w.does("olaf", withdraw, second)

	in(t, w.does("maria", replan, first), change.Planned)
	third := in(t, w.does("olaf", undo, c), change.Planned)
	w.hears(map[string]string{"maria": "planned 1002, told 1002"})
	w.mayNot("maria", submit, first, errs.Blocked, "reversed by change "+third.ID)
	third = in(t, w.does("olaf", submit, third), change.Approved)
	in(t, w.does("olaf", apply, third), change.Applied)
	if c = in(t, w.see(t, "maria", c), change.Undone); *c.ReversedBy != third.ID {
		t.Errorf("undone by %s", *c.ReversedBy)
	}
}

// An owner who made the change is its maker: somebody else decides whether it goes.
func TestUndoByAnOwnerWhoMadeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "marlo", "olaf", w.propose("marlo", edit, upsert))
	r := in(t, w.does("marlo", submit, w.does("marlo", undo, c)), change.Submitted)
	w.mayNot("marlo", approve, r, errs.Forbidden, "You made change")
	in(t, w.does("olga", approve, r), change.Approved)
}

// The maker takes back nothing alone.
func TestUndoByItsMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	before := w.dump("customer")
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	r := in(t, w.does("maria", submit, w.does("maria", undo, c)), change.Submitted)
	w.mayNot("maria", approve, r, errs.Forbidden, "You made change")
	w.mayNot("maria", apply, r, errs.Blocked, "")
	in(t, w.does("olaf", approve, r), change.Approved)
	in(t, w.does("maria", apply, r), change.Applied)
	if w.dump("customer") != before {
		t.Error("the table is not as it was")
	}
}
