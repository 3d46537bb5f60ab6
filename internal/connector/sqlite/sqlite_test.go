package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sutor/internal/connector/sqlite"
	"sutor/internal/record"
	"sutor/internal/system/driver"
	"sutor/internal/system/drivertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, harness())
}

// In WAL mode others commit while a snapshot is open.
func TestConformanceWAL(t *testing.T) {
	t.Parallel()
	h := harness()
	delete(h.Lacks, drivertest.Versions)
	h.Only, h.New = drivertest.Versions, func(t *testing.T) drivertest.System {
		f := newFile(t)
		f.Exec(t, "PRAGMA journal_mode = WAL")
		return f
	}
	drivertest.Run(t, h)
}

func harness() drivertest.Harness {
	return drivertest.Harness{
		New: func(t *testing.T) drivertest.System { return newFile(t) },
		Types: []record.Type{
			{Kind: record.Bool},
			{Kind: record.Int, Bits: 16}, {Kind: record.Int, Bits: 32}, {Kind: record.Int, Bits: 64},
			{Kind: record.Decimal, Precision: 10, Scale: 2}, {Kind: record.Decimal, Precision: 15, Scale: 7},
			{Kind: record.Decimal, Precision: 18, Scale: 0}, {Kind: record.Decimal, Precision: 15, Scale: -1},
			{Kind: record.Float, Bits: 64},
			{Kind: record.Text}, {Kind: record.Text, MaxLen: 20},
			{Kind: record.Date},
			{Kind: record.Timestamp, Fraction: 6}, {Kind: record.TimestampTZ, Fraction: 6}, {Kind: record.Timestamp, Fraction: 0},
			{Kind: record.UUID}, {Kind: record.Time, Fraction: 6}, {Kind: record.Time}, {Kind: record.Bytes},
		},
		Lacks: map[drivertest.Feature]string{
			drivertest.Schemas:        "a database file has the one schema main",
			drivertest.AlwaysIdentity: "a row number can always be given",
			drivertest.Compares:       "it is in this process: nothing would be spared",
			drivertest.Concurrency:    "there is one writer at a time",
			drivertest.Versions:       "with a rollback journal a commit waits for those who read",
		},
	}
}

// file is a database file, seen from outside the connector.
type file struct {
	path string
	db   *sql.DB
}

func newFile(t *testing.T) *file {
	t.Helper()
	f := &file{path: filepath.Join(t.TempDir(), "test data?#%.db")}
	f.db = rawDB(t, "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(f.path))
	f.Exec(t, "PRAGMA user_version = 1") // makes the file
	return f
}

func rawDB(t testing.TB, uri string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", uri+"?_synchronous=OFF")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (f *file) Open(t *testing.T) driver.Driver {
	t.Helper()
	d, err := sqlite.Open(context.Background(), f.path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// open is Open with the closing done.
func (f *file) open(t *testing.T) driver.Driver {
	t.Helper()
	d := f.Open(t)
	t.Cleanup(func() { d.Close() })
	return d
}

func (f *file) Exec(t *testing.T, query string) {
	t.Helper()
	if _, err := f.db.Exec(query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(names []string) string {
	var all []string
	for _, n := range names {
		all = append(all, quote(n))
	}
	return strings.Join(all, ", ")
}

func (f *file) Create(t *testing.T, table drivertest.Table) record.Table {
	t.Helper()
	var parts []string
	for _, c := range table.Columns {
		s := quote(c.Name) + " " + declare(c)
		switch {
		case c.Identity != "":
			s = quote(c.Name) + " INTEGER"
		case c.Generated != "":
			s += " GENERATED ALWAYS AS (" + c.Generated + ") STORED"
		case c.Default != nil:
			s += " DEFAULT '" + strings.ReplaceAll(*c.Default, "'", "''") + "'"
		}
		if !c.Nullable {
			s += " NOT NULL"
		}
		parts = append(parts, s)
	}
	parts = append(parts, "PRIMARY KEY ("+quoteAll(table.Key)+")")
	for _, u := range table.Uniques {
		parts = append(parts, "CONSTRAINT "+quote(u.Name)+" UNIQUE ("+quoteAll(u.Columns)+")")
	}
	for _, k := range table.ForeignKeys {
		s := "FOREIGN KEY (" + quoteAll(k.Columns) + ") REFERENCES " + quote(k.RefTable.Name) + " (" + quoteAll(k.RefColumns) + ")"
		if k.OnDelete != "" {
			s += " ON DELETE " + k.OnDelete
		}
		if k.OnUpdate != "" {
			s += " ON UPDATE " + k.OnUpdate
		}
		parts = append(parts, s)
	}
	f.Exec(t, "CREATE TABLE "+quote(table.Name.Name)+" ("+strings.Join(parts, ", ")+")")
	return record.Table{Schema: "main", Name: table.Name.Name}
}

func declare(c drivertest.Column) string {
	switch typ := c.Type; typ.Kind {
	case record.Bool:
		return "BOOLEAN"
	case record.Int:
		return map[int]string{16: "SMALLINT", 32: "INT4", 64: "BIGINT"}[typ.Bits]
	case record.Decimal:
		if typ.Scale < 0 {
			return "NUMERIC"
		}
		return fmt.Sprintf("DECIMAL(%d,%d)", typ.Precision, typ.Scale)
	case record.Float:
		return "DOUBLE PRECISION"
	case record.Text:
		if typ.MaxLen > 0 {
			return fmt.Sprintf("VARCHAR(%d)", typ.MaxLen)
		}
		return "TEXT"
	case record.Date:
		return "DATE"
	case record.Timestamp:
		return fmt.Sprintf("TIMESTAMP(%d)", typ.Fraction)
	case record.TimestampTZ:
		return "TIMESTAMP WITH TIME ZONE"
	case record.Time:
		return fmt.Sprintf("TIME(%d)", typ.Fraction)
	case record.Bytes:
		return "BLOB"
	}
	return "UUID"
}

func (f *file) Insert(t *testing.T, table record.Table, columns record.Schema, rows [][]*string) {
	t.Helper()
	tx, err := f.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	marks := strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")
	for _, row := range rows {
		args := make([]any, len(row))
		for i, v := range row {
			if v != nil {
				args[i] = native(columns[i].Type.Kind, *v)
			}
		}
		if _, err := tx.Exec("INSERT INTO "+quote(table.Name)+" ("+quoteAll(columns.Names())+") VALUES ("+marks+")", args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func native(k record.Kind, text string) any {
	switch k {
	case record.Bool:
		return text == "true"
	case record.Bytes:
		b, _ := hex.DecodeString(strings.TrimPrefix(text, `\x`))
		return b
	case record.Int, record.Decimal:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
		fallthrough
	case record.Float:
		v, _ := strconv.ParseFloat(text, 64)
		return v
	}
	return text
}

// Rows reads values with their storage class; one that is not as it should be
// is shown with its class.
func (f *file) Rows(t *testing.T, table record.Table, columns record.Schema) [][]*string {
	t.Helper()
	var list []string
	for _, c := range columns {
		list = append(list, "coalesce("+quote(c.Name)+", NULL)") // without a declared type, so that it comes as it is stored
	}
	rows, err := f.db.Query("SELECT " + strings.Join(list, ", ") + " FROM " + quote(table.Name) + " ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all [][]*string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]*string, len(columns))
		for i, v := range values {
			if v != nil {
				row[i] = drivertest.S(foreign(columns[i].Type, v))
			}
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func foreign(typ record.Type, v any) string {
	switch v := v.(type) {
	case int64:
		switch typ.Kind {
		case record.Bool:
			return strconv.FormatBool(v == 1)
		case record.Int:
			return strconv.FormatInt(v, 10)
		case record.Decimal:
			s := strconv.FormatInt(v, 10)
			if typ.Scale > 0 {
				s += "." + strings.Repeat("0", typ.Scale)
			}
			return s
		}
	case float64:
		switch typ.Kind {
		case record.Float:
			return record.FormatFloat(v, 64)
		case record.Decimal:
			return strconv.FormatFloat(v, 'f', typ.Scale, 64)
		}
	case string:
		switch typ.Kind {
		case record.Text, record.Date, record.Timestamp, record.TimestampTZ, record.UUID, record.Time:
			return v
		}
	case []byte:
		if typ.Kind == record.Bytes {
			return `\x` + hex.EncodeToString(v)
		}
	}
	return fmt.Sprintf("%T:%v", v, v)
}

func (f *file) Lock(t *testing.T, _ record.Table) (release func()) {
	t.Helper()
	conn, err := f.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		conn.Close()
	}
}
