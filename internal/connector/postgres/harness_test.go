package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/connector/postgres"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/record"
	"sutor/internal/system/driver"
	"sutor/internal/system/drivertest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestConformance(t *testing.T) {
	dsn := pgtest.Database(t)
	newSystem(t, dsn).Exec(t, `CREATE TYPE public.stage AS ENUM ('new', 'It''s', 'Done'); CREATE DOMAIN public.short AS varchar(12);
		CREATE DOMAIN public.number AS integer; CREATE EXTENSION citext SCHEMA public; CREATE DOMAIN public.positive AS public.number CHECK (VALUE IS NULL OR VALUE > -1000000 OR VALUE < 1000000);
		CREATE DOMAIN public.feeling AS public.stage; CREATE DOMAIN public.deeper AS public.feeling; CREATE DOMAIN public.price AS money;
		CREATE DOMAIN public.numbers AS integer[]; CREATE DOMAIN public.labels AS public.stage[]; CREATE DOMAIN public.document AS jsonb;
		CREATE DOMAIN public.seats AS int4range; CREATE DOMAIN public.shifts AS datemultirange`)
	drivertest.Run(t, drivertest.Harness{
		New: func(t *testing.T) drivertest.System { return newSystem(t, dsn) },
		Types: append([]record.Type{
			{Kind: record.Bool},
			{Kind: record.Int, Bits: 16}, {Kind: record.Int, Bits: 32}, {Kind: record.Int, Bits: 64},
			{Kind: record.Decimal, Precision: 30, Scale: 10}, {Kind: record.Decimal, Precision: 5, Scale: 0},
			{Kind: record.Decimal, Precision: 2, Scale: 4}, {Kind: record.Decimal, Precision: -1, Scale: -1},
			{Kind: record.Float, Bits: 32}, {Kind: record.Float, Bits: 64},
			{Kind: record.Text}, {Kind: record.Text, MaxLen: 12}, {Kind: record.Text, MaxLen: 12, Fixed: true},
			{Kind: record.Date},
			{Kind: record.Timestamp, Fraction: 6}, {Kind: record.Timestamp, Fraction: 0},
			{Kind: record.TimestampTZ, Fraction: 6}, {Kind: record.TimestampTZ, Fraction: 3},
			{Kind: record.UUID}, {Kind: record.Bytes}, {Kind: record.Time, Fraction: 6}, {Kind: record.Time, Fraction: 0},
			{Kind: record.Enum, Labels: []string{"new", "It's", "Done"}},
			{Kind: record.Text, MaxLen: 12, Domain: "public.short"}, {Kind: record.Int, Bits: 32, Domain: "public.positive"},
			{Kind: record.Decimal, Precision: 60, Scale: 5}, {Kind: record.Decimal, Precision: 18, Scale: 2, Native: "money"},
			{Kind: record.Text, Native: "public.citext"},
			{Kind: record.Enum, Labels: []string{"new", "It's", "Done"}, Domain: "public.feeling"},
			{Kind: record.Enum, Labels: []string{"new", "It's", "Done"}, Domain: "public.deeper"},
			{Kind: record.Decimal, Precision: 18, Scale: 2, Native: "money", Domain: "public.price"},
			{Kind: record.Native, Native: "integer[]", Domain: "public.numbers"}, {Kind: record.Native, Native: "public.stage[]", Domain: "public.labels"},
			{Kind: record.Native, Native: "jsonb", Domain: "public.document"}, {Kind: record.Native, Native: "int4range", Domain: "public.seats"},
			{Kind: record.Native, Native: "datemultirange", Domain: "public.shifts"},
		}, nativeTypes()...),
		Natives: natives, Folds: map[string]bool{"public.citext": true},
	})
}

func isMoney(t record.Type) bool  { return t.Native == "money" }
func isCitext(t record.Type) bool { return t.Native == "public.citext" }

// system is a database seen from outside the driver.
type system struct {
	dsn  string
	pool *pgxpool.Pool
}

func newSystem(t *testing.T, dsn string) *system {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 2
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.RuntimeParams = map[string]string{"timezone": "UTC", "datestyle": "ISO", "extra_float_digits": "1"}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return &system{dsn: dsn, pool: pool}
}

func (s *system) Open(t *testing.T) driver.Driver {
	t.Helper()
	d, err := postgres.Open(context.Background(), s.dsn)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return d
}

func (s *system) Exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%.500s: %v", sql, err)
	}
}

func ident(names ...string) string { return pgx.Identifier(names).Sanitize() }

func idents(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, ident(n))
	}
	return strings.Join(out, ", ")
}

func literal(v *string) string {
	if v == nil {
		return "NULL"
	}
	return "'" + strings.ReplaceAll(*v, "'", "''") + "'"
}

func native(t record.Type) string {
	switch {
	case t.Domain != "":
		return t.Domain
	case t.Kind == record.Native, isMoney(t), isCitext(t):
		return t.Native
	}
	switch t.Kind {
	case record.Enum:
		return "public.stage"
	case record.Bytes:
		return "bytea"
	case record.Time:
		return fmt.Sprintf("time(%d)", t.Fraction)
	case record.Bool:
		return "boolean"
	case record.Int:
		return map[int]string{16: "smallint", 32: "integer", 64: "bigint"}[t.Bits]
	case record.Decimal:
		if t.Scale < 0 {
			return "numeric"
		}
		return fmt.Sprintf("numeric(%d,%d)", t.Precision, t.Scale)
	case record.Float:
		return map[int]string{32: "real", 64: "double precision"}[t.Bits]
	case record.Text:
		if t.MaxLen == 0 {
			return "text"
		}
		return fmt.Sprintf("%s(%d)", map[bool]string{true: "char", false: "varchar"}[t.Fixed], t.MaxLen)
	case record.Timestamp:
		return fmt.Sprintf("timestamp(%d)", t.Fraction)
	case record.TimestampTZ:
		return fmt.Sprintf("timestamptz(%d)", t.Fraction)
	}
	return t.Kind.String() // date, uuid
}

func (s *system) Create(t *testing.T, table drivertest.Table) record.Table {
	t.Helper()
	if table.Name.Schema == "" {
		table.Name.Schema = "public"
	} else {
		s.Exec(t, "CREATE SCHEMA IF NOT EXISTS "+ident(table.Name.Schema))
	}
	var parts []string
	for _, c := range table.Columns {
		parts = append(parts, column(c))
	}
	parts = append(parts, "PRIMARY KEY ("+idents(table.Key)+")")
	for _, u := range table.Uniques {
		parts = append(parts, "CONSTRAINT "+ident(u.Name)+" UNIQUE ("+idents(u.Columns)+")")
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
	s.Exec(t, fmt.Sprintf("CREATE TABLE %s (%s)", ident(table.Name.Schema, table.Name.Name), strings.Join(parts, ", ")))
	return table.Name
}

func column(c drivertest.Column) string {
	sql := ident(c.Name) + " " + native(c.Type)
	if !c.Nullable {
		sql += " NOT NULL"
	}
	if c.Default != nil {
		sql += " DEFAULT " + literal(c.Default)
	}
	if c.Generated != "" {
		sql += " GENERATED ALWAYS AS (" + c.Generated + ") STORED"
	}
	if c.Identity != "" {
		sql += " GENERATED " + strings.ToUpper(strings.Replace(c.Identity, "default", "by default", 1)) + " AS IDENTITY"
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
			if isMoney(columns[i].Type) {
				v = append(v, literal(cell)+"::numeric::money")
			} else {
				v = append(v, literal(cell))
			}
		}
		values = append(values, "("+strings.Join(v, ", ")+")")
	}
	s.Exec(t, fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", ident(table.Schema, table.Name), idents(columns.Names()), strings.Join(values, ", ")))
}

func (s *system) Rows(t *testing.T, table record.Table, columns record.Schema) [][]*string {
	t.Helper()
	var exprs []string
	for _, c := range columns {
		expr := ident(c.Name) + "::text"
		if isMoney(c.Type) {
			expr = ident(c.Name) + "::numeric::text"
		}
		if c.Type.Kind == record.Native { // as it is written, which for inet is not how it is cast
			expr = "CASE WHEN " + ident(c.Name) + " IS NOT NULL THEN format('%s', " + ident(c.Name) + ") END"
		}
		if c.Type.Kind == record.Decimal && c.Type.Scale < 0 {
			expr = "trim_scale(" + ident(c.Name) + ")::text"
		}
		exprs = append(exprs, expr)
	}
	found, err := s.pool.Query(context.Background(), fmt.Sprintf("SELECT %s FROM %s AS t ORDER BY t.%s",
		strings.Join(exprs, ", "), ident(table.Schema, table.Name), ident(columns[0].Name)))
	if err != nil {
		t.Fatalf("reading %s: %v", table, err)
	}
	rows, err := pgx.CollectRows(found, func(row pgx.CollectableRow) ([]*string, error) {
		cells, scan := make([]*string, len(columns)), make([]any, len(columns))
		for i := range cells {
			scan[i] = &cells[i]
		}
		return cells, row.Scan(scan...)
	})
	if err != nil {
		t.Fatalf("reading %s: %v", table, err)
	}
	return rows
}

func (s *system) Lock(t *testing.T, table record.Table) func() {
	t.Helper()
	tx, err := s.pool.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(context.Background(), "SELECT FROM "+ident(table.Schema, table.Name)+" FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
