package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var ctx = context.Background()

func describe(t testing.TB, d driver.Driver, name string) driver.Table {
	t.Helper()
	table, err := d.Describe(ctx, record.Table{Name: name})
	if err != nil {
		t.Fatalf("Describe(%s): %v", name, err)
	}
	return table
}

// exported gives the table's records, keyed by their first column.
func exported(t testing.TB, d driver.Driver, table driver.Table) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := d.Export(ctx, table.Table, table.Columns[:1], table.Columns, &out); err != nil {
		t.Fatalf("Export: %v", err)
	}
	return out.String()
}

// Every cell is read so that its storage class shows, and never as the
// canonical text of another value.
func TestStorageClassesShow(t *testing.T) {
	t.Parallel()
	tests := []struct{ declared, value, want string }{
		{"BOOLEAN", "1", "true"},
		{"BOOLEAN", "'true'", "text:true"},
		{"BOOLEAN", "2", "integer:2"},
		{"BOOLEAN", "0.5", "real:0.5"},
		{"INTEGER", "9007199254740993", "9007199254740993"},
		{"INTEGER", "'7'", "7"}, // SQLite's own affinity
		{"INTEGER", "1.5", "real:1.5"},
		{"INTEGER", "'abc'", "text:abc"},
		{"INTEGER", `'say "x"'`, `text:say ""x""`},
		{"INTEGER", "x'00ff'", "blob:00FF"},
		{"DECIMAL(10,2)", "2", "2.00"},
		{"DECIMAL(10,2)", "0.1", "0.10"},
		{"DECIMAL(10,2)", "-12.5", "-12.50"},
		{"DECIMAL(10,2)", "0.1+0.2", "real:0.30000000000000004"},
		{"DECIMAL(10,2)", "1.005", "real:1.005"},
		{"DECIMAL(10,2)", "-0.001", "real:-0.001"},
		{"DECIMAL(10,2)", "1e20", "real:1.0e+20"},
		{"DECIMAL(10,2)", "9007199254740993", "9007199254740993.00"},
		{"DECIMAL(10,2)", "'1,50'", "text:1,50"},
		{"NUMERIC", "100", "100"},
		{"NUMERIC", "0.00001", "0.00001"},
		{"NUMERIC", "-1.5e-7", "-0.00000015"},
		{"NUMERIC", "123456.789", "123456.789"},
		{"NUMERIC", "9.95", "9.95"},
		{"NUMERIC", "1e300", "real:1.0e+300"},
		{"REAL", "1", "1.0"},
		{"REAL", "'x'", "text:x"},
		{"REAL", "9e999", "Inf"},
		{"DATE", "'2026-03-31'", "2026-03-31"},
		{"DATE", "'31.3.2026'", "31.3.2026"},
		{"DATE", "1774915200", "integer:1774915200"},
		{"DATE", "'text:x'", "text:text:x"},
		{"DATE", "'integer:1774915200'", "text:integer:1774915200"},
		{"DATE", "'real:1'", "text:real:1"},
		{"TIMESTAMP", "'2026-03-31T14:30'", "2026-03-31T14:30"},
		{"TIMESTAMP", "2461131.1", "real:2461131.1"},
		{"TIMESTAMPTZ", "'2026-03-31 14:30:00+02'", "2026-03-31 14:30:00+02"},
		{"UUID", "'123E4567-E89B-12D3-A456-426614174000'", "123E4567-E89B-12D3-A456-426614174000"},
		{"UUID", "x'01'", "blob:01"},
		{"TIME", "'14:30:00'", "14:30:00"},
		{"TIME", "'2:30'", "2:30"},
		{"TIME", "1430", "integer:1430"},
		{"BLOB", "x'00ff'", `\x00ff`},
		{"BLOB", "'x00'", "text:x00"},
		{"BLOB", "7", "integer:7"},
		{"LONGBLOB", "x''", `\x`},
		{"UNSIGNED BIG INT", "'7'", "7"},
		{"VARCHAR2(9)", "007", "7"},
		{"VARCHAR2(9)", "'007'", "007"},
		{"TEXT", "7", "7"},
		{"TEXT", "'text:x'", "text:x"},
		{"TEXT", "''", ""},
		// What SQLite escapes in JSON, and what looks like it.
		{"TEXT", `'a\b"c\u0041\u0000]["null",'`, `a\b""c\u0041\u0000][""null"",`},
		{"TEXT", `'1'||char(8,12,10,13,9,1,31,127)||'\'`, "1\b\f\n\r\t\x01\x1f\x7f\\"},
		{"TEXT", "'é'||char(10)||'😀'", "é\n😀"},
		{"DATE", `'\' || char(9) || '""'`, `\` + "\t" + `""""`},
		{"DATE", "x'5b226e756c6c225d'", "blob:5B226E756C6C225D"},
		{"BOOLEAN", "x'01'", "blob:01"},
		{"BOOLEAN", "-1", "integer:-1"},
		{"INTEGER", "-9e999", "real:-Inf"},
		{"INTEGER", "-9223372036854775808", "-9223372036854775808"},
		{"REAL", "-9e999", "-Inf"},
		{"REAL", "x''", "blob:"},
		{"DECIMAL(10,2)", "9e999", "real:Inf"},
		{"DECIMAL(10,2)", "1e15/3", "333333333333333.30"},
		{"DECIMAL(15,5)", "8244337866307.9", "8244337866307.90000"},
		{"DECIMAL(15,5)", "8244337866307.901", "8244337866307.90100"},
		{"DECIMAL(15,10)", "1234567.123456789", "1234567.1234567890"},
		{"DECIMAL(10,2)", "-999999999999999.5", "-999999999999999.50"},
		{"NUMERIC", "99999999999999.9", "99999999999999.9"},
		{"NUMERIC", "99999999999999.98", "real:99999999999999.984"},
		{"NUMERIC", "-0.1-0.2", "real:-0.30000000000000004"},
		{"NUMERIC", "2.5e-310", "0." + strings.Repeat("0", 309) + "25"},
	}
	f := newFile(t)
	d := f.open(t)
	for i, test := range tests {
		name := fmt.Sprintf("t%d", i)
		f.Exec(t, fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, v %s); INSERT INTO %[1]s VALUES (1, %[3]s)", name, test.declared, test.value))
		if got, want := exported(t, d, describe(t, d, name)), `1,"1","`+test.want+"\"\n"; got != want {
			t.Errorf("%s in %s is read as %s, want %s", test.value, test.declared, got, want)
		}
	}
}

// A decimal of up to fifteen digits is read as it was written, and its neighbours among the
// numbers that SQLite has as what they are.
func TestLawDecimals(t *testing.T) {
	t.Parallel()
	const scales = 7
	f := newFile(t)
	columns := ""
	for scale := range scales {
		columns += fmt.Sprintf(", c%d DECIMAL(15,%[1]d)", scale)
	}
	f.Exec(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, n NUMERIC"+columns+")")
	d := f.open(t)
	table := describe(t, d, "t")
	rapid.Check(t, func(rt *rapid.T) {
		scale := rapid.IntRange(0, scales-1).Draw(rt, "scale")
		digits := rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(rt, "digits")
		if rapid.Bool().Draw(rt, "few") {
			digits %= 100_000
		}
		x := float64(digits) / math.Pow10(scale)
		neighbour := math.Nextafter(x, math.Inf(rapid.SampledFrom([]int{-1, 1}).Draw(rt, "side")))
		f.Exec(t, "DELETE FROM t")
		for id, v := range []float64{x, neighbour} {
			if _, err := f.db.Exec(fmt.Sprintf("INSERT INTO t (id, n, c%d) VALUES (?, ?, ?)", scale), id, v, v); err != nil {
				t.Fatal(err)
			}
		}
		want := strconv.FormatFloat(x, 'f', scale, 64)
		short := want
		if scale > 0 {
			short = strings.TrimSuffix(strings.TrimRight(want, "0"), ".")
		}
		rows := record.NewReader(strings.NewReader(exported(t, d, table)))
		for _, v := range []float64{x, neighbour} {
			fields, err := rows.Read()
			if err != nil {
				t.Fatal(err)
			}
			plain, scaled := string(fields[2].Text), string(fields[3+scale].Text)
			if v == x && (plain != short || scaled != want) {
				rt.Fatalf("%v is read as %q and %q, want %q and %q", v, plain, scaled, short, want)
			}
			for _, read := range []string{plain, scaled} {
				if back, err := strconv.ParseFloat(strings.TrimPrefix(read, "real:"), 64); err != nil || back != v {
					rt.Fatalf("%v is read as %q", v, read)
				}
			}
		}
	})
}

// A collation that only its own application has keeps nobody from reading or writing the rows.
func TestUnknownCollation(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE, n INT); INSERT INTO t VALUES (1, 'a', 2);
		PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'LOCALIZED') WHERE name = 't'`)
	d := f.open(t)
	table := describe(t, d, "t")
	read := `1,"1","a","2"` + "\n"
	if got := exported(t, d, table); got != read {
		t.Errorf("read as %s, want %s", got, read)
	}
	tx := begin(t, d)
	if got := write(t, tx, driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}, `1,"10","1","a","2","b",`+"\n"); got != "" {
		t.Errorf("stored otherwise: %s", got)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// A view that gives another value each time it is asked is read, or refused in words.
func TestInconstantView(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE b (id INTEGER PRIMARY KEY, b BLOB); INSERT INTO b VALUES (1, 5), (2, jsonb('[[1,[2]],{}]')), (3, 7), (4, jsonb('[]')), (5, jsonb('true'));
		CREATE VIEW v AS SELECT id, (SELECT b FROM b ORDER BY random() LIMIT 1) AS x, (SELECT b FROM b i WHERE i.id = 1 + abs(random() + o.id) % 5) AS y FROM b o`)
	d := f.open(t)
	table := describe(t, d, "v")
	refused := 0
	for range 200 {
		_, err := d.Export(ctx, table.Table, table.Columns[:1], table.Columns, io.Discard)
		if err != nil {
			refused++
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "another value each time") {
				t.Fatal(err)
			}
		}
	}
	t.Logf("refused %d times", refused)
}

// A text that SQLite computed as JSON is the text that it is, and no part of the row that it
// stands in; bytes that look like its JSONB are bytes.
func TestComputedJSONIsText(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, quoted TEXT AS (json_quote(v)) VIRTUAL, list TEXT AS (json_array(v)) VIRTUAL,
			bytes BLOB AS (jsonb_array(v)) VIRTUAL, kept TEXT AS (json_quote(v)) STORED, b BLOB);
		INSERT INTO t (id, v, b) VALUES (1, 'a,b', jsonb_array('x')); CREATE VIEW w AS SELECT id, quoted, list, bytes, kept, b FROM t`)
	d := f.open(t)
	const computed = `"""a,b""","[""a,b""]","\x4b37612c62","""a,b""","\x2b1778"` + "\n"
	for name, want := range map[string]string{"t": `1,"1","a,b",` + computed, "w": `1,"1",` + computed} {
		if got := exported(t, d, describe(t, d, name)); got != want {
			t.Errorf("%s is read as %s, want %s", name, got, want)
		}
	}
}

// What is read can be judged as "before" and written back as "after", and is
// then stored again bit for bit: whatever strange value stood there.
func TestLawReadAndWrittenBack(t *testing.T) {
	t.Parallel()
	declared := []string{"BOOLEAN", "BIGINT", "DECIMAL(10,2)", "DECIMAL(18)", "NUMERIC", "DOUBLE", "TEXT", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "UUID", "TIME", "BLOB", "UNSIGNED BIG INT"}
	f := newFile(t)
	var columns []string
	for i, decl := range declared {
		columns = append(columns, fmt.Sprintf("c%d %s", i, decl))
	}
	f.Exec(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, "+strings.Join(columns, ", ")+")")
	d := f.open(t)
	table := describe(t, d, "t")
	rapid.Check(t, func(rt *rapid.T) {
		f.Exec(t, "DELETE FROM t")
		row := []any{int64(1)}
		for i := range declared {
			row = append(row, strange(declared[i] == "TEXT").Draw(rt, declared[i]))
		}
		if _, err := f.db.Exec("INSERT INTO t VALUES (?"+strings.Repeat(",?", len(declared))+")", row...); err != nil {
			t.Fatal(err)
		}
		before, stored := exported(t, d, table), classes(t, f, len(declared))
		steps(t, d, table, before)
		if after := classes(t, f, len(declared)); after != stored {
			rt.Fatalf("stored before:\n%s\nafter:\n%s", stored, after)
		}
	})
}

// A STRICT table and one WITHOUT ROWID are written and taken back like any; what
// STRICT does not let in is refused.
func TestStrictAndWithoutRowID(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE strict (id INT PRIMARY KEY, n INTEGER, r REAL, v TEXT, b BLOB, a ANY) STRICT;
		CREATE TABLE bare (code TEXT, no INT, v DATE, PRIMARY KEY (no, code)) WITHOUT ROWID;
		CREATE TABLE both (id TEXT PRIMARY KEY, n INT) STRICT, WITHOUT ROWID;
		INSERT INTO strict VALUES (1, 7, 0.5, 'x', x'00ff', 'anything'); INSERT INTO bare VALUES ('a', 1, 'no day'); INSERT INTO both VALUES ('a', NULL)`)
	d := f.open(t)
	for name, want := range map[string]string{"strict": `1,"1","7","0.5","x","\x00ff"`, "bare": `1,"1","a","no day"`, "both": `1,"a",`} {
		table := describe(t, d, name)
		table.Columns = slices.DeleteFunc(table.Columns, func(c record.Column) bool { return c.Type.Kind == record.Unsupported })
		table.Columns = append(table.Columns.Pick(table.PrimaryKey), slices.DeleteFunc(slices.Clone(table.Columns), func(c record.Column) bool { return slices.Contains(table.PrimaryKey, c.Name) })...)
		if got := exported(t, d, table); got != want+"\n" {
			t.Errorf("%s: exported %s, want %s", name, got, want)
		}
	}
	tx := begin(t, d)
	both := describe(t, d, "both")
	w := driver.Write{Op: driver.Update, Table: both.Table, Key: both.Columns[:1], Columns: both.Columns[1:]}
	if stored := write(t, tx, w, `1,"1","a",,"7"`+"\n"); stored != "" {
		t.Errorf("stored otherwise: %s", stored)
	}
	var r *driver.Refusal
	if _, _, err := tx.Write(ctx, w, strings.NewReader(`1,"1","a","7","text:x"`+"\n"), io.Discard); !errors.As(err, &r) {
		t.Errorf("a text in a whole number of a STRICT table: %v, want a refusal", err)
	}
	a := describe(t, d, "strict").Columns[5].Type
	if a.Kind != record.Unsupported || !strings.Contains(a.Unsupported(), "each of its cells may be of another type") {
		t.Errorf("ANY is described as %+v", a)
	}
}

// strange draws any value SQLite can store; only text for text columns.
func strange(text bool) *rapid.Generator[any] {
	texts := rapid.Map(rapid.OneOf(rapid.SampledFrom([]string{"", "true", "1", "1.0", "1e3", "text:x", "real:1", "integer:7", "blob:00", "2026-03-31", "0x10", " 1", "Inf", "-0"}),
		rapid.StringN(0, 12, -1)), func(s string) any { return strings.ReplaceAll(s, "\x00", "") })
	if text {
		return texts
	}
	return rapid.OneOf(texts,
		rapid.Just[any](nil),
		rapid.Map(rapid.Int64(), func(v int64) any { return v }),
		rapid.Map(rapid.Int64Range(-3, 3), func(v int64) any { return v }),
		rapid.Map(rapid.Float64(), func(v float64) any { return v }),
		rapid.Map(rapid.Int64Range(-1e15, 1e15), func(v int64) any { return float64(v) / 100 }),
		rapid.Map(rapid.Int64Range(-1e15, 1e15), func(v int64) any { return float64(v) / 10 }),
		rapid.Map(rapid.SampledFrom([]float64{math.Inf(1), 5e-324, math.MaxFloat64, 1e15, 1e16, 1e-5, 0.1 + 0.2, 8244337866307.9, 77788167246981.3, 77788167246981.29}), func(v float64) any { return v }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 9), func(v []byte) any { return v }))
}

func classes(t testing.TB, f *file, n int) string {
	t.Helper()
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf("typeof(c%d) || ' ' || coalesce(hex(c%[1]d), '') || ' ' || coalesce(printf('%%!.17g', c%[1]d), '')", i))
	}
	var s string
	if err := f.db.QueryRow("SELECT " + strings.Join(parts, " || char(10) || ") + " FROM t").Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// steps deletes the one row, judging all of it, and inserts it again.
func steps(t testing.TB, d driver.Driver, table driver.Table, record string) {
	t.Helper()
	_, values, _ := strings.Cut(record, ",")
	_, rest, _ := strings.Cut(strings.TrimSuffix(values, "\n"), ",")
	n := len(table.Columns) - 1
	nulls := strings.Repeat(",", n)
	w := driver.Write{Op: driver.Delete, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}
	tx := begin(t, d)
	mask := `1,"` + strings.Repeat("1", n) + `","1"`
	write(t, tx, w, mask+","+rest+nulls+"\n")
	w.Op = driver.Insert
	write(t, tx, w, mask+nulls+","+rest+"\n")
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func begin(t testing.TB, d driver.Driver) driver.Tx {
	t.Helper()
	tx, err := d.Begin(ctx, driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(ctx) })
	return tx
}

// write writes rows, all of which must go in, and gives what was stored.
func write(t testing.TB, tx driver.Tx, w driver.Write, rows string) string {
	t.Helper()
	var stored bytes.Buffer
	_, conflicts, err := tx.Write(ctx, w, strings.NewReader(rows), &stored)
	if err != nil || len(conflicts) > 0 {
		t.Fatalf("%s: conflicts %v, error %v, of the rows\n%s", w.Op, conflicts, err, rows)
	}
	return stored.String()
}

// Text that cannot travel ends the reading with a sentence that says where.
func TestUnreadableText(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE "Müll" (region TEXT, no INTEGER, "it's" TEXT, d DATE, PRIMARY KEY (region, no))`)
	d := f.open(t)
	table := describe(t, d, "Müll")
	key := table.Columns.Pick([]string{"region", "no"})
	for value, want := range map[string]string{
		`x'616263', NULL`:             "column it's of Müll holds bytes (a BLOB) instead of text, in the row with region EU, no 3.",
		`CAST(x'61ff62' AS TEXT), ''`: "column it's of Müll holds a text that is not UTF-8, in the row with region EU, no 3.",
		`'a'||char(0)||'b', NULL`:     "column it's of Müll holds a text with a NUL character in it, in the row with region EU, no 3.",
		`'"', 'x'||char(0)`:           "column d of Müll holds a text with a NUL character in it, in the row with region EU, no 3.",
	} {
		f.Exec(t, `DELETE FROM "Müll"; INSERT INTO "Müll" VALUES ('EU', 1, 'fine', NULL), ('EU', 3, `+value+`), ('US', 1, NULL, NULL)`)
		_, _, fetched := d.Fetch(ctx, driver.Lookup{Table: table.Table, By: key, Columns: table.Columns},
			strings.NewReader("7,\"EU\",\"1\"\n8,\"EU\",\"3\"\n"), io.Discard)
		_, exported := d.Export(ctx, table.Table, key, table.Columns, io.Discard)
		_, paged := d.Page(ctx, table.Table, driver.View{Key: key, Limit: 1, Offset: 1}, table.Columns, io.Discard)
		tx := begin(t, d)
		_, _, written := tx.Write(ctx, driver.Write{Op: driver.Update, Table: table.Table, Key: key, Columns: table.Columns[2:]},
			strings.NewReader("1,\"00\",\"EU\",\"3\",\"x\",,,\n"), io.Discard)
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{fetched, exported, paged} {
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want … %s", err, want)
			}
		}
		if written != nil {
			t.Errorf("such a value differs from any before, so it is a conflict; got %v", written)
		}
		// The column left out, nothing stands in the way.
		if _, err := d.Export(ctx, table.Table, key, slices.Clone(key), io.Discard); err != nil {
			t.Error(err)
		}
	}
}
