package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var _ driver.Demander = (*database)(nil)

// Rights gives the statements that grant a role what it needs, and no more.
func Rights(dsn string, needs []driver.Need) []string {
	config, err := parse(dsn)
	if err != nil {
		return nil
	}
	role := pgx.Identifier{config.ConnConfig.User}.Sanitize()
	lines := []string{fmt.Sprintf("GRANT CONNECT, TEMPORARY ON %s;", account(config.ConnConfig))}
	var uses []string
	for _, n := range needs {
		uses = append(uses, use("SCHEMA", withSchema(n.Table).Schema))
	}
	for _, n := range needs {
		uses = append(uses, n.Uses...)
	}
	for i, used := range uses {
		if !slices.Contains(uses[:i], used) {
			lines = append(lines, fmt.Sprintf("GRANT USAGE ON %s TO %s;", used, role))
		}
	}
	for _, n := range needs {
		lines = append(lines, fmt.Sprintf("GRANT %s ON TABLE %s TO %s;", strings.Join(rightsOn(n), ", "), quoted(withSchema(n.Table)), role))
	}
	return lines
}

// use names what a role may be granted the use of.
func use(kind string, names ...string) string { return kind + " " + pgx.Identifier(names).Sanitize() }

// demandsSQL lists what a table uses that asks for the right to it, by kind, schema and
// name: the sequence of a default that a new row is left to ($3, but for $4), or that is
// drawn from ($5); the schema of a function that is drawn by, since it is named there; and
// of types that are named where values are staged, spelled or found by: what is behind a
// domain, lists, and citext, whose operator is. For an identity column the server asks for
// nothing unless it is drawn from, nor for a type that is not named.
const demandsSQL = `
WITH RECURSIVE col AS (
	SELECT a.attrelid, a.attnum, a.atttypid, a.attidentity, $3::bool AND a.attname <> ALL ($4::text[]) AS filled, a.attname = $5 AS drawn
	FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS s ON s.oid = c.relnamespace
	WHERE s.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
), type AS (
	SELECT col.atttypid AS oid, false AS domain FROM col
	UNION ALL SELECT y.typbasetype, true FROM type AS t JOIN pg_type AS y ON y.oid = t.oid WHERE y.typtype = 'd'
), used AS (
	SELECT p.refclassid, p.refobjid, col.drawn FROM col JOIN pg_attrdef AS d ON d.adrelid = col.attrelid AND d.adnum = col.attnum
	JOIN pg_depend AS p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid WHERE col.filled OR col.drawn
	UNION ALL SELECT p.classid, p.objid, true FROM col JOIN pg_depend AS p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = col.attrelid AND p.refobjsubid = col.attnum
	WHERE col.drawn AND col.attidentity <> '' AND p.classid = 'pg_class'::regclass AND p.deptype = 'i'
)
SELECT 'SCHEMA', s.nspname::text, NULL::text FROM type AS t JOIN pg_type AS y ON y.oid = t.oid JOIN pg_namespace AS s ON s.oid = y.typnamespace
WHERE y.typtype <> 'd' AND s.nspname <> 'pg_catalog' AND (t.domain OR y.typcategory = 'A' OR ` + knownSQL + ` = '` + citext + `')
UNION SELECT 'SCHEMA', s.nspname::text, NULL FROM used AS u JOIN pg_proc AS f ON u.refclassid = 'pg_proc'::regclass AND f.oid = u.refobjid JOIN pg_namespace AS s ON s.oid = f.pronamespace
WHERE u.drawn AND s.nspname <> 'pg_catalog'
UNION SELECT 'SEQUENCE', s.nspname::text, c.relname::text FROM used AS u JOIN pg_class AS c ON u.refclassid = 'pg_class'::regclass AND c.oid = u.refobjid AND c.relkind = 'S'
JOIN pg_namespace AS s ON s.oid = c.relnamespace
ORDER BY 1, 2, 3`

// Demands reads the catalog, which everybody may.
func (db *database) Demands(ctx context.Context, table record.Table, left driver.Left) ([]string, error) {
	table = withSchema(table)
	rows, err := db.pool.Query(ctx, demandsSQL, table.Schema, table.Name, left.Defaults, append([]string{}, left.Key...), left.Drawn)
	if err != nil {
		return nil, fault(err)
	}
	uses, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var kind, schema string
		var name *string
		err := row.Scan(&kind, &schema, &name)
		if name == nil {
			return use(kind, schema), err
		}
		return use(kind, schema, *name), err
	})
	return uses, fault(err)
}

// account ends the statement that gives a right on the database.
func account(c *pgx.ConnConfig) string {
	return "DATABASE " + pgx.Identifier{c.Database}.Sanitize() + " TO " + pgx.Identifier{c.User}.Sanitize()
}

// grantTemporary gives the statement that lets the account make temporary tables, which
// plans and applies need. Every account may, until somebody takes the right from PUBLIC.
func (db *database) grantTemporary() string {
	return "GRANT TEMPORARY ON " + account(db.pool.Config().ConnConfig) + ";"
}

// mayNotStage tells the refusal of a temporary table from that of anything else, in each
// language of the server: by the place in it that refuses.
func mayNotStage(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501" && pg.Routine == "InitTempTableNamespace"
}

// noTemporary says what lacks then.
func (db *database) noTemporary(err error) error {
	return errs.New(errs.Invalid, "The database does not let Sutor's account make temporary tables (the right TEMPORARY), by which rows are looked up.").
		WithMend("The database's administrator can give the right: %s", db.grantTemporary()).Because(err)
}

func rightsOn(n driver.Need) []string {
	rights := []string{"SELECT"}
	if n.Insert {
		rights = append(rights, "INSERT")
	}
	if n.Update {
		rights = append(rights, "UPDATE")
	}
	if n.Delete {
		rights = append(rights, "DELETE")
	}
	return rights
}
