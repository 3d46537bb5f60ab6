package workflow_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// kin is the shop with children: orders of customers, whose owner is olga alone.
func kin(t *testing.T) *world {
	w := newWorld(t, company+`  orders:
    system: shop
    table: orders
    key: [id]
    department: sales
    owner: olga@example.test
    allow: [insert, update]
`)
	w.sql(`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), amount DECIMAL(10,2));
		INSERT INTO orders VALUES (10, 1, 5), (11, 2, 7)`)
	return w
}

// together proposes files for datasets, in the order given: dataset, file, dataset…
func (w *world) together(name string, files ...string) (wire.Change, error) {
	return w.chosen(name, func(string) (change.Options, error) { return upsert, nil }, files...)
}

// chosen is together with choices.
func (w *world) chosen(name string, choose func(dataset string) (change.Options, error), files ...string) (wire.Change, error) {
	c, err := w.w.ProposeTogether(ctx, w.as(name), workflow.Together{Reason: "test",
		Next: func() (string, string, io.Reader, error) {
			if len(files) == 0 {
				return "", "", nil, io.EOF
			}
			dataset, file := files[0], files[1]
			files = files[2:]
			return dataset, dataset + ".csv", strings.NewReader(file), nil
		},
		Choose: choose})
	if err != nil {
		return c, err
	}
	w.work(w.t)
	return w.see(w.t, name, c), nil
}

func (w *world) decides(name string, c wire.Change) (wire.Change, error) {
	return w.w.Approve(ctx, w.as(name), change.ID(c.ID), record.Digest(c.Plan.Digest), "fine")
}

// New customers and their new orders are one change: planned parents first, decided
// by the owner of each, written in one transaction, undone as a whole.
func TestFamily(t *testing.T) {
	t.Parallel()
	w := kin(t)
	before := w.dump("customer") + w.dump("orders")
	c, err := w.together("maria", "orders", "id,customer,amount\n20,7,1.50\n11,7,7\n", "customers", "id,name\n7,Gus\n1,Anna\n")
	fine(t, err)
	if c.State != "planned" || len(c.Members) != 2 || c.Members[0].Dataset != "customers" || c.Dataset != "customers, orders" {
		t.Fatalf("the plan: %+v", c)
	}
	if n := c.Plan.Counts; n.Insert != 2 || n.Update != 2 || n.Invalid != 0 {
		t.Errorf("counts %+v, findings %v", n, c.Findings)
	}
	c, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	if len(c.Route) != 2 || c.Route[0].Dataset != "customers" || c.Route[1].Dataset != "orders" {
		t.Fatalf("the route: %+v", c.Route)
	}
	c, err = w.decides("olaf", c)
	fine(t, err)
	if c.State != "submitted" || !slices.Equal(c.Decisions[0].Datasets, []string{"customers"}) {
		t.Fatalf("after the owner of one: %s, %+v", c.State, c.Decisions)
	}
	c, err = w.decides("olga", c)
	fine(t, err)
	if c.State != "approved" {
		t.Fatalf("after both owners: %s", c.State)
	}
	_, err = w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	w.work(t)
	if c = w.see(t, "maria", c); c.State != "applied" || c.Result.Applied != 4 || c.Members[1].Result.Applied != 2 {
		t.Fatalf("applied: %s, %+v, %v", c.State, c.Result, c.Problem)
	}
	rows, err := w.w.Rows(ctx, w.as("maria"), change.ID(c.ID).On("orders"), "", 10, 0)
	fine(t, err)
	if rows.Total != 2 {
		t.Errorf("%d rows of orders", rows.Total)
	}
	_, err = w.w.Rows(ctx, w.as("maria"), change.ID(c.ID), "", 10, 0)
	refused(t, err, errs.Usage, "several datasets")
	// Whoever owns both undoes it alone.
	undo, err := w.w.Undo(ctx, w.as("olga"), change.ID(c.ID), "")
	fine(t, err)
	w.work(t)
	if undo = w.see(t, "olga", undo); undo.State != "planned" || undo.Plan.Counts.Delete != 2 || undo.Plan.Counts.Update != 2 {
		t.Fatalf("the undo: %s %+v %v", undo.State, undo.Plan, undo.Problem)
	}
	_, err = w.w.Submit(ctx, w.as("olga"), change.ID(undo.ID), "", "")
	fine(t, err)
	_, err = w.w.Apply(ctx, w.as("olga"), change.ID(undo.ID), "", "")
	fine(t, err)
	w.work(t)
	if c = w.see(t, "maria", c); c.State != "undone" || w.dump("customer")+w.dump("orders") != before {
		t.Errorf("after the undo: %s, %s\n%s", c.State, w.dump("customer"), w.dump("orders"))
	}
}

// Who owns all of a family's datasets decides once.
func TestFamilyOfOneOwner(t *testing.T) {
	t.Parallel()
	w := kin(t)
	c, err := w.together("maria", "customers", "id,name\n7,Gus\n", "orders", "id,customer\n20,7\n")
	fine(t, err)
	c, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	if c, err = w.decides("olga", c); err != nil || c.State != "approved" {
		t.Fatalf("%s, %v", c.State, err)
	}
	// A row of the child that changed meanwhile keeps the parent from being written.
	w.sql(`INSERT INTO orders VALUES (20, 1, 9)`)
	_, err = w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	w.work(t)
	if c = w.see(t, "maria", c); c.State != "planned" || c.Result.Conflicts != 1 || c.Members[1].Result.Conflicts != 1 || strings.Contains(w.dump("customer"), "Gus") {
		t.Errorf("after a conflict: %s %+v\n%s", c.State, c.Result, w.dump("customer"))
	}
}

// The owner of one dataset sends the whole back; nobody decides on their own; and who
// may not propose to one of them proposes nothing.
func TestFamilyRefusals(t *testing.T) {
	t.Parallel()
	w := kin(t)
	c, err := w.together("maria", "customers", "id,name\n7,Gus\n", "orders", "id,customer\n20,7\n21,99\n")
	fine(t, err)
	if n := c.Members[1].Plan.Counts; n.Invalid != 1 || n.Insert != 1 || c.Findings[0].Dataset != "orders" {
		t.Errorf("an order of nobody: %+v, %+v", n, c.Findings)
	}
	_, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	refused(t, err, errs.Blocked, "do not exist")
	c, err = w.together("maria", "customers", "id,name\n7,Gus\n", "orders", "id,customer\n20,7\n")
	fine(t, err)
	c, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	_, err = w.decides("maria", c)
	refused(t, err, errs.Forbidden, "You made change")
	_, err = w.decides("owen", c)
	refused(t, err, errs.NotFound, "")
	c, err = w.w.Reject(ctx, w.as("olaf"), change.ID(c.ID), record.Digest(c.Plan.Digest), "Gus is no customer")
	if fine(t, err); c.State != "rejected" {
		t.Errorf("rejected by one: %s", c.State)
	}
	_, err = w.together("fred", "customers", "id,name\n7,Gus\n", "products", "sku,price\nA1,3\n")
	refused(t, err, errs.NotFound, "customers")
	_, err = w.together("maria", "customers", "id,name\n7,Gus\n")
	refused(t, err, errs.Usage, "2 to 16")
	_, err = w.together("maria", "customers", "id,name\n7,Gus\n", "customers", "id,name\n8,Hal\n")
	refused(t, err, errs.Usage, "twice")
}

// What only a change over one dataset can be is refused in words: a sync, a rule, a
// trial, the approval of a part. Its time is one for all.
func TestFamilyAlone(t *testing.T) {
	t.Parallel()
	w := kin(t)
	files := []string{"customers", "id,name\n7,Gus\n", "orders", "id,customer\n20,7\n"}
	hour := w.clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
	for want, o := range map[string]change.Options{
		"A sync deletes":    {Mode: change.Sync, Within: "true"},
		"changed by a rule": {Mode: change.Update, Rule: &change.Rule{Where: "true", Set: []change.Assign{{Column: "name", To: "null"}}}},
		"past":              {Mode: change.Upsert, ApplyAt: new(time.Time)},
	} {
		_, err := w.chosen("maria", func(string) (change.Options, error) { return o, nil }, files...)
		refused(t, err, errs.Usage, want)
	}
	_, err := w.chosen("maria", func(dataset string) (change.Options, error) {
		o, at := upsert, hour.Add(time.Duration(len(dataset))*time.Minute)
		o.ApplyAt = &at
		return o, nil
	}, files...)
	refused(t, err, errs.Usage, "at one time")
	c, err := w.chosen("maria", func(dataset string) (change.Options, error) {
		o := upsert
		if dataset == "orders" {
			o.ApplyAt = &hour
		}
		return o, nil
	}, files...)
	fine(t, err)
	if c.State != "planned" || c.ApplyAt == nil || !c.ApplyAt.Equal(hour) {
		t.Fatalf("%s, to be applied at %v", c.State, c.ApplyAt)
	}
	c, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	_, err = only_("after.id == 7")(w, w.as("olga"), c)
	refused(t, err, errs.Blocked, "over several datasets")
	c, err = w.decides("olga", c)
	fine(t, err)
	_, err = w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	refused(t, err, errs.Blocked, "approved to be applied at")
	c, err = w.w.Replan(ctx, w.as("maria"), change.ID(c.ID).On("orders"), workflow.Again{Choose: func(o *change.Options) error { o.ApplyAt = nil; return nil }})
	fine(t, err)
	w.work(t)
	if c = w.see(t, "maria", c); c.State != "planned" || c.ApplyAt != nil {
		t.Errorf("planned again: %s, to be applied at %v", c.State, c.ApplyAt)
	}
}

// A family is tried as it is applied: parents and children in one transaction, which is
// rolled back. What was found in a dataset is told to those who see that.
func TestFamilyIsTried(t *testing.T) {
	t.Parallel()
	w := kin(t)
	before := w.dump("customer") + w.dump("orders")
	try := func(who string, c wire.Change) wire.Change {
		out, err := w.w.Try(ctx, w.as(who), change.ID(c.ID))
		fine(t, err)
		return out
	}
	c, err := w.together("maria", "customers", "id,name\n7,Gus\n8,Hal\n", "orders", "id,customer,amount\n20,7,1.50\n21,8,99\n")
	fine(t, err)
	if c = try("maria", c); c.Trial.Outcome != "passed" {
		t.Fatalf("%+v", c.Trial)
	}
	w.sql(`CREATE TRIGGER dear BEFORE INSERT ON orders WHEN NEW.amount > 50 BEGIN SELECT RAISE(ABORT, 'too dear'); END`)
	_, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	refused(t, err, errs.Blocked, "orders: ")
	refused(t, err, errs.Blocked, "too dear")
	if c = w.see(t, "maria", c); c.Trial.Outcome != "refused" || !strings.HasPrefix(c.Trial.Why, "orders: ") {
		t.Errorf("%+v", c.Trial)
	}
	f := only(t, c, finding.Constraint)
	if f.Dataset != "orders" || f.Rows != 1 || strings.Join(f.Ranges, " ") != "3" || len(c.Members[0].Findings) > 0 || len(c.Members[1].Findings) != 1 {
		t.Errorf("%+v", f)
	}
	w.sql(`DROP TRIGGER dear; INSERT INTO customer (id, name) VALUES (8, 'Hugo')`)
	if c = try("olga", c); c.Trial.Outcome != "moved" || !strings.HasPrefix(c.Trial.Why, "customers: ") {
		t.Errorf("%+v", c.Trial)
	}
	w.sql(`DELETE FROM customer WHERE id = 8`)
	c, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	if c.Trial.Outcome != "passed" || len(c.Findings) > 0 || w.dump("customer")+w.dump("orders") != before {
		t.Errorf("%+v, %+v\n%s", c.Trial, c.Findings, w.dump("orders"))
	}
	// The same words where it is the apply that is refused.
	c, err = w.decides("olga", c)
	fine(t, err)
	w.sql(`CREATE TRIGGER dear BEFORE INSERT ON orders WHEN NEW.amount > 50 BEGIN SELECT RAISE(ABORT, 'too dear'); END`)
	_, err = w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	w.work(t)
	c = in(t, w.see(t, "maria", c), change.Failed)
	if f := only(t, c, finding.Constraint); f.Dataset != "orders" || strings.Join(f.Ranges, " ") != "3" || w.dump("customer")+w.dump("orders") != before {
		t.Errorf("%+v\n%s", f, w.dump("customer"))
	}
}

// What a change over several datasets has goes as a whole, when the time of any of its
// datasets is over; but not what another change still needs.
func TestFamilyIsPurged(t *testing.T) {
	t.Parallel()
	w := kin(t)
	w.amend("    owner: olga@example.test\n    allow: [insert, update]\n", "    owner: olga@example.test\n    retain: {values: 10d, inputs: 5d}\n    allow: [insert, update]\n")
	const gus = "id,name\n7,Gus\n"
	alone := w.applied(t, "maria", "olaf", w.propose("maria", gus, upsert))
	c := w.appliedTogether("customers", gus, "orders", "id,customer\n20,7\n")
	one, family := w.stored(alone), w.stored(c)
	if one.Input.Digest != family.Members[0].Input.Digest {
		t.Fatal("they have not the same file")
	}
	if c.Undo.Until == nil || !c.Undo.Until.Equal(family.AppliedAt.Add(10*day)) {
		t.Errorf("undo until %v", c.Undo.Until)
	}
	w.clock.pass(6 * day)
	if out := w.purges(false); out.Changes != 0 || !w.has(family.Members[1].Input.Digest) { // a kind goes whole, or not yet
		t.Fatalf("while another needs one of its files: %+v", out)
	}
	w.clock.pass(5 * day)
	if out := w.purges(false); out.Changes != 1 {
		t.Fatalf("its values: %+v", out)
	}
	for _, m := range family.Members {
		if w.has(m.Result.Stored) || !w.has(m.Plan.Digest) {
			t.Errorf("of %s", m.Dataset)
		}
		_, err := w.w.Rows(ctx, w.as("maria"), change.ID(c.ID).On(m.Dataset), "", 10, 0)
		refused(t, err, errs.Blocked, "not kept any more")
	}
	w.mayNot("olga", undo, c, errs.Blocked, "were removed on")
	w.proveAll()
	w.clock.pass(20 * day)
	if out := w.purges(false); out.Changes != 2 || w.has(family.Members[0].Input.Digest) || w.has(family.Members[1].Input.Digest) {
		t.Fatalf("the files: %+v", out)
	}
	w.audited()
}

// appliedTogether brings a change over several datasets to its end: olga owns all.
func (w *world) appliedTogether(files ...string) wire.Change {
	w.t.Helper()
	c, err := w.together("maria", files...)
	fine(w.t, err)
	_, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(w.t, err)
	_, err = w.decides("olga", c)
	fine(w.t, err)
	_, err = w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(w.t, err)
	w.work(w.t)
	return in(w.t, w.see(w.t, "maria", c), change.Applied)
}
