package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// table is what the catalogue says of a table: enough to read and write it.
type table struct {
	name    record.Table // with its schema
	kind    string       // "table", "view", "virtual" or "shadow"
	columns record.Schema
	key     []string // the primary key
}

// sql gives the table's full name as SQL.
func (t *table) sql() string { return quoted(t.name.Schema) + "." + quoted(t.name.Name) }

// Describe reads a table's structure from the catalogue.
func (d *database) Describe(ctx context.Context, name record.Table) (out driver.Table, err error) {
	conn, err := d.pinned(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = first(err, release(conn, err == nil)) }()
	t, out, err := d.structure(ctx, conn, name)
	if err != nil {
		return out, err
	}
	if out.ReadOnly = t.readOnly(); out.ReadOnly == "" {
		out.ReadOnly, err = d.readOnly(ctx, conn, t)
	}
	return out, explain(ctx, err)
}

// structure reads what the catalogue says of a table, or gives what it said before,
// as long as the catalogue is the same: SQLite counts its changes.
func (d *database) structure(ctx context.Context, conn *sql.Conn, name record.Table) (*table, driver.Table, error) {
	var now catalogue
	err := conn.QueryRowContext(ctx, "SELECT (SELECT schema_version FROM pragma_schema_version), count(*), total(length(sql)) FROM sqlite_schema").
		Scan(&now.version, &now.entries, &now.length)
	if err != nil {
		return nil, driver.Table{}, explain(ctx, err)
	}
	if t, out, known := d.tables.find(now, name); known {
		return t, out, nil
	}
	t, err := inspect(ctx, conn, name)
	if err != nil {
		return nil, driver.Table{}, err
	}
	out := driver.Table{Table: t.name, Columns: t.columns, PrimaryKey: t.key, Given: t.given()}
	if out.Uniques, err = uniques(ctx, conn, t); err != nil {
		return nil, out, explain(ctx, err)
	}
	if out.ForeignKeys, err = foreignKeys(ctx, conn, t); err != nil {
		return nil, out, explain(ctx, err)
	}
	if out.ReferencedBy, err = references(ctx, conn, t); err != nil {
		return nil, out, explain(ctx, err)
	}
	d.tables.keep(now, name, t, out)
	return t, cloned(out), nil
}

// readOnly says why the table cannot be written, "" if it can.
func (t *table) readOnly() string {
	switch t.kind {
	case "view":
		return "It is a view; its rows come from other tables."
	case "virtual", "shadow":
		return "It is kept by an extension of SQLite, not by the database itself."
	}
	return ""
}

// readOnly tries a deletion of no row: nothing else tells all the ways in which a
// file cannot be written, not even BEGIN IMMEDIATE, which then only reads.
func (d *database) readOnly(ctx context.Context, conn *sql.Conn, t *table) (string, error) {
	if d.at.readOnly {
		return readOnlyFile, nil
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return "", err
	}
	_, tried := conn.ExecContext(ctx, "DELETE FROM "+t.sql()+" WHERE 0")
	_, err := conn.ExecContext(ctx, defaultTimeout)
	if isCode(tried, sqlite3.ErrReadonly) {
		return readOnlyFile, err
	}
	return "", err // where it is locked, somebody else writes to it, so it can be written
}

// hasTriggers tells whether any row may be written by the database itself. Not only a table's
// own triggers count: those of another come by the action of a foreign key.
func hasTriggers(ctx context.Context, q querier) (has bool, err error) {
	err = q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger')").Scan(&has)
	return has, err
}

// inspect reads the columns of the table called exactly so.
func inspect(ctx context.Context, q querier, name record.Table) (*table, error) {
	if name.Schema == "" {
		name.Schema = defaultSchema
	}
	if name.Schema != defaultSchema {
		return nil, errs.New(errs.Invalid, "There is no schema %q.", name.Schema).
			WithMend("The tables of an SQLite database stand in %s; leave the schema out.", defaultSchema)
	}
	t := &table{name: name}
	var withoutRowID bool
	err := q.QueryRowContext(ctx, "SELECT type, wr FROM pragma_table_list WHERE schema = ? AND name = ? COLLATE BINARY",
		name.Schema, name.Name).Scan(&t.kind, &withoutRowID)
	if err == sql.ErrNoRows {
		return nil, missing(ctx, q, name)
	}
	if err == nil {
		err = t.readColumns(ctx, q, withoutRowID)
	}
	if err != nil {
		return nil, explain(ctx, err)
	}
	return t, nil
}

// missing says that a table is not there, and how the one is called that is
// meant perhaps.
func missing(ctx context.Context, q querier, name record.Table) error {
	e := errs.New(errs.Invalid, "There is no table %q.", name.Name).WithMend("Check the name; capitals and small letters count.")
	rows, err := q.QueryContext(ctx, "SELECT name FROM pragma_table_list WHERE schema = ? AND name NOT LIKE 'sqlite_%' LIMIT 5000", name.Schema)
	if err != nil {
		return explain(ctx, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var other string
		if err := rows.Scan(&other); err != nil {
			return explain(ctx, err)
		}
		if strings.EqualFold(other, name.Name) {
			return e.WithMend("The table is called %s, not %s.", other, name.Name)
		}
		all = append(all, other)
	}
	if err := rows.Err(); err != nil {
		return explain(ctx, err)
	}
	if meant := errs.Nearest(name.Name, all); meant != "" {
		return e.WithMend("Did you mean %s?", meant)
	}
	return e
}

// Values of table_xinfo's column "hidden" (sqlite.org/pragma.html#pragma_table_xinfo).
const (
	hiddenVirtualTable = 1
	generatedVirtual   = 2
	generatedStored    = 3
)

func (t *table) readColumns(ctx context.Context, q querier, withoutRowID bool) error {
	rows, err := q.QueryContext(ctx, `SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?, ?) ORDER BY cid`,
		t.name.Name, t.name.Schema)
	if err != nil {
		return err
	}
	defer rows.Close()
	key := map[int]string{}
	for rows.Next() {
		var c record.Column
		var decl string
		var byDefault sql.NullString
		var notNull bool
		var pk, hidden int
		if err := rows.Scan(&c.Name, &decl, &notNull, &byDefault, &pk, &hidden); err != nil {
			return err
		}
		if hidden == hiddenVirtualTable {
			continue
		}
		c.Type, c.Nullable = typeOf(decl), !notNull
		c.HasDefault = byDefault.Valid && !strings.EqualFold(byDefault.String, "null")
		c.Generated = hidden == generatedVirtual || hidden == generatedStored
		if pk > 0 {
			key[pk] = c.Name
		}
		t.columns = append(t.columns, c)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for i := 1; i <= len(key); i++ {
		t.key = append(t.key, key[i])
	}
	if withoutRowID || len(t.key) != 1 {
		return nil
	}
	return t.markRowID(ctx, q)
}

// markRowID finds out whether the key is the row number itself: declared exactly
// INTEGER PRIMARY KEY, and not, by an old mistake that is kept, with DESC, which
// shows in an index of its own (sqlite.org/lang_createtable.html#rowid).
func (t *table) markRowID(ctx context.Context, q querier) error {
	c := &t.columns[t.columns.Index(t.key[0])]
	if !strings.EqualFold(c.Type.Native, "INTEGER") {
		return nil
	}
	var own int
	err := q.QueryRowContext(ctx, "SELECT count(*) FROM pragma_index_list(?, ?) WHERE origin = 'pk'", t.name.Name, t.name.Schema).Scan(&own)
	if err == nil && own == 0 {
		c.Nullable, c.HasDefault, c.Identity = false, true, "default"
	}
	return err
}

// uniques lists unique constraints and unique indexes that cover all rows and
// consist of plain columns.
func uniques(ctx context.Context, q querier, t *table) ([][]string, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT l.seq, x.cid, x.name FROM pragma_index_list(?1, ?2) l, pragma_index_xinfo(l.name, ?2) x
		WHERE l."unique" AND NOT l.partial AND l.origin <> 'pk' AND x.key ORDER BY l.seq DESC, x.seqno`,
		t.name.Name, t.name.Schema)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all [][]string
	last, plain := -1, true
	for rows.Next() {
		var seq, cid int
		var name sql.NullString
		if err := rows.Scan(&seq, &cid, &name); err != nil {
			return nil, err
		}
		if seq != last {
			all, last, plain = append(all, nil), seq, true
		}
		plain = plain && cid >= 0 // else the row number or an expression
		if i := len(all) - 1; plain {
			all[i] = append(all[i], name.String)
		} else {
			all[i] = nil
		}
	}
	all = slices.DeleteFunc(all, func(u []string) bool { return len(u) == 0 })
	return all, rows.Err()
}

// foreignKeys lists the table's references. SQLite gives neither their names nor
// whether they are deferrable; a name is made of the columns.
func foreignKeys(ctx context.Context, q querier, t *table) ([]driver.ForeignKey, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, "table", "from", "to", on_delete, on_update FROM pragma_foreign_key_list(?, ?) ORDER BY id DESC, seq`,
		t.name.Name, t.name.Schema)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []driver.ForeignKey
	last := -1
	for rows.Next() {
		var id int
		var parent, from, onDelete, onUpdate string
		var to sql.NullString
		if err := rows.Scan(&id, &parent, &from, &to, &onDelete, &onUpdate); err != nil {
			return nil, err
		}
		if id != last {
			all, last = append(all, driver.ForeignKey{RefTable: record.Table{Schema: t.name.Schema, Name: parent}}), id
		}
		k := &all[len(all)-1]
		k.Columns = append(k.Columns, t.exact(from))
		if to.Valid {
			k.RefColumns = append(k.RefColumns, to.String)
		}
		k.OnDelete, k.OnUpdate = action(onDelete), action(onUpdate)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return resolve(ctx, q, all)
}

// action names what happens to rows that refer to one that is deleted or changed; "" is
// that it is refused.
func action(rule string) string {
	if rule == "NO ACTION" || rule == "RESTRICT" {
		return ""
	}
	return strings.ToLower(rule)
}

// resolve gives the tables and columns referred to their exact names, which a
// REFERENCES clause may spell differently or leave out. A reference to a table
// that is not there is kept as it is written.
func resolve(ctx context.Context, q querier, all []driver.ForeignKey) ([]driver.ForeignKey, error) {
	for i := range all {
		k := &all[i]
		err := q.QueryRowContext(ctx, "SELECT name FROM pragma_table_list WHERE schema = ? AND name = ? COLLATE NOCASE",
			k.RefTable.Schema, k.RefTable.Name).Scan(&k.RefTable.Name)
		if err != nil && err != sql.ErrNoRows {
			return nil, err
		}
		if err == nil {
			parent, err := inspect(ctx, q, k.RefTable)
			if err != nil {
				return nil, err
			}
			if len(k.RefColumns) == 0 {
				k.RefColumns = parent.key
			}
			for j, c := range k.RefColumns {
				k.RefColumns[j] = parent.exact(c)
			}
		}
		k.Name = fmt.Sprintf("%s → %s (%s)", strings.Join(k.Columns, ", "), k.RefTable.Name, strings.Join(k.RefColumns, ", "))
	}
	return all, nil
}

// references lists the foreign keys of all tables that refer to t.
func references(ctx context.Context, q querier, t *table) (all []driver.Reference, err error) {
	var list string // in one value, so that nothing is read while the next query runs
	err = q.QueryRowContext(ctx, `SELECT json_group_array(DISTINCT l.name) FROM pragma_table_list l, pragma_foreign_key_list(l.name, l.schema) f
		WHERE l.schema = ? AND l.type = 'table' AND f."table" = ? COLLATE NOCASE`, t.name.Schema, t.name.Name).Scan(&list)
	if err != nil {
		return nil, err
	}
	var holders []string
	if err := json.Unmarshal([]byte(list), &holders); err != nil {
		return nil, err
	}
	slices.Sort(holders)
	for _, name := range holders {
		holder, err := inspect(ctx, q, record.Table{Schema: t.name.Schema, Name: name})
		if err != nil {
			return nil, err
		}
		keys, err := foreignKeys(ctx, q, holder)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if k.RefTable == t.name {
				all = append(all, driver.Reference{Table: holder.name, Columns: holder.columns.Pick(k.Columns), RefColumns: k.RefColumns, OnDelete: k.OnDelete, OnUpdate: k.OnUpdate})
			}
		}
	}
	return all, nil
}

// exact gives the column's own spelling of a name.
func (t *table) exact(name string) string {
	for _, c := range t.columns {
		if strings.EqualFold(c.Name, name) {
			return c.Name
		}
	}
	return name
}

// live gives the columns asked for as they are now. What was planned with a
// column that is gone, or is of another type now, must be planned again.
func (t *table) live(asked record.Schema) (record.Schema, error) {
	out := make(record.Schema, len(asked))
	for i, want := range asked {
		at := t.columns.Index(want.Name)
		if at < 0 {
			e := errs.New(errs.Changed, "The table %s has no column %s (any more).", t.name.Name, want.Name)
			if near := t.exact(want.Name); near != want.Name {
				return nil, e.WithMend("The column is called %s.", near)
			}
			return nil, e.WithMend("Plan the change again with the columns that are there.")
		}
		out[i] = t.columns[at]
		if out[i].Type.Kind == record.Unsupported {
			return nil, errs.New(errs.Invalid, "The column %s of %s cannot be read: its type is %s.", want.Name, t.name.Name, out[i].Type.Native).
				WithMend("Leave the column out.")
		}
		if have := out[i].Type; have.Kind != want.Type.Kind || have.Scale != want.Type.Scale {
			return nil, errs.New(errs.Changed, "The column %s of %s is now %s, not %s.", want.Name, t.name.Name, have.Native, want.Type.Native).
				WithMend("Plan the change again.")
		}
	}
	return out, nil
}
