package workflow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/plan"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// approvePart makes the act of approving a part.
func approvePart(p workflow.Part) act {
	return func(w *world, who access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.ApprovePart(ctx, who, change.ID(c.ID), digestOf(c), p, "these")
	}
}

func only_(when string) act { return approvePart(workflow.Part{Only: when}) }

// restOf gives the change that the rest went on as, once it is planned.
func (w *world) restOf(c wire.Change) wire.Change {
	w.t.Helper()
	if len(c.SplitInto) != 1 {
		w.t.Fatalf("it was split into %v", c.SplitInto)
	}
	rest := in(w.t, w.see(w.t, "maria", wire.Change{ID: c.SplitInto[0]}), change.Planned)
	if rest.SplitFrom == nil || *rest.SplitFrom != c.ID || rest.Maker != c.Maker {
		w.t.Errorf("the rest says that it comes from %v, made by %s", rest.SplitFrom, rest.Maker)
	}
	return rest
}

// linesIn gives the file rows of a plan.
func (w *world) linesIn(c wire.Change) (lines []int64) {
	w.t.Helper()
	page, err := w.w.Rows(ctx, w.as("olaf"), change.ID(c.ID), "", 1000, 0)
	fine(w.t, err)
	for _, r := range page.Rows {
		lines = append(lines, *r.Row)
	}
	slices.Sort(lines)
	return lines
}

const raises = "id,name,credit\n1,Anna,150\n2,Bobby,5000\n3,Cid,300\n9,Zoe,\n"

// The part goes on under a digest of its own, with the decision; guardrails, route
// and numbers are those of its rows. The rest is a change of the maker's.
func TestApproveAPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", raises, upsert)), change.Submitted)
	if len(c.Route) != 2 {
		t.Fatalf("the route of the whole is %v", c.Route)
	}
	c = w.does("mona", approve, c)
	whole := c.Plan.Digest
	c = in(t, w.does("olaf", only_("after.credit <= 1000"), c), change.Approved)
	w.hears(map[string]string{"maria": "decided 1001, split 1001, approved 1001, planned 1002", "mona": "split 1001"})
	if n := c.Plan.Counts; c.Plan.Digest == whole || n.Update != 2 || n.Insert != 0 || len(c.Route) != 1 || c.Route[0].Role != "owner" {
		t.Errorf("plan %+v, route %v", c.Plan, c.Route)
	}
	if s := c.Split; s == nil || s.Plan != whole || s.Rows != 2 || s.Rest != 2 || s.Unknown != 1 || s.By != "olaf@example.test" {
		t.Errorf("split %+v", c.Split)
	}
	if d := c.Decisions; len(d) != 2 || d[0].Void == "" || d[1].Void != "" || d[1].Digest != c.Plan.Digest || d[1].Role != "owner" {
		t.Errorf("decisions %+v", d)
	}
	if c.Trial == nil || !slices.ContainsFunc(w.proves(t, c).Steps, func(s evidence.Step) bool { return s.Kind == evidence.ChangeTried && s.Who == "olaf@example.test" }) {
		t.Errorf("the part was tried (%+v), and no leaf says so", c.Trial)
	}
	rest := w.restOf(c)
	if got, left := w.linesIn(c), w.linesIn(rest); !slices.Equal(got, []int64{2, 4}) || !slices.Equal(left, []int64{3, 5}) {
		t.Errorf("lines %v and %v", got, left)
	}
	before := w.dump("customer")
	c = in(t, w.does("maria", apply, c), change.Applied)
	rest = w.does("maria", submit, w.does("maria", replan, rest)) // planned again it is still the rest
	if !slices.Equal(w.linesIn(rest), []int64{3, 5}) || len(rest.Route) != 2 {
		t.Errorf("lines %v, route %v", w.linesIn(rest), rest.Route)
	}
	rest = in(t, w.does("maria", apply, w.does("mona", approve, w.does("olaf", approve, rest))), change.Applied)
	w.undone(t, "olaf", rest)
	w.undone(t, "olaf", c)
	if w.dump("customer") != before {
		t.Errorf("both undone:\n%s", w.dump("customer"))
	}
}

// By a finding: its rows, or all but its rows; others of the route decide anew.
func TestApproveAPartByFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.does("maria", submit, w.propose("maria", raises, upsert))
	look, err := w.w.LookPart(ctx, w.as("olaf"), change.ID(c.ID), digestOf(c), workflow.Part{Finding: "big-credit"})
	fine(t, err)
	if look.Rows != 1 || look.Rest != 3 || look.Whole != c.Plan.Digest || w.see(t, "olaf", c).Plan.Digest != c.Plan.Digest {
		t.Errorf("looked at %+v", look)
	}
	c = in(t, w.does("olaf", approvePart(workflow.Part{Finding: "big-credit"}), c), change.Submitted)
	if !slices.Equal(w.linesIn(c), []int64{3}) || c.Plan.Digest != look.Plan {
		t.Errorf("lines %v", w.linesIn(c))
	}
	w.mayNot("olaf", approve, c, errs.Blocked, "decided on change")
	c = in(t, w.does("maria", apply, w.does("mona", approve, c)), change.Applied)
	rest := w.does("maria", submit, w.restOf(c))
	if got := w.linesIn(rest); !slices.Equal(got, []int64{2, 4, 5}) {
		t.Errorf("rest %v", got)
	}
	w.mayNot("olaf", approvePart(workflow.Part{Without: "big-credit"}), rest, errs.Usage, "no finding")

	again := w.does("maria", submit, w.propose("maria", "id,credit\n1,1111\n2,2\n", upsert))
	again = in(t, w.does("olaf", approvePart(workflow.Part{Without: "big-credit"}), again), change.Approved)
	if got := w.linesIn(again); !slices.Equal(got, []int64{3}) {
		t.Errorf("all but the finding's: %v", got)
	}
}

// Who may not, what cannot be divided, and what must not be torn apart.
// Who approves a part waits for its plan no longer than for any.
func TestPartWithinThePlansTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", raises, upsert)), change.Submitted)
	w.w.Longest = time.Nanosecond
	w.mayNot("olaf", only_("after.credit <= 1000"), c, errs.Unavailable, "longer than the 1ns")
}

func TestAPartThatCannotBeApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.does("maria", submit, w.propose("maria", raises, upsert))
	half := only_("after.id == 1")
	look := func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		_, err := w.w.LookPart(ctx, p, change.ID(c.ID), digestOf(c), workflow.Part{Only: "after.id == 1"})
		return c, err
	}
	w.mayNot("maria", look, c, errs.Forbidden, "You made change")
	w.mayNot("mona", look, c, errs.Forbidden, "Only an owner")
	w.mayNot("fred", look, c, errs.NotFound, "")
	w.mayNot("maria", half, c, errs.Forbidden, "You made change")
	w.mayNot("mona", half, c, errs.Forbidden, "Only an owner")
	w.mayNot("fred", half, c, errs.NotFound, "")
	w.mayNot("ivan", half, c, errs.Forbidden, "")
	w.mayNot("olaf", only_("after.id == 77"), c, errs.Blocked, "No row")
	w.mayNot("olaf", only_("after.id > 0"), c, errs.Blocked, "All rows")
	w.mayNot("olaf", only_("after.nome == 'x'"), c, errs.Usage, "no column nome")
	w.mayNot("olaf", approvePart(workflow.Part{}), c, errs.Usage, "named in one way")
	stale := c
	stale.Plan = &wire.Plan{Digest: "sha256:" + strings.Repeat("0", 64)}
	w.mayNot("olaf", half, stale, errs.Changed, "not the one you decided on")
	w.sql(`UPDATE customer SET name = 'Annabel' WHERE id = 1`)
	w.mayNot("olaf", half, c, errs.Changed, "not what you looked at")
	in(t, w.see(t, "olaf", c), change.Submitted)
	done := w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n3,Cyd\n4,Dotty\n", upsert))
	r := w.does("maria", submit, w.does("maria", undo, done))
	w.mayNot("olaf", only_("after.id == 3"), r, errs.Blocked, "undone as a whole")
}

// Rows that trade a unique value, and a row that refers to one which the same plan
// inserts, are not torn apart.
func TestAPartThatWouldNotStand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	w.sql(`DROP TABLE customer; CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT UNIQUE, boss INTEGER REFERENCES customer (id));
		INSERT INTO customer VALUES (1, 'Ann', 'a', NULL), (2, 'Bob', 'b', NULL)`)
	c := w.does("maria", submit, w.propose("maria", "id,name,code,boss\n1,Ann,b,\n2,Bob,a,\n8,Eve,e,\n9,Zoe,z,8\n", upsert))
	for _, when := range []string{"after.id == 1", "after.id == 9", "after.id <= 1 || after.id == 8"} {
		w.mayNot("olaf", only_(when), c, errs.Blocked, "would not stand by itself")
	}
	c = in(t, w.does("olaf", only_("after.id < 8"), c), change.Approved)
	in(t, w.does("maria", apply, c), change.Applied)
	w.applied(t, "maria", "olaf", w.restOf(c))
}

// However a plan is divided, every line is in exactly one of the two.
func TestLawSplitKeepsEveryRowOnce(t *testing.T) {
	t.Parallel()
	lawOfSplitting(t, newWorld(t, company))
}

func TestLawSplitKeepsEveryRowOnceOnPostgres(t *testing.T) {
	t.Parallel()
	b := newBusy(t, `
		CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, terms text, credit numeric(12,2), note text, touched text);
		INSERT INTO customer SELECT i, (ARRAY['Anna', 'Zoe'])[i % 2 + 1], 'NET30', i * 75, NULL FROM generate_series(1, 12) i;
		CREATE TABLE product (sku text PRIMARY KEY)`)
	b.inForce(t, strings.Replace(company, `kind: sqlite, dsn: shop.db`, `kind: postgres, dsn: "env:SHOP"`, 1))
	lawOfSplitting(t, b.world)
}

func lawOfSplitting(t *testing.T, w *world) {
	t.Helper()
	conditions := []string{"after.credit < 500", "op == 'insert'", "after.name < 'M' && after.credit != before.credit", "'note' in changed", "after.id > 15"}
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		b.WriteString("id,name,credit,note\n")
		for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(1, 30), 2, 12, rapid.ID[int]).Draw(rt, "ids") {
			b.WriteString(rapid.SampledFrom([]string{"%,Ann,,x\n", "%,Zed,100,\n", "%,Cid,900,old\n", "%,,oops,\n"}).Draw(rt, "row"))
			text := b.String()
			b.Reset()
			b.WriteString(strings.Replace(text, "%", itoa(id), 1))
		}
		o := upsert
		o.LeaveOut = true
		c := w.proposeTo(rt, "maria", "customers", b.String(), o)
		if c.Plan.Counts.Insert+c.Plan.Counts.Update == 0 {
			return
		}
		whole := w.linesIn(c)
		c = w.doesIn(rt, "maria", submit, c)
		part, err := only_(rapid.SampledFrom(conditions).Draw(rt, "condition"))(w, w.as("olaf"), c)
		w.work(rt)
		if errs.KindOf(err) == errs.Blocked && err != nil {
			return // none of them, or all
		}
		fine(rt, err)
		rest := w.see(rt, "maria", wire.Change{ID: part.SplitInto[0]})
		lines := append(w.linesIn(part), w.linesIn(rest)...)
		slices.Sort(lines)
		if !slices.Equal(lines, whole) || part.Split.Rows+part.Split.Rest != int64(len(whole)) {
			rt.Fatalf("the whole has the lines %v, both together %v; %+v", whole, lines, part.Split)
		}
		if n, m := part.Plan.Counts, rest.Plan.Counts; n.Invalid != 0 || n.Unchanged != 0 || n.Insert+m.Insert != c.Plan.Counts.Insert || n.Update+m.Update != c.Plan.Counts.Update || m.Invalid != c.Plan.Counts.Invalid {
			rt.Fatalf("counts %+v and %+v of %+v", n, m, c.Plan.Counts)
		}
	})
}

func itoa(n int) string { return string(plan.CanonicalJSON(n)) }

// Lines taken away are in none of what is left, and no others are missing.
func TestLawSpansMinus(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string) (s plan.Spans) {
			at := int64(0)
			for range rapid.IntRange(0, 5).Draw(rt, name) {
				from := at + int64(rapid.IntRange(1, 4).Draw(rt, "gap"))
				at = from + int64(rapid.IntRange(0, 4).Draw(rt, "length"))
				s = append(s, plan.Span{From: from, To: at})
				at++
			}
			return s
		}
		a, b := draw("a"), draw("b")
		left := a.Minus(b)
		for n := int64(0); n < 60; n++ {
			if left.Has(n) != (a.Has(n) && !b.Has(n)) {
				rt.Fatalf("%v minus %v is %v: line %d", a, b, left, n)
			}
		}
	})
}
