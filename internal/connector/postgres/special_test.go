package postgres_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// sortedLines puts records in order, for the server gives them in none.
func sortedLines(records string) string {
	return strings.Join(slices.Sorted(strings.Lines(records)), "")
}

// TestCitextKeys: the unique index of citext takes keys in any case for the same,
// wherever the extension stands, and a row is judged by its bytes all the same.
func TestCitextKeys(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE SCHEMA "My Ext"; CREATE EXTENSION citext SCHEMA "My Ext"; CREATE DOMAIN mail AS "My Ext".citext;
		CREATE TABLE t (k "My Ext".citext PRIMARY KEY, m mail UNIQUE, v text); INSERT INTO t VALUES ('Ada', 'A@x', 'one')`)
	table := describe(t, d, "t")
	if c := table.Columns[0]; c.Type.Kind != record.Text || table.Columns[1].Type.Domain == "" {
		t.Fatalf("described as %+v", table.Columns)
	}
	want := `"7","Ada","A@x","one"` + "\n"
	for _, by := range []string{"k", "m"} {
		if got := fetch(t, d, table, []string{by}, map[string]string{"k": "7,\"ADA\"\n8,\"Bob\"\n", "m": "7,\"a@X\"\n"}[by]); got != want {
			t.Errorf("by %s: %q", by, got)
		}
	}
	if o := write(t, d, writeOf(driver.Insert, table), `1,"11","ADA",,,"b@x","two"`+"\n"); len(o.conflicts) != 1 {
		t.Errorf("inserted beside another case: %+v", o)
	}
	w := writeOf(driver.Update, table)
	if o := write(t, d, w, `1,"11","ada","a@X","one","b@x","two"`+"\n"); len(o.conflicts) != 1 {
		t.Errorf("another case in before: %+v, want a conflict", o)
	}
	if o := write(t, d, w, `1,"11","ada","A@x","one","a@X","two"`+"\n"); o.stored != `"1","Ada","a@X","two"`+"\n" {
		t.Errorf("the case alone: %+v", o)
	}
	w.Op = driver.Delete // of a row whose key was spelled otherwise when that was approved
	if o := write(t, d, w, `1,"00","ada","a@X","two",,`+"\n"); len(o.conflicts) != 1 {
		t.Errorf("deleted by another case of the key: %+v", o)
	}
	if o := write(t, d, w, `1,"00","Ada","a@X","two",,`+"\n"); o.err != nil || len(o.conflicts) != 0 {
		t.Errorf("deleted by the key as it is: %+v", o)
	}
}

// TestMoneyIsANumber: whatever lc_monetary is, a money is read and written as the
// number that it is, and its texts are never taken for another.
func TestMoneyIsANumber(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id money PRIMARY KEY, v money, w money UNIQUE);
		INSERT INTO t VALUES (1.5::numeric, 1234.56::numeric, 92233720368547758.07::numeric), (2, NULL, (-0.01)::numeric)`)
	table := describe(t, d, "t")
	if got, want := table.Columns[1].Type, (record.Type{Kind: record.Decimal, Precision: 18, Scale: 2, Native: "money"}); !got.Equal(want) {
		t.Errorf("described as %+v", got)
	}
	if got, want := fetch(t, d, table, []string{"id"}, "1,\"1.50\"\n"), `"1","1.50","1234.56","92233720368547758.07"`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	o := write(t, d, writeOf(driver.Update, table), `1,"11","1.50","1234.56","92233720368547758.07","-7.00","-0.01"`+"\n"+`2,"01","2.00",,"-0.01",,"0.10"`+"\n")
	if want := `"1","1.50","-7.00","-0.01"` + "\n" + `"2","2.00",,"0.10"` + "\n"; o.err != nil || sortedLines(fetch(t, d, table, []string{"id"}, "1,\"1.50\"\n2,\"2.00\"\n")) != want {
		t.Errorf("got %+v, want %q", o, want)
	}
	var out bytes.Buffer
	where := record.Filter{Test: &record.Test{Column: table.Columns[1], Is: record.Less, Values: []string{"0.00"}}}
	if n, err := d.Select(ctx, table.Table, where, table.Columns[:1], table.Columns[:1], &out); err != nil || n != 2 { // NULL comes through too
		t.Errorf("%d rows below nothing, %v", n, err)
	}
}

// TestJSONStaysAsItIs: json keeps every text, blanks included, has no equality and
// no order, and no blank of it gets lost.
func TestJSONStaysAsItIs(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v json); INSERT INTO t VALUES (1, ' {"b":1, "a":2,"b":3}'), (2, NULL)`)
	table := describe(t, d, "t")
	v := table.Columns[1]
	var out bytes.Buffer
	if _, err := d.Spell(ctx, table.Table, v, strings.NewReader(`1," {""b"":1, ""a"":2,""b"":3}"`+"\n"+`2,"{"`+"\n"), &out); err != nil || out.String() != `"1"," {""b"":1, ""a"":2,""b"":3}",`+"\n"+`"2",,"not-of-type"`+"\n" {
		t.Errorf("spelled %q, %v", out.String(), err)
	}
	w := writeOf(driver.Update, table)
	if o := write(t, d, w, `1,"1","1","{""b"":1, ""a"":2,""b"":3}","1"`+"\n"); len(o.conflicts) != 1 {
		t.Errorf("another blank in before: %+v, want a conflict", o)
	}
	if o := write(t, d, w, `1,"1","1"," {""b"":1, ""a"":2,""b"":3}","[ 1 ]"`+"\n"); o.err != nil || fetch(t, d, table, []string{"id"}, "1,\"1\"\n") != `"1","1","[ 1 ]"`+"\n" {
		t.Errorf("got %+v", o)
	}
	out.Reset()
	if _, err := d.Page(ctx, table.Table, driver.View{Key: table.Columns[:1], By: table.Columns[1:], Limit: 9}, table.Columns, &out); err != nil {
		t.Errorf("in the order of json: %v", err)
	}
}

// TestEqualIsNotTheSame: what the system takes for equal is a change all the same
// where it is written otherwise.
func TestEqualIsNotTheSame(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, i interval, j jsonb, n numeric[]); INSERT INTO t VALUES (1, '1 mon', '1.0', '{1.0}')`)
	table := describe(t, d, "t")
	w := writeOf(driver.Update, table)
	for _, before := range []string{`"30 days","1.0","{1.0}"`, `"1 mon","1.00","{1.0}"`, `"1 mon","1.0","{1}"`} {
		if o := write(t, d, w, `1,"100","1",`+before+`,"1 day",,`+"\n"); len(o.conflicts) != 1 {
			t.Errorf("before %s: %+v, want a conflict", before, o)
		}
	}
	if o := write(t, d, w, `1,"111","1","1 mon","1.0","{1.0}","30 days","1.00","{1.00}"`+"\n"); o.err != nil || fetch(t, d, table, []string{"id"}, "1,\"1\"\n") != `"1","1","30 days","1.00","{1.00}"`+"\n" {
		t.Errorf("got %+v", o)
	}
}

// TestBytesWhateverTheSetting: bytea_output of the database changes nothing.
func TestBytesWhateverTheSetting(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, b bytea, i interval); INSERT INTO t VALUES (1, '\x00ff', '1 mon')`)
	for _, set := range []string{"bytea_output = 'escape'", "intervalstyle = 'iso_8601'"} {
		s.Exec(t, "ALTER DATABASE "+s.database(t)+" SET "+set)
	}
	table := describe(t, d, "t")
	fresh := s.Open(t)
	defer fresh.Close()
	if got, want := fetch(t, fresh, table, []string{"id"}, "1,\"1\"\n"), `"1","1","\x00ff","1 mon"`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
