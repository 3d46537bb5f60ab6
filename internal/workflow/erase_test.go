package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/notice"
	"sutor/internal/workflow"
)

// toldOf gives what people were told, of one dataset.
func (w *world) toldOf(dataset string) (all []*notice.Notice) {
	w.t.Helper()
	fine(w.t, w.deps.Store.View(ctx, func(tx workflow.Tx) error {
		list, err := tx.Notices(workflow.NoticeFilter{Limit: 1000})
		all = nil
		for _, n := range list {
			if n.Dataset == dataset {
				all = append(all, n)
			}
		}
		return err
	}))
	return all
}

// Names, reasons and comments go when their time is over, wherever they stand; what
// proves the change stays, and both verifiers say so before and after.
func TestTextsAreErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.amend("    allow: [insert, update]\n", "    allow: [insert, update]\n    retain: {texts: 400d, notices: 9999d}\n")
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.comments("olaf", "Zoltan asked for it.", c)
	other := w.does("olaf", approve, w.does("maria", submit, w.propose("maria", "id,name\n4,Dotty\n", upsert))) // open, so it stays as it is
	before := w.proves(t, w.see(t, "maria", c))
	w.clock.pass(399 * day)
	if out := w.purges(false); out.Texts != 0 {
		t.Fatalf("before their time: %+v", out)
	}
	w.clock.pass(2 * day)
	if out := w.purges(true); out.Texts != 1 || len(w.history("maria", c).Entries) == 0 || w.history("maria", c).Entries[0].Erased {
		t.Fatalf("a dry run: %+v", out)
	}
	if out := w.purges(false); out.Texts != 1 {
		t.Fatalf("%+v", out)
	}
	if out := w.purges(false); out.Texts != 0 {
		t.Fatalf("erased twice: %+v", out)
	}
	for _, e := range w.history("maria", c).Entries {
		if e.Envelope != "" && !e.Erased && e.Kind != "evidence.exported" && e.Kind != "erased" {
			t.Errorf("leaf %d (%s) still says who and why", e.Leaf, e.Kind)
		}
	}
	stored, err := json.Marshal(w.stored(c))
	fine(t, err)
	seen, err := json.Marshal(w.see(t, "aud", c))
	fine(t, err)
	for _, text := range []string{"olaf@example.test", "Zoltan", `"fine"`, "file.csv"} {
		if strings.Contains(string(stored), text) || strings.Contains(string(seen), text) {
			t.Errorf("%q is still there: %s", text, stored)
		}
	}
	for _, n := range w.toldOf("customers") {
		if n.Change == change.ID(c.ID) {
			t.Errorf("a notice tells of it: %+v", n)
		}
	}
	if got := w.see(t, "maria", c); got.Purged == nil || got.Purged.Texts == nil || got.State != "applied" || got.Maker != "maria@example.test" {
		t.Errorf("%+v", got)
	}
	if got := w.see(t, "maria", other); len(got.Decisions) != 1 || got.Decisions[0].By != "olaf@example.test" {
		t.Errorf("of a change that is open: %+v", got.Decisions)
	}
	after := w.proves(t, w.see(t, "maria", c))
	if len(after.Notes) <= len(before.Notes) {
		t.Errorf("the verifier does not say what it cannot judge any more: %v", after.Notes)
	}
	w.proveAll()
	w.audited()
}

// What people were told goes in its time, of each dataset in its own.
func TestNoticesGoInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.amend("    allow: [insert, update]\n", "    allow: [insert, update]\n    retain: {notices: 30d}\n")
	w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	c := w.does("fred", submit, w.proposeTo(t, "fred", "products", "sku,price\nA1,11\n", upsert))
	customers, products := len(w.toldOf("customers")), len(w.toldOf("products"))
	if customers == 0 || products == 0 {
		t.Fatalf("%d and %d notices", customers, products)
	}
	if out := w.purges(false); out.Notices != 0 {
		t.Fatalf("at once: %+v", out)
	}
	w.clock.pass(31 * day)
	if out := w.purges(true); out.Notices != int64(customers) || len(w.toldOf("customers")) != customers {
		t.Fatalf("a dry run: %+v", out)
	}
	if out := w.purges(false); out.Notices != int64(customers) || len(w.toldOf("customers")) != 0 || len(w.toldOf("products")) != products {
		t.Fatalf("%+v", out)
	}
	w.clock.pass(335 * day)
	if out := w.purges(false); out.Notices < int64(products) || len(w.toldOf("products")) != 0 {
		t.Fatalf("by default: %+v", out)
	}
	w.see(t, "fred", c)
}

// Threat: somebody who had a hand in a change decides on it once it is forgotten that they had.
func TestNobodyGoesOnWithAChangeWhoseHandsAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.amend("    allow: [insert, update]\n", "    allow: [insert, update]\n    retain: {texts: 400d}\n")
	c := in(t, w.does("olaf", reject, w.does("maria", submit, w.propose("maria", edit, upsert))), change.Rejected)
	w.clock.pass(401 * day)
	if out := w.purges(false); out.Texts != 1 {
		t.Fatalf("%+v", out)
	}
	w.mayNot("maria", replan, c, errs.Blocked, "Who did what in change 1001 was erased on")
	_, err := w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "new.csv", File: strings.NewReader(edit)})
	refused(t, err, errs.Blocked, "Who did what in change 1001 was erased on")
	_, err = w.w.Mend(ctx, w.as("maria"), change.ID(c.ID), workflow.Mends{Cells: []intake.Mend{}})
	refused(t, err, errs.Blocked, "Who did what in change 1001 was erased on")
	in(t, w.see(t, "aud", c), change.Rejected)
}
