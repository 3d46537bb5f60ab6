package app

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"sutor/internal/change"
	"sutor/internal/evidence"
	"sutor/internal/record"
	"sutor/internal/wire"
)

const aud = "aud@example.test"

// tampered are the tables that hold what was done.
var tampered = []string{"changes", "compacts", "compact_in_force", "leaves", "hashes", "envelopes", "checkpoints"}

// intruder has the rights of the operating system and of the database: everything
// that the server's administrator has. It works beside the running server.
type intruder struct {
	h  *house
	a  *App
	db *sql.DB
}

func (h *house) intruder(a *App) *intruder {
	driver, where := "pgx", h.database
	if where == "" {
		driver, where = "sqlite3", "file:"+h.path("one/sutor.db")+"?_busy_timeout=20000"
	}
	db, err := sql.Open(driver, where)
	h.must(err)
	h.t.Cleanup(func() { h.must(db.Close()) })
	i := &intruder{h, a, db}
	if h.database != "" {
		i.run(`DROP TRIGGER leaves_stay ON leaves; DROP TRIGGER hashes_stay ON hashes; ALTER TABLE compact_in_force DROP CONSTRAINT compact_in_force_digest_fkey;
			ALTER TABLE changes ALTER number DROP IDENTITY; ALTER TABLE compact_in_force ALTER number DROP IDENTITY`)
	} else {
		i.run(`DROP TRIGGER leaves_stay; DROP TRIGGER leaves_remain; DROP TRIGGER hashes_stay; DROP TRIGGER hashes_remain`)
	}
	for _, table := range tampered {
		i.run("CREATE TABLE as_it_was_" + table + " AS SELECT * FROM " + table)
	}
	return i
}

func (i *intruder) run(statement string, args ...any) {
	i.h.t.Helper()
	if _, err := i.db.ExecContext(i.h.t.Context(), statement, args...); err != nil {
		i.h.t.Fatalf("%s: %v", statement, err)
	}
}

// restore brings the tables back as they were.
func (i *intruder) restore() {
	i.h.t.Helper()
	tx, err := i.db.BeginTx(i.h.t.Context(), nil)
	i.h.must(err)
	for _, table := range tampered {
		for _, statement := range []string{"DELETE FROM " + table, "INSERT INTO " + table + " SELECT * FROM as_it_was_" + table} {
			if _, err := tx.ExecContext(i.h.t.Context(), statement); err != nil {
				i.h.t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	i.h.must(tx.Commit())
}

// bytes edits one value that is kept as bytes; the row is the one where the
// condition holds.
func (i *intruder) bytes(table, column, where string, edit func([]byte) []byte) {
	i.h.t.Helper()
	var value []byte
	i.h.must(i.db.QueryRowContext(i.h.t.Context(), "SELECT "+column+" FROM "+table+" WHERE "+where).Scan(&value))
	i.run("UPDATE "+table+" SET "+column+" = $1 WHERE "+where, edit(bytes.Clone(value)))
}

// doc edits a change's document.
func (i *intruder) doc(id, old, new string) {
	i.h.t.Helper()
	var text string
	i.h.must(i.db.QueryRowContext(i.h.t.Context(), "SELECT doc FROM changes WHERE id = '"+id+"'").Scan(&text))
	if !strings.Contains(text, old) {
		i.h.t.Fatalf("no %s in %s", old, text)
	}
	i.run("UPDATE changes SET doc = $1 WHERE id = '"+id+"'", strings.Replace(text, old, new, 1))
}

// flip changes a bit in the middle; what is empty gets one byte.
func flip(b []byte) []byte {
	if len(b) == 0 {
		return []byte{1}
	}
	b[len(b)/2] ^= 1
	return b
}

// fsck gives what fsck says while the server runs.
func (i *intruder) fsck() (string, error) {
	var report bytes.Buffer
	err := i.a.workflow.Fsck(i.h.t.Context(), i.h.person(i.a, ivan), &report)
	return report.String(), err
}

// lived makes changes of every fate: one applied and exported, one undone, one
// rejected, one submitted, one planned.
func (h *house) lived(a *App) (applied, submitted wire.Change) {
	h.t.Helper()
	ctx := h.t.Context()
	act := func(c wire.Change, acts string) wire.Change {
		id := change.ID(c.ID)
		for _, act := range strings.Fields(acts) {
			var err error
			switch act {
			case "submit":
				_, err = a.workflow.Submit(ctx, h.person(a, maria), id, "", "")
			case "approve":
				_, err = a.workflow.Approve(ctx, h.person(a, olaf), id, record.Digest(c.Plan.Digest), "fine")
			case "reject":
				_, err = a.workflow.Reject(ctx, h.person(a, olaf), id, record.Digest(c.Plan.Digest), "no")
			case "apply":
				_, err = a.workflow.Apply(ctx, h.person(a, maria), id, "", "")
				h.must(err)
				h.awaits(a, c.ID, change.Applied)
			}
			h.must(err)
		}
		return c
	}
	planned := func(file string) wire.Change { return h.awaits(a, h.propose(a, file).ID, change.Planned) }
	applied = act(planned("id,terms\n1,NET60\n2,NET90\n"), "submit approve apply")
	undone := act(planned("id,terms\n3,NET60\n"), "submit approve apply")
	reversal, err := a.workflow.Undo(ctx, h.person(a, olaf), change.ID(undone.ID), "wrong")
	h.must(err)
	reversal = h.awaits(a, reversal.ID, change.Planned)
	_, err = a.workflow.Submit(ctx, h.person(a, olaf), change.ID(reversal.ID), "", "")
	h.must(err)
	_, err = a.workflow.Apply(ctx, h.person(a, olaf), change.ID(reversal.ID), "", "")
	h.must(err)
	h.awaits(a, reversal.ID, change.Applied)
	act(planned("id,terms\n4,NET60\n"), "submit reject")
	submitted = act(planned("id,terms\n5,NET60\n"), "submit")
	planned("id,terms\n6,NET60\n")
	_, err = a.export(h, applied.ID)
	h.must(err)
	return applied, submitted
}

// export gives a change's pack, verified.
func (a *App) export(h *house, id string) (evidence.Report, error) {
	var pack bytes.Buffer
	if err := a.workflow.Evidence(h.t.Context(), h.person(a, aud), change.ID(id), &pack); err != nil {
		return evidence.Report{}, err
	}
	return evidence.Verify(bytes.NewReader(pack.Bytes()), int64(pack.Len()), a.workflow.Key.Verifier())
}

// attack is one act of the intruder and the sentence that must name it.
type attack struct {
	name string
	act  func(*intruder)
	want string
}

// attacks on an installation of which the last leaf has the number last.
func attacks(last int, applied, submitted string) []attack {
	run := func(statement string, args ...any) func(*intruder) {
		return func(i *intruder) { i.run(fmt.Sprintf(statement, args...)) }
	}
	edit := func(table, column, where string) func(*intruder) {
		return func(i *intruder) { i.bytes(table, column, where, flip) }
	}
	doc := func(id, old, new string) func(*intruder) { return func(i *intruder) { i.doc(id, old, new) } }
	hashes := func(leaves int) int64 { // stored with so many leaves
		n := int64(0)
		for k := leaves; k > 0; k /= 2 {
			n += int64(k)
		}
		return n
	}
	changed := "Change " + applied + " as stored is not what its leaves tell: "
	return []attack{
		{"a leaf edited", func(i *intruder) {
			i.bytes("leaves", "leaf", "number = 3", func(b []byte) []byte { return bytes.Replace(b, []byte(`"at":"20`), []byte(`"at":"19`), 1) })
		}, "The stored hashes of leaf 3 are not those of its text"},
		{"a byte of a leaf", edit("leaves", "leaf", "number = 3"), "leaf 3"},
		{"a leaf removed", run("DELETE FROM leaves WHERE number = 3"), "The stored hashes of leaf 3 are not those of its text"},
		{"the last leaf removed", run("DELETE FROM leaves WHERE number = %d", last), "leaves at the end are missing"},
		{"the log cut off", run("DELETE FROM leaves WHERE number >= %[1]d; DELETE FROM hashes WHERE number >= %[2]d", last-2, hashes(last-2)), "leaves at the end are missing"},
		{"the log cut off, checkpoints too", run("DELETE FROM leaves WHERE number >= %[1]d; DELETE FROM hashes WHERE number >= %[2]d; DELETE FROM checkpoints WHERE size > %[1]d", last-2, hashes(last-2)),
			" is stored, but no leaf tells of its proposal"},
		{"a leaf added", run("INSERT INTO leaves SELECT %d, subject, leaf, envelope FROM leaves WHERE number = 2", last+1), "does not follow number"},
		{"two leaves swapped", run("UPDATE leaves SET leaf = (SELECT leaf FROM as_it_was_leaves o WHERE o.number = 5 - leaves.number) WHERE number IN (2, 3)"), "The stored hashes of leaf 2"},
		{"a leaf found by another change", run("UPDATE leaves SET subject = 'change:other' WHERE number = 3"), "are not found by that"},
		{"a hash edited", edit("hashes", "hash", "number = 2"), "The stored hashes of leaf 1"},
		{"a hash removed", run("DELETE FROM hashes WHERE number = 2"), "The log lacks the stored hash 2"},
		{"a hash added", run("INSERT INTO hashes SELECT %d, hash FROM hashes WHERE number = 0", hashes(last+1)), "More hashes are stored"},
		{"an envelope edited", edit("envelopes", "body", "digest = (SELECT envelope FROM leaves WHERE number = 1)"), "The envelope of leaf 1 was changed"},
		{"a salt edited", edit("envelopes", "salt", "digest = (SELECT envelope FROM leaves WHERE number = 1)"), "The envelope of leaf 1 was changed"},
		{"an envelope removed", run("DELETE FROM envelopes WHERE digest = (SELECT envelope FROM leaves WHERE number = 1)"), "The envelope of leaf 1 is missing"},
		{"two envelopes swapped", run("UPDATE envelopes SET body = (SELECT o.body FROM as_it_was_envelopes o WHERE o.digest <> envelopes.digest ORDER BY o.digest LIMIT 1)"), "was changed"},
		{"a checkpoint edited", edit("checkpoints", "note", "size = (SELECT max(size) FROM checkpoints)"), "is not one signed by a key of this log"},
		{"a checkpoint removed", run("DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)"), "the checkpoint that was made for it is missing"},
		{"a checkpoint added", run("INSERT INTO checkpoints SELECT 2, note FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)"), "The saved checkpoint of size 2 is not"},
		{"a change's state", doc(applied, `"state":"applied"`, `"state":"withdrawn"`), changed + "its state"},
		{"a change's maker", doc(applied, `"maker":"maria`, `"maker":"petra`), changed + "its maker"},
		{"a change's title", doc(applied, `"title":"Terms"`, `"title":"Trems"`), changed + "its dataset, title or reason"},
		{"a change's plan", doc(applied, `"plan":{"digest":"sha256:`, `"plan":{"digest":"sha256:0`), changed + "its plan"},
		{"a plan's numbers", doc(applied, `"insert":1`, `"insert":2`), changed + "the plan's numbers"},
		{"a change's options", doc(applied, `"mode":"upsert"`, `"mode":"insert"`), "Change " + applied + " as stored is not what its plan's manifest tells"},
		{"a change's result", doc(applied, `"applied":2`, `"applied":3`), changed + "the result of its apply"},
		{"a decision's person", doc(applied, `"by":"olaf`, `"by":"otto`), changed + "its decisions"},
		{"a decision's comment", doc(applied, `"comment":"fine"`, `"comment":"never"`), changed + "its decisions"},
		{"a decision added", doc(submitted, `"decisions":null`, `"decisions":[{"by":"olaf@example.test","role":"owner","approve":true,"digest":"sha256:0","means":"session","at":"2026-01-01T00:00:00Z","comment":""}]`),
			"Change " + submitted + " as stored is not what its leaves tell: its decisions"},
		{"a route shortened", doc(submitted, `"needs":1`, `"needs":0`), "Change " + submitted + " as stored is not what its leaves tell: its route"},
		{"a change hidden from a list", run("UPDATE changes SET state = 'draft' WHERE id = '%s'", submitted), "changes are listed by the state submitted"},
		{"a change removed", run("DELETE FROM changes WHERE id = '%s'", applied), "The log tells of change " + applied + ", but it is not stored"},
		{"a change added", func(i *intruder) {
			i.run(fmt.Sprintf(`INSERT INTO changes (number, id, dataset, state, maker, input, created, version, doc) SELECT 99, '99', dataset, state, maker, input, created, version, doc FROM changes WHERE id = '%s'`, applied))
			i.doc("99", `"id":"`+applied+`"`, `"id":"99"`)
		}, "Change 99 is stored, but no leaf tells of its proposal"},
		{"a Compact edited", edit("compacts", "text", "true"), "The Compact sha256:"},
		{"a Compact removed", run("DELETE FROM compacts"), "The Compact sha256:"},
		{"another Compact in force", run("UPDATE compact_in_force SET digest = 'sha256:0'"), "The Compact stored as in force is sha256:0"},
	}
}

// Evidence under attack: whoever has the database, the folder and the key's file
// changes one thing at a time beside the running server. Fsck names every one,
// and is content again once it is as it was.
func TestEvidenceUnderAttack(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"sqlite", "postgres"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			if store == "sqlite" {
				h.database = ""
			}
			a := h.server("one")
			applied, submitted := h.lived(a)
			i := h.intruder(a)
			var last int
			h.must(i.db.QueryRowContext(t.Context(), "SELECT max(number) FROM leaves").Scan(&last))
			i.content("before")
			for _, attack := range attacks(last, applied.ID, submitted.ID) {
				attack.act(i)
				i.named(attack.name, attack.want)
				i.restore()
			}
			i.content("after the attacks on the database")
			i.attackFiles(applied)
		})
	}
}

func (i *intruder) content(when string) {
	i.h.t.Helper()
	if report, err := i.fsck(); err != nil {
		i.h.t.Fatalf("%s: %v\n%s", when, err, report)
	}
}

// named wants fsck to find an attack and to name it.
func (i *intruder) named(name, want string) {
	i.h.t.Helper()
	report, err := i.fsck()
	switch {
	case err == nil:
		i.h.t.Errorf("%s: not found:\n%s", name, report)
	case !strings.Contains(report+err.Error(), want):
		i.h.t.Errorf("%s: %q is not in %v\n%s", name, want, err, report)
	}
}

// attackFiles edits and removes every artefact of a change, and the key.
func (i *intruder) attackFiles(applied wire.Change) {
	i.h.t.Helper()
	files := []string{i.h.path("one/log.key")}
	i.h.must(filepath.WalkDir(i.h.path("artifacts"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	}))
	for n, path := range files {
		text, err := os.ReadFile(path)
		i.h.must(err)
		want := "An artefact is missing or was changed: "
		if n == 0 {
			want = "log.key"
		}
		i.h.must(os.Chmod(path, 0o600))
		i.h.must(os.WriteFile(path, flip(bytes.Clone(text)), 0o600))
		i.named(path+" edited", want)
		i.h.must(os.Remove(path))
		i.named(path+" removed", want)
		i.h.must(os.WriteFile(path, text, 0o600))
	}
	other, err := evidence.OpenKey(i.h.path("other.key"), "sutor/example-trading")
	i.h.must(err)
	mine, err := os.ReadFile(files[0])
	i.h.must(err)
	i.h.must(os.Rename(i.h.path("other.key"), files[0]))
	i.named("another key", "is another key, "+evidence.Short(other.Verifier()))
	i.h.must(os.WriteFile(files[0], mine, 0o600))
	i.content("after the attacks on the files")
	if report, err := i.a.export(i.h, applied.ID); err != nil || report.State != "applied" {
		i.h.t.Errorf("the pack afterwards: %+v, %v", report, err)
	}
}
