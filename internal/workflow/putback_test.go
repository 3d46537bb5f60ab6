package workflow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// What is taken out and put back unchanged changes nothing: over all types, on
// every system, as a workbook and as CSV.

// between is what happens to a workbook between out and back.
type between func(t tb, file []byte) []byte

func asItIs(_ tb, file []byte) []byte { return file }

func TestPutBackUnchangedSQLite(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/random.db"
	fine(t, os.WriteFile(path, nil, 0o600))
	lawOfPuttingBack(t, sqliteFile{openFile(t, path)}, "sqlite", path)
}

func TestPutBackUnchangedPostgres(t *testing.T) {
	t.Parallel()
	e, dsn := newPostgres(t)
	lawOfPuttingBack(t, e, "postgres", dsn)
}

func TestPutBackUnchangedMySQL(t *testing.T) {
	t.Parallel()
	e, dsn := newMaria(t)
	lawOfPuttingBack(t, e, "mysql", dsn)
}

func lawOfPuttingBack(t *testing.T, e engine, kind, dsn string) {
	w := emptyWorld(t, nothing)
	w.connect("shop", kind, dsn)
	no := 0
	rapid.Check(t, func(rt *rapid.T) {
		no++
		l := &lawful{rt, w, e, drawTable(rt, e, no)}
		live := drawRows(rt, e, l.table)
		for _, r := range live {
			for i := range r {
				if r[i].odd != "" { // what no text of the type stands for cannot come back
					r[i] = field{null: l.table.columns[i].Nullable, text: drawValue(rt, l.table.columns[i].Type)}
				}
			}
		}
		if len(live) > 0 {
			putBack(rt, w, e, kind, l.table, live, asItIs)
		}
	})
}

// Every value of every type that is known to break things, after another program
// saved the workbook: excelize, and in a long run LibreOffice, which make test-long
// installs.
func TestPutBackSaved(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/all.db"
	fine(t, os.WriteFile(path, nil, 0o600))
	postgres, dsn := newPostgres(t)
	maria, mariaDSN := newMaria(t)
	by := map[string]between{"excelize": resaved}
	if long {
		by["LibreOffice"] = libreOffice
	}
	no := 0
	for kind, e := range map[string]engine{"sqlite": sqliteFile{openFile(t, path)}, "postgres": postgres, "mysql": maria} {
		w := emptyWorld(t, nothing)
		w.connect("shop", kind, map[string]string{"sqlite": path, "postgres": dsn, "mysql": mariaDSN}[kind])
		for name, saved := range by {
			no++
			table, live := everyValue(e, no, name != "LibreOffice")
			t.Run(kind+" by "+name, func(t *testing.T) { putBack(t, w, e, kind, table, live, saved) })
		}
	}
}

// everyValue is a table with a column of each type, in whose rows each of its
// values stands, and NULL. Of CR LF in a text LibreOffice makes LF, which is told
// in docs/round-trip.md.
func everyValue(e engine, no int, returns bool) (*table, map[string]row) {
	t := &table{name: e.place(no, "every value"), keys: 1}
	rows := 1
	for i, c := range append([]column{typed(record.Int, "INTEGER", bits(32))}, e.types()...) {
		c.Name, c.Nullable = fmt.Sprint("c", i), i > 0
		t.columns = append(t.columns, c)
		rows = max(rows, len(pools(c.Type))+1)
	}
	live := map[string]row{}
	for n := range rows {
		r := row{{text: fmt.Sprint(n)}}
		for _, c := range t.columns[1:] {
			f := field{null: true}
			if texts := pools(c.Type); n%(len(texts)+1) < len(texts) {
				v, _ := c.Type.Parse(texts[n%(len(texts)+1)], time.UTC)
				if !returns {
					v = strings.ReplaceAll(v, "\r\n", "\n")
				}
				f = field{text: v}
			}
			r = append(r, f)
		}
		live[t.key(r)] = r
	}
	return t, live
}

// putBack takes a table out and puts it back, as a workbook that was saved in
// between and as CSV.
func putBack(t tb, w *world, e engine, kind string, table *table, live map[string]row, saved between) {
	t.Helper()
	e.create(t, table)
	defer e.drop(t, table.name)
	e.insert(t, table, live)
	w.inForce(t, lawfulCompany(kind, table))
	for _, format := range []string{"xlsx", "csv"} {
		var out bytes.Buffer
		fine(t, w.w.Export(ctx, w.as("maria"), "random", format, &out))
		file := out.Bytes()
		if format == "xlsx" {
			file = saved(t, file)
		}
		c := w.proposeTo(t, "maria", "random", string(file), upsert)
		if want := (wire.Counts{Unchanged: int64(len(live))}); c.Plan == nil || c.Plan.Counts != want || slices.ContainsFunc(c.Findings, func(f finding.Finding) bool { return !strings.Contains(f.Message, "is computed") }) {
			t.Fatalf("put back as %s: %+v (%s)\n%v\n%s", format, c.Plan, c.Why, c.Findings, shownRows(w, c))
		}
		w.doesIn(t, "maria", withdraw, c) // or the next one with the same rows is its twin
	}
}

// shownRows gives the rows that would be written, for the message of a failure.
func shownRows(w *world, c wire.Change) string {
	if c.Plan == nil {
		return ""
	}
	rows, err := w.w.Rows(ctx, w.as("maria"), change.ID(c.ID), "", 20, 0)
	text, err2 := json.Marshal(rows)
	return fmt.Sprint(string(text), err, err2)
}
