package plantest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// undo applies a plan, lets others work on the table, and takes the plan back;
// then the plan that does so is itself applied and taken back. DuckDB's plan and
// the reference's are the same each time.
func (w *world) undo(t fataler, s *duck.Session, out *plan.Outcome, seen *tally) {
	t.Helper()
	var known record.Schema // to the plan that is taken back
	for round := range 3 {
		before := w.snapshot(t)
		done := w.apply(t, s, out, round > 0)
		if done == nil {
			seen.refuses()
			if round > 0 && w.sees(out.Manifest, known) {
				t.Fatalf("the system refuses an undo of which nothing was hidden")
			}
			return
		}
		if want := w.was; want != nil && out.Manifest.Counts.Impossible == 0 {
			if diff := cmp.Diff(want, w.snapshot(t)); diff != "" {
				t.Fatalf("the undo did not bring the table back (-before +after):\n%s", diff)
			}
		}
		w.was = before
		if w.g.chance(80, "others work") {
			w.was = nil
			w.meanwhile()
		}
		known = done.duck.Manifest.Columns
		out = w.reverse(t, s, done, seen)
		if out == nil || out.Manifest.Counts.Written() == 0 {
			return
		}
	}
}

// sees tells whether a reversal was planned with all that the system goes by in
// view: every table that refers or is referred to, no value taken away from under
// references to it, and no key over a column that the system computes anew: one that was
// added since has its default in rows that come back.
func (w *world) sees(m plan.Manifest, known record.Schema) bool {
	t := w.spec.Table
	computed := func(columns []string) bool {
		return slices.ContainsFunc(t.Columns.Pick(columns), func(c record.Column) bool {
			return c.Generated || m.Counts.Insert > 0 && c.HasDefault && known.Index(c.Name) < 0
		})
	}
	return len(w.closed) == 0 && (m.Counts.Update == 0 || len(t.ReferencedBy) == 0) && !slices.ContainsFunc(t.Uniques, computed) &&
		!slices.ContainsFunc(t.ForeignKeys, func(fk driver.ForeignKey) bool { return computed(fk.Columns) })
}

// snapshot gives the rows of the table in an order of their own.
func (w *world) snapshot(t fataler) (lines []string) {
	t.Helper()
	rows, err := w.db.Rows(tableName, w.g.table.Columns)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, r := range rows {
		line := ""
		for _, v := range r {
			if v == nil {
				line += " NULL"
			} else {
				line += fmt.Sprintf(" %q", *v)
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// applied is an applied plan as either side takes it.
type applied struct {
	duck      duck.Reversal
	reference plan.Applied
}

// apply writes a plan to the system, and keeps what the system stored of it; nil
// if the system refuses.
func (w *world) apply(t fataler, s *duck.Session, out *plan.Outcome, reversal bool) *applied {
	t.Helper()
	m := out.Manifest
	done := &applied{duck: duck.Reversal{Manifest: m, Parquet: s.Path("forward.parquet"), Stored: s.Path("stored.parquet")}, reference: plan.Applied{Manifest: m}}
	if err := os.Rename(out.Parquet, done.duck.Parquet); err != nil {
		t.Fatalf("%v", err)
	}
	var all record.Schema
	for _, c := range w.g.table.Columns {
		if !slices.Contains(m.Key, c.Name) {
			all = append(all, c)
		}
	}
	done.duck.Columns, done.reference.Columns = all, all
	files, stored, err := w.write(t.Context(), s, done, all, reversal)
	var refused *driver.Refusal
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	found, err := s.Stored(t.Context(), done.duck.Parquet, m, all, files, done.duck.Stored)
	if err != nil || len(found) > 0 {
		t.Fatalf("stored otherwise: %v %v", found, err)
	}
	rows, _, err := s.Rows(t.Context(), done.duck.Parquet, m, "", 1<<30, 0)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, r := range rows {
		line := -r.N // of a row that is in no file
		if r.Line != nil {
			line = *r.Line
		}
		done.reference.Rows = append(done.reference.Rows, plan.AppliedRow{Op: r.Op, Line: line, Mask: r.Mask, Key: r.Key, Before: r.Before, Stored: stored[r.N]})
	}
	return done
}

// write writes the steps of a plan in one transaction. It gives what the system
// gave back, as files and by the rows' numbers, over all of the columns.
func (w *world) write(ctx context.Context, s *duck.Session, done *applied, all record.Schema, reversal bool) (files []duck.StoredFile, stored map[int64][]*string, err error) {
	sys, err := system.Open(ctx, "mem", "mem", "", system.Registry{"mem": w.db.Open})
	if err != nil {
		return nil, nil, err
	}
	tx, err := sys.Begin(ctx, driver.Options{})
	if err != nil {
		return nil, nil, err
	}
	p := &pass{world: w, s: s, done: done, all: all, tx: tx, reversal: reversal, stored: map[int64][]*string{}}
	for _, op := range []driver.Op{driver.Delete, driver.Update, driver.Insert} {
		if err := p.step(ctx, op); err != nil {
			return nil, nil, errors.Join(err, tx.Rollback(ctx))
		}
	}
	return p.files, p.stored, tx.Commit(ctx)
}

// pass is one apply under way.
type pass struct {
	*world
	s        *duck.Session
	done     *applied
	all      record.Schema
	tx       system.Tx
	reversal bool
	files    []duck.StoredFile
	stored   map[int64][]*string
}

// step writes the rows of one operation.
func (p *pass) step(ctx context.Context, op driver.Op) error {
	m, in, back := p.done.duck.Manifest, p.s.Path("step.csv"), p.s.Path("stored-"+string(op)+".csv")
	columns := p.g.table.Columns.Pick(m.JudgedSchema().Names())
	if op == driver.Insert {
		columns = p.all
	}
	if n, err := duck.StepFile(ctx, p.done.duck.Parquet, m, op, columns, in); err != nil || n == 0 {
		return err
	}
	text, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	if op == driver.Insert && m.Given != "" {
		if text, err = p.number(ctx, m, text); err != nil {
			return err
		}
	}
	var gave bytes.Buffer
	w := driver.Write{Op: op, Table: tableName, Key: p.g.table.Columns.Pick(m.Key), Columns: columns, OverrideIdentity: p.reversal || m.Given != ""}
	_, conflicts, err := p.tx.Write(ctx, w, bytes.NewReader(text), &gave)
	if err != nil {
		return err
	}
	if len(conflicts) > 0 {
		err := fmt.Errorf("the live rows are not what they were a moment ago: %v", conflicts)
		if op == driver.Insert && !p.reversal { // two new keys that only the system holds equal
			err = &driver.Refusal{Message: err.Error()}
		}
		return err
	}
	if op != driver.Delete {
		if err := remember(p.stored, gave.Bytes(), m.KeySchema(), columns, p.all); err != nil {
			return err
		}
	}
	p.files = append(p.files, duck.StoredFile{Op: op, Columns: columns, Path: back})
	return os.WriteFile(back, gave.Bytes(), 0o600)
}

// number gives new rows the keys that the system draws for them.
func (p *pass) number(ctx context.Context, m plan.Manifest, rows []byte) ([]byte, error) {
	n, err := p.s.Keyless(ctx, p.done.duck.Parquet, m)
	if err != nil {
		return nil, err
	}
	var drawn, out bytes.Buffer
	if err := p.tx.Draw(ctx, tableName, m.Given, n, &drawn); err != nil {
		return nil, err
	}
	from, to := p.s.Path("drawn.csv"), p.s.Path("keys.csv")
	if err := os.WriteFile(from, drawn.Bytes(), 0o600); err != nil {
		return nil, err
	}
	if err := p.s.DealKeys(ctx, p.done.duck.Parquet, m, from, to); err != nil {
		return nil, err
	}
	keys, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	filled, err := plan.Numbered(bytes.NewReader(rows), bytes.NewReader(keys), &out, m.KeySchema().Index(m.Given))
	if err == nil && filled != n {
		err = fmt.Errorf("%d keys were drawn for %d rows", n, filled)
	}
	return out.Bytes(), err
}

// remember reads the records that a system gave back over some columns into rows
// over all of them.
func remember(stored map[int64][]*string, records []byte, key, columns, all record.Schema) error {
	for rows := record.NewReader(bytes.NewReader(records)); ; {
		fields, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(fields[0].Text), 10, 64)
		if err != nil {
			return err
		}
		row := make([]*string, len(key)+len(all))
		for i, f := range fields[1:] {
			if i < len(key) {
				row[i] = f.Ptr()
			} else {
				row[len(key)+all.Index(columns[i-len(key)].Name)] = f.Ptr()
			}
		}
		stored[n] = row
	}
}

// reverse makes the plan that takes an applied one back, with DuckDB and with the
// reference, and wants them to be the same.
func (w *world) reverse(t fataler, s *duck.Session, done *applied, seen *tally) *plan.Outcome {
	t.Helper()
	w.backwards(done)
	sys, err := system.Open(t.Context(), "mem", "mem", "", system.Registry{"mem": w.open})
	if err != nil {
		t.Fatalf("%v", err)
	}
	want, rows, why, err := plan.ReferenceReversal(t.Context(), w.spec, done.reference, sys)
	if rerr := s.Reset(t.Context()); rerr != nil {
		t.Fatalf("%v", rerr)
	}
	got, err2 := s.Reverse(t.Context(), w.spec, done.duck, sys, func(string, int64, int64) {})
	if err != nil || err2 != nil {
		if sentence(err) != sentence(err2) {
			t.Fatalf("reference: %v\nDuckDB: %v", err, err2)
		}
		return nil
	}
	var gotRows bytes.Buffer
	if err := duck.CanonicalRows(t.Context(), got.Parquet, w.spec.Key, w.spec.Judged, &gotRows); err != nil {
		t.Fatalf("%v", err)
	}
	page, _, err := s.Rows(t.Context(), got.Parquet, got.Manifest, "", 1<<30, 0)
	if err != nil {
		t.Fatalf("%v", err)
	}
	gotWhy := make([]string, len(page))
	for _, r := range page {
		gotWhy[r.N-1] = r.Why
	}
	equal(t, got, want, gotRows.Bytes(), rows.Canonical)
	if diff := cmp.Diff(why, gotWhy); diff != "" && len(why)+len(gotWhy) > 0 {
		t.Fatalf("why (-reference +DuckDB):\n%s", diff)
	}
	seen.undone(got.Manifest.Counts, gotWhy, w.cases)
	return got
}

// backwards makes the world's spec that of a reversal, as package workflow does:
// where rows are deleted or inserted again, the judged set is the whole row.
func (w *world) backwards(done *applied) {
	m, g := done.duck.Manifest, w.g
	described := g.describe(w.db)
	described.Deferrable = slices.DeleteFunc(described.Deferrable, func([]string) bool { return g.chance(60, "row by row") })
	w.spec.Table, w.spec.Key, w.spec.Judged = described, described.Columns.Pick(m.Key), nil
	w.spec.Sources, w.spec.Columns, w.spec.Within, w.spec.Rule, w.spec.Match, w.spec.Given = nil, nil, nil, nil, nil, ""
	whole := m.Counts.Insert+m.Counts.Delete > 0
	for _, c := range described.Columns {
		if !slices.Contains(m.Key, c.Name) && (whole || m.JudgedSchema().Index(c.Name) >= 0) {
			w.spec.Judged = append(w.spec.Judged, c)
		}
	}
	if g.chance(8, "blind") {
		done.duck.Blind, done.reference.Blind = unreadColumn, unreadColumn
	}
	w.closed = nil
	for _, name := range []record.Table{parentName, childName} {
		if g.chance(10, "cannot be read") {
			w.closed = append(w.closed, name)
		}
	}
}

const unreadColumn = "the table has a column that Sutor cannot read"
