package postgres

import (
	"context"
	"fmt"
	"io"
	"regexp"

	"github.com/jackc/pgx/v5"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var _ driver.Drawer = (*apply)(nil)

// givenSQL lists the columns of a table with a default or an identity, how that is
// written, and the sequence behind it, if there is one that never gives a value
// again and that the account may draw from. For an identity column PostgreSQL itself
// asks for no right to the sequence; drawing from it does.
const givenSQL = `
SELECT a.attname, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), coalesce(s.oid, 0)
FROM pg_attribute AS a
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN LATERAL (
	SELECT c.oid FROM pg_depend AS p JOIN pg_class AS c ON c.oid = CASE WHEN a.attidentity <> '' THEN p.objid ELSE p.refobjid END AND c.relkind = 'S'
	JOIN pg_sequence AS q ON q.seqrelid = c.oid AND NOT q.seqcycle
	WHERE CASE WHEN a.attidentity <> ''
		THEN p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i'
		ELSE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass END
	AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE') END LIMIT 1
) AS s ON true
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND (a.attidentity <> '' OR d.oid IS NOT NULL)
ORDER BY a.attnum`

// Defaults that give a value of its own to every row: the next of a sequence, and
// UUIDs by the functions that there are for them.
var (
	fromSequence = regexp.MustCompile(`^nextval\('(?:[^']|'')+'::regclass\)$`)
	fromUUID     = regexp.MustCompile(`^(?:[a-z_][a-z0-9_]*\.)?(?:gen_random_uuid|uuid_generate_v1|uuid_generate_v1mc|uuid_generate_v4|uuidv4|uuidv7)\(\)$`)
)

// drawing gives, by column, the SQL of the next value that the system would give.
func drawing(ctx context.Context, tx pgx.Tx, oid uint32) (names []string, values map[string]string, err error) {
	rows, err := tx.Query(ctx, givenSQL, oid)
	if err != nil {
		return nil, nil, err
	}
	values = map[string]string{}
	var name, expr string
	var sequence uint32
	_, err = pgx.ForEachRow(rows, []any{&name, &expr, &sequence}, func() error {
		switch {
		case sequence != 0 && (expr == "" || fromSequence.MatchString(expr)):
			values[name] = fmt.Sprintf("pg_catalog.nextval(%d::pg_catalog.oid::pg_catalog.regclass)", sequence)
		case fromUUID.MatchString(expr):
			values[name] = expr
		default:
			return nil
		}
		names = append(names, name)
		return nil
	})
	return names, values, err
}

// Draw takes the next values of the column's sequence, or makes UUIDs, as its
// default would. A sequence counts on whatever becomes of the transaction.
func (a *apply) Draw(ctx context.Context, table record.Table, column string, n int64, out io.Writer) error {
	table = withSchema(table)
	r, err := findRelation(ctx, a.tx, table)
	if err != nil {
		return a.db.explain(ctx, err, table)
	}
	_, values, err := drawing(ctx, a.tx, r.oid)
	if err != nil {
		return a.db.explain(ctx, err, table)
	}
	next, there := values[column]
	if !there {
		return errs.New(errs.Changed, "The table %s does not give new rows a %s (any more), or Sutor's account may not use its sequence.", table, column).
			WithMend("Plan the change again.")
	}
	_, err = copyDown(ctx, a.tx.Conn().PgConn(), fmt.Sprintf("SELECT g, %s FROM pg_catalog.generate_series(1::pg_catalog.int8, %d) AS g", next, n), out)
	return a.db.explain(ctx, err, table)
}
