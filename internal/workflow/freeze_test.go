package workflow_test

import (
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
)

func (w *world) freeze(name, dataset string) error {
	_, err := w.w.Freeze(ctx, w.as(name), dataset, "Wrong prices in the price list.")
	return err
}

// A freeze holds what is approved already, and decisions outlast it.
func TestFreezeAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.approvedIn("id,name\n1,Anna\n")
	fine(t, w.freeze("mona", "customers"))
	w.mayNot("maria", apply, c, errs.Blocked, "mona@example.test froze it: Wrong prices")
	w.mayNot("olaf", apply, c, errs.Blocked, "froze it")
	refused(t, w.freeze("olaf", "customers"), errs.Blocked, "frozen already")
	d, err := w.w.Dataset(ctx, w.as("maria"), "customers")
	fine(t, err)
	if d.Frozen == nil || d.Frozen.By != "mona@example.test" || d.Frozen.Say == "" {
		t.Errorf("the dataset says %+v", d.Frozen)
	}
	if _, err := w.w.Unfreeze(ctx, w.as("ivan"), "customers", "Mended."); err != nil {
		t.Fatal(err)
	}
	in(t, w.does("maria", apply, c), change.Applied)
	_, err = w.w.Unfreeze(ctx, w.as("ivan"), "customers", "")
	refused(t, err, errs.Blocked, "not frozen")
}

// Other datasets go on.
func TestFreezeOfAnotherDataset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.approvedIn("id,name\n1,Anna\n")
	fine(t, w.freeze("owen", "products"))
	in(t, w.does("maria", apply, c), change.Applied)
}

func TestWhoMayFreeze(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for name, kind := range map[string]errs.Kind{"maria": errs.Forbidden, "aud": errs.Forbidden, "fred": errs.NotFound, "owen": errs.NotFound, "fay": errs.NotFound} {
		if err := w.freeze(name, "customers"); errs.KindOf(err) != kind {
			t.Errorf("%s: %v, want %v", name, err, kind)
		}
	}
	_, err := w.w.Freeze(ctx, w.as("olaf"), "customers", "  ")
	refused(t, err, errs.Usage, "reason")
}

// A freeze takes back an apply that was accepted and is not committed yet.
func TestFreezeDuringTheApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	before := w.dump("customer")
	c := w.approvedIn("id,name\n1,Anna\n")
	_, err := w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	fine(t, w.freeze("olaf", "customers"))
	w.work(t)
	in(t, w.see(t, "maria", c), change.Failed)
	if got := w.dump("customer"); got != before {
		t.Errorf("the table is\n%s\nand was\n%s", got, before)
	}
}
