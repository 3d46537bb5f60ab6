package workflow_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const day = 24 * time.Hour

// old makes all artefacts so old that they may be removed: their time is the disk's,
// not the clock's.
func (w *world) old() {
	w.t.Helper()
	path, release, err := w.deps.Artifacts.Local(ctx, w.kept())
	fine(w.t, err)
	release()
	past := time.Now().Add(-2 * time.Hour)
	fine(w.t, filepath.WalkDir(filepath.Dir(filepath.Dir(path)), func(p string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			err = os.Chtimes(p, past, past)
		}
		return err
	}))
}

// kept stores something of no meaning.
func (w *world) kept() record.Digest {
	w.t.Helper()
	d, _, err := w.deps.Artifacts.Put(ctx, strings.NewReader("anything"))
	fine(w.t, err)
	return d
}

func (w *world) purges(dry bool) wire.Purge {
	w.t.Helper()
	w.old()
	out, err := w.w.Purge(ctx, w.as("ivan"), dry)
	fine(w.t, err)
	return out
}

func (w *world) has(d record.Digest) bool {
	w.t.Helper()
	r, err := w.deps.Artifacts.Open(ctx, d)
	if err != nil {
		return false
	}
	return r.Close() == nil
}

func TestPurgeInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	stored := w.stored(c)
	m := w.manifest(t, c)
	if out := w.purges(false); out.Changes != 0 {
		t.Fatalf("purged at once: %+v", out)
	}

	w.clock.pass(31 * day)
	if out := w.purges(true); out.Changes != 1 || !w.has(stored.Input.Digest) {
		t.Fatalf("a dry run: %+v", out)
	}
	if out := w.purges(false); out.Changes != 1 || w.has(stored.Input.Digest) || !w.has(m.File) {
		t.Fatalf("inputs: %+v", out)
	}
	refused(t, w.w.BadRows(ctx, w.as("maria"), change.ID(c.ID), "csv", false, io.Discard), errs.Blocked, "The file of change 1001 is not kept any more")
	c = w.see(t, "maria", c)
	if c.Purged == nil || c.Purged.Inputs == nil || c.Purged.Values != nil || !c.Undo.Possible {
		t.Fatalf("after the inputs: %+v, %+v", c.Purged, c.Undo)
	}
	w.proveAll()

	w.clock.pass(60 * day)
	if out := w.purges(false); out.Changes != 1 || w.has(m.File) || w.has(stored.Result.Stored) || !w.has(stored.Plan.Digest) {
		t.Fatalf("values: %+v", out)
	}
	if out := w.purges(false); out.Changes != 0 {
		t.Fatalf("purged twice: %+v", out)
	}
	_, err := w.w.Rows(ctx, w.as("maria"), change.ID(c.ID), "", 10, 0)
	refused(t, err, errs.Blocked, "The rows of change 1001 are not kept any more")
	c = w.see(t, "maria", c)
	if c.Undo.Possible || !strings.Contains(c.Undo.Why, "were removed on") {
		t.Errorf("undo: %+v", c.Undo)
	}
	w.mayNot("olaf", undo, c, errs.Blocked, "were removed on")
	w.proveAll()
	w.audited()
}

// What one change has goes in its time, also where a younger one found as little.
func TestPurgeBesideAYounger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	c := w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n1,Anna\n", upsert))
	w.clock.pass(60 * day)
	w.purges(false)
	w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n2,Bobby\n", upsert))
	w.clock.pass(31 * day)
	m := w.manifest(t, c)
	if out := w.purges(false); out.Changes != 2 || w.has(m.File) || w.has(w.stored(c).Result.Stored) {
		t.Fatalf("%+v", out)
	}
	if c = w.see(t, "maria", c); len(c.Findings) > 0 {
		t.Fatalf("something was found: %v", c.Findings)
	}
	w.audited()
}

// audited wants fsck to find nothing.
func (w *world) audited() {
	w.t.Helper()
	var report strings.Builder
	if err := w.w.Fsck(ctx, w.as("aud"), &report); err != nil {
		w.t.Errorf("%v\n%s", err, report.String())
	}
}

// What another change needs stays until the last; what is open stays.
func TestPurgeOfWhatIsShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	first := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.clock.pass(20 * day)
	second := w.does("maria", withdraw, w.propose("maria", edit, upsert))
	open := w.propose("maria", "id,name\n1,Nobody\n", upsert)
	shared := w.stored(first).Input.Digest
	w.clock.pass(15 * day)
	if out := w.purges(false); out.Changes != 0 || !w.has(shared) {
		t.Fatalf("the second still needs it: %+v", out)
	}
	w.clock.pass(20 * day)
	if out := w.purges(false); out.Changes != 2 || w.has(shared) {
		t.Fatalf("nobody needs it: %+v", out)
	}
	w.clock.pass(1000 * day)
	w.purges(false)
	if !w.has(w.stored(open).Input.Digest) {
		t.Error("the file of an open change was removed")
	}
	in(t, w.doesIn(t, "maria", replan, open), change.Planned)
	w.audited()
	_ = second
}

// Two files and the same mended cells: where the file of one change stays because a younger one
// has it, its cells stay too, though those of the other change, which are the same, would go.
func TestPurgeOfWhatGoesTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	net30 := "NET30"
	const one, two = "id,name,terms\n1,Anna,NET31\n", "id,name,terms\n2,Bobby,NET31\n"
	mended := func(file string) wire.Change {
		c, err := w.w.Mend(ctx, w.as("maria"), change.ID(w.propose("maria", file, upsert).ID), workflow.Mends{Cells: []intake.Mend{{Line: 2, Column: "terms", Text: &net30}}})
		fine(t, err)
		w.work(t)
		return w.does("maria", withdraw, w.see(t, "maria", c))
	}
	a, b := mended(one), mended(two)
	cells := w.stored(a).Input.Mends
	if cells == "" || cells != w.stored(b).Input.Mends {
		t.Fatalf("the cells are %q and %q", cells, w.stored(b).Input.Mends)
	}
	w.clock.pass(20 * day)
	w.does("maria", withdraw, w.propose("maria", one, upsert))
	w.clock.pass(15 * day)
	w.purges(false)
	if a = w.see(t, "maria", a); a.Purged != nil || !w.has(cells) || !w.has(w.stored(a).Input.Digest) {
		t.Errorf("of the one: %+v; the cells are there: %v", a.Purged, w.has(cells))
	}
	w.clock.pass(20 * day)
	if w.purges(false); w.has(cells) || w.has(w.stored(b).Input.Digest) {
		t.Error("nobody needs them any more")
	}
	w.audited()
}

// A reversal that is under way needs the old values.
func TestPurgeBesideAReversal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.clock.pass(80 * day)
	r := in(t, w.does("olaf", undo, c), change.Planned)
	w.clock.pass(20 * day)
	w.purges(false)
	if c = w.see(t, "maria", c); c.Purged != nil && c.Purged.Values != nil {
		t.Fatalf("%+v", c.Purged)
	}
	in(t, w.does("olaf", submit, r), change.Submitted) // the owner's month is over
	w.audited()
}

// stuck fails to remove, as a server that is killed between leaf and removal.
type stuck struct{ workflow.Artifacts }

func (stuck) Remove(context.Context, record.Digest, time.Duration) (bool, error) {
	return false, errors.New("killed")
}

// beginsToPurge is a purge by a server that is killed before it removes what its leaf names.
func (w *world) beginsToPurge(input record.Digest) {
	w.t.Helper()
	deps := w.deps
	w.deps.Artifacts = stuck{deps.Artifacts}
	broken := w.restart("broken")
	w.deps = deps
	w.old()
	if _, err := broken.w.Purge(ctx, w.as("ivan"), false); err == nil || !w.has(input) {
		w.t.Fatal("it was removed")
	}
}

// A kill between the leaf and the removal is finished by whoever looks next; and a
// file that is proposed again in between is not lost.
func TestPurgeIsFinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	input := w.stored(c).Input.Digest
	w.clock.pass(31 * day)
	w.beginsToPurge(input)
	again := w.propose("maria", edit, upsert) // is there, and its time is new
	if _, err := w.w.Purge(ctx, w.as("ivan"), false); err != nil || !w.has(input) {
		t.Fatalf("the file that was proposed again is lost: %v", err)
	}
	in(t, w.doesIn(t, "maria", replan, again), change.Planned)
	w.audited()
	w.does("maria", withdraw, again)
	w.clock.pass(31 * day)
	if out := w.purges(false); out.Changes != 1 || w.has(input) {
		t.Fatalf("%+v", out)
	}
	w.audited()
}

// What was left to remove, and is of another change now, stays as long as that one needs it.
func TestPurgeLeftOverIsNeededAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	input := w.stored(w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))).Input.Digest
	w.clock.pass(31 * day)
	w.beginsToPurge(input)
	again := w.propose("maria", edit, upsert)
	w.purges(false) // a day later
	if !w.has(input) {
		t.Fatal("the file of an open change was removed")
	}
	in(t, w.doesIn(t, "maria", replan, again), change.Planned)
	w.audited()
}

// What somebody stored again, and then did not need, is removed by the next purge.
func TestPurgeOfWhatWasJustPut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	input := w.stored(w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))).Input.Digest
	w.clock.pass(31 * day)
	if _, err := w.w.Purge(ctx, w.as("ivan"), false); err != nil || !w.has(input) {
		t.Fatalf("what was stored just now is gone: %v", err)
	}
	if w.purges(false); w.has(input) {
		t.Error("it is kept for good")
	}
	if out := w.purges(false); out.Changes != 0 {
		t.Errorf("something is still to be removed: %+v", out)
	}
	w.audited()
}

// What was erased and stands again, in a plan with the same rows, is in the evidence again;
// the plan of another file, which is gone, proves itself without its rows.
func TestEvidenceOfWhatStandsAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string
		rows int // plans whose rows are in the pack
	}{
		"the same file":              {edit, 2},
		"the same rows, other lines": {strings.Replace(edit, "\n", "\n\n", 1), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			c := in(t, w.does("olaf", reject, w.does("maria", submit, w.propose("maria", edit, upsert))), change.Rejected)
			w.clock.pass(91 * day)
			w.purges(false)
			before := w.manifest(t, c)
			if w.has(before.File) {
				t.Fatal("the rows were not removed")
			}
			_, err := w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "again.csv", File: strings.NewReader(tt.file)})
			fine(t, err)
			w.work(t)
			c = w.applied(t, "maria", "olaf", w.see(t, "maria", c))
			if m := w.manifest(t, c); m.Rows != before.Rows || (m.File == before.File) != (tt.rows == 2) {
				t.Fatalf("the plan has the rows %s in %s, the one before %s in %s", m.Rows, m.File, before.Rows, before.File)
			}
			var pack bytes.Buffer
			fine(t, w.w.Evidence(ctx, w.as("aud"), change.ID(c.ID), &pack))
			zipped, err := zip.NewReader(bytes.NewReader(pack.Bytes()), int64(pack.Len()))
			fine(t, err)
			rows := 0
			for _, f := range zipped.File {
				if strings.HasSuffix(f.Name, "/rows.csv") {
					rows++
				}
			}
			if rows != tt.rows {
				t.Errorf("the pack has the rows of %d plans, want %d", rows, tt.rows)
			}
			w.audited()
		})
	}
}

// A change that was given up goes on with another file when its own is gone.
func TestReplanAfterPurge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.does("maria", submit, w.propose("maria", edit, upsert))
	c = in(t, w.does("olaf", reject, c), change.Rejected)
	w.clock.pass(31 * day)
	w.purges(false)
	w.mayNot("maria", replan, c, errs.Blocked, "The file of change 1001 is not kept any more")
	_, err := w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "new.csv", File: strings.NewReader(edit)})
	fine(t, err)
	w.work(t)
	in(t, w.see(t, "maria", c), change.Planned)
	w.audited()

	_, err = w.w.Purge(ctx, w.as("olaf"), false)
	refused(t, err, errs.Forbidden, "for stewards")
}

// The plan of a part stands by its split: its rows and findings go in time too. It has a
// finding of its own, for the file of those who have none is everybody's.
func TestPurgeOfAPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.amend("    guardrails:\n", "    guardrails:\n      - {name: raised, each: row, when: 'after.credit == 150', then: warn, say: A raise to exactly 150.}\n")
	c := w.does("maria", submit, w.propose("maria", raises, upsert))
	c = in(t, w.does("olaf", only_("after.credit <= 1000"), c), change.Approved)
	m := w.manifest(t, c)
	if len(c.Findings) != 1 || c.Findings[0].Rows != 1 || !w.has(m.Findings) {
		t.Fatalf("the part has no findings of its own: %+v", c.Findings)
	}
	w.does("maria", withdraw, w.restOf(c))
	in(t, w.does("maria", apply, c), change.Applied)
	w.clock.pass(91 * day)
	if w.purges(false); w.has(m.File) || w.has(m.Findings) {
		t.Error("the rows or the findings of the part are kept")
	}
	w.proveAll()
	w.audited()
}
