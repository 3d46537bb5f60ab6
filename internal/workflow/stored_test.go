package workflow_test

import (
	"os"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// approvedIn gives a change that waits for its apply.
func (w *world) approvedIn(file string) wire.Change {
	w.t.Helper()
	c := in(w.t, w.propose("maria", file, upsert), change.Planned)
	in(w.t, w.does("maria", submit, c), change.Submitted)
	return in(w.t, w.does("olaf", approve, c), change.Approved)
}

// A trigger that stores something else than was approved: everything is rolled
// back, and a finding says which column.
func TestAsStoredIsWhatWasApproved(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"UPDATE", "INSERT"} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plain)
			c := w.approvedIn(edit)
			w.sql(`CREATE TRIGGER shout AFTER ` + event + ` ON customer BEGIN UPDATE customer SET name = upper(new.name) WHERE id = new.id; END`)
			before := w.dump("customer")
			c = in(t, w.does("maria", apply, c), change.Failed)
			if w.dump("customer") != before {
				t.Errorf("something was written:\n%s", w.dump("customer"))
			}
			if c.Result.Applied != 0 || c.Result.Failed != 4 || !strings.Contains(c.Why, "name") || !strings.Contains(c.Why, "than was approved") {
				t.Errorf("result %+v, why %q", c.Result, c.Why)
			}
			told(t, c.Why)
			found := false
			for _, f := range c.Findings {
				found = found || f.Guardrail == finding.AsStored && f.Column == "name" && f.Severity == finding.Block
			}
			if !found {
				t.Errorf("no finding tells it: %v", c.Findings)
			}
		})
	}
}

// A steward learns that it failed and in which column, not the values.
func TestAsStoredWithoutValuesForStewards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	c := w.approvedIn("id,name\n1,Secretive\n")
	w.sql(`CREATE TRIGGER shout AFTER UPDATE ON customer BEGIN UPDATE customer SET name = upper(new.name) WHERE id = new.id; END`)
	c = in(t, w.does("maria", apply, c), change.Failed)
	for name, sees := range map[string]bool{"ivan": false, "olaf": true} {
		if text := shownTo(w, name, c); strings.Contains(strings.ToLower(text), "secretive") != sees {
			t.Errorf("%s sees the value: %t, want %t\n%s", name, !sees, sees, text)
		}
	}
}

// A trigger that touches other columns is the system's own business: it is no
// conflict, not at the apply and not at the undo.
func TestAsStoredLeavesOtherColumnsToTheSystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.sql(`CREATE TRIGGER count_updates AFTER UPDATE OF name, note ON customer BEGIN UPDATE customer SET touched = old.touched + 1 WHERE id = new.id; END`)
	w.sql(`CREATE TRIGGER count_inserts AFTER INSERT ON customer BEGIN UPDATE customer SET touched = 100 WHERE id = new.id; END`)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	if got := w.value("touched", 1) + " " + w.value("touched", 9); got != "1 100" {
		t.Fatalf("touched: %s", got)
	}
	r := w.undone(t, "olaf", c)
	if n := r.Plan.Counts; n.Update != 2 || n.Delete != 2 || *n.Kept != 0 {
		t.Errorf("counts: %+v", n)
	}
	if got := w.value("name", 1) + " " + w.value("note", 1) + " " + w.value("touched", 1) + " " + w.value("name", 9); got != "Ann NULL 2 no row" {
		t.Error(got)
	}
}

// The system's own no at the apply: nothing is written, and it is told without
// SQL and without values.
func TestRefusedByTheSystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	before := w.dump("customer")
	c := w.approvedIn("id,name,credit\n1,Anna,5\n2,Bobby,123456.00\n")
	w.sql(`CREATE TRIGGER since BEFORE UPDATE ON customer WHEN new.credit > 1000 BEGIN SELECT RAISE(ABORT, 'a check that came since'); END`)
	c = in(t, w.does("maria", apply, c), change.Failed)
	if w.dump("customer") != before {
		t.Errorf("something was written:\n%s", w.dump("customer"))
	}
	if !strings.Contains(c.Why, "check") || strings.Contains(c.Why, "123456") || c.Result.Failed != 2 {
		t.Errorf("why %q, result %+v", c.Why, c.Result)
	}
	told(t, c.Why)
	if c.Problem == nil || c.Problem.Exit != 5 {
		t.Errorf("the problem is %+v", c.Problem)
	}
	c, err := w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "mended.csv", File: strings.NewReader("id,name,credit\n1,Anna,5\n2,Bobby,12\n")})
	fine(t, err)
	w.work(t)
	w.applied(t, "maria", "olaf", w.see(t, "maria", c))
}

// What a colleague changed between plan and apply is found, never overwritten.
func TestLiveDataChangedBeforeTheApply(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, edit string
		conflicts  int64 // rows that are not what was approved
	}{
		{"a value", `UPDATE customer SET name = 'Other' WHERE id = 2`, 1},
		{"a judged column that the row does not write", `UPDATE customer SET note = 'Other' WHERE id = 2`, 1},
		{"the storage class only", `UPDATE customer SET note = NULL WHERE id = 2`, 1},
		{"a row deleted", `DELETE FROM customer WHERE id = 2`, 1},
		{"a row inserted", `INSERT INTO customer (id, name) VALUES (9, 'Other')`, 1},
		{"a column dropped", `ALTER TABLE customer DROP COLUMN note`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plain)
			planned := w.approvedIn(edit)
			w.sql(c.edit)
			before := w.dump("customer")
			got := in(t, w.does("maria", apply, planned), change.Planned)
			if w.dump("customer") != before {
				t.Errorf("something was written:\n%s", w.dump("customer"))
			}
			if got.Result.Conflicts != c.conflicts || got.Result.Applied != 0 || got.Problem == nil || got.Problem.Exit != 6 {
				t.Errorf("result %+v, problem %+v", got.Result, got.Problem)
			}
			told(t, got.Why)
			for _, d := range got.Decisions {
				if d.Void == "" {
					t.Errorf("a decision still counts: %+v", d)
				}
			}
		})
	}
}

// A change elsewhere in the row is in nobody's way.
func TestLiveDataChangedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	c := w.approvedIn(edit)
	w.sql(`UPDATE customer SET terms = 'NET90', touched = 7`)
	in(t, w.does("maria", apply, c), change.Applied)
	if got := w.value("name", 1) + " " + w.value("terms", 1); got != "Anna NET90" {
		t.Error(got)
	}
}

// instead puts another artefact's bytes in the place of one's, as a hand in the folder
// does, and gives them back.
func (w *world) instead(of, other record.Digest) (back func()) {
	w.t.Helper()
	from, release, err := w.deps.Artifacts.Local(ctx, other)
	fine(w.t, err)
	defer release()
	bytes, err := os.ReadFile(from)
	fine(w.t, err)
	path, releasePath, err := w.deps.Artifacts.Local(ctx, of)
	fine(w.t, err)
	releasePath()
	undo := w.purge(of)
	fine(w.t, os.WriteFile(path, bytes, 0o400))
	return undo
}

// planFile is the file with the rows of a change's plan.
func (w *world) planFile(c wire.Change) record.Digest {
	w.t.Helper()
	m, err := plan.ParseManifest(w.artefact(w.t, w.stored(c).Plan.Digest))
	fine(w.t, err)
	return m.File
}

// A plan's file that is another by now, and can be read as well as the one that was
// approved, is never written.
func TestApplyOfAnAlteredPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	other := w.propose("maria", "id,name\n1,Eve\n2,Eve\n", upsert)
	c := w.approvedIn("id,name\n1,Anna\n2,Bobby\n")
	back := w.instead(w.planFile(c), w.planFile(other))
	before := w.dump("customer")
	c = in(t, w.does("maria", apply, c), change.Failed)
	if w.dump("customer") != before {
		t.Errorf("something was written:\n%s", w.dump("customer"))
	}
	if c.Result.Applied != 0 || !strings.Contains(c.Why, "damaged, or was altered") || !strings.Contains(c.Why, "backup") {
		t.Errorf("result %+v, why %q", c.Result, c.Why)
	}
	told(t, c.Why)
	back()
}

// Nor is anything taken back by such a file, or by rows as stored that are others by now.
func TestUndoByAlteredFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	first := w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n1,Eve\n2,Eve\n", upsert))
	c := w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert))
	before := w.dump("customer")
	for of, other := range map[record.Digest]record.Digest{w.planFile(c): w.planFile(first), w.stored(c).Result.Stored: w.stored(first).Result.Stored} {
		back := w.instead(of, other)
		r := in(t, w.does("olaf", undo, c), change.Failed)
		if !strings.Contains(r.Why, "damaged, or was altered") || w.dump("customer") != before {
			t.Errorf("why %q, and there is\n%s", r.Why, w.dump("customer"))
		}
		back()
	}
	w.undone(t, "olaf", c)
}
