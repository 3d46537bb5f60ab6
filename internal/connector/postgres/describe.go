package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// relation is a row of pg_class and what the account may do with it.
type relation struct {
	oid                     uint32
	kind                    string // pg_class.relkind
	standby, readOnly       bool   // the server; the session's transactions by default
	use, sel, ins, upd, del bool   // the account's rights
	stages                  bool   // it may make temporary tables
	hides                   bool   // row security shows the account some rows only

	heirs, behind []string // tables that inherit from it, or that it is a view of
	instead       bool     // it is a view with triggers that write in its stead
}

const relationSQL = `
SELECT c.oid, c.relkind::text, pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool,
	has_schema_privilege(s.oid, 'USAGE'), has_any_column_privilege(c.oid, 'SELECT'), has_any_column_privilege(c.oid, 'INSERT'),
	has_any_column_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE'), has_database_privilege(current_database(), 'TEMPORARY'), row_security_active(c.oid),
	array(SELECT i.inhrelid::regclass::text FROM pg_inherits AS i WHERE i.inhparent = c.oid AND c.relkind = 'r' ORDER BY 1),
	array(SELECT DISTINCT d.refobjid::regclass::text FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
		WHERE w.ev_class = c.oid AND c.relkind = 'v' AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid AND d.deptype = 'n' ORDER BY 1),
	EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND g.tgtype & 64 <> 0)
FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE s.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`

// nearSQL lists the tables that someone may have meant, first those of the same
// name but for case, or in another schema.
const nearSQL = `
SELECT s.nspname, c.relname, lower(c.relname) = lower($2) FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND s.nspname NOT LIKE 'pg\_%' AND s.nspname <> 'information_schema'
ORDER BY lower(c.relname) <> lower($2), lower(s.nspname) <> lower($1), 1, 2 LIMIT 5000`

// knownSQL names a type: by its name in pg_catalog, as enum, or as citext if it is
// that extension's; ” for any other.
const knownSQL = `CASE WHEN y.typtype = 'e' THEN '` + enum + `' WHEN y.typnamespace = 'pg_catalog'::regnamespace THEN y.typname::text
	WHEN y.typname = '` + citext + `' AND EXISTS (SELECT FROM pg_depend AS p JOIN pg_extension AS x ON x.oid = p.refobjid
		WHERE p.classid = 'pg_type'::regclass AND p.objid = y.oid AND p.refclassid = 'pg_extension'::regclass AND p.deptype = 'e' AND x.extname = '` + citext + `')
	THEN '` + citext + `' ELSE '' END`

// columnsSQL looks behind domains, for the type that values are of, and at the
// elements of arrays. What money keeps of a unit is the session's lc_monetary's.
const columnsSQL = `
WITH RECURSIVE type AS (
	SELECT a.attnum, a.atttypid AS oid, a.atttypmod AS mod, a.attnotnull AS required, a.atthasdef AS filled
	FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT d.attnum, y.typbasetype, y.typtypmod, d.required OR y.typnotnull, d.filled OR y.typdefault IS NOT NULL
	FROM type AS d JOIN pg_type AS y ON y.oid = d.oid WHERE y.typtype = 'd'
)
SELECT a.attname, ` + knownSQL + `, (SELECT ` + knownSQL + ` FROM pg_type AS y WHERE y.typarray = t.oid), y.typtype::text, t.mod,
	format_type(t.oid, t.mod), scale('0'::money::numeric), CASE WHEN t.oid <> a.atttypid THEN format_type(a.atttypid, NULL) ELSE '' END, NOT t.required, t.filled,
	a.attgenerated::text, a.attidentity::text, array(SELECT l.enumlabel FROM pg_enum AS l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder)::text[]
FROM type AS t JOIN pg_type AS y ON y.oid = t.oid JOIN pg_attribute AS a ON a.attrelid = $1 AND a.attnum = t.attnum
WHERE y.typtype <> 'd'
ORDER BY a.attnum`

// indexesSQL lists unique indexes that hold for every row over plain columns,
// the primary key first.
const indexesSQL = `
SELECT i.indisprimary, NOT i.indimmediate, array(SELECT a.attname FROM generate_series(0, i.indnkeyatts - 1) AS n
	JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n] ORDER BY n)::text[],
	coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false)
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY NOT i.indisprimary, c.relname`

const foreignKeysSQL = `
SELECT f.conname, s.nspname, r.relname, f.confdeltype::text, f.confupdtype::text, f.condeferred,
	array(SELECT a.attname FROM unnest(f.conkey) WITH ORDINALITY AS k(n, o)
		JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.n ORDER BY k.o)::text[],
	array(SELECT a.attname FROM unnest(f.confkey) WITH ORDINALITY AS k(n, o)
		JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.n ORDER BY k.o)::text[]
FROM pg_constraint AS f JOIN pg_class AS r ON r.oid = f.confrelid JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE f.conrelid = $1 AND f.contype = 'f'
ORDER BY f.conname`

// referencesSQL lists the foreign keys that refer to a table, or to a partition of it
// alone. One that a partitioned table has or is referred to by stands there once more for
// each partition.
const referencesSQL = `
SELECT f.conrelid, s.nspname, r.relname, f.confdeltype::text, f.confupdtype::text,
	array(SELECT a.attname FROM unnest(f.conkey) WITH ORDINALITY AS k(n, o)
		JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.n ORDER BY k.o)::text[],
	array(SELECT a.attname FROM unnest(f.confkey) WITH ORDINALITY AS k(n, o)
		JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.n ORDER BY k.o)::text[]
FROM pg_constraint AS f JOIN pg_class AS r ON r.oid = f.conrelid JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE f.contype = 'f' AND f.confrelid IN (SELECT $1 UNION SELECT p.relid FROM pg_partition_tree($1) AS p)
	AND (f.conparentid = 0 OR NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.oid = f.conparentid
		AND o.confrelid IN (SELECT $1 UNION SELECT p.relid FROM pg_partition_tree($1) AS p)))
ORDER BY s.nspname, r.relname, f.conname`

// Describe reads the catalog in one transaction, so that the parts fit together.
func (db *database) Describe(ctx context.Context, table record.Table) (d driver.Table, err error) {
	table = withSchema(table)
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return d, fault(err)
	}
	defer rollback(ctx, tx)
	r, err := findRelation(ctx, tx, table)
	if err != nil {
		return d, fault(err)
	}
	d.Table, d.ReadOnly = table, r.whyReadOnly(db.grantTemporary())
	if r.hides {
		d.Hidden = "Row security of the database shows Sutor's account only some of its rows."
	}
	if d.Columns, err = describeColumns(ctx, tx, r.oid); err != nil {
		return d, fault(err)
	}
	if err = describeIndexes(ctx, tx, r.oid, &d); err != nil {
		return d, fault(err)
	}
	if d.Given, _, err = drawing(ctx, tx, r.oid); err != nil {
		return d, fault(err)
	}
	if d.ForeignKeys, err = describeForeignKeys(ctx, tx, r.oid); err != nil {
		return d, fault(err)
	}
	d.ReferencedBy, err = describeReferences(ctx, tx, r.oid)
	return d, fault(err)
}

func findRelation(ctx context.Context, tx pgx.Tx, table record.Table) (r relation, err error) {
	err = tx.QueryRow(ctx, relationSQL, table.Schema, table.Name).Scan(
		&r.oid, &r.kind, &r.standby, &r.readOnly, &r.use, &r.sel, &r.ins, &r.upd, &r.del, &r.stages, &r.hides, &r.heirs, &r.behind, &r.instead)
	if err == pgx.ErrNoRows {
		return r, noTable(ctx, tx, table)
	}
	if err == nil && !(r.use && r.sel) {
		err = &driver.Refusal{Message: "Sutor's account in the database has no right to read the table " + table.String() + "."}
	}
	return r, err
}

// noTable says that a table is not there and which one may have been meant.
func noTable(ctx context.Context, tx pgx.Tx, table record.Table) error {
	rows, err := tx.Query(ctx, nearSQL, table.Schema, table.Name)
	if err != nil {
		return err
	}
	var near, all []string
	var t record.Table
	var same bool
	if _, err := pgx.ForEachRow(rows, []any{&t.Schema, &t.Name, &same}, func() error {
		all = append(all, t.String())
		if same {
			near = append(near, t.String())
		}
		return nil
	}); err != nil {
		return err
	}
	e := errs.New(errs.Invalid, "There is no table %s in the database.", table)
	if len(near) > 0 {
		return e.WithMend("There is %s: names are exact, capitals included.", strings.Join(near[:min(len(near), 5)], ", "))
	}
	if meant := errs.Nearest(table.String(), all); meant != "" {
		return e.WithMend("Did you mean %s?", meant)
	}
	return e.WithMend("Check the schema and the name; both are exact, capitals included.")
}

// whyReadOnly gives a sentence; "" where the account may write the table.
func (r relation) whyReadOnly(grantTemporary string) string {
	switch {
	case r.instead:
		return "It is a view with INSTEAD OF triggers: what they make of a row could neither be compared with what was approved nor taken back. Changes go to the tables behind it" + among(r.behind)
	case r.kind == "v":
		return "It is a view; changes go to the tables behind it" + among(r.behind)
	case len(r.heirs) > 0:
		return "Other tables inherit from it, and their rows count as its own, without its key holding among them" + among(r.heirs)
	case r.kind == "m":
		return "It is a materialized view, which is only ever computed."
	case r.kind == "f":
		return "It is a foreign table; changes go to the system that holds it."
	case r.standby:
		return "The server is a standby, which only follows another one."
	case r.readOnly:
		return "The database only allows reading."
	case !r.ins && !r.upd && !r.del:
		return "Sutor's account in the database has only the right to read it."
	case !r.stages:
		return "Sutor's account may not make temporary tables in the database, which every plan needs; an administrator can give it the right: " + grantTemporary
	}
	return ""
}

// among ends a sentence about tables with their names.
func among(tables []string) string {
	if len(tables) == 0 {
		return "."
	}
	const most = 5
	if len(tables) > most {
		tables = append(slices.Clone(tables[:most]), "…")
	}
	return ": " + strings.Join(tables, ", ") + "."
}

func describeColumns(ctx context.Context, tx pgx.Tx, oid uint32) (record.Schema, error) {
	rows, err := tx.Query(ctx, columnsSQL, oid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c record.Column, err error) {
		var (
			of                          catalogued
			domain, generated, identity string
			filled                      bool
			labels                      []string
		)
		err = row.Scan(&c.Name, &of.name, &of.element, &of.class, &of.typmod, &of.native, &of.cents, &domain, &c.Nullable, &filled, &generated, &identity, &labels)
		c.Type = typeOf(of)
		c.Type.Domain = domain
		if len(labels) > 0 {
			c.Type.Labels = labels
		}
		c.Generated = generated != ""
		c.Identity = map[string]string{"a": "always", "d": "default"}[identity]
		c.HasDefault = filled && !c.Generated || c.Identity != ""
		return c, err
	})
}

func describeIndexes(ctx context.Context, tx pgx.Tx, oid uint32, d *driver.Table) error {
	rows, err := tx.Query(ctx, indexesSQL, oid)
	if err != nil {
		return err
	}
	var (
		isPrimary, deferrable, nullsEqual bool
		columns                           []string
	)
	_, err = pgx.ForEachRow(rows, []any{&isPrimary, &deferrable, &columns, &nullsEqual}, func() error {
		if isPrimary {
			d.PrimaryKey = columns
		} else {
			d.Uniques = append(d.Uniques, columns)
		}
		if deferrable {
			d.Deferrable = append(d.Deferrable, columns)
		}
		if nullsEqual {
			d.NullsEqual = append(d.NullsEqual, columns)
		}
		columns = nil
		return nil
	})
	return err
}

func describeForeignKeys(ctx context.Context, tx pgx.Tx, oid uint32) ([]driver.ForeignKey, error) {
	rows, err := tx.Query(ctx, foreignKeysSQL, oid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f driver.ForeignKey, err error) {
		var onDelete, onUpdate string
		err = row.Scan(&f.Name, &f.RefTable.Schema, &f.RefTable.Name, &onDelete, &onUpdate, &f.Deferred, &f.Columns, &f.RefColumns)
		f.OnDelete, f.OnUpdate = actions[onDelete], actions[onUpdate]
		return f, err
	})
}

// actions names pg_constraint.confdeltype and confupdtype; what is missing refuses.
var actions = map[string]string{"c": "cascade", "n": "set null", "d": "set default"}

func describeReferences(ctx context.Context, tx pgx.Tx, oid uint32) ([]driver.Reference, error) {
	rows, err := tx.Query(ctx, referencesSQL, oid)
	if err != nil {
		return nil, err
	}
	type reference struct {
		driver.Reference
		holder uint32
		names  []string
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r reference, err error) {
		var onDelete, onUpdate string
		err = row.Scan(&r.holder, &r.Table.Schema, &r.Table.Name, &onDelete, &onUpdate, &r.names, &r.RefColumns)
		r.OnDelete, r.OnUpdate = actions[onDelete], actions[onUpdate]
		return r, err
	})
	var all []driver.Reference
	for _, r := range found {
		columns, err := describeColumns(ctx, tx, r.holder)
		if err != nil {
			return nil, err
		}
		r.Columns = columns.Pick(r.names)
		all = append(all, r.Reference)
	}
	return all, err
}
