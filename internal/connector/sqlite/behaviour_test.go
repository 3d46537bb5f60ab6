package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/connector/sqlite"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

func TestDescribeKeys(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `
		CREATE TABLE alias (id INTEGER PRIMARY KEY, v TEXT DEFAULT NULL);
		CREATE TABLE "desc" (id INTEGER PRIMARY KEY DESC);
		CREATE TABLE loose (code TEXT PRIMARY KEY);
		CREATE TABLE bare (code TEXT PRIMARY KEY) WITHOUT ROWID;
		CREATE TABLE strict (id INT PRIMARY KEY, r REAL, b BLOB, a ANY) STRICT;
		CREATE TABLE uniques (a TEXT UNIQUE, b TEXT, c TEXT);
		CREATE UNIQUE INDEX part ON uniques (b) WHERE c IS NULL;
		CREATE UNIQUE INDEX expression ON uniques (lower(b));
		CREATE UNIQUE INDEX full ON uniques (c, b);`)
	d := f.open(t)
	for name, want := range map[string]record.Column{
		"alias":  {Name: "id", HasDefault: true, Identity: "default"},
		"desc":   {Name: "id", Nullable: true}, // the old mistake that SQLite keeps: not the row number
		"loose":  {Name: "code", Nullable: true},
		"bare":   {Name: "code"},
		"strict": {Name: "id"},
	} {
		got := describe(t, d, name).Columns[0]
		if got.Type = (record.Type{}); !cmp.Equal(got, want) {
			t.Errorf("%s: key column %+v, want %+v", name, got, want)
		}
	}
	if c := describe(t, d, "alias").Columns[1]; c.HasDefault {
		t.Errorf("DEFAULT NULL is no default: %+v", c)
	}
	if diff := cmp.Diff([][]string{{"a"}, {"c", "b"}}, describe(t, d, "uniques").Uniques); diff != "" {
		t.Errorf("uniques (-want +got):\n%s", diff)
	}
}

func TestDescribeForeignKeys(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `
		CREATE TABLE Parent (Id INTEGER PRIMARY KEY, "Code" TEXT UNIQUE);
		CREATE TABLE child (id INTEGER PRIMARY KEY, p INT REFERENCES PARENT ON DELETE SET NULL,
			code TEXT REFERENCES parent(CODE) ON DELETE RESTRICT, gone INT REFERENCES nowhere(x))`)
	main := func(name string) record.Table { return record.Table{Schema: "main", Name: name} }
	want := []driver.ForeignKey{
		{Name: "p → Parent (Id)", Columns: []string{"p"}, RefTable: main("Parent"), RefColumns: []string{"Id"}, OnDelete: "set null"},
		{Name: "code → Parent (Code)", Columns: []string{"code"}, RefTable: main("Parent"), RefColumns: []string{"Code"}},
		{Name: "gone → nowhere (x)", Columns: []string{"gone"}, RefTable: main("nowhere"), RefColumns: []string{"x"}},
	}
	if diff := cmp.Diff(want, describe(t, f.open(t), "child").ForeignKeys); diff != "" {
		t.Errorf("foreign keys (-want +got):\n%s", diff)
	}
}

func TestNamesAreExact(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE Customer (Id INTEGER PRIMARY KEY, Name TEXT)`)
	d := f.open(t)
	for table, want := range map[record.Table]string{
		{Name: "customer"}:                   "The table is called Customer, not customer.",
		{Name: "Kunde"}:                      `There is no table "Kunde".`,
		{Name: `Customer"; DROP TABLE x;--`}: "There is no table",
		{Schema: "temp", Name: "Customer"}:   `There is no schema "temp".`,
	} {
		if _, err := d.Describe(ctx, table); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("Describe(%s) gives %v, want … %s", table, err, want)
		}
	}
	c := describe(t, d, "Customer").Columns
	c[1].Name = "name"
	_, err := d.Export(ctx, record.Table{Name: "Customer"}, c[:1], c, io.Discard)
	if errs.KindOf(err) != errs.Changed || !strings.Contains(err.Error(), "The column is called Name.") {
		t.Errorf("got %v", err)
	}
}

// A column whose type changed since the plan stops everything.
func TestTypeChanged(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v DECIMAL(10,2))`)
	d := f.open(t)
	before := describe(t, d, "t")
	f.Exec(t, `DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, v DECIMAL(10,3))`)
	tx := begin(t, d)
	w := driver.Write{Op: driver.Insert, Table: before.Table, Key: before.Columns[:1], Columns: before.Columns[1:]}
	if _, _, err := tx.Write(ctx, w, strings.NewReader(""), io.Discard); errs.KindOf(err) != errs.Changed {
		t.Errorf("got %v, want an error of kind changed", err)
	}
}

// More rows than a few are looked up in the order of their keys, by one column or by several,
// and of one moment too: in that of the file, each row would read pages of the table anew.
func TestFetchInOrder(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (a INTEGER, b TEXT, PRIMARY KEY (a, b));
		WITH n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2002) INSERT INTO t SELECT i * 1201 % 2003, 'x' FROM n`)
	d := f.open(t)
	table := describe(t, d, "t")
	snapshot, err := d.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = snapshot.Close() })
	for by := 1; by <= 2; by++ {
		var in, want strings.Builder
		for i := range 2003 {
			fmt.Fprintf(&in, "%d,\"%d\"%s\n", i+1, i*709%2003, []string{"", `,"x"`}[by-1])
			fmt.Fprintf(&want, "\"%d\",\"x\"\n", i)
		}
		for name, fetch := range map[string]func(context.Context, driver.Lookup, io.Reader, io.Writer) (int64, int64, error){"now": d.Fetch, "of a moment": snapshot.Fetch} {
			var out bytes.Buffer
			if _, _, err := fetch(ctx, driver.Lookup{Table: table.Table, By: table.Columns[:by], Columns: table.Columns}, strings.NewReader(in.String()), &out); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for line := range strings.Lines(out.String()) {
				_, row, _ := strings.Cut(line, ",")
				got.WriteString(row)
			}
			if got.String() != want.String() {
				t.Errorf("%s, by %d columns, rows are not in the order of their keys: %.200s", name, by, out.String())
			}
		}
	}
}

// The table's own collation finds the row; "before" is compared by bytes.
func TestCollation(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (code TEXT COLLATE NOCASE PRIMARY KEY, v TEXT COLLATE NOCASE); INSERT INTO t VALUES ('ABC', 'Yes')`)
	d := f.open(t)
	table := describe(t, d, "t")
	var out bytes.Buffer
	_, found, err := d.Fetch(ctx, driver.Lookup{Table: table.Table, By: table.Columns[:1], Columns: table.Columns}, strings.NewReader("5,\"abc\"\n"), &out)
	if err != nil || found != 1 || out.String() != "5,\"ABC\",\"Yes\"\n" {
		t.Errorf("Fetch gives %q, %v", out.String(), err)
	}
	w := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}
	tx := begin(t, d)
	_, conflicts, err := tx.Write(ctx, w, strings.NewReader("5,\"1\",\"abc\",\"yes\",\"no\"\n"), io.Discard)
	if diff := cmp.Diff([]driver.Conflict{{Number: 5}}, conflicts); err != nil || diff != "" {
		t.Errorf("error %v, conflicts (-want +got):\n%s", err, diff)
	}
	if err := tx.Commit(ctx); err == nil {
		t.Error("a transaction with conflicts must not commit")
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	w.Op = driver.Delete // of a row whose key was spelled otherwise when that was approved
	_, conflicts, err = begin(t, d).Write(ctx, w, strings.NewReader("5,\"0\",\"abc\",\"Yes\",\n"), io.Discard)
	if diff := cmp.Diff([]driver.Conflict{{Number: 5}}, conflicts); err != nil || diff != "" {
		t.Errorf("delete: error %v, conflicts (-want +got):\n%s", err, diff)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT id FROM t; CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)`)
	d := f.open(t)
	for name, writable := range map[string]bool{"t": true, "v": false, "r": false} {
		if got := describe(t, d, name).ReadOnly; (got == "") != writable {
			t.Errorf("%s: read-only %q", name, got)
		}
	}
	tx := begin(t, d)
	view := describe(t, d, "v")
	var refusal *driver.Refusal
	if _, _, err := tx.Write(ctx, driver.Write{Op: driver.Delete, Table: view.Table, Key: view.Columns}, strings.NewReader("1,\"\",\"1\"\n"), io.Discard); !errors.As(err, &refusal) {
		t.Errorf("writing to a view gives %v, want a refusal", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(f.path)
	ro, err := sqlite.Open(ctx, "file:"+escaped+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if got := describe(t, ro, "t").ReadOnly; got == "" {
		t.Error("the connection is read-only; the table should say so")
	}
	if _, err := ro.Begin(ctx, driver.Options{}); !errors.As(err, &refusal) {
		t.Errorf("Begin gives %v, want a refusal", err)
	}
}

// What the table's own rules and triggers do is a refusal in plain words, with
// neither SQL nor values.
func TestRulesOfTheTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, schema, message, column string
	}{
		{"trigger with its words", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
			CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'Ask the warehouse''s head.'); END`, "does not allow it: Ask the warehouse's head.", ""},
		{"trigger telling a value", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
			CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no ' || NEW.v); END`, "A trigger of the table does not allow it.", ""},
		{"trigger that leaves rows out", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
			CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT RAISE(IGNORE); END`, "A trigger of t left out 1 of 1 rows.", ""},
		{"trigger that moves rows", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
			CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET id = id + 100; END`, "a trigger changes it", ""},
		{"named check", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, CONSTRAINT v_short CHECK (length(v) < 3))`, "breaks the check v_short", ""},
		{"check without a name", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT CHECK (length(v) < 3))`, "breaks a check of the table", ""},
		{"on conflict replace", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE ON CONFLICT REPLACE); INSERT INTO t VALUES (1, 'secret')`, "Another row has the same v", "v"},
		{"on conflict ignore", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE ON CONFLICT IGNORE); INSERT INTO t VALUES (1, 'secret')`, "Another row has the same v", "v"},
		{"unique over an expression", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE UNIQUE INDEX u ON t (lower(v)); INSERT INTO t VALUES (1, 'SECRET')`, "Another row has this value", ""},
		{"unknown function", `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
			CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT only_the_application_has(NEW.v); END`, "that only its own application has", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFile(t)
			f.Exec(t, test.schema)
			d := f.open(t)
			before := f.Rows(t, record.Table{Name: "t"}, describe(t, d, "t").Columns)
			table := describe(t, d, "t")
			tx := begin(t, d)
			_, conflicts, err := tx.Write(ctx, driver.Write{Op: driver.Insert, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]},
				strings.NewReader("1,\"1\",\"7\",,\"secret\"\n"), io.Discard)
			var r *driver.Refusal
			if !errors.As(err, &r) || !strings.Contains(r.Message, test.message) || strings.Contains(errs.Detail(err), "secret") || r.Column != test.column {
				t.Errorf("got conflicts %v and %#v (%v), want a refusal saying %q", conflicts, r, err, test.message)
			}
			if err := tx.Commit(ctx); err == nil {
				t.Error("a failed transaction must not commit")
			}
			if err := tx.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, f.Rows(t, table.Table, table.Columns)); diff != "" {
				t.Errorf("the table changed (-before +after):\n%s", diff)
			}
		})
	}
}

// What a trigger makes of the values is what is given back as stored.
func TestStoredIsWhatStands(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, at TEXT); INSERT INTO t VALUES (1, 'a', 'old');
		CREATE TRIGGER g AFTER UPDATE ON t BEGIN UPDATE t SET v = upper(v), at = 'new' WHERE id = NEW.id; END`)
	d := f.open(t)
	table := describe(t, d, "t")
	w := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}
	if got, want := write(t, begin(t, d), w, "4,\"10\",\"1\",\"a\",\"old\",\"b\",\"old\"\n"), "4,\"1\",\"B\",\"new\"\n"; got != want {
		t.Errorf("stored %q, want %q", got, want)
	}
}

// A foreign key that is checked at the end refuses the commit.
func TestDeferredForeignKey(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, parent INT REFERENCES t DEFERRABLE INITIALLY DEFERRED)`)
	d := f.open(t)
	table := describe(t, d, "t")
	tx := begin(t, d)
	write(t, tx, driver.Write{Op: driver.Insert, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}, "1,\"1\",\"1\",,\"2\"\n")
	var r *driver.Refusal
	if err := tx.Commit(ctx); !errors.As(err, &r) {
		t.Errorf("Commit gives %v, want a refusal", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
	if n, err := d.Count(ctx, table.Table); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Reading, applying and failing leave nothing behind, in the file or beside it,
// and keep the journal mode.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"delete", "wal"} {
		f := newFile(t)
		f.Exec(t, `PRAGMA journal_mode = `+mode+`; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')`)
		d := f.Open(t)
		table := describe(t, d, "t")
		l := driver.Lookup{Table: table.Table, By: table.Columns[:1], Columns: table.Columns}
		w := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}
		for i := range 20 { // more than there are connections
			if _, n, err := d.Fetch(ctx, l, strings.NewReader("1,\"1\"\n"), io.Discard); err != nil || n != 1 {
				t.Fatal(n, err)
			}
			if _, _, err := d.Fetch(ctx, l, strings.NewReader("1,\"1\n"), io.Discard); err == nil {
				t.Fatal("a broken stream must be an error")
			}
			tx := begin(t, d)
			write(t, tx, w, fmt.Sprintf("1,\"1\",\"1\",\"%s\",\"%s\"\n", strings.Repeat("a", i+1), strings.Repeat("a", i+2)))
			if err := tx.Commit(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		var names, journal string
		if err := f.db.QueryRow("SELECT group_concat(name) FROM sqlite_schema").Scan(&names); err != nil || names != "t" {
			t.Errorf("the file holds %q, %v", names, err)
		}
		if err := f.db.QueryRow("PRAGMA journal_mode").Scan(&journal); err != nil || journal != mode {
			t.Errorf("journal mode %q, %v; want %q", journal, err, mode)
		}
		f.db.Close()
		files, err := os.ReadDir(filepath.Dir(f.path))
		if err != nil || len(files) != 1 {
			t.Errorf("beside the file lie %v, %v", files, err)
		}
	}
}

// cancelling cancels a context as soon as it is read from, and never ends.
type cancelling struct {
	cancel context.CancelFunc
	n      int
}

func (c *cancelling) Read(p []byte) (int, error) {
	if c.n++; c.n == 3 {
		c.cancel()
	}
	return copy(p, fmt.Sprintf("%d,\"1\"\n", c.n)), nil
}

func TestCancelledHalfway(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)`)
	d := f.open(t)
	table := describe(t, d, "t")
	l := driver.Lookup{Table: table.Table, By: table.Columns, Columns: table.Columns}
	ctx, cancel := context.WithCancel(ctx)
	if _, _, err := d.Fetch(ctx, l, &cancelling{cancel: cancel}, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch gives %v, want context.Canceled", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	tx := begin(t, d)
	if _, _, err := tx.Write(ctx, driver.Write{Op: driver.Delete, Table: table.Table, Key: table.Columns},
		&cancelling{cancel: cancel}, io.Discard); err == nil {
		t.Error("Write should fail when cancelled")
	}
	if err := tx.Commit(context.Background()); err == nil {
		t.Error("a failed transaction must not commit")
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Errorf("Rollback works though the context has ended: %v", err)
	}
	if got := exported(t, d, table); got != "1,\"1\"\n" {
		t.Errorf("the table holds %q", got)
	}
}

func TestStatementTakesTooLong(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
		CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n); END`)
	d := f.open(t)
	table := describe(t, d, "t")
	tx, err := d.Begin(ctx, driver.Options{StatementSeconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = tx.Write(ctx, driver.Write{Op: driver.Insert, Table: table.Table, Key: table.Columns[:1]}, strings.NewReader("1,\"\",\"1\"\n"), io.Discard)
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "longer than allowed") {
		t.Errorf("got %v", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
}

// More columns than one expression or one INSERT may have, of whatever class.
func TestWideTable(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	classes := []struct{ value, read string }{{"1.5", `"1.50"`}, {"x'ab'", `"blob:AB"`}, {"NULL", ""}, {"'[]\"'", `"text:[]"""`}, {"7", `"7.00"`}, {"'],['", `"text:],["`}, {"x''", `"blob:"`}}
	var columns, values []string
	want := `1,"1"`
	for i := range 600 {
		c := classes[i%len(classes)]
		columns, values, want = append(columns, fmt.Sprintf("c%d NUMERIC(10,2)", i)), append(values, c.value), want+","+c.read
	}
	f.Exec(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, "+strings.Join(columns, ", ")+"); INSERT INTO t VALUES (1, "+strings.Join(values, ", ")+")")
	d := f.open(t)
	table := describe(t, d, "t")
	got := exported(t, d, table)
	if got != want+"\n" {
		t.Errorf("exported %s", got)
	}
	steps(t, d, table, got)
	if again := exported(t, d, table); again != got {
		t.Errorf("exported %.80s… after it was written back", again)
	}
}

// What is known of a table is known as long as nobody changes its structure, from
// wherever; and nobody who asks can spoil it for the others.
func TestStructureIsToday(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id INTEGER PRIMARY KEY, a TEXT UNIQUE)`)
	d := f.open(t)
	first := describe(t, d, "child")
	first.Columns[0].Name, first.Uniques[0] = "spoilt", nil
	if again := describe(t, d, "child"); again.Columns[0].Name != "id" || len(again.Uniques[0]) != 1 {
		t.Errorf("another asker had it changed: %+v", again)
	}
	f.Exec(t, `ALTER TABLE child ADD COLUMN p INT REFERENCES parent (id)`)
	if now := describe(t, d, "child"); len(now.Columns) != 3 || len(now.ForeignKeys) != 1 {
		t.Errorf("after another program added a column: %+v", now)
	}
	if now := describe(t, d, "parent"); len(now.ReferencedBy) != 1 {
		t.Errorf("after another table referred to it: %+v", now)
	}
	f.Exec(t, `DROP TABLE child`)
	if _, err := d.Describe(t.Context(), record.Table{Name: "child"}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("after it was dropped: %v", err)
	}
}

// Of rows that are written those come back that are stored otherwise than they say: by a
// default, under a key that is spelled otherwise, or by a trigger, be it one of another table
// that writes to this one too.
func TestStoredOtherwise(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (code TEXT COLLATE NOCASE PRIMARY KEY, v TEXT, d TEXT DEFAULT 'usual'); INSERT INTO t VALUES ('ABC', 'Yes', 'x')`)
	stored := func(op driver.Op, rows string) string {
		d := f.open(t)
		table, tx := describe(t, d, "t"), begin(t, d)
		got := write(t, tx, driver.Write{Op: op, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}, rows)
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for rows, want := range map[string]string{
		`1,"10","ABC","Yes","x","No","x"` + "\n": "",
		`1,"10","abc","Yes","x","No","x"` + "\n": `1,"ABC","No","x"` + "\n",
	} {
		if got := stored(driver.Update, rows); got != want {
			t.Errorf("of %s comes back %q, want %q", rows, got, want)
		}
	}
	if got := stored(driver.Insert, `1,"11","n1",,,"No","x"`+"\n"+`2,"10","n2",,,"No",`+"\n"); got != `2,"n2","No","usual"`+"\n" {
		t.Errorf("of new rows comes back %q", got)
	}
	f.Exec(t, `CREATE TABLE other (a); CREATE TRIGGER other_t AFTER UPDATE ON other BEGIN UPDATE t SET code = code || '2'; END`)
	if got := stored(driver.Update, `1,"10","ABC","Yes","x","No","x"`+"\n"); got != `1,"ABC","No","x"`+"\n" {
		t.Errorf("with a trigger in the database comes back %q", got)
	}
}
