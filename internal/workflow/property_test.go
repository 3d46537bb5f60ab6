package workflow_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// The law of the kernel, on every system: a plan counts what a slow and obvious
// model counts; applied, it makes the table that the model makes; undone, the
// table is byte for byte what it was; and the evidence of all of it proves itself.

func TestUndoGivesBackTheTableSQLite(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/random.db"
	fine(t, os.WriteFile(path, nil, 0o600))
	lawOfUndo(t, sqliteFile{openFile(t, path)}, "sqlite", path)
}

func TestUndoGivesBackTheTablePostgres(t *testing.T) {
	t.Parallel()
	e, dsn := newPostgres(t)
	lawOfUndo(t, e, "postgres", dsn)
}

func TestUndoGivesBackTheTableMySQL(t *testing.T) {
	t.Parallel()
	e, dsn := newMaria(t)
	lawOfUndo(t, e, "mysql", dsn)
}

// lawful is one random table and its company.
type lawful struct {
	*rapid.T
	*world
	e     engine
	table *table
}

func lawOfUndo(t *testing.T, e engine, kind, dsn string) {
	w := emptyWorld(t, nothing)
	w.connect("shop", kind, dsn)
	no := 0
	rapid.Check(t, func(rt *rapid.T) {
		no++
		l := &lawful{rt, w, e, drawTable(rt, e, no)}
		live := drawRows(rt, e, l.table)
		p := drawProposal(rt, l.table, live)
		if len(p.lines) == 0 {
			return
		}
		e.create(rt, l.table)
		defer e.drop(rt, l.table.name)
		e.insert(rt, l.table, live)
		w.inForce(rt, lawfulCompany(kind, l.table))
		l.check(live, p)
	})
}

// lawfulCompany is the Compact of one case. JSON is YAML.
func lawfulCompany(kind string, t *table) string {
	var keys []string
	for _, c := range t.columns[:t.keys] {
		keys = append(keys, jsonText(c.Name))
	}
	return fmt.Sprintf(`compact: Example Trading
systems:
  shop: {kind: %s, dsn: "env:SHOP"}
departments: [sales]
people:
  maria@example.test: {roles: [maker], departments: [sales]}
  olaf@example.test: {roles: [owner]}
  aud@example.test: {roles: [auditor]}
datasets:
  random: {system: shop, table: [%s, %s], key: [%s], department: sales, owner: olaf@example.test}
`, kind, jsonText(t.name.Schema), jsonText(t.name.Name), strings.Join(keys, ", "))
}

func (l *lawful) check(live map[string]row, p proposal) {
	separator := rapid.SampledFrom([]string{",", ";", "\t"}).Draw(l.T, "separator")
	file := p.csv(l.table, separator, rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(l.T, "line end"))
	want, before := predict(l.table, live, p), l.e.dump(l.T, l.table)
	c := in(l.T, l.proposeTo(l.T, "maria", "random", file, p.options), change.Planned)
	l.frozen(c, want.counts)
	written := want.counts.Written()
	if written == 0 || want.counts.Invalid > 0 && !p.options.LeaveOut {
		_, err := submit(l.world, l.as("maria"), c)
		refused(l.T, err, errs.Blocked, "")
		l.is("the table after a refusal", before)
		return
	}
	c = l.applied(l.T, "maria", "olaf", c)
	if c.Result.Applied != written {
		l.Fatalf("applied %d rows, want %d", c.Result.Applied, written)
	}
	after := l.e.dump(l.T, l.table)
	l.is("the table after the apply", l.expected(want.after))
	r := l.undone(l.T, "olaf", c)
	l.frozen(r, change.Counts{Update: want.counts.Update, Delete: want.counts.Insert})
	l.is("the table after its undo", before)
	if rapid.IntRange(0, 2).Draw(l.T, "undo the undo") == 0 {
		again := l.undoUndo(r)
		l.frozen(again, change.Counts{Update: want.counts.Update, Insert: want.counts.Insert})
		l.is("the table after the undo was undone", after)
	}
	l.proves(l.T, c)
	l.proves(l.T, r)
}

// undoUndo reverses a reversal, on the normal route.
func (l *lawful) undoUndo(r wire.Change) wire.Change {
	again := l.doesIn(l.T, "maria", undo, r)
	return l.applied(l.T, "maria", "olaf", again)
}

// is compares the table with a dump.
func (l *lawful) is(what, want string) {
	l.Helper()
	if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(l.e.dump(l.T, l.table), "\n")); d != "" {
		l.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// expected gives the dump of a table that holds the rows, made without Sutor.
func (l *lawful) expected(rows map[string]row) string {
	twin := *l.table
	twin.name.Name += " twin"
	l.e.create(l.T, &twin)
	defer l.e.drop(l.T, twin.name)
	l.e.insert(l.T, &twin, rows)
	return l.e.dump(l.T, &twin)
}

// frozen wants a plan's counts, in the change and in its manifest, and that the
// manifest's digests are those of its files.
func (l *lawful) frozen(c wire.Change, want change.Counts) {
	l.Helper()
	m, rows := l.manifest(c)
	if d := cmp.Diff(want, m.Counts); d != "" {
		l.Fatalf("the manifest of %s counts (-want +got):\n%s%v", c.ID, d, c.Findings)
	}
	if got := l.stored(c).Plan.Counts; got != want {
		l.Fatalf("the change counts %+v, its manifest %+v", got, want)
	}
	if rows != m.Rows {
		l.Fatalf("the rows of plan.parquet are %s, the manifest says %s", rows, m.Rows)
	}
	page, err := l.w.Rows(ctx, l.as("maria"), change.ID(c.ID), "", 1000, 0)
	fine(l.T, err)
	if page.Total != want.Written() || int64(len(page.Rows)) != want.Written() {
		l.Fatalf("%d of %d rows are shown, want %d", len(page.Rows), page.Total, want.Written())
	}
}

// manifestOf reads a stored manifest and digests the canonical rows behind it.
func (w *world) manifestOf(t tb, c wire.Change) (m plan.Manifest, rows record.Digest) {
	t.Helper()
	b := w.artefact(t, digestOf(c))
	m, err := plan.ParseManifest(b)
	fine(t, err)
	path, release, err := w.deps.Artifacts.Local(ctx, m.File)
	fine(t, err)
	defer release()
	digest := record.NewDigester()
	fine(t, duck.CanonicalRows(ctx, path, m.KeySchema(), m.JudgedSchema(), digest))
	return m, digest.Digest()
}

func (l *lawful) manifest(c wire.Change) (plan.Manifest, record.Digest) { return l.manifestOf(l.T, c) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
