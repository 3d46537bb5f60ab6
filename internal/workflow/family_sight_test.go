package workflow_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// veiled is the shop with children of another department, whose owner sees nothing of
// the customers; of the customers themselves maria sees no notes, and mona sees names
// masked.
const veiled = `compact: Example Trading
systems:
  shop: {kind: sqlite, dsn: shop.db}
departments: [sales, stock]
people:
  maria@example.test: {roles: [maker], departments: [sales, stock]}
  stan@example.test: {roles: [maker], departments: [stock]}
  olaf@example.test: {roles: [owner], departments: [sales]}
  odin@example.test: {roles: [owner], departments: [stock]}
  olga@example.test: {roles: [owner], departments: [stock]}
  ivan@example.test: {roles: [steward]}
  aud@example.test: {roles: [auditor]}
datasets:
  customers:
    system: shop
    table: customer
    key: [id]
    department: sales
    owner: [olaf@example.test, olga@example.test]
    columns:
      note: {visible_to: [olaf@example.test, auditor]}
    guardrails:
      - {name: long-names, each: row, when: 'size(after.name) > 6', then: approve, by: owner, say: HIDDENRULE names are short.}
  orders:
    system: shop
    table: orders
    key: [id]
    department: stock
    owner: [odin@example.test, olga@example.test]
    allow: [insert, update]
`

// Threat: who sees one dataset of a change reads another's through it: rows, names,
// counts, findings, who decides there, what went wrong there, files, evidence.
func TestFamilyTellsNothingOfTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, veiled)
	w.sql(`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), amount DECIMAL(10,2))`)
	c, err := w.together("maria", "customers", "id,name\n7,SECRETNAME\n8,Hal\n9,Ida\n", "orders", "id,customer\n20,7\n")
	fine(t, err)
	id := change.ID(c.ID)
	secrets := []string{"customers", "SECRETNAME", "HIDDENRULE", "long-names", "olaf"}
	keeps := func(what string, v any) {
		t.Helper()
		text, err := json.Marshal(v)
		fine(t, err)
		for _, s := range secrets {
			if strings.Contains(string(text), s) {
				t.Errorf("%s tells %q:\n%s", what, s, text)
			}
		}
	}
	refusal := func(what string, err error, kind errs.Kind) {
		t.Helper()
		if err == nil || errs.KindOf(err) != kind {
			t.Errorf("%s: %v, want %s", what, err, kind)
			return
		}
		keeps(what, errs.Public(err).Error())
	}
	look := func(who string, counts int64) {
		t.Helper()
		seen := w.see(t, who, c)
		seen.Title = "" // its maker's words
		keeps("the change to "+who, seen)
		if seen.Hidden != 1 || len(seen.Members) != 1 || seen.Plan.Counts.Insert != counts {
			t.Errorf("%s sees %d members, %d hidden, %+v", who, len(seen.Members), seen.Hidden, seen.Plan.Counts)
		}
		h, err := w.w.History(ctx, w.as(who), id)
		fine(t, err)
		keeps("the history to "+who, h)
		all, err := w.w.Changes(ctx, w.as(who), workflow.Filter{Limit: 10})
		fine(t, err)
		all[0].Title = ""
		keeps("the list to "+who, all)
		said, err := w.w.Discussion(ctx, w.as(who), id)
		fine(t, err)
		keeps("the discussion to "+who, said)
		_, err = w.w.Rows(ctx, w.as(who), id.On("customers"), "", 10, 0)
		refusalOf(t, err, errs.NotFound, `has no dataset "customers" that you may see`)
		_, err = w.w.Rows(ctx, w.as(who), id, "", 10, 0)
		refusal("rows of all", err, errs.Usage)
		_, err = w.w.Reading(ctx, w.as(who), id)
		refusal("the reading", err, errs.Usage)
		_, err = w.w.Mendable(ctx, w.as(who), id.On("customers"), 10)
		refusalOf(t, err, errs.NotFound, "")
		refusalOf(t, w.w.BadRows(ctx, w.as(who), id.On("customers"), "csv", true, new(bytes.Buffer)), errs.NotFound, "")
		_, err = w.w.SaveRecipe(ctx, w.as(who), "r", id.On("customers"), false)
		refusalOf(t, err, errs.NotFound, "")
		refusal("the evidence", w.w.Evidence(ctx, w.as(who), id, new(bytes.Buffer)), errs.Forbidden)
		_, err = w.w.Undo(ctx, w.as(who), id, "")
		refusal("an undo", err, errs.Forbidden)
		_, err = w.w.Apply(ctx, w.as(who), id, "", "")
		refusal("an apply", err, errs.Forbidden)
		_, err = w.w.Withdraw(ctx, w.as(who), id, "", "")
		refusal("a withdrawal", err, errs.Forbidden)
	}
	look("odin", 1)
	look("stan", 1)
	_, err = w.w.Submit(ctx, w.as("maria"), id, "", "")
	fine(t, err)
	look("odin", 1)
	inbox, err := w.w.Notices(ctx, w.as("odin"), workflow.NoticesWanted{Limit: 10})
	fine(t, err)
	for i := range inbox.Notices {
		inbox.Notices[i].Title = ""
	}
	keeps("the inbox", inbox)
	if len(inbox.Notices) == 0 {
		t.Error("odin was not asked")
	}
	c, err = w.w.Approve(ctx, w.as("odin"), id, record.Digest(c.Plan.Digest), "")
	fine(t, err)
	look("odin", 1)
	_, err = w.w.Approve(ctx, w.as("olaf"), id, record.Digest(c.Plan.Digest), "for us")
	fine(t, err)
	w.sql(`INSERT INTO customer (id, name) VALUES (8, 'x')`) // a conflict there
	_, err = w.w.Apply(ctx, w.as("maria"), id, "", "")
	fine(t, err)
	w.work(t)
	if got := in(t, w.see(t, "maria", c), change.Planned); got.Result.Conflicts != 1 {
		t.Errorf("%+v", got.Result)
	}
	seen := w.see(t, "odin", c)
	seen.Title = ""
	if keepsCounts := seen.Result; keepsCounts.Conflicts != 0 || len(keepsCounts.ConflictRows) != 0 {
		t.Errorf("a conflict elsewhere is told: %+v", keepsCounts)
	}
	for i := range seen.Decisions { // people who decide are named, as in every change; the others' comments are theirs
		if seen.Decisions[i].By == "olaf@example.test" {
			seen.Decisions[i].By = ""
		}
	}
	keeps("a conflict", seen)
}

// refusalOf wants a refusal.
func refusalOf(t *testing.T, err error, kind errs.Kind, sentence string) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind || !strings.Contains(errs.Public(err).Error(), sentence) {
		t.Errorf("%v, want %s: %s", err, kind, sentence)
	}
}

// Threat: a change over several datasets writes what its maker, or who decides on it,
// may not look at, where over that dataset alone it would not have been taken.
func TestFamilyIsDecidedBySight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, veiled)
	w.sql(`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), amount DECIMAL(10,2))`)
	c, err := w.together("maria", "customers", "id,name,note\n7,Gus,shy\n", "orders", "id,customer\n20,7\n")
	fine(t, err)
	if cols := strings.Join(c.Members[0].Plan.Columns, " "); strings.Contains(cols, "note") {
		t.Errorf("maria's plan has %s", cols)
	}
	// The Compact lets maria write notes; olga, who owns both, does not see them.
	w.amend("visible_to: [olaf@example.test, auditor]", "visible_to: [olaf@example.test, maria@example.test, auditor]")
	c, err = w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{})
	fine(t, err)
	w.work(t)
	c = in(t, w.see(t, "maria", c), change.Planned)
	c, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	for _, act := range []func() (wire.Change, error){
		func() (wire.Change, error) { return w.decides("olga", c) },
		func() (wire.Change, error) {
			return w.w.Reject(ctx, w.as("olga"), change.ID(c.ID), record.Digest(c.Plan.Digest), "no")
		},
	} {
		_, err = act()
		refused(t, err, errs.Blocked, "it writes a column that you may not see")
	}
	if c, err = w.decides("odin", c); err != nil || c.State != "submitted" { // who decides for orders alone
		t.Fatalf("%s, %v", c.State, err)
	}
	if c, err = w.decides("olaf", c); err != nil || c.State != "approved" {
		t.Fatalf("%s, %v", c.State, err)
	}
	_, err = w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	w.work(t)
	in(t, w.see(t, "maria", c), change.Applied)
	_, err = w.w.Undo(ctx, w.as("olga"), change.ID(c.ID), "")
	refused(t, err, errs.Blocked, "it writes a column that you may not see")
	refused(t, w.w.Evidence(ctx, w.as("olga"), change.ID(c.ID), new(bytes.Buffer)), errs.Forbidden, "columns or rows of customers")
	fine(t, w.w.Evidence(ctx, w.as("aud"), change.ID(c.ID), new(bytes.Buffer)))
}
