package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/connector/postgres"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var ctx = context.Background()

// open gives a database of its own and a driver on it.
func open(t *testing.T) (*system, driver.Driver) {
	t.Helper()
	s := newSystem(t, pgtest.Database(t))
	d := s.Open(t)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, d
}

func describe(t *testing.T, d driver.Driver, name string) driver.Table {
	t.Helper()
	table, err := d.Describe(ctx, record.ParseTable(name))
	if err != nil {
		t.Fatalf("Describe(%s): %v", name, err)
	}
	return table
}

func TestDescribeTypes(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TYPE mood AS ENUM ('ok', 'Bad'); CREATE DOMAIN email AS text; CREATE DOMAIN code AS varchar(8) DEFAULT 'x' NOT NULL;
		CREATE DOMAIN short AS code CHECK (value <> ''); CREATE DOMAIN feeling AS mood; CREATE DOMAIN points AS point;
		CREATE TABLE t (serial serial PRIMARY KEY, bpchar bpchar, one char, any_length varchar, money numeric(12,2), tens numeric(3,-1),
		stamp timestamp, email email, short short, feeling feeling, points points, mood mood, list int[], doc jsonb, bytes bytea, clock time(3), gone int)`)
	s.Exec(t, `ALTER TABLE t DROP COLUMN gone`)
	table := describe(t, d, "t")
	if c := table.Columns[0]; !c.HasDefault || c.Nullable || c.Identity != "" {
		t.Errorf("serial: %+v, want a default", c)
	}
	want := map[string]record.Type{
		"serial": {Kind: record.Int, Bits: 32, Native: "integer"}, "bpchar": {Kind: record.Text, Fixed: true, Native: "bpchar"},
		"one": {Kind: record.Text, Fixed: true, MaxLen: 1, Native: "character(1)"}, "any_length": {Kind: record.Text, Native: "character varying"},
		"money": {Kind: record.Decimal, Precision: 12, Scale: 2, Native: "numeric(12,2)"}, "tens": {Native: "numeric(3,-1)", Why: "it rounds to tens, hundreds or more, so that what is read is not what was written"},
		"stamp": {Kind: record.Timestamp, Fraction: 6, Native: "timestamp without time zone"}, "email": {Kind: record.Text, Native: "text", Domain: "public.email"},
		"short": {Kind: record.Text, MaxLen: 8, Native: "character varying(8)", Domain: "public.short"}, "points": {Native: "point", Domain: "public.points", Why: "the database compares shapes only roughly"},
		"feeling": {Kind: record.Enum, Native: "public.mood", Domain: "public.feeling", Labels: []string{"ok", "Bad"}},
		"mood":    {Kind: record.Enum, Native: "public.mood", Labels: []string{"ok", "Bad"}}, "list": {Kind: record.Native, Native: "integer[]"}, "doc": {Kind: record.Native, Native: "jsonb"}, "bytes": {Kind: record.Bytes, Native: "bytea"},
		"clock": {Kind: record.Time, Fraction: 3, Native: "time(3) without time zone"},
	}
	got := map[string]record.Type{}
	for _, c := range table.Columns {
		got[c.Name] = c.Type
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// TestDescribeLists: of which types lists are carried is what docs/values.md says.
func TestDescribeLists(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN feeling AS mood; CREATE EXTENSION citext SCHEMA public`)
	lists := map[string]record.Kind{}
	for _, of := range []string{"boolean", "smallint", "integer", "bigint", "real", "double precision", "date", "timestamp", "timestamptz", "time", "uuid", "numeric(9,2)", "numeric",
		"text", "varchar", "char(3)", "citext", "mood", "interval", "inet", "cidr", "macaddr", "macaddr8"} {
		lists[of] = record.Native
	}
	for _, of := range []string{"money", "feeling", "bytea", "json", "jsonb", "bit(3)", "bit varying", "int4range", "tstzrange", "int4multirange"} {
		lists[of] = record.Unsupported
	}
	columns := "id int PRIMARY KEY"
	for of := range lists {
		columns += fmt.Sprintf(", %s %s[]", ident(of), of)
	}
	s.Exec(t, "CREATE TABLE t ("+columns+")")
	for _, c := range describe(t, d, "t").Columns[1:] {
		if c.Type.Kind != lists[c.Name] || (c.Type.Why == "") != (c.Type.Kind == record.Native) {
			t.Errorf("a list of %s: %+v", c.Name, c.Type)
		}
	}
}

func TestDescribeUniques(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text, UNIQUE (b, a) DEFERRABLE)`)
	s.Exec(t, `CREATE UNIQUE INDEX z_with_more ON t (c) INCLUDE (a); CREATE UNIQUE INDEX partial ON t (a) WHERE b > 0;
		CREATE UNIQUE INDEX expression ON t (lower(c)); CREATE INDEX not_unique ON t (b)`)
	s.Exec(t, `INSERT INTO t VALUES (1, 1, 1, 'x'), (2, 2, 1, 'y')`)
	if _, err := s.pool.Exec(ctx, `CREATE UNIQUE INDEX CONCURRENTLY invalid ON t (b)`); err == nil {
		t.Fatal("a unique index over equal values was made")
	}
	if diff := cmp.Diff([][]string{{"b", "a"}, {"c"}}, describe(t, d, "t").Uniques); diff != "" {
		t.Errorf("uniques (-want +got):\n%s", diff)
	}
}

func TestDescribeForeignKeys(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE SCHEMA "Other"; CREATE TABLE "Other".p (x int, y int, PRIMARY KEY (y, x));
		CREATE TABLE t (id int PRIMARY KEY, px int, py int, parent int CONSTRAINT tree REFERENCES t ON DELETE SET NULL,
		CONSTRAINT far FOREIGN KEY (px, py) REFERENCES "Other".p (x, y) DEFERRABLE INITIALLY DEFERRED)`)
	want := []driver.ForeignKey{
		{Name: "far", Columns: []string{"px", "py"}, RefTable: record.Table{Schema: "Other", Name: "p"}, RefColumns: []string{"x", "y"}, Deferred: true},
		{Name: "tree", Columns: []string{"parent"}, RefTable: record.Table{Schema: "public", Name: "t"}, RefColumns: []string{"id"}, OnDelete: "set null"},
	}
	if diff := cmp.Diff(want, describe(t, d, "t").ForeignKeys); diff != "" {
		t.Errorf("foreign keys (-want +got):\n%s", diff)
	}
}

func TestDescribeReadOnly(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
		CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY HASH (id)`)
	for name, want := range map[string]string{"t": "", "parts": "", "v": "a view", "m": "a materialized view"} {
		if got := describe(t, d, name).ReadOnly; (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestDescribeNearNames(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE SCHEMA erp; CREATE TABLE erp."Customer" (id int); CREATE TABLE customer (id int)`)
	_, err := d.Describe(ctx, record.ParseTable("CUSTOMER"))
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "public.customer, erp.Customer") {
		t.Errorf("%v, want both near tables, those of the schema first", err)
	}
}

// TestRights goes through what an account with few rights meets.
func TestRights(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	role := "reader_" + strings.TrimPrefix(ident(s.database(t)), `"`)
	role = strings.TrimSuffix(role, `"`)
	s.Exec(t, "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { s.Exec(t, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	s.Exec(t, "CREATE TABLE seen (id int PRIMARY KEY, v text); CREATE TABLE hidden (id int PRIMARY KEY); INSERT INTO seen VALUES (1, 'one'); GRANT SELECT ON seen TO "+role)
	d, err := postgres.Open(ctx, strings.Replace(s.dsn, "postgres@", role+"@", 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	seen := describe(t, d, "seen")
	if !strings.Contains(seen.ReadOnly, "right") {
		t.Errorf("ReadOnly is %q, want the missing right", seen.ReadOnly)
	}
	var refusal *driver.Refusal
	if _, err := d.Describe(ctx, record.ParseTable("hidden")); !errors.As(err, &refusal) {
		t.Errorf("%v, want a refusal", err)
	}
	if o := write(t, d, writeOf(driver.Insert, seen), `1,"1","2",,"two"`+"\n"); !errors.As(o.err, &refusal) || !strings.Contains(refusal.Message, "right") {
		t.Errorf("%v, want a refusal for the missing right", o.err)
	}

	s.Exec(t, "GRANT ALL ON seen TO "+role+"; ALTER ROLE "+role+" SET default_transaction_read_only = on")
	if d, err = postgres.Open(ctx, strings.Replace(s.dsn, "postgres@", role+"@", 1)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	if why := describe(t, d, "seen").ReadOnly; !strings.Contains(why, "only allows reading") {
		t.Errorf("ReadOnly is %q", why)
	}
	if _, found, err := d.Fetch(ctx, driver.Lookup{Table: seen.Table, By: seen.Columns[:1], Columns: seen.Columns}, strings.NewReader("1,\"1\"\n"), new(bytes.Buffer)); found != 1 || err != nil {
		t.Errorf("Fetch: %d, %v", found, err)
	}
	if o := write(t, d, writeOf(driver.Insert, seen), `1,"1","2",,"two"`+"\n"); !errors.As(o.err, &refusal) || !strings.Contains(refusal.Message, "read-only") {
		t.Errorf("%v, want a refusal", o.err)
	}
}

// database gives the name of the system's database.
func (s *system) database(t *testing.T) string {
	t.Helper()
	at, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(at.Path, "/")
}
