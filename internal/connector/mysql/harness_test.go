package mysql_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sutor/internal/connector/mysql"
	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/record"
	"sutor/internal/system/driver"
	"sutor/internal/system/drivertest"
)

func TestMain(m *testing.M) { mysqltest.Main(m) }

// exact is a collation under which only the same texts are equal; texts in keys have it.
// All others have the database's, under which ada, Ada and "Àda " are equal.
const exact = "utf8mb4_nopad_bin"

var types = []record.Type{
	{Kind: record.Bool},
	{Kind: record.Int, Bits: 8}, {Kind: record.Int, Bits: 16}, {Kind: record.Int, Bits: 24}, {Kind: record.Int, Bits: 32}, {Kind: record.Int, Bits: 64},
	{Kind: record.Int, Bits: 8, Unsigned: true}, {Kind: record.Int, Bits: 32, Unsigned: true}, {Kind: record.Int, Bits: 64, Unsigned: true},
	{Kind: record.Decimal, Precision: 30, Scale: 10}, {Kind: record.Decimal, Precision: 5, Scale: 0}, {Kind: record.Decimal, Precision: 65, Scale: 30},
	{Kind: record.Float, Bits: 32}, {Kind: record.Float, Bits: 64},
	{Kind: record.Text}, {Kind: record.Text, MaxLen: 12}, {Kind: record.Text, MaxLen: 12, Fixed: true},
	{Kind: record.Date},
	{Kind: record.Timestamp, Fraction: 6}, {Kind: record.Timestamp, Fraction: 0},
	{Kind: record.UUID}, {Kind: record.Bytes}, {Kind: record.Time, Fraction: 6}, {Kind: record.Time, Fraction: 0},
	{Kind: record.Enum, Labels: []string{"new", "It's", "Done"}},
	{Kind: record.Decimal, Precision: 12, Scale: 2, Unsigned: true}, {Kind: record.Float, Bits: 64, Unsigned: true},
	{Kind: record.Text, MaxBytes: 1<<8 - 1}, {Kind: record.Text, MaxBytes: 1<<16 - 1}, {Kind: record.Text, MaxBytes: 1<<24 - 1},
	{Kind: record.Bytes, MaxBytes: 12}, {Kind: record.Bytes, MaxBytes: 1<<8 - 1}, {Kind: record.Bytes, MaxBytes: 1<<16 - 1}, {Kind: record.Bytes, MaxBytes: 1<<24 - 1},
	{Kind: record.TimestampTZ, Fraction: 6, First: "1970-01-01 00:00:01+00", Last: "2038-01-19 03:14:07.999999+00"},
}

// sizes are the names that stand before text and blob, by the bytes they have room for.
var sizes = map[int]string{1<<8 - 1: "tiny", 1<<16 - 1: "", 1<<24 - 1: "medium", 0: "long"}

var lacks = map[drivertest.Feature]string{
	drivertest.AlwaysIdentity: "AUTO_INCREMENT takes values that are given",
}

func TestConformance(t *testing.T) {
	t.Parallel()
	dsn := mysqltest.Database(t)
	drivertest.Run(t, drivertest.Harness{New: func(t *testing.T) drivertest.System { return newSystem(t, dsn) }, Types: types, Lacks: lacks})
}

// system is a database seen from outside the driver.
type system struct {
	dsn  string
	name string
	pool *sql.DB
}

func newSystem(t *testing.T, dsn string) *system {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := mysqltest.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(3)
	s := &system{dsn: dsn, name: strings.TrimPrefix(u.Path, "/"), pool: pool}
	t.Cleanup(func() { _ = pool.Close() })
	return s
}

func (s *system) Open(t *testing.T) driver.Driver {
	t.Helper()
	d, err := mysql.Open(context.Background(), s.dsn)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return d
}

func (s *system) Exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := s.pool.ExecContext(context.Background(), sql); err != nil {
		t.Fatalf("%.500s: %v", sql, err)
	}
}

func ident(names ...string) string {
	var all []string
	for _, n := range names {
		all = append(all, `"`+strings.ReplaceAll(n, `"`, `""`)+`"`)
	}
	return strings.Join(all, ".")
}

func idents(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, ident(n))
	}
	return strings.Join(out, ", ")
}

func literal(t record.Type, v *string) string {
	switch {
	case v == nil:
		return "NULL"
	case t.Kind == record.Bool:
		return *v
	case t.Kind == record.Float && t.Bits == 32:
		f, _ := strconv.ParseFloat(*v, 32)
		return strconv.FormatFloat(f, 'g', -1, 64)
	case t.Kind == record.Bytes:
		return "X'" + (*v)[2:] + "'"
	case t.Kind == record.TimestampTZ:
		return "'" + strings.TrimSuffix(*v, "+00") + "'"
	}
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(*v) + "'"
}

func native(t record.Type) string {
	unsigned := map[bool]string{true: " unsigned"}[t.Unsigned]
	switch t.Kind {
	case record.Bool:
		return "boolean"
	case record.Int:
		return map[int]string{8: "tinyint", 16: "smallint", 24: "mediumint", 32: "int", 64: "bigint"}[t.Bits] + unsigned
	case record.Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale) + unsigned
	case record.Float:
		return map[int]string{32: "float", 64: "double"}[t.Bits] + unsigned
	case record.Text:
		if t.MaxLen == 0 {
			return sizes[t.MaxBytes] + "text"
		}
		return fmt.Sprintf("%s(%d)", map[bool]string{true: "char", false: "varchar"}[t.Fixed], t.MaxLen)
	case record.Bytes:
		if _, sized := sizes[t.MaxBytes]; !sized {
			return fmt.Sprintf("varbinary(%d)", t.MaxBytes)
		}
		return sizes[t.MaxBytes] + "blob"
	case record.Timestamp:
		return fmt.Sprintf("datetime(%d)", t.Fraction)
	case record.TimestampTZ:
		return fmt.Sprintf("timestamp(%d)", t.Fraction)
	case record.Time:
		return fmt.Sprintf("time(%d)", t.Fraction)
	case record.Enum:
		return "enum('new', 'It''s', 'Done')"
	}
	return t.Kind.String() // date, uuid
}

func (s *system) Create(t *testing.T, table drivertest.Table) record.Table {
	t.Helper()
	if table.Name.Schema == "" {
		table.Name.Schema = s.name
	} else {
		s.Exec(t, "CREATE DATABASE IF NOT EXISTS "+ident(table.Name.Schema))
		t.Cleanup(func() { s.Exec(t, "DROP DATABASE IF EXISTS "+ident(table.Name.Schema)) })
	}
	var parts []string
	keys := slices.Clone(table.Key)
	for _, u := range table.Uniques {
		keys = append(keys, u.Columns...)
	}
	for _, c := range table.Columns {
		parts = append(parts, column(c, slices.Contains(keys, c.Name)))
	}
	parts = append(parts, "PRIMARY KEY ("+prefixed(table, table.Key)+")")
	for _, u := range table.Uniques {
		parts = append(parts, "CONSTRAINT "+ident(u.Name)+" UNIQUE ("+prefixed(table, u.Columns)+")")
	}
	for _, f := range table.ForeignKeys {
		fk := fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s)", idents(f.Columns), ident(f.RefTable.Schema, f.RefTable.Name), idents(f.RefColumns))
		if f.OnDelete != "" {
			fk += " ON DELETE " + f.OnDelete
		}
		if f.OnUpdate != "" {
			fk += " ON UPDATE " + f.OnUpdate
		}
		parts = append(parts, fk)
	}
	s.Exec(t, fmt.Sprintf("CREATE TABLE %s (%s) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci", ident(table.Name.Schema, table.Name.Name), strings.Join(parts, ", ")))
	return table.Name
}

// prefixed lists the columns of an index; of long texts and bytes it takes what it can.
func prefixed(table drivertest.Table, names []string) string {
	var all []string
	for _, n := range names {
		i := slices.IndexFunc(table.Columns, func(c drivertest.Column) bool { return c.Name == n })
		length := ""
		if t := table.Columns[i].Type; (t.Kind == record.Text || t.Kind == record.Bytes) && t.MaxLen == 0 {
			length = "(300)"
			if t.MaxBytes > 0 && t.MaxBytes < 1200 {
				length = fmt.Sprintf("(%d)", min(t.MaxBytes, 60))
			}
		}
		all = append(all, ident(n)+length)
	}
	return strings.Join(all, ", ")
}

func column(c drivertest.Column, key bool) string {
	sql := ident(c.Name) + " " + native(c.Type)
	if key && c.Type.Kind == record.Text {
		sql += " COLLATE " + exact
	}
	if c.Generated != "" {
		return sql + " GENERATED ALWAYS AS (" + c.Generated + ") STORED"
	}
	if c.Nullable {
		sql += " NULL"
	} else {
		sql += " NOT NULL"
	}
	if c.Default != nil {
		sql += " DEFAULT " + literal(c.Type, c.Default)
	}
	if c.Identity != "" {
		sql += " AUTO_INCREMENT"
	}
	return sql
}

func (s *system) Insert(t *testing.T, table record.Table, columns record.Schema, rows [][]*string) {
	t.Helper()
	if len(rows) == 0 {
		return
	}
	var values []string
	for _, row := range rows {
		var v []string
		for i, cell := range row {
			v = append(v, literal(columns[i].Type, cell))
		}
		values = append(values, "("+strings.Join(v, ", ")+")")
	}
	s.Exec(t, fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", ident(table.Schema, table.Name), idents(columns.Names()), strings.Join(values, ", ")))
}

// text gives the SQL that reads a column as canonical text, as far as SQL can.
func text(c record.Column) string {
	name := ident(c.Name)
	switch c.Type.Kind {
	case record.Bool:
		return "CASE " + name + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE " + name + " END"
	case record.Float:
		return "CAST(" + name + " + 0e0 AS CHAR)"
	case record.Timestamp, record.Time, record.TimestampTZ:
		zone := map[bool]string{true: ", '+00'"}[c.Type.Kind == record.TimestampTZ]
		return "CONCAT(IF(INSTR(" + name + ", '.') > 0, TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM " + name + ")), " + name + ")" + zone + ")"
	}
	return name
}

func (s *system) Rows(t *testing.T, table record.Table, columns record.Schema) (rows [][]*string) {
	t.Helper()
	var exprs []string
	for _, c := range columns {
		exprs = append(exprs, text(c))
	}
	found, err := s.pool.QueryContext(context.Background(), fmt.Sprintf("SELECT %s FROM %s AS t ORDER BY t.%s", strings.Join(exprs, ", "), ident(table.Schema, table.Name), ident(columns[0].Name)))
	if err != nil {
		t.Fatalf("reading %s: %v", table, err)
	}
	defer found.Close()
	for found.Next() {
		cells, scan := make([]*string, len(columns)), make([]any, len(columns))
		for i := range cells {
			scan[i] = &cells[i]
		}
		if err := found.Scan(scan...); err != nil {
			t.Fatal(err)
		}
		for i, c := range columns {
			if c.Type.Kind == record.Bytes && cells[i] != nil {
				*cells[i] = `\x` + hex.EncodeToString([]byte(*cells[i]))
			}
		}
		rows = append(rows, cells)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func (s *system) Lock(t *testing.T, table record.Table) func() {
	t.Helper()
	tx, err := s.pool.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(context.Background(), "SELECT * FROM "+ident(table.Schema, table.Name)+" FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}
