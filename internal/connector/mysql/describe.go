package mysql

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// table is what the catalogue says of a table: enough to read and write it.
type table struct {
	name    record.Table
	kind    string // information_schema.TABLES.TABLE_TYPE
	engine  string
	undoes  bool   // the engine can take back what was written
	rights  string // of the account on any of its columns, as "select,update"
	columns record.Schema
	all     []column
	indexes []index
}

// index is a unique index or any other; the primary key's name is PRIMARY.
type index struct {
	name     string
	unique   bool
	columns  []string
	prefixes []int // in characters, of each column; 0 for the whole
}

// sql gives the table's full name in SQL.
func (t *table) sql() string { return quotedTable(t.name) }

// The catalogue is asked in small questions, each about one database and, where it
// can be, one table: anything else makes the server open every table and view there is.
const (
	tableSQL  = `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, '') FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`
	engineSQL = `SELECT COALESCE(TRANSACTIONS, 'NO') = 'YES' FROM information_schema.ENGINES WHERE ENGINE = ?`
)

const columnsSQL = `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COALESCE(CHARACTER_MAXIMUM_LENGTH, 0), COALESCE(CHARACTER_OCTET_LENGTH, 0),
	COALESCE(NUMERIC_PRECISION, 0), NUMERIC_SCALE, COALESCE(DATETIME_PRECISION, 0), COALESCE(CHARACTER_SET_NAME, ''), COALESCE(COLLATION_NAME, ''),
	IS_NULLABLE = 'YES', COLUMN_DEFAULT, COALESCE(COLUMN_DEFAULT = 'uuid()' AND (EXTRA LIKE '%DEFAULT_GENERATED%' OR VERSION() LIKE '%MariaDB%'), FALSE), EXTRA, PRIVILEGES
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`

const indexesSQL = `SELECT INDEX_NAME, NON_UNIQUE = 0, COLUMN_NAME, COALESCE(SUB_PART, 0)
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX`

// inspect reads the catalogue. The server may take a name for another's but for its
// case; here names are exact.
func (s *session) inspect(ctx context.Context, name record.Table) (*table, error) {
	t := &table{name: s.db.withSchema(name)}
	want := t.name
	inner, stop := s.guard(ctx)
	err := s.conn.QueryRowContext(inner, tableSQL, want.Schema, want.Name).Scan(&t.name.Schema, &t.name.Name, &t.kind, &t.engine)
	if err == nil && t.engine != "" {
		err = s.conn.QueryRowContext(inner, engineSQL, t.engine).Scan(&t.undoes)
	}
	stop()
	if err == sql.ErrNoRows || err == nil && t.name != want {
		return nil, gone(want)
	}
	if err == nil {
		err = s.inspectColumns(ctx, t)
	}
	if err == nil {
		err = s.inspectIndexes(ctx, t)
	}
	return t, explain(ctx, err)
}

// each runs a query of the catalogue and takes its rows.
func (s *session) each(ctx context.Context, query string, args []any, dest []any, take func()) error {
	inner, stop := s.guard(ctx)
	defer stop()
	rows, err := s.conn.QueryContext(inner, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		take()
	}
	return rows.Err()
}

func (s *session) inspectColumns(ctx context.Context, t *table) error {
	var (
		c                           column
		native, extra, rights       string
		length, precision, fraction int
		scale                       *int
		filled                      *string
	)
	return s.each(ctx, columnsSQL, []any{t.name.Schema, t.name.Name},
		[]any{&c.Name, &c.data, &native, &length, &c.octets, &precision, &scale, &fraction, &c.charset, &c.collation, &c.Nullable, &filled, &c.uuids, &extra, &rights}, func() {
			one := c
			one.Type = typeOf(one.data, native, length, precision, scale, fraction)
			s.db.bound(&one)
			extra = strings.ToUpper(extra)
			one.Generated = strings.Contains(extra, "GENERATED") && !strings.Contains(extra, "DEFAULT_GENERATED")
			if strings.Contains(extra, "AUTO_INCREMENT") {
				one.Identity = "default"
			}
			one.uuids = one.uuids && (one.Type.Kind == record.UUID || one.Type.Kind == record.Text && (one.Type.MaxLen == 0 || one.Type.MaxLen >= len("00000000-0000-0000-0000-000000000000")))
			// MariaDB says NULL, without quotes, for a default that nobody gave.
			one.HasDefault = !one.Generated && (one.Identity != "" || filled != nil && *filled != "NULL")
			t.columns, t.all = append(t.columns, one.Column), append(t.all, one)
			t.rights += "," + rights
		})
}

// mostBytes is where a bound on bytes ends to be one: nothing longer is sent.
const mostBytes = 1<<32 - 1

// inUTF8 are the character sets whose bytes are those of our texts.
var inUTF8 = map[string]bool{"utf8mb4": true, "utf8mb3": true, "utf8": true}

// bound says what a column has room for besides what its type's grammar tells. Texts in
// another character set have other bytes than ours; the server judges them.
func (db *database) bound(c *column) {
	switch {
	case c.octets >= mostBytes:
	case wholeTexts[c.data] && inUTF8[c.charset], c.Type.Kind == record.Bytes:
		c.Type.MaxBytes = int(c.octets)
	}
	if c.Type.Kind == record.TimestampTZ {
		c.Type.First, c.Type.Last = firstInstant, db.lastInstant
	}
}

func (s *session) inspectIndexes(ctx context.Context, t *table) error {
	var name string
	var unique bool
	var column *string
	var prefix int
	err := s.each(ctx, indexesSQL, []any{t.name.Schema, t.name.Name}, []any{&name, &unique, &column, &prefix}, func() {
		if len(t.indexes) == 0 || t.indexes[len(t.indexes)-1].name != name {
			t.indexes = append(t.indexes, index{name: name, unique: unique})
		}
		i := &t.indexes[len(t.indexes)-1]
		if column == nil { // an expression
			column = new(string)
		}
		i.columns, i.prefixes = append(i.columns, *column), append(i.prefixes, prefix)
	})
	t.indexes = slices.DeleteFunc(t.indexes, func(i index) bool { return slices.Contains(i.columns, "") })
	return err
}

// live gives columns as they are in the table now.
func (t *table) live(wanted record.Schema) ([]column, error) {
	all := make([]column, len(wanted))
	for n, w := range wanted {
		i := t.columns.Index(w.Name)
		if i < 0 {
			return nil, errs.New(errs.Changed, "The column %s of the table %s is no longer there.", w.Name, t.name).
				WithMend("Ask the steward what became of it; then plan the change again.")
		}
		all[n] = t.all[i]
	}
	return all, nil
}

const primary = "PRIMARY"

// Describe reads a table's structure.
func (db *database) Describe(ctx context.Context, name record.Table) (d driver.Table, err error) {
	s, err := db.session(ctx, db.pool)
	if err != nil {
		return d, err
	}
	defer func() { s.release(ctx, err == nil || errs.KindOf(err) == errs.Invalid) }()
	t, err := s.inspect(ctx, name)
	if errs.KindOf(err) == errs.Changed {
		return d, s.noTable(ctx, db.withSchema(name))
	}
	if err != nil {
		return d, err
	}
	if !strings.Contains(t.rights, "select") {
		return d, errs.New(errs.Invalid, "Sutor's account has no right to read the table %s.", t.name).WithMend("The database's administrator can give it: sutor doctor names the statements.")
	}
	d = driver.Table{Table: t.name, Columns: t.columns, Given: t.given()}
	for _, i := range t.indexes {
		switch {
		case i.name == primary:
			d.PrimaryKey = i.columns
		case i.unique:
			d.Uniques = append(d.Uniques, i.columns)
		}
	}
	if d.ReadOnly, err = s.whyReadOnly(ctx, t); err != nil {
		return d, explain(ctx, err)
	}
	if d.ForeignKeys, err = s.foreignKeys(ctx, t.name); err != nil {
		return d, explain(ctx, err)
	}
	if d.HiddenReferences, err = s.whyHidden(ctx, t); err != nil {
		return d, explain(ctx, err)
	}
	d.ReferencedBy, err = s.references(ctx, t.name)
	return d, explain(ctx, err)
}

// noTable says that a table is not there and which one may have been meant.
func (s *session) noTable(ctx context.Context, want record.Table) error {
	var near, all []string
	var t record.Table
	err := s.each(ctx, `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
		WHERE TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY BINARY TABLE_SCHEMA <> ?, 1, 2 LIMIT 5000`, []any{want.Schema}, []any{&t.Schema, &t.Name}, func() {
		all = append(all, t.String())
		if strings.EqualFold(t.Name, want.Name) {
			near = append(near, t.String())
		}
	})
	if err != nil {
		return explain(ctx, err)
	}
	e := errs.New(errs.Invalid, "There is no table %s in the database, or Sutor's account has no right on it.", want)
	if len(near) > 0 {
		return e.WithMend("There is %s: names are exact, capitals included.", strings.Join(near[:min(len(near), 5)], ", "))
	}
	if meant := errs.Nearest(want.String(), all); meant != "" {
		return e.WithMend("Did you mean %s?", meant)
	}
	return e.WithMend("Check the database and the name; both are exact, capitals included.")
}

// whyReadOnly gives a sentence; "" where the account may write the table.
func (s *session) whyReadOnly(ctx context.Context, t *table) (string, error) {
	switch {
	case strings.Contains(t.kind, "VIEW"):
		return "It is a view; changes go to the tables behind it.", nil
	case t.kind == "SEQUENCE":
		return "It is a sequence; only the database itself counts in it.", nil
	case !t.undoes:
		return "Its storage engine " + t.engine + " cannot take back what was written, so a change could be left half done; an administrator can move it to InnoDB (ALTER TABLE … ENGINE=InnoDB).", nil
	}
	var readOnly, statements bool
	if err := s.row(ctx, "SELECT @@global.read_only OR @@innodb_read_only, @@log_bin AND @@binlog_format = 'STATEMENT'", &readOnly, &statements); err != nil {
		return "", err
	}
	switch {
	case readOnly:
		return "The server only allows reading (read_only).", nil
	case statements:
		return sentences[1665], nil
	}
	if strings.Contains(t.rights, "insert") || strings.Contains(t.rights, "update") {
		return s.whyNotStaging(ctx)
	}
	if _, err := s.exec(ctx, "EXPLAIN DELETE FROM "+t.sql()+" WHERE FALSE"); isNumber(err, 1142) {
		return "Sutor's account in the database has only the right to read it.", nil
	} else if err != nil {
		return "", err
	}
	return s.whyNotStaging(ctx)
}

const foreignKeysSQL = `SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION`

const rulesSQL = `SELECT CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ?`

// actions names what happens to rows that refer to one that is deleted or changed; what
// is missing refuses. InnoDB itself refuses SET DEFAULT.
var actions = map[string]string{"CASCADE": "cascade", "SET NULL": "set null"}

func (s *session) foreignKeys(ctx context.Context, of record.Table) (all []driver.ForeignKey, err error) {
	var name, column, refColumn, onDelete, onUpdate string
	var ref record.Table
	err = s.each(ctx, foreignKeysSQL, []any{of.Schema, of.Name}, []any{&name, &column, &ref.Schema, &ref.Name, &refColumn}, func() {
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, driver.ForeignKey{Name: name, RefTable: ref})
		}
		f := &all[len(all)-1]
		f.Columns, f.RefColumns = append(f.Columns, column), append(f.RefColumns, refColumn)
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	err = s.each(ctx, rulesSQL, []any{of.Schema, of.Name}, []any{&name, &onDelete, &onUpdate}, func() {
		for i := range all {
			if all[i].Name == name {
				all[i].OnDelete, all[i].OnUpdate = actions[onDelete], actions[onUpdate]
			}
		}
	})
	return all, err
}

// The databases that people's tables stand in, and those of their tables that refer to
// one: asked of one database after the other.
const (
	schemasSQL = `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY 1`
	holdersSQL = `SELECT DISTINCT TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS
		WHERE CONSTRAINT_SCHEMA = ? AND UNIQUE_CONSTRAINT_SCHEMA = ? AND REFERENCED_TABLE_NAME = ? ORDER BY 1`
)

// references lists the foreign keys that refer to a table, as far as the account may
// see the tables that hold them.
func (s *session) references(ctx context.Context, to record.Table) (all []driver.Reference, err error) {
	var schemas []string
	var schema, name string
	if err := s.each(ctx, schemasSQL, nil, []any{&schema}, func() { schemas = append(schemas, schema) }); err != nil {
		return nil, err
	}
	for _, schema := range schemas {
		var holders []record.Table
		if err := s.each(ctx, holdersSQL, []any{schema, to.Schema, to.Name}, []any{&name}, func() { holders = append(holders, record.Table{Schema: schema, Name: name}) }); err != nil {
			return nil, err
		}
		for _, holder := range holders {
			some, err := s.referring(ctx, holder, to)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

// referring lists the foreign keys of one table that refer to another.
func (s *session) referring(ctx context.Context, holder, to record.Table) (all []driver.Reference, err error) {
	h, err := s.inspect(ctx, holder)
	if err != nil {
		return nil, err
	}
	keys, err := s.foreignKeys(ctx, holder)
	for _, k := range keys {
		if k.RefTable == to {
			all = append(all, driver.Reference{Table: holder, Columns: h.columns.Pick(k.Columns), RefColumns: k.RefColumns, OnDelete: k.OnDelete, OnUpdate: k.OnUpdate})
		}
	}
	return all, err
}
