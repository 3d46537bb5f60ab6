package mysql_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sutor/internal/connector/mysql"
	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var ctx = context.Background()

// world is a database of a test, from inside and outside.
type world struct {
	*testing.T
	*system
	drv driver.Driver
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldAt(t, mysqltest.Database(t))
}

func worldAt(t *testing.T, dsn string) *world {
	t.Helper()
	s := newSystem(t, dsn)
	w := &world{t, s, s.Open(t)}
	t.Cleanup(func() {
		if err := w.drv.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// make makes a table and describes it.
func (w *world) make(sql string) driver.Table {
	w.Helper()
	w.Exec(w.T, sql)
	name, _, _ := strings.Cut(strings.TrimPrefix(sql, "CREATE TABLE "), " ")
	d, err := w.drv.Describe(ctx, record.Table{Name: name})
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// rest gives the columns that are not in the key.
func rest(d driver.Table) (out record.Schema) {
	for _, c := range d.Columns {
		if d.Columns.Pick(d.PrimaryKey).Index(c.Name) < 0 {
			out = append(out, c)
		}
	}
	return out
}

// write writes records, as package driver has them, in a transaction of its own.
func (w *world) write(op driver.Op, d driver.Table, rows string) (stored string, conflicts []driver.Conflict, err error) {
	w.Helper()
	tx, err := w.drv.Begin(ctx, driver.Options{LockSeconds: 5})
	if err != nil {
		w.Fatal(err)
	}
	var out bytes.Buffer
	_, conflicts, err = tx.Write(ctx, driver.Write{Op: op, Table: d.Table, Key: d.Columns.Pick(d.PrimaryKey), Columns: rest(d)}, strings.NewReader(rows), &out)
	if err != nil || len(conflicts) > 0 {
		if back := tx.Rollback(ctx); back != nil {
			w.Error(back)
		}
		return "", conflicts, err
	}
	return out.String(), nil, tx.Commit(ctx)
}

func (w *world) export(d driver.Table) (string, error) {
	var out bytes.Buffer
	_, err := w.drv.Export(ctx, d.Table, d.Columns.Pick(d.PrimaryKey), d.Columns, &out)
	return out.String(), err
}

func (w *world) fetch(d driver.Table, by string, asked string) string {
	w.Helper()
	var out bytes.Buffer
	if _, _, err := w.drv.Fetch(ctx, driver.Lookup{Table: d.Table, By: d.Columns.Pick([]string{by}), Columns: d.Columns.Pick([]string{"id"})}, strings.NewReader(asked), &out); err != nil {
		w.Fatal(err)
	}
	return out.String()
}

// compare has the columns after the key id compared.
func (w *world) compare(d driver.Table, asked string) string {
	w.Helper()
	var out bytes.Buffer
	l := driver.Lookup{Table: d.Table, By: d.Columns.Pick([]string{"id"}), Columns: d.Columns, Unless: rest(d), Still: []string{"id"}}
	if _, _, err := w.drv.Fetch(ctx, l, strings.NewReader(asked), &out); err != nil {
		w.Fatal(err)
	}
	return out.String()
}

// TestOddValues: what may be stored and is no value of ours is read as it is, never
// equals what is proposed, and can be given back.
func TestOddValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct{ native, stored, read, other string }{
		{"date", "'0000-00-00'", "0000-00-00", "2024-01-31"},
		{"date", "'2024-02-31'", "2024-02-31", "2024-02-29"},
		{"date", "'2024-00-10'", "2024-00-10", "2024-01-10"},
		{"datetime(3)", "'0000-00-00'", "0000-00-00 00:00:00", "2024-01-31 10:00:00.5"},
		{"timestamp(6) NULL", "0", "0000-00-00 00:00:00+00", "2024-01-31 10:00:00+00"},
		{"tinyint(1)", "2", "2", "true"},
		{"boolean", "-7", "-7", "false"},
		{"time", "'-300:00:01'", "-300:00:01", "23:59:59"},
		{"bit(1)", "1", "true", "false"},
		{"binary(4)", "X'00ff00'", `\x00ff0000`, `\xffffffff`},
		{"decimal(6,2) zerofill", "1.5", "1.50", "12.25"},
		{"int(6) zerofill", "7", "7", "8"},
		{"bigint unsigned", "18446744073709551615", "18446744073709551615", "9223372036854775808"},
		{"timestamp NULL", "'2026-03-29 02:30:00'", "2026-03-29 02:30:00+00", "1970-01-01 00:00:01+00"},
		{"varchar(9) CHARACTER SET latin1", "'Zoë€'", "Zoë€", "ß"},
		{"varchar(9) CHARACTER SET ucs2", "'Zoë€'", "Zoë€", "ß"},
		{"json", `'{ "a" : 1 }'`, `{ ""a"" : 1 }`, "[1, 2]"},
		{"enum('a', 'b''c')", "'b''c'", "b'c", "a"},
		{"float", "0.1", "0.10000000149011612", "0.2"},
	} {
		d := w.make(fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY, v %s)", i, c.native))
		w.Exec(t, fmt.Sprintf("SET STATEMENT sql_mode = 'ALLOW_INVALID_DATES' FOR INSERT INTO t%d VALUES (1, %s)", i, c.stored))
		want := fmt.Sprintf("1,\"1\",\"%s\"\n", c.read)
		if got, err := w.export(d); err != nil || got != want {
			t.Errorf("%s: read %q, %v; want %q", c.native, got, err, want)
			continue
		}
		compared := fmt.Sprintf("7,\"1\",\"1\",\n8,\"0\",\"1\",\"%s\"\n", c.read)
		if got := w.compare(d, fmt.Sprintf("7,\"1\",\"%s\"\n8,\"1\",\"%s\"\n", c.read, c.other)); got != compared {
			t.Errorf("%s: beside the same and another it gives %q", c.native, got)
		}
		there := fmt.Sprintf("1,\"1\",\"1\",\"%s\",\"%s\"\n", c.read, c.other)
		back := fmt.Sprintf("1,\"1\",\"1\",\"%s\",\"%s\"\n", c.other, c.read)
		for _, rows := range []string{there, back} {
			if _, conflicts, err := w.write(driver.Update, d, rows); err != nil || conflicts != nil {
				t.Errorf("%s: %q gives %v, %v", c.native, rows, conflicts, err)
			}
		}
		if got, err := w.export(d); err != nil || got != want {
			t.Errorf("%s: %q after there and back, %v", c.native, got, err)
		}
	}
}

// TestMisfits: nothing is cut off, rounded or turned into another value; the refusal
// names the column. What is looked up and cannot be there meets nothing.
func TestMisfits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct{ native, value, live string }{
		{"tinyint unsigned", "-1", "0"},
		{"tinyint", "128", "127"},
		{"mediumint", "8388608", "8388607"},
		{"varchar(3)", "abcd", "'abc'"},
		{"varchar(9) CHARACTER SET latin1", "日本", "'??'"},
		{"varchar(9) CHARACTER SET utf8mb3", "😀", "'?'"},
		{"binary(2)", `\x00`, "X'0000'"},
		{"varbinary(2)", `\x000000`, "X'0000'"},
		{"timestamp NULL", "1969-12-31 23:59:59+00", "0"},
	} {
		d := w.make(fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY, v %s)", i, c.native))
		w.Exec(t, fmt.Sprintf("SET STATEMENT sql_mode = '' FOR INSERT INTO t%d VALUES (1, %s)", i, c.live))
		var r *driver.Refusal
		_, _, err := w.write(driver.Insert, d, fmt.Sprintf("1,\"1\",\"2\",,\"%s\"\n", c.value))
		if !errors.As(err, &r) || r.Column != "v" {
			t.Errorf("%s: writing %q gives %v", c.native, c.value, err)
		}
		if got := w.fetch(d, "v", fmt.Sprintf("1,\"%s\"\n", c.value)); got != "" {
			t.Errorf("%s: looking for %q gives %q", c.native, c.value, got)
		}
		if kind := d.Columns[1].Type.Kind; kind == record.Int {
			continue // the grammar of a file's values knows how large they are
		}
		w.Exec(t, fmt.Sprintf("INSERT INTO t%d VALUES (3, NULL)", i))
		for _, id := range []string{"1", "3"} {
			if got := w.compare(d, fmt.Sprintf("7,\"%s\",\"%s\"\n", id, c.value)); !strings.HasPrefix(got, "7,\"0\",\""+id+"\",") {
				t.Errorf("%s: %q beside what row %s holds gives %q", c.native, c.value, id, got)
			}
		}
	}
}

// TestUnsupported: a type that rounds or guesses is refused when the Compact is checked.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, a year, b float(7,2), c double(9,3), d bit(7), e set('a','b'), f inet6, g point, h inet4, i geometrycollection)")
	for i, why := range []string{"DATE or SMALLINT", "DECIMAL(7,2)", "DECIMAL(9,3)", "integer", "several values", "VARCHAR(45)", "shapes", "VARCHAR(45)", "shapes"} {
		if c := d.Columns[i+1]; c.Type.Kind != record.Unsupported || c.Type.Native == "" || !strings.Contains(c.Type.Why, why) {
			t.Errorf("%s is described as %+v, without %q", c.Name, c.Type, why)
		}
	}
}

// TestLabels: of an enum only its labels are values, however they are written in its
// type; a number is not the label at that place.
func TestLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make(`CREATE TABLE t (id int PRIMARY KEY, v enum('1', 'it''s', 'a\\b', 'x\ny', 'Zoë'))`)
	w.Exec(t, "INSERT INTO t VALUES (1, '1'), (2, 'it''s')")
	for _, v := range []string{"it's", `a\b`, "x\ny", "Zoë", "1"} {
		if !slices.Contains(d.Columns[1].Type.Labels, v) {
			t.Errorf("%q is none of the labels %q", v, d.Columns[1].Type.Labels)
		}
		for _, rows := range []string{"1,\"1\",\"1\",\"1\",\"" + v + "\"\n", "1,\"1\",\"1\",\"" + v + "\",\"1\"\n"} {
			if _, conflicts, err := w.write(driver.Update, d, rows); err != nil || conflicts != nil {
				t.Errorf("%q gives %v, %v", rows, conflicts, err)
			}
		}
	}
	for _, rows := range []string{"1,\"1\",\"1\",\"1\",\"2\"\n", "1,\"1\",\"2\",\"2\",\"1\"\n", "1,\"1\",\"1\",\"1\",\"😁\"\n"} {
		var r *driver.Refusal
		if _, _, err := w.write(driver.Update, d, rows); !errors.As(err, &r) || r.Column != "v" {
			t.Errorf("%q gives %v", rows, err)
		}
	}
	if got := w.fetch(d, "v", "1,\"2\"\n2,\"it's\"\n"); got != "2,\"2\"\n" {
		t.Errorf("looked up: %q", got)
	}
}

// TestNoLabel: a row that holds what the server keeps in place of a refused label can be
// read, changed, deleted and found changed; that it cannot be given back is said.
func TestNoLabel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, set := range []string{"utf8mb4", "latin1", "ucs2"} {
		d := w.make(fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY, v enum('é', 'b') CHARACTER SET %s UNIQUE, w int)", i, set))
		w.Exec(t, fmt.Sprintf("SET STATEMENT sql_mode = '' FOR INSERT INTO t%d VALUES (1, 'zzz', 1), (2, 'b', 2)", i))
		if got, err := w.export(d); err != nil || got != "1,\"1\",\"\",\"1\"\n2,\"2\",\"b\",\"2\"\n" {
			t.Fatalf("%s: read %q, %v", set, got, err)
		}
		// Row 2 takes the place that row 1 is about to have, and gives up its own.
		if _, conflicts, err := w.write(driver.Update, d, "1,\"11\",\"1\",\"\",\"1\",\"b\",\"5\"\n2,\"10\",\"2\",\"b\",\"2\",\"é\",\n"); err != nil || conflicts != nil {
			t.Errorf("%s: changed: %v, %v", set, conflicts, err)
		}
		if _, conflicts, err := w.write(driver.Update, d, "1,\"01\",\"1\",\"\",\"5\",,\"6\"\n"); err != nil || len(conflicts) != 1 {
			t.Errorf("%s: the row has a label by now: %v, %v", set, conflicts, err)
		}
		var r *driver.Refusal
		if _, _, err := w.write(driver.Update, d, "1,\"10\",\"1\",\"b\",\"5\",\"\",\n"); !errors.As(err, &r) || r.Column != "v" || !strings.Contains(r.Message, "none of its labels") {
			t.Errorf("%s: given back: %v", set, err)
		}
		w.Exec(t, fmt.Sprintf("SET STATEMENT sql_mode = '' FOR INSERT INTO t%d VALUES (3, '', 3)", i))
		if _, conflicts, err := w.write(driver.Update, d, "1,\"01\",\"3\",\"\",\"3\",,\"4\"\n"); err != nil || conflicts != nil {
			t.Errorf("%s: beside it: %v, %v", set, conflicts, err)
		}
		if _, conflicts, err := w.write(driver.Delete, d, "1,\"00\",\"3\",\"\",\"4\",,\n"); err != nil || conflicts != nil {
			t.Errorf("%s: deleted: %v, %v", set, conflicts, err)
		}
		if got, err := w.export(d); err != nil || got != "1,\"1\",\"b\",\"5\"\n2,\"2\",\"é\",\"2\"\n" {
			t.Errorf("%s: afterwards %q, %v", set, got, err)
		}
		if got := w.fetch(d, "v", "1,\"\"\n2,\"b\"\n"); got != "2,\"1\"\n" {
			t.Errorf("%s: looked up: %q", set, got)
		}
	}
	d := w.make("CREATE TABLE own (id int PRIMARY KEY, v enum('', 'b'))")
	w.Exec(t, "INSERT INTO own VALUES (1, '')")
	for _, rows := range []string{"1,\"1\",\"1\",\"\",\"b\"\n", "1,\"1\",\"1\",\"b\",\"\"\n"} {
		if _, conflicts, err := w.write(driver.Update, d, rows); err != nil || conflicts != nil {
			t.Errorf("a label of its own, %q: %v, %v", rows, conflicts, err)
		}
	}
}

// TestFilterBeyondItsCharacters: a filter's text may have characters that the column
// has not; rows that are let through come all the same.
func TestFilterBeyondItsCharacters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, set := range []string{"latin1 COLLATE latin1_general_ci", "latin1 COLLATE latin1_bin", "ascii", "utf8mb3", "ucs2", "cp1251", "utf16"} {
		d := w.make(fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY, v varchar(9) CHARACTER SET %s, KEY (v))", i, set))
		w.Exec(t, fmt.Sprintf("INSERT INTO t%d VALUES (1, 'a'), (2, '?')", i))
		for _, is := range []record.Relation{record.Same, record.StartsWith, record.Less} {
			for _, not := range []bool{false, true} {
				where := record.Filter{Test: &record.Test{Column: d.Columns[1], Is: is, Not: not, Values: []string{"Ж", "😀", "a"}}}
				var out bytes.Buffer
				if _, err := w.drv.Select(ctx, d.Table, where, d.Columns[:1], d.Columns[1:], &out); err != nil {
					t.Errorf("%s, %+v: %v", set, where.Test, err)
				}
				for _, v := range []string{"a", "?"} {
					if where.Lets(func(string) *string { return &v }) && !strings.Contains(out.String(), v) {
						t.Errorf("%s, %+v: %q is not in %q", set, where.Test, v, out.String())
					}
				}
			}
		}
	}
}

// TestCollations: a key is matched as the system matches, before is judged by bytes,
// and a unique constraint counts what the system takes for equal.
func TestCollations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id varchar(20) PRIMARY KEY, v varchar(20), u varchar(20) UNIQUE)")
	w.Exec(t, "INSERT INTO t VALUES ('ada', 'Zoë', 'one')")
	if got := w.fetch(d, "id", "1,\"ADA \"\n"); got != "1,\"ada\"\n" {
		t.Errorf("the key is matched otherwise than the system does: %q", got)
	}
	for _, given := range []string{"zoë", "Zoe", "Zoë ", "Zoë"} {
		want := map[bool]string{false: "1,\"0\",\"ada\",\"Zoë\",\"one\"\n", true: "1,\"1\",\"ada\",,\n"}[given == "Zoë"]
		if got := w.compare(d, "1,\"ADA\",\""+given+"\",\n"); got != want {
			t.Errorf("%q beside Zoë gives %q", given, got)
		}
	}
	for _, before := range []string{"zoë", "Zoe", "Zoë "} {
		_, conflicts, err := w.write(driver.Update, d, fmt.Sprintf("1,\"10\",\"ada\",\"%s\",\"one\",\"x\",\n", before))
		if err != nil || len(conflicts) != 1 || conflicts[0].Gone {
			t.Errorf("%q is taken for Zoë: %v, %v", before, conflicts, err)
		}
	}
	var r *driver.Refusal
	if _, _, err := w.write(driver.Insert, d, "1,\"11\",\"bob\",,,\"x\",\"ONE\"\n"); !errors.As(err, &r) || r.Column != "u" || strings.Contains(errs.Detail(err), "ONE") {
		t.Errorf("a unique value taken gives %v", err)
	}
	stored, _, err := w.write(driver.Update, d, "1,\"10\",\"ADA\",\"Zoë\",\"one\",\"zoe\",\n")
	if err != nil || stored != "1,\"ada\",\"zoe\",\"one\"\n" {
		t.Errorf("stored %q, %v", stored, err)
	}
}

// TestUnseenParts: columns that SELECT * leaves out, and the past of rows that a table
// keeps, are in nobody's way.
func TestUnseenParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct {
		columns, more string
		generated     int
	}{
		{"id int PRIMARY KEY, v int, w varchar(9) INVISIBLE", "", 0},
		{"id int PRIMARY KEY, v int, w varchar(9)", "WITH SYSTEM VERSIONING", 0},
		{"id int PRIMARY KEY, v int, w varchar(9), since timestamp(6) GENERATED ALWAYS AS ROW START, till timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (since, till)", "WITH SYSTEM VERSIONING", 2},
	} {
		d := w.make(fmt.Sprintf("CREATE TABLE t%d (%s) %s", i, c.columns, c.more))
		if d.ReadOnly != "" || len(d.Columns) != 3+c.generated {
			t.Fatalf("%s is described as %+v", c.columns, d)
		}
		for _, g := range d.Columns[3:] {
			if !g.Generated {
				t.Errorf("%s is described as %+v", g.Name, g)
			}
		}
		d.Columns = d.Columns[:3]
		for _, step := range []struct {
			op         driver.Op
			rows, left string
		}{
			{driver.Insert, "1,\"11\",\"1\",,,\"5\",\"a\"\n2,\"11\",\"2\",,,\"6\",\"b\"\n", "1,\"1\",\"5\",\"a\"\n2,\"2\",\"6\",\"b\"\n"},
			{driver.Update, "1,\"01\",\"1\",\"5\",\"a\",,\"c\"\n", "1,\"1\",\"5\",\"c\"\n2,\"2\",\"6\",\"b\"\n"},
			{driver.Delete, "1,\"00\",\"1\",\"5\",\"c\",,\n", "1,\"2\",\"6\",\"b\"\n"},
			{driver.Insert, "1,\"11\",\"1\",,,\"5\",\"a\"\n", "1,\"1\",\"5\",\"a\"\n2,\"2\",\"6\",\"b\"\n"}, // an undo
		} {
			if _, conflicts, err := w.write(step.op, d, step.rows); err != nil || conflicts != nil {
				t.Errorf("%s: %s gives %v, %v", c.columns, step.op, conflicts, err)
			}
			if got, err := w.export(d); err != nil || got != step.left {
				t.Errorf("%s: after %s there is %q, %v", c.columns, step.op, got, err)
			}
		}
		if got := w.fetch(d, "w", "1,\"a\"\n2,\"c\"\n"); got != "1,\"1\"\n" {
			t.Errorf("%s: looked up: %q", c.columns, got)
		}
		if _, conflicts, err := w.write(driver.Update, d, "1,\"01\",\"2\",\"6\",\"x\",,\"y\"\n"); err != nil || len(conflicts) != 1 {
			t.Errorf("%s: a row that is not as planned: %v, %v", c.columns, conflicts, err)
		}
	}
}

// TestReadOnly: a table that cannot be written says why when the Compact is checked.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(t, "CREATE TABLE base (id int PRIMARY KEY)")
	for sql, want := range map[string]string{
		"CREATE TABLE m (id int PRIMARY KEY) ENGINE=MyISAM": "cannot take back",
		"CREATE TABLE a (id int PRIMARY KEY) ENGINE=Aria":   "cannot take back",
		"CREATE TABLE i (id int PRIMARY KEY)":               "",
	} {
		if d := w.make(sql); want == "" && d.ReadOnly != "" || !strings.Contains(d.ReadOnly, want) {
			t.Errorf("%s: %q", sql, d.ReadOnly)
		}
	}
	w.Exec(t, "CREATE VIEW v AS SELECT * FROM base")
	if d, err := w.drv.Describe(ctx, record.Table{Name: "v"}); err != nil || !strings.Contains(d.ReadOnly, "view") {
		t.Errorf("a view: %q, %v", d.ReadOnly, err)
	}
	if _, _, err := w.write(driver.Insert, driver.Table{Table: record.Table{Name: "m"}, Columns: record.Schema{{Name: "id"}}, PrimaryKey: []string{"id"}}, "1,\"\",\"1\"\n"); err == nil {
		t.Error("a table without transactions is written")
	}
}

// TestLookedUpBeyondTheColumn: a value that a column cannot hold meets nothing, and keeps no other
// from being looked up.
func TestLookedUpBeyondTheColumn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v decimal(5,2), at timestamp NULL, tick datetime, day date)")
	w.Exec(t, "INSERT INTO t VALUES (7, 1.5, '2024-01-31 10:00:00', '2024-01-31 10:00:00', '2024-01-31')")
	for by, asked := range map[string]string{
		"v":    "1,\"123456.00\"\n2,\"1.50\"\n3,\"1.505\"\n4,\"-1000.00\"\n5,\"1.500\"\n6,\"99999999999999999999999999999999999999999999999999999999999999999999.5\"\n",
		"at":   "1,\"2500-01-01 00:00:00+00\"\n2,\"2024-01-31 10:00:00+00\"\n3,\"1800-01-01 00:00:00+00\"\n",
		"tick": "1,\"2024-01-31 10:00:00.5\"\n2,\"2024-01-31 10:00:00\"\n",
		"day":  "2,\"2024-01-31\"\n3,\"9999-12-31\"\n",
	} {
		want := "2,\"7\"\n"
		if by == "v" {
			want += "5,\"7\"\n"
		}
		if got := w.fetch(d, by, asked); got != want {
			t.Errorf("by %s: %q, want %q", by, got, want)
		}
	}
}

// TestReferencesAreSeen: an account with the rights that doctor names sees which tables refer
// to another, what happens to their rows, and their columns; one that has rights on tables
// alone, and is shown no foreign keys, says so, and lets no row step aside.
func TestReferencesAreSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make("CREATE TABLE t (id int PRIMARY KEY, code int UNIQUE, v int)")
	w.Exec(t, "CREATE TABLE child (id int PRIMARY KEY, t int, FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE)")
	w.Exec(t, "INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)")
	rights := mysql.Rights(w.dsn, []driver.Need{{Table: record.Table{Name: "t"}, Insert: true, Update: true, Delete: true}})
	if !strings.HasPrefix(rights[0], "GRANT CREATE TEMPORARY TABLES, REFERENCES ON ") {
		t.Fatalf("%q", rights)
	}
	for name, grants := range map[string][]string{"all": rights, "some": {strings.Replace(rights[0], ", REFERENCES", "", 1), rights[1]}} {
		drv := w.account(name, grants)
		got, err := drv.Describe(ctx, record.Table{Name: "t"})
		if err != nil {
			t.Fatal(err)
		}
		if name == "all" {
			if r := got.ReferencedBy; got.HiddenReferences != "" || len(r) != 1 || r[0].Table.Name != "child" || r[0].OnDelete != "cascade" || r[0].Columns[0].Name != "t" {
				t.Errorf("%q, %+v", got.HiddenReferences, r)
			}
			if _, err := drv.Describe(ctx, record.Table{Name: "child"}); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "no right to read") {
				t.Errorf("a table that it may not read: %v", err)
			}
			continue
		}
		if !strings.Contains(got.HiddenReferences, "GRANT REFERENCES ON `"+strings.ReplaceAll(w.name, "_", `\_`)+"`.* TO '") || got.StepsAside([]string{"code"}, got.Columns[1]) {
			t.Errorf("%q", got.HiddenReferences)
		}
		var refused *driver.Refusal
		other := &world{t, w.system, drv}
		if _, _, err := other.write(driver.Update, got, "1,\"10\",\"1\",\"1\",\"1\",\"2\",\n2,\"10\",\"2\",\"2\",\"2\",\"1\",\n"); !errors.As(err, &refused) {
			t.Errorf("rows step aside where somebody may refer to them: %v", err)
		}
	}
}

// account makes an account with rights, which are granted to the test's own, and connects as it.
func (w *world) account(name string, rights []string) driver.Driver {
	w.Helper()
	user := w.name[5:] + name[:1]
	w.Exec(w.T, "CREATE USER "+user+"@'127.0.0.1' IDENTIFIED BY 'pw'")
	w.Cleanup(func() { w.Exec(w.T, "DROP USER "+user+"@'127.0.0.1'") })
	for _, r := range rights {
		grant := strings.Replace(r, "'sutor_admin'@'%'", user+"@'127.0.0.1'", 1)
		if grant == r {
			w.Fatalf("the statement %s is for somebody else", r)
		}
		w.Exec(w.T, "SET sql_mode = ''; "+grant)
	}
	drv, err := mysql.Open(ctx, "mysql://"+user+":pw"+w.dsn[strings.Index(w.dsn, "@"):])
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	w.Cleanup(func() { _ = drv.Close() })
	return drv
}

// TestRights: the rights that doc.go names are enough, and fewer are said.
func TestRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v int)")
	w.Exec(t, "INSERT INTO t VALUES (1, 1)")
	all := mysql.Rights(w.dsn, []driver.Need{{Table: record.Table{Name: "t"}, Insert: true, Update: true, Delete: true}})
	read := mysql.Rights(w.dsn, []driver.Need{{Table: d.Table}})
	for name, c := range map[string]struct {
		rights   []string
		readOnly string
		write    bool
	}{
		"writer":   {all, "", true},
		"reader":   {read, "only the right to read", false},
		"stranger": {read[:1], "absent", false},
	} {
		drv := w.account(name, c.rights)
		got, err := drv.Describe(ctx, record.Table{Name: "t"})
		if c.readOnly == "absent" {
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "no right") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || !strings.Contains(got.ReadOnly, c.readOnly) || c.write && got.ReadOnly != "" {
			t.Errorf("%s: %q, %v", name, got.ReadOnly, err)
		}
		if _, _, err := drv.Fetch(ctx, driver.Lookup{Table: d.Table, By: d.Columns[:1], Columns: d.Columns}, strings.NewReader("1,\"1\"\n"), io.Discard); err != nil {
			t.Errorf("%s may not fetch: %v", name, err)
		}
		other := &world{t, w.system, drv}
		for op, rows := range map[driver.Op]string{driver.Insert: "1,\"1\",\"2\",,\"2\"\n", driver.Update: "1,\"1\",\"1\",\"1\",\"1\"\n", driver.Delete: "1,\"0\",\"1\",\"1\",\n"} {
			var r *driver.Refusal
			if _, _, err := other.write(op, d, rows); c.write && err != nil || !c.write && !errors.As(err, &r) {
				t.Errorf("%s, %s: %v", name, op, err)
			}
			w.Exec(t, "DELETE FROM t WHERE id = 2; REPLACE INTO t VALUES (1, 1)")
		}
	}
}

// TestWithoutTemporary: an account that may not make temporary tables is told so when the
// Compact is checked, and by each plan, with the statement that helps.
func TestWithoutTemporary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v int)")
	user := w.name[5:] + "u"
	w.Exec(t, "CREATE USER "+user+"@'127.0.0.1' IDENTIFIED BY 'pw'; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO "+user+"@'127.0.0.1'")
	t.Cleanup(func() { w.Exec(t, "DROP USER "+user+"@'127.0.0.1'") })
	drv, err := mysql.Open(ctx, "mysql://"+user+":pw"+w.dsn[strings.Index(w.dsn, "@"):])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = drv.Close() })
	grant := "GRANT CREATE TEMPORARY TABLES ON `" + strings.ReplaceAll(w.name, "_", `\_`) + "`.* TO '" + user + "'@'127.0.0.1';"
	if is, err := drv.Describe(ctx, d.Table); err != nil || !strings.HasSuffix(is.ReadOnly, grant) {
		t.Fatalf("%q, %v; want %s", is.ReadOnly, err, grant)
	}
	fetch := func() error {
		_, _, err := drv.Fetch(ctx, driver.Lookup{Table: d.Table, By: d.Columns[:1], Columns: d.Columns}, strings.NewReader("1,\"1\"\n"), io.Discard)
		return err
	}
	if e := errs.As(fetch()); e == nil || e.Kind != errs.Invalid || !strings.Contains(e.Error(), "(the right CREATE TEMPORARY TABLES)") || !strings.HasSuffix(e.Mend, grant) {
		t.Errorf("a lookup gives %v", e)
	}
	w.Exec(t, "SET sql_mode = ''; "+grant)
	if drv, err = mysql.Open(ctx, "mysql://"+user+":pw"+w.dsn[strings.Index(w.dsn, "@"):]); err != nil { // rights on databases count from the next session on
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = drv.Close() })
	if err := fetch(); err != nil {
		t.Errorf("after the grant: %v", err)
	}
	if is, err := drv.Describe(ctx, d.Table); err != nil || is.ReadOnly != "" {
		t.Errorf("after the grant: %q, %v", is.ReadOnly, err)
	}
}

// TestDeadlock: whoever is taken back is told that it may be tried again, and writes
// nothing more.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v int)")
	w.Exec(t, "INSERT INTO t VALUES (1, 0), (2, 0)")
	write := func(tx driver.Tx, id string) error {
		_, _, err := tx.Write(ctx, driver.Write{Op: driver.Update, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:]}, strings.NewReader("1,\"1\",\""+id+"\",\"0\",\"5\"\n"), io.Discard)
		return err
	}
	one, err := w.drv.Begin(ctx, driver.Options{})
	two, err2 := w.drv.Begin(ctx, driver.Options{})
	if err := errors.Join(err, err2, one.Mark(ctx), two.Mark(ctx), write(one, "1"), write(two, "2")); err != nil {
		t.Fatal(err)
	}
	other := make(chan error)
	go func() { other <- write(one, "2") }()
	mine := write(two, "1")
	theirs := <-other
	for tx, err := range map[driver.Tx]error{one: theirs, two: mine} {
		if err == nil {
			continue
		}
		if !errors.Is(err, driver.ErrAgain) || errs.KindOf(err) != errs.Unavailable {
			t.Errorf("the one that was taken back hears %v", err)
		}
		if tx.Commit(ctx) == nil || tx.Back(ctx) == nil || write(tx, "1") == nil {
			t.Error("a transaction that was taken back goes on")
		}
	}
	if mine == nil && theirs == nil {
		t.Error("neither was taken back")
	}
	if err := errors.Join(one.Rollback(ctx), two.Rollback(ctx)); err != nil {
		t.Error(err)
	}
}

// TestJudgedInsideTheWrite: another session changes the row while the write waits for its
// lock; the write must see the change.
func TestJudgedInsideTheWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op              driver.Op
		meanwhile, rows string
		want            []driver.Conflict
	}{
		"update, changed":         {driver.Update, "UPDATE t SET v = 'theirs' WHERE id = 'a'", `1,"1","a","1","ours"`, []driver.Conflict{{Number: 1}}},
		"update, deleted":         {driver.Update, "DELETE FROM t WHERE id = 'a'", `1,"1","a","1","ours"`, []driver.Conflict{{Number: 1, Gone: true}}},
		"update, other column":    {driver.Update, "UPDATE t SET other = 1 WHERE id = 'a'", `1,"1","a","1","ours"`, nil},
		"delete, changed":         {driver.Delete, "UPDATE t SET v = 'theirs' WHERE id = 'a'", `1,"0","a","1",`, []driver.Conflict{{Number: 1}}},
		"delete, key respelt":     {driver.Delete, "UPDATE t SET id = 'A' WHERE id = 'a'", `1,"0","a","1",`, []driver.Conflict{{Number: 1}}},
		"delete, other column":    {driver.Delete, "UPDATE t SET other = 1 WHERE id = 'a'", `1,"0","a","1",`, nil},
		"insert, key taken first": {driver.Insert, "INSERT INTO t VALUES ('b', 'theirs', NULL)", `1,"1","b",,"ours"`, []driver.Conflict{{Number: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			d := w.make("CREATE TABLE t (id varchar(9) PRIMARY KEY, v varchar(9), other int)")
			w.Exec(t, "INSERT INTO t VALUES ('a', '1', NULL)")
			other, err := w.pool.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := other.ExecContext(ctx, c.meanwhile); err != nil {
				t.Fatal(err)
			}
			d.Columns = d.Columns[:2]
			type outcome struct {
				conflicts []driver.Conflict
				err       error
			}
			done := make(chan outcome, 1)
			go func() {
				_, conflicts, err := w.write(c.op, d, c.rows+"\n")
				done <- outcome{conflicts, err}
			}()
			w.awaitWaiter()
			if err := other.Commit(); err != nil {
				t.Fatal(err)
			}
			if o := <-done; o.err != nil || fmt.Sprint(o.conflicts) != fmt.Sprint(c.want) {
				t.Errorf("conflicts %v, error %v; want %v", o.conflicts, o.err, c.want)
			}
		})
	}
}

// awaitWaiter waits until a write waits for a lock: the server gives no signal, and what it
// says of locks is some time old, so it is asked whether a write takes long.
func (w *world) awaitWaiter() {
	w.Helper()
	for until := time.Now().Add(20 * time.Second); ; {
		var waiting int
		if err := w.pool.QueryRowContext(ctx, `SELECT count(*) FROM information_schema.PROCESSLIST
			WHERE DB = ? AND INFO LIKE '%sutor staged%' AND TIME_MS > 100 AND ID <> CONNECTION_ID()`, w.name).Scan(&waiting); err != nil || time.Now().After(until) {
			w.Fatalf("no write waits for a lock: %v", err)
		} else if waiting > 0 {
			return
		}
	}
}

// TestGivenUp: a write whose caller gives up while it waits leaves nothing open.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v int)")
	w.Exec(t, "INSERT INTO t VALUES (1, 0), (2, 0)")
	release := w.Lock(t, record.Table{Schema: w.name, Name: "t"})
	defer release()
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	tx, err := w.drv.Begin(ctx, driver.Options{LockSeconds: 60})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = tx.Write(short, driver.Write{Op: driver.Update, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:]}, strings.NewReader("1,\"1\",\"1\",\"0\",\"5\"\n"), io.Discard)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
	var waiting int
	until := time.Now().Add(10 * time.Second)
	for {
		if err := w.pool.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'UPDATE %sutor staged%' AND DB = ?", w.name).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting == 0 || time.Now().After(until) {
			break
		}
	}
	if waiting != 0 {
		t.Error("the server goes on with a write that nobody waits for")
	}
}

// TestUnreadable: a text that none of ours can be ends the reading with the place.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v varchar(20))")
	w.Exec(t, "INSERT INTO t VALUES (7, 'fine'), (8, concat('a', char(0)))")
	if _, err := w.export(d); err == nil || !strings.Contains(err.Error(), "The column v of t") || !strings.Contains(err.Error(), "id 8") {
		t.Errorf("got %v", err)
	}
	_, _, err := w.drv.Fetch(ctx, driver.Lookup{Table: d.Table, By: d.Columns[:1], Columns: d.Columns}, strings.NewReader("5,\"8\"\n"), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "id 8") {
		t.Errorf("got %v", err)
	}
	if got := w.fetch(d, "id", "1,\"7\"\n"); got != "1,\"7\"\n" {
		t.Errorf("got %q", got)
	}
}
