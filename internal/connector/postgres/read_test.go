package postgres_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sutor/internal/connector/postgres"
	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

func fetch(t *testing.T, d driver.Driver, table driver.Table, by []string, in string) string {
	t.Helper()
	var out bytes.Buffer
	if _, _, err := d.Fetch(ctx, driver.Lookup{Table: table.Table, By: table.Columns.Pick(by), Columns: table.Columns}, strings.NewReader(in), &out); err != nil {
		t.Fatalf("Fetch: %v", err)
	}
	return out.String()
}

// TestKeysMatchAsTheSystemDoes: by the column's collation and type.
func TestKeysMatchAsTheSystemDoes(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE t (k text COLLATE ci PRIMARY KEY, c char(5), v varchar COLLATE ci); INSERT INTO t VALUES ('Ada', 'x', 'Lovelace')`)
	table := describe(t, d, "t")
	if got := fetch(t, d, table, []string{"k"}, "7,\"ADA\"\n8,\"Bob\"\n"); got != `"7","Ada","x","Lovelace"`+"\n" {
		t.Errorf("by a case-insensitive key: %q", got)
	}
	if got := fetch(t, d, table, []string{"c"}, "1,\"x\"\n2,\"x  \"\n3,\"X\"\n"); strings.Count(got, "\n") != 2 {
		t.Errorf("by char(5): %q", got)
	}
	// But a row is judged by bytes, and compared so.
	look := driver.Lookup{Table: table.Table, By: table.Columns.Pick([]string{"k"}), Columns: table.Columns, Unless: table.Columns.Pick([]string{"c", "v"}), Still: []string{"k"}}
	var out bytes.Buffer
	if _, _, err := d.Fetch(ctx, look, strings.NewReader("1,\"ADA\",\"x\",\"lovelace\"\n2,\"ADA\",\"x\",\"Lovelace\"\n3,\"ADA\",,\"Lovelace, but longer than the column is\"\n"), &out); err != nil {
		t.Fatal(err)
	}
	want := []string{`"1","0","Ada","x","Lovelace"`, `"2","1","Ada",,`, `"3","0","Ada","x","Lovelace"`}
	if got := strings.Split(strings.TrimSpace(out.String()), "\n"); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("compared: %q", got)
	}
	o := write(t, d, writeOf(driver.Update, table), `1,"01","ADA","x","lovelace","x","King"`+"\n")
	if len(o.conflicts) != 1 || o.err != nil {
		t.Errorf("another case in before: %+v, want a conflict", o)
	}
	o = write(t, d, writeOf(driver.Update, table), `1,"01","ADA","x","Lovelace","x","King"`+"\n")
	if o.stored != `"1","Ada","x","King"`+"\n" {
		t.Errorf("got %+v", o)
	}
}

// TestStrangeValues: what can be stored but not proposed is read as it prints,
// and can be written back.
func TestStrangeValues(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, d date, s timestamp, z timestamptz, n numeric, f float8);
		INSERT INTO t VALUES (1, 'infinity', '-infinity', 'infinity', 'NaN', 'NaN'), (2, '0044-03-15 BC', '20000-01-01', '0044-03-15 BC', '1e20', '-Infinity')`)
	table := describe(t, d, "t")
	want := `"1","infinity","-infinity","infinity","NaN","NaN"` + "\n" + `"2","0044-03-15 BC","20000-01-01 00:00:00","0044-03-15 00:00:00+00 BC","100000000000000000000","-Infinity"` + "\n"
	var out bytes.Buffer
	if _, err := d.Export(ctx, table.Table, table.Columns[:1], table.Columns, &out); err != nil {
		t.Fatal(err)
	}
	var exported, there, back strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(want), "\n") {
		n := i + 1
		_, values, _ := strings.Cut(line, ",")
		fmt.Fprintf(&exported, "\"%d\",%s\n", n, line)
		fmt.Fprintf(&there, "%d,\"11111\",\"%[1]d\",%s,,,,,\n", n, values)
		fmt.Fprintf(&back, "%d,\"11111\",\"%[1]d\",,,,,,%s\n", n, values)
	}
	if out.String() != exported.String() {
		t.Errorf("exported %q, want %q", out.String(), exported.String())
	}
	w := writeOf(driver.Update, table)
	if o := write(t, d, w, there.String()); o.err != nil || o.written != 2 {
		t.Fatalf("%+v", o)
	}
	if o := write(t, d, w, back.String()); o.err != nil || o.stored != "" {
		t.Errorf("%+v", o)
	}
	if got := sortedLines(fetch(t, d, table, []string{"id"}, "1,\"1\"\n2,\"2\"\n")); got != exported.String() {
		t.Errorf("got %q; want %q", got, exported.String())
	}
}

// TestCanonicalTexts: the same value has one text, however it was stored.
func TestCanonicalTexts(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, n numeric, m numeric(9,3), c char(6), b bool, s timestamp, z timestamptz, u uuid);
		INSERT INTO t VALUES (1, 1.500, 1.5, 'ab  ', 'yes', '2026-03-31 10:00:00.500000', '2026-03-31 12:00:00+02', '123E4567E89B12D3A456426614174000')`)
	want := `"1","1","1.5","1.500","ab","true","2026-03-31 10:00:00.5","2026-03-31 10:00:00+00","123e4567-e89b-12d3-a456-426614174000"` + "\n"
	table := describe(t, d, "t")
	if got := fetch(t, d, table, []string{"id"}, "1,\"1\"\n"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, values, _ := strings.Cut(strings.TrimSpace(want)[len(`"1",`):], ",")
	o := write(t, d, writeOf(driver.Update, table), `1,"0000000","1",`+values+","+values+"\n")
	if o.err != nil || o.written != 1 || o.stored != "" {
		t.Errorf("judged and locked: %+v", o)
	}
}

// TestSessionDefaults: neither the database's nor the account's settings change
// what is read.
func TestSessionDefaults(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, z timestamptz, f float8); INSERT INTO t VALUES (1, '2026-07-01 12:00:00+00', 1.0/3)`)
	for _, set := range []string{"TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'", "extra_float_digits = -5", "search_path = 'nowhere'", "standard_conforming_strings = off", "bytea_output = 'escape'"} {
		s.Exec(t, "ALTER DATABASE "+s.database(t)+" SET "+set)
	}
	fresh := s.Open(t)
	defer fresh.Close()
	table := describe(t, d, "t")
	if got, want := fetch(t, fresh, table, []string{"id"}, "1,\"1\"\n"), `"1","1","2026-07-01 12:00:00+00","0.3333333333333333"`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNothingIsLeft: no table of ours outlives a call, and none stands in a
// lasting schema.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')`)
	table := describe(t, d, "t")
	fetch(t, d, table, []string{"id"}, "1,\"1\"\n")
	if o := write(t, d, writeOf(driver.Update, table), `1,"1","1","a","b"`+"\n"); o.err != nil {
		t.Fatal(o.err)
	}
	var n int
	if err := s.pool.QueryRow(ctx, "SELECT count(*) FROM pg_class WHERE relname LIKE 'sutor%'").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d tables are left, %v", n, err)
	}
}

// TestServerEndsSession: a session that the server ends is unavailable, and the
// next call opens another.
func TestServerEndsSession(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')`)
	table := describe(t, d, "t")
	tx, err := d.Begin(ctx, driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Exec(t, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'sutor' AND datname = current_database()`)
	_, _, err = tx.Write(ctx, writeOf(driver.Update, table), strings.NewReader(`1,"1","1","a","b"`+"\n"), new(bytes.Buffer))
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("Write: %v, want unavailable", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Errorf("Rollback: %v; the server has done it", err)
	}
	if state, err := d.TxStatus(ctx, tx.ID()); err != nil || state != driver.TxAborted {
		t.Errorf("TxStatus: %s, %v", state, err)
	}
}

func TestTxStatusOfStrangers(t *testing.T) {
	t.Parallel()
	_, d := open(t)
	for _, id := range []string{"", "abc", "1'; --", "99999999999999", "18446744073709551615", "3"} {
		if state, err := d.TxStatus(ctx, id); err != nil || (state != driver.TxUnknown && id != "3") {
			t.Errorf("TxStatus(%q): %s, %v", id, state, err)
		}
	}
}

func TestOpenRefusesSQLASCII(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	name := s.database(t) + "_ascii"
	s.Exec(t, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
	t.Cleanup(func() { s.Exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	if _, err := postgres.Open(ctx, strings.Replace(s.dsn, s.database(t), name, 1)); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "SQL_ASCII") {
		t.Errorf("got %v", err)
	}
}
