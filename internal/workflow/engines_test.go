package workflow_test

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/record"
)

// engine is a database system seen from outside Sutor, for random tables.
type engine interface {
	tables
	// dump gives a table's rows byte for byte.
	dump(t tb, table *table) string
}

// tables are what an engine makes.
type tables interface {
	// types lists the types of columns with their SQL.
	types() []column
	// odd lists SQL of values that a column may hold though no file could put
	// them there.
	odd(record.Type) []string
	// place names the table of a case; no two cases have the same.
	place(no int, name string) record.Table
	create(t tb, table *table)
	insert(t tb, table *table, rows map[string]row)
	drop(t tb, name record.Table)
}

func typed(k record.Kind, decl string, more ...func(*record.Type)) column {
	c := column{Column: record.Column{Type: record.Type{Kind: k}}, decl: decl}
	for _, f := range more {
		f(&c.Type)
	}
	return c
}

func labels(all ...string) func(*record.Type) { return func(t *record.Type) { t.Labels = all } }
func bits(n int) func(*record.Type)           { return func(t *record.Type) { t.Bits = n } }
func length(n int) func(*record.Type)         { return func(t *record.Type) { t.MaxLen = n } }
func fixed(n int) func(*record.Type)          { return func(t *record.Type) { t.MaxLen, t.Fixed = n, true } }
func fraction(n int) func(*record.Type)       { return func(t *record.Type) { t.Fraction = n } }
func digits(p, s int) func(*record.Type) {
	return func(t *record.Type) { t.Precision, t.Scale = p, s }
}

// definition writes a table's columns and key, all that the systems share.
func definition(t *table, literal func(column, field) string) string {
	var parts, keys []string
	for i, c := range t.columns {
		s := quoted(c.Name) + " " + c.decl
		switch {
		case c.Generated:
			s += " GENERATED ALWAYS AS (" + quoted(t.columns[0].Name) + ") STORED"
		case c.Identity != "" && !strings.Contains(c.decl, "PRIMARY KEY") && !strings.Contains(c.decl, autoIncrement):
			s += " GENERATED " + map[string]string{"always": "ALWAYS", "default": "BY DEFAULT"}[c.Identity] + " AS IDENTITY"
		case c.HasDefault && c.Identity == "":
			s += " DEFAULT " + literal(c, c.def)
		}
		if !c.Nullable {
			s += " NOT NULL"
		}
		parts = append(parts, s)
		if i < t.keys {
			keys = append(keys, quoted(c.Name))
		}
	}
	if !strings.Contains(t.columns[0].decl, "PRIMARY KEY") {
		parts = append(parts, "PRIMARY KEY ("+strings.Join(keys, ", ")+")")
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// insertion writes the INSERT of rows, but for the table's name and what PostgreSQL
// needs before VALUES.
func insertion(t *table, rows map[string]row, literal func(column, field) string) (names, values string) {
	var columns, tuples []string
	for _, c := range t.columns {
		if !c.Generated {
			columns = append(columns, quoted(c.Name))
		}
	}
	for _, r := range rows {
		var cells []string
		for i, c := range t.columns {
			if !c.Generated {
				cells = append(cells, literal(c, r[i]))
			}
		}
		tuples = append(tuples, "("+strings.Join(cells, ", ")+")")
	}
	return "(" + strings.Join(columns, ", ") + ")", strings.Join(tuples, ", ")
}

// autoIncrement is how MariaDB numbers rows.
const autoIncrement = " AUTO_INCREMENT"

func quotedText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// sqliteFile is an SQLite database.
type sqliteFile struct{ db *sql.DB }

func (sqliteFile) types() []column {
	return []column{
		typed(record.Bool, "BOOLEAN"), typed(record.Int, "SMALLINT", bits(16)), typed(record.Int, "INT4", bits(32)), typed(record.Int, "BIGINT", bits(64)),
		typed(record.Decimal, "DECIMAL(10,2)", digits(10, 2)), typed(record.Decimal, "NUMERIC", digits(15, -1)), typed(record.Decimal, "DECIMAL(18,0)", digits(18, 0)),
		typed(record.Float, "DOUBLE PRECISION", bits(64)), typed(record.Text, "TEXT"), typed(record.Text, "VARCHAR(8)", length(8)),
		typed(record.Date, "DATE"), typed(record.Timestamp, "TIMESTAMP", fraction(6)), typed(record.Timestamp, "DATETIME(0)", fraction(0)),
		typed(record.TimestampTZ, "TIMESTAMP WITH TIME ZONE", fraction(6)), typed(record.UUID, "UUID"),
	}
}

func (sqliteFile) odd(t record.Type) []string {
	switch t.Kind {
	case record.Text: // would end the reading with a sentence
		return nil
	case record.Bool:
		return []string{"2", "'true'", "0.5", "x'00ff'"}
	case record.Int:
		return []string{"1.5", "'abc'", "x''"}
	case record.Decimal:
		return []string{"0.1+0.2", "'1,50'", "1e300", "x'31'"}
	case record.Float:
		return []string{"'x'", "9e999", "x'31'"}
	}
	return []string{"1774915200", "'31.3.2026'", "'text:x'", "2.5", "x'00'", "''"}
}

func (sqliteFile) place(no int, name string) record.Table {
	return record.Table{Schema: "main", Name: fmt.Sprintf("%s %d", name, no)}
}

func (e sqliteFile) create(t tb, table *table) {
	t.Helper()
	e.exec(t, "CREATE TABLE "+quoted(table.name.Name)+definition(table, e.literal))
}

// literal writes a value so that SQLite stores it as the connector does. A number
// stands as its canonical text: the pools have none of more than 15 digits but
// whole ones and a third, so SQLite reads the same number as the connector binds.
func (sqliteFile) literal(c column, f field) string {
	switch {
	case f.null:
		return "NULL"
	case f.odd != "":
		return f.odd
	case c.Type.Kind == record.Bool:
		return map[string]string{"true": "1", "false": "0"}[f.text]
	case c.Type.Kind == record.Int, c.Type.Kind == record.Decimal, c.Type.Kind == record.Float:
		return f.text
	}
	return quotedText(f.text)
}

func (e sqliteFile) insert(t tb, table *table, rows map[string]row) {
	t.Helper()
	if len(rows) > 0 {
		names, values := insertion(table, rows, e.literal)
		e.exec(t, "INSERT INTO "+quoted(table.name.Name)+" "+names+" VALUES "+values)
	}
}

func (e sqliteFile) dump(t tb, table *table) string {
	t.Helper()
	return dumpSQLite(t, e.db, table.name.Name)
}

func (e sqliteFile) drop(t tb, name record.Table) {
	t.Helper()
	e.exec(t, "DROP TABLE "+quoted(name.Name))
}

func (e sqliteFile) exec(t tb, query string) {
	t.Helper()
	if _, err := e.db.Exec(query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// postgresDatabase is a PostgreSQL database, a schema a case.
type postgresDatabase struct{ pool *pgxpool.Pool }

func newPostgres(t testing.TB) (e postgresDatabase, dsn string) {
	t.Helper()
	dsn = pgtest.Database(t)
	pool, err := pgxpool.New(context.Background(), dsn)
	fine(t, err)
	t.Cleanup(pool.Close)
	db := postgresDatabase{pool}
	db.exec(t, `CREATE TYPE public.stage AS ENUM ('new', 'It''s', 'Done'); CREATE DOMAIN public.short AS varchar(8) CHECK (VALUE <> 'never')`)
	return db, dsn
}

func (postgresDatabase) types() []column {
	return []column{
		typed(record.Bool, "boolean"), typed(record.Int, "smallint", bits(16)), typed(record.Int, "integer", bits(32)), typed(record.Int, "bigint", bits(64)),
		typed(record.Decimal, "numeric(10,2)", digits(10, 2)), typed(record.Decimal, "numeric(40,20)", digits(40, 20)), typed(record.Decimal, "numeric", digits(-1, -1)),
		typed(record.Float, "real", bits(32)), typed(record.Float, "double precision", bits(64)),
		typed(record.Text, "text"), typed(record.Text, "varchar(8)", length(8)), typed(record.Text, "char(6)", fixed(6)),
		typed(record.Date, "date"), typed(record.Timestamp, "timestamp", fraction(6)), typed(record.Timestamp, "timestamp(0)", fraction(0)),
		typed(record.TimestampTZ, "timestamptz(3)", fraction(3)), typed(record.UUID, "uuid"),
		typed(record.Time, "time", fraction(6)), typed(record.Bytes, "bytea"), typed(record.Enum, "public.stage", labels("new", "It's", "Done")),
		typed(record.Text, "public.short", length(8)),
		typed(record.Native, "jsonb", labels(`{"a": 2, "b": [1.0, null]}`, `"x"`, `1.00`)), typed(record.Native, "text[]", labels("{}", `{a,"b c",NULL,"NULL"}`, `{"\\"}`)),
		typed(record.Native, "interval", labels("1 mon", "31 days", "-1 days +02:03:04.5")), typed(record.Native, "int4range", labels("empty", "[1,6)", "(,)")),
		typed(record.Native, "inet", labels("10.0.0.1", "10.0.0.0/8", "::1")),
	}
}

func (postgresDatabase) odd(t record.Type) []string {
	switch t.Kind {
	case record.Float:
		return []string{"'NaN'", "'-Infinity'"}
	case record.Decimal:
		return []string{"'NaN'"}
	case record.Date, record.Timestamp, record.TimestampTZ:
		return []string{"'infinity'", "'0044-03-15 BC'", "'20000-01-01'"}
	}
	return nil
}

func (postgresDatabase) place(no int, name string) record.Table {
	return record.Table{Schema: fmt.Sprintf(`Sales "Dept" %d`, no), Name: name}
}

func (e postgresDatabase) create(t tb, table *table) {
	t.Helper()
	e.exec(t, "CREATE SCHEMA IF NOT EXISTS "+quoted(table.name.Schema))
	e.exec(t, "CREATE TABLE "+e.full(table.name)+definition(table, e.literal))
}

func (postgresDatabase) full(t record.Table) string { return quoted(t.Schema) + "." + quoted(t.Name) }

func (postgresDatabase) literal(c column, f field) string {
	switch {
	case f.null:
		return "NULL"
	case f.odd != "":
		return f.odd
	}
	return quotedText(f.text)
}

func (e postgresDatabase) insert(t tb, table *table, rows map[string]row) {
	t.Helper()
	if len(rows) > 0 {
		names, values := insertion(table, rows, e.literal)
		e.exec(t, "INSERT INTO "+e.full(table.name)+" "+names+" OVERRIDING SYSTEM VALUE VALUES "+values)
	}
}

func (e postgresDatabase) dump(t tb, table *table) string {
	t.Helper()
	var cells []string
	for _, c := range table.columns {
		cells = append(cells, "quote_nullable("+quoted(c.Name)+"::text)")
	}
	rows, err := e.pool.Query(ctx, "SELECT row FROM (SELECT concat_ws(', ', "+strings.Join(cells, ", ")+") AS row FROM "+e.full(table.name)+`) AS all_of_them ORDER BY row COLLATE "C"`)
	fine(t, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		fine(t, rows.Scan(&s))
		all = append(all, s)
	}
	fine(t, rows.Err())
	return strings.Join(all, "\n")
}

func (e postgresDatabase) drop(t tb, name record.Table) {
	t.Helper()
	e.exec(t, "DROP TABLE "+e.full(name))
}

func (e postgresDatabase) exec(t tb, query string) {
	t.Helper()
	if _, err := e.pool.Exec(ctx, query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// jsonText writes a printable text in double quotes, as JSON and YAML read it.
func jsonText(s string) string { return strconv.Quote(s) }
