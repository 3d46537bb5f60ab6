package workflow_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/record"
)

// mariaDatabase is a database of MariaDB. Its collation takes ada, Ada and "Àda " for
// equal; the columns of keys have one that does not, for the model knows keys by their
// texts.
type mariaDatabase struct {
	db   *sql.DB
	name string // with a quote and blanks in it
}

// mariaOf gives an empty database of MariaDB, seen from outside.
func mariaOf(t testing.TB) (dsn string, db *sql.DB) {
	t.Helper()
	dsn = mysqltest.Database(t)
	db, err := mysqltest.Open(dsn)
	fine(t, err)
	t.Cleanup(func() { fine(t, db.Close()) })
	return dsn, db
}

func newMaria(t testing.TB) (e mariaDatabase, dsn string) {
	t.Helper()
	dsn, db := mariaOf(t)
	at, err := url.Parse(dsn)
	fine(t, err)
	e = mariaDatabase{db, strings.TrimPrefix(at.Path, "/") + ` "Dept" é`}
	e.exec(t, "CREATE DATABASE "+quoted(e.name)+" CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
	t.Cleanup(func() { e.exec(t, "DROP DATABASE "+quoted(e.name)) })
	return e, dsn
}

const longText, longBytes = "longtext", "longblob" // which no key can be of

func unsigned(t *record.Type) { t.Unsigned = true }

func (mariaDatabase) types() []column {
	// A timestamp goes from 1970 to 2038.
	instants := labels("1970-01-01 00:00:01+00", "2026-03-29 01:00:00+00", "2026-10-25 00:30:00.5+00", "2038-01-19 03:14:07+00")
	return []column{
		typed(record.Bool, "boolean"), typed(record.Bool, "bit(1)"), typed(record.Int, "tinyint", bits(8)), typed(record.Int, "mediumint", bits(24)),
		typed(record.Int, "int", bits(32)), typed(record.Int, "bigint", bits(64)), typed(record.Int, "bigint unsigned", bits(64), unsigned),
		typed(record.Decimal, "decimal(10,2)", digits(10, 2)), typed(record.Decimal, "decimal(40,20)", digits(40, 20)), typed(record.Decimal, "decimal(18,0)", digits(18, 0)),
		typed(record.Float, "float", bits(32)), typed(record.Float, "double", bits(64)),
		typed(record.Text, longText), typed(record.Text, "varchar(8)", length(8)), typed(record.Text, "varchar(40)", length(40)), typed(record.Text, "char(6)", fixed(6)),
		typed(record.Date, "date"), typed(record.Timestamp, "datetime(6)", fraction(6)), typed(record.Timestamp, "datetime", fraction(0)),
		typed(record.TimestampTZ, "timestamp(3)", fraction(3), instants), typed(record.UUID, "uuid"),
		typed(record.Time, "time(6)", fraction(6)), typed(record.Bytes, longBytes), typed(record.Bytes, "varbinary(20)"),
		typed(record.Enum, "enum('new', 'It''s', 'Done')", labels("new", "It's", "Done")),
	}
}

func (mariaDatabase) odd(t record.Type) []string {
	switch t.Kind {
	case record.Date:
		return []string{"'0000-00-00'", "'2026-00-31'"}
	case record.Timestamp, record.TimestampTZ:
		return []string{"'0000-00-00 00:00:00'"}
	case record.Time:
		return []string{"'300:00:00'", "'-01:00:00'"}
	}
	return nil
}

func (e mariaDatabase) place(no int, name string) record.Table {
	return record.Table{Schema: e.name, Name: fmt.Sprintf("%s %d", name, no)}
}

func (e mariaDatabase) create(t tb, table *table) {
	t.Helper()
	exact := *table
	exact.columns = slices.Clone(table.columns)
	for i, c := range exact.columns[:table.keys] {
		if c.Type.Kind == record.Text {
			exact.columns[i].decl += " COLLATE utf8mb4_nopad_bin"
		}
	}
	e.exec(t, "CREATE TABLE "+e.full(table.name)+definition(&exact, e.literal))
}

func (mariaDatabase) full(t record.Table) string { return quoted(t.Schema) + "." + quoted(t.Name) }

// literal writes a value so that the server stores just that: a float is read as a
// double and rounded.
func (mariaDatabase) literal(c column, f field) string {
	switch {
	case f.null:
		return "NULL"
	case f.odd != "":
		return f.odd
	case c.Type.Kind == record.Bool:
		return map[string]string{"true": "1", "false": "0"}[f.text]
	case c.Type.Kind == record.Float && c.Type.Bits == 32:
		v, _ := strconv.ParseFloat(f.text, 32)
		return strconv.FormatFloat(v, 'g', -1, 64)
	case c.Type.Kind == record.Bytes:
		return "X'" + f.text[2:] + "'"
	case c.Type.Kind == record.TimestampTZ:
		return quotedText(strings.TrimSuffix(f.text, "+00"))
	}
	return quotedText(strings.ReplaceAll(f.text, `\`, `\\`))
}

func (e mariaDatabase) insert(t tb, table *table, rows map[string]row) {
	t.Helper()
	if len(rows) > 0 {
		names, values := insertion(table, rows, e.literal)
		e.exec(t, "INSERT INTO "+e.full(table.name)+" "+names+" VALUES "+values)
	}
}

func (e mariaDatabase) dump(t tb, table *table) string {
	t.Helper()
	var cells []string
	for _, c := range table.columns {
		switch name := quoted(c.Name); {
		case c.Type.Kind == record.Bytes:
			cells = append(cells, "coalesce(hex("+name+"), 'NULL')")
		case c.Type.Kind == record.Float, c.decl == "bit(1)": // printed with six digits only, and as a byte
			cells = append(cells, "quote("+name+" + 0e0)")
		default:
			cells = append(cells, "quote(CAST("+name+" AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin)")
		}
	}
	all := texts(t, e.db, "SELECT concat_ws(', ', "+strings.Join(cells, ", ")+") FROM "+e.full(table.name))
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func (e mariaDatabase) drop(t tb, name record.Table) {
	t.Helper()
	e.exec(t, "DROP TABLE "+e.full(name))
}

func (e mariaDatabase) exec(t tb, query string) {
	t.Helper()
	if _, err := e.db.Exec(query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
