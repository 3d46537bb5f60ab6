package duck_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/connector/mem"
	"sutor/internal/guard"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// wide is a table of a key, ten texts t0… and ten numbers n0…, with a file of it.
type wide struct {
	rows int
	spec plan.Spec
	file [][]string
}

func newWide(rows int, inFile ...string) *wide {
	w := &wide{rows: rows}
	columns := record.Schema{{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64}}}
	for i := range 10 {
		columns = append(columns, record.Column{Name: fmt.Sprint("t", i), Type: record.Type{Kind: record.Text}, Nullable: true},
			record.Column{Name: fmt.Sprint("n", i), Type: record.Type{Kind: record.Decimal, Precision: 12, Scale: 2}, Nullable: true})
	}
	names := append([]string{"id"}, inFile...)
	w.spec = plan.Spec{Table: driver.Table{Table: record.Table{Name: "wide"}, Columns: columns, PrimaryKey: []string{"id"}}, Key: columns[:1], Judged: columns[1:],
		Columns: names, Location: time.UTC, Compares: true, Options: change.Options{Mode: change.Upsert}, Allow: map[driver.Op]bool{"insert": true, "update": true}}
	for i, name := range names {
		w.spec.Sources = append(w.spec.Sources, plan.Source{File: i, Name: name, Column: name})
	}
	for id := range rows {
		record := []string{fmt.Sprint(id)}
		for _, name := range inFile {
			record = append(record, value(name, id))
		}
		w.file = append(w.file, record)
	}
	return w
}

// value is what the table has in a column.
func value(column string, id int) string {
	switch column[0] {
	case 'i':
		return fmt.Sprint(id)
	case 'n':
		return fmt.Sprintf("%d.50", id)
	}
	return fmt.Sprintf("%s of row %d, %0200d", column, id, id)
}

// watched is a system of which every lookup is seen.
type watched struct {
	*system.System
	looks []driver.Lookup
	bytes int            // that came back
	then  *system.System // what there is from the second lookup on; nil for the same
}

func (w *watched) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	from := w.System
	if len(w.looks) > 0 && w.then != nil {
		from = w.then
	}
	w.looks = append(w.looks, l)
	var down bytes.Buffer
	sent, found, err = from.Fetch(ctx, l, in, io.MultiWriter(out, &down))
	w.bytes += down.Len()
	return sent, found, err
}

// system makes the table, with these values in place of its own in every row.
func (w *wide) system(t *testing.T, other map[string]string) *system.System {
	t.Helper()
	db := mem.New()
	db.Create(mem.Table{Name: w.spec.Table.Table, Columns: w.spec.Table.Columns, Key: []string{"id"}})
	var rows [][]*string
	for id := range w.rows {
		var row []*string
		for _, c := range w.spec.Table.Columns {
			v, ok := other[c.Name]
			if !ok {
				v = value(c.Name, id)
			}
			row = append(row, &v)
		}
		rows = append(rows, row)
	}
	if err := db.Insert(w.spec.Table.Table, w.spec.Table.Columns, rows); err != nil {
		t.Fatal(err)
	}
	sys, err := system.Open(t.Context(), "mem", "mem", "", system.Registry{"mem": db.Open})
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

// stage writes sound rows as a staging file.
func stage(t *testing.T, s *duck.Session, file [][]string) (path string) {
	t.Helper()
	var staging bytes.Buffer
	rows := record.NewWriter(&staging)
	for i, r := range file {
		rows.Number(int64(2 + i))
		rows.Null()
		for _, v := range r {
			rows.String(v)
		}
		must(t, rows.End())
	}
	must(t, rows.Flush())
	path = s.Path("staging.csv")
	must(t, os.WriteFile(path, staging.Bytes(), 0o600))
	return path
}

// plan makes the plan and gives what was told of it on the way.
func (w *wide) plan(t *testing.T, place duck.Comparing, live plan.Live) (out *plan.Outcome, told []string) {
	t.Helper()
	out, _, told = w.draft(t, place, live)
	return out, told
}

// draft gives the draft of it, too.
func (w *wide) draft(t *testing.T, place duck.Comparing, live plan.Live) (out *plan.Outcome, d *duck.Draft, told []string) {
	t.Helper()
	e, err := duck.New(duck.Options{Dir: t.TempDir(), Comparing: place})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	path, last := stage(t, s, w.file), int64(0)
	d, err = s.Compare(t.Context(), w.spec, path, live, func(step string, done, of int64) {
		if told = append(told, step); done < last || done > of {
			t.Errorf("%s: %d of %d, after %d", step, done, of, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := duck.Finish(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return all[0], d, told
}

// TestWhereRowsAreCompared: the one rule, and what is told of its choice.
func TestWhereRowsAreCompared(t *testing.T) {
	t.Parallel()
	const large, small = 4_000, 300 // rows, of a megabyte and more, or less
	all := []string{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"}
	for _, c := range []struct {
		name  string
		rows  int
		file  []string
		place duck.Comparing
		alter func(*wide)
		there bool
	}{
		{name: "a large file of two columns of twenty", rows: large, file: []string{"t0", "t1"}, there: true},
		{name: "of three, of which only the ten texts are spared", rows: large, file: []string{"t0", "t1", "t2"}},
		{name: "of all texts", rows: large, file: all},
		{name: "a small file", rows: small, file: []string{"t0", "t1"}},
		{name: "a small file, wherever it can be", rows: small, file: []string{"t0", "t1"}, place: duck.There, there: true},
		{name: "never there", rows: large, file: []string{"t0"}, place: duck.Here},
		{name: "only a key", rows: small, place: duck.There},
		{name: "the system cannot", rows: large, file: []string{"t0"}, alter: func(w *wide) { w.spec.Compares = false }},
		{name: "empty cells clear", rows: small, file: []string{"t0"}, place: duck.There, alter: func(w *wide) { w.spec.Options.ClearEmpty = true }},
		{name: "a column is written in another way", rows: small, file: []string{"t0", "n0"}, place: duck.There, there: true, alter: func(w *wide) {
			for _, r := range w.file {
				r[2] = strings.Replace(r[2], ".", ",", 1)
			}
		}},
		{name: "rows are found by another column", rows: small, file: []string{"t0", "t1"}, place: duck.There, there: true, alter: func(w *wide) {
			w.spec.Match = w.spec.Table.Columns.Pick([]string{"t1"})
		}},
		{name: "live values must say in which", rows: small, file: []string{"t0", "n0"}, place: duck.There, alter: func(w *wide) {
			for _, r := range w.file {
				r[2] = "1.500"
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWide(c.rows, c.file...)
			for i := range w.file {
				if len(c.file) > 0 && i%10 == 0 {
					w.file[i][1] += "!"
				}
			}
			if c.alter != nil {
				c.alter(w)
			}
			live := &watched{System: w.system(t, nil)}
			out, told := w.plan(t, c.place, live)
			if got := len(live.looks[0].Unless) > 0; got != c.there || slices.Contains(told, "comparing in the system") != c.there {
				t.Errorf("compared in the system: %v, want %v; told %v", got, c.there, told)
			}
			if want, _ := w.plan(t, duck.Here, live.System); out.Manifest.Rows != want.Manifest.Rows || out.Manifest.Counts != want.Manifest.Counts || findings(out) != findings(want) {
				t.Errorf("the plan is %+v, %s; compared here it is %+v, %s", out.Manifest.Counts, findings(out), want.Manifest.Counts, findings(want))
			}
		})
	}
}

// TestSameRowsStayAway: what the system finds to be the same does not come back, but for
// the key and the numbers, of which the facts are the same.
func TestSameRowsStayAway(t *testing.T) {
	t.Parallel()
	w := newWide(2_000, "t0", "n0")
	w.file[7][1] = "another text"
	sys := w.system(t, nil)
	here, there := &watched{System: sys}, &watched{System: sys}
	a, _ := w.plan(t, duck.Here, here)
	b, _ := w.plan(t, duck.There, there)
	if a.Manifest.Rows != b.Manifest.Rows || b.Manifest.Counts.Update != 1 || !slices.Equal(a.Facts, b.Facts) || a.Facts[1].Spread == 0 {
		t.Errorf("here %+v, %+v; in the system %+v, %+v", a.Manifest.Counts, a.Facts, b.Manifest.Counts, b.Facts)
	}
	text := len(value("t0", 1000)) * 10 * w.rows // about what the texts take
	if there.bytes > here.bytes-text {
		t.Errorf("%d bytes came back, and %d where rows are compared here", there.bytes, here.bytes)
	}
}

// TestExamplesAreAskedForAgain: a finding about a row that is the same shows its live
// values, unless the maker may not see the row by then.
func TestExamplesAreAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWide(50, "t0", "n0")
	w.file[3][2] = "no number"
	only, err := guard.CompileTable(`t9 != "hidden"`, w.spec.Table.Columns)
	if err != nil {
		t.Fatal(err)
	}
	w.spec.Only = &only
	for name, c := range map[string]struct{ then, want string }{"as it was": {"in sight", "3.50"}, "out of sight since": {"hidden", ""}} {
		live := &watched{System: w.system(t, nil), then: w.system(t, map[string]string{"t9": c.then})}
		out, _ := w.plan(t, duck.There, live)
		if out.Manifest.Counts.Unchanged != 49 || len(out.Findings) != 1 || len(out.Findings[0].Examples) != 1 {
			t.Fatalf("%s: planned %+v with %+v", name, out.Manifest.Counts, out.Findings)
		}
		if e := out.Findings[0].Examples[0]; e.Value != "no number" || e.Live != c.want {
			t.Errorf("%s: the example is %+v, want the live value %q", name, e, c.want)
		}
	}
}
