package workflow_test

import (
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
)

// The values of a changed number column, before and after: counted once each, and
// only in rows in which they change.
func TestSpreads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "      touched: {writable: false}", "      touched: {writable: false}\n      credit: {visible_to: [owner, auditor]}", 1))
	c := in(t, w.propose("marlo", "id,name,credit\n1,Ann,500\n2,Bob,700\n9,Zoë,900\n4,Dora,0\n", upsert), change.Planned)
	all, err := w.w.Spreads(ctx, w.as("olaf"), change.ID(c.ID))
	fine(t, err)
	if len(all) != 1 || all[0].Column != "credit" {
		t.Fatalf("%+v", all)
	}
	var before, after int64
	for _, b := range all[0].Bins {
		before, after = before+b.Before, after+b.After
	}
	s := all[0]
	if before != s.Before.Values || after != s.After.Values || after < 3 || s.After.Most != 900 || s.After.Least > s.After.Middle || s.Rows < 3 {
		t.Errorf("%d before, %d after: %+v", before, after, s)
	}
	if all, err = w.w.Spreads(ctx, w.as("eva"), change.ID(c.ID)); err != nil || len(all) != 0 {
		t.Errorf("whoever may not see credit sees %+v, %v", all, err)
	}
	_, err = w.w.Spreads(ctx, w.as("ivan"), change.ID(c.ID))
	refused(t, err, errs.Forbidden, "without their values")
}

// How many rows a condition is for; by what one may not see nothing is found out.
func TestFitting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "      touched: {writable: false}", "      touched: {writable: false}\n      credit: {visible_to: [owner, auditor]}", 1))
	all, err := w.w.Fitting(ctx, w.as("olaf"), "customers", "true")
	fine(t, err)
	some, err := w.w.Fitting(ctx, w.as("olaf"), "customers", "id <= 2 && credit >= 0")
	fine(t, err)
	if all.Rows < 3 || some.Rows == 0 || some.Rows > 2 || int64(len(some.First)) != some.Rows || string(some.First[0]["id"]) != "1" {
		t.Errorf("%+v of %+v", some, all)
	}
	_, err = w.w.Fitting(ctx, w.as("eva"), "customers", "credit >= 0")
	refused(t, err, errs.Usage, "There is no column credit")
	_, err = w.w.Fitting(ctx, w.as("olaf"), "customers", "id <")
	refused(t, err, errs.Usage, "The condition, 1:")
	_, err = w.w.Fitting(ctx, w.as("ivan"), "customers", "true")
	refused(t, err, errs.Forbidden, "do not let you see")
}
