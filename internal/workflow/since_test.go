package workflow_test

import (
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// An owner who decides again sees what is different from what they decided on: rows by
// their keys, and what is written there, not what stands there now.
func TestSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	since := func(name string, c wire.Change) wire.Since {
		t.Helper()
		s, err := w.w.Since(ctx, w.as(name), change.ID(c.ID))
		fine(t, err)
		return s
	}
	c := w.does("maria", submit, w.propose("maria", "id,name,terms\n1,Anna,NET60\n2,Bob,NET60\n3,Cid,NET60\n", upsert))
	if s := since("olaf", c); s.Decision != nil || len(s.Datasets) != 0 {
		t.Errorf("nobody has decided yet: %+v", s)
	}
	c = w.does("olaf", reject, c)
	if s := since("olaf", c); s.Decision != nil {
		t.Errorf("it was this very plan: %+v", s)
	}
	again := func(file string) {
		t.Helper()
		_, err := w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "again.csv", File: strings.NewReader(file)})
		fine(t, err)
		w.work(t)
		c = w.see(t, "maria", c)
	}
	again("id,name,terms,credit\n1,Anna,NET60,\n2,Bob,NET30,77\n8,Eve,NET60,1\n")
	want := wire.Differences{Dataset: "customers", Added: 1, Gone: 1, Other: 1, Same: 1,
		Says: "1 row is new in it, 1 row is not in it any more, 1 row gets something else, 1 row is as it was."}
	s := since("olaf", c)
	if s.Decision == nil || s.Decision.Decision != "reject" || len(s.Datasets) != 1 || s.Datasets[0] != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	if twice := since("olaf", c); twice.Datasets[0] != want {
		t.Errorf("asked again: %+v", twice)
	}
	w.sql(`UPDATE customer SET name = 'Else' WHERE id = 1`) // what others write is no difference of the plan's
	again("id,name,terms\n3,Cid,NET60\n2,Bob,NET60\n1,Anna,NET60\n")
	if s := since("olaf", c); len(s.Datasets) != 1 || s.Datasets[0].Same < 2 || s.Datasets[0].Added+s.Datasets[0].Gone > 0 {
		t.Errorf("the same rows again: %+v", s)
	}
	_, err := w.w.Since(ctx, w.as("ivan"), change.ID(c.ID))
	refused(t, err, errs.Forbidden, "")
	_, err = w.w.Since(ctx, w.as("fred"), change.ID(c.ID))
	refused(t, err, errs.NotFound, "")
	w.amend("      touched:", "      name: {visible_to: [owner, auditor]}\n      touched:")
	_, err = w.w.Since(ctx, w.as("maria"), change.ID(c.ID))
	refused(t, err, errs.Forbidden, "You do not see all of customers")
}

// Of a change over several datasets each is compared with its own plan of then.
func TestSinceOfFamilies(t *testing.T) {
	t.Parallel()
	w := kin(t)
	c, err := w.together("maria", "customers", "id,name\n7,Gus\n1,Anna\n", "orders", "id,amount\n10,6\n11,8\n")
	fine(t, err)
	_, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	c = w.does("olga", reject, w.see(t, "olga", c))
	_, err = w.w.Replan(ctx, w.as("maria"), change.ID(c.ID).On("orders"), workflow.Again{Name: "again.csv", File: strings.NewReader("id,amount\n10,6\n")})
	fine(t, err)
	w.work(t)
	s, err := w.w.Since(ctx, w.as("olga"), change.ID(c.ID))
	fine(t, err)
	want := []wire.Differences{{Dataset: "customers", Same: 2, Says: "It would write the very same, 2 rows are as they were."},
		{Dataset: "orders", Gone: 1, Same: 1, Says: "1 row is not in it any more, 1 row is as it was."}}
	if len(s.Datasets) != 2 || s.Datasets[0] != want[0] || s.Datasets[1] != want[1] {
		t.Errorf("%+v, want %+v", s.Datasets, want)
	}
}
