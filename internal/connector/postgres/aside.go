package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// asideTable is the temporary table of the rows of an update that step aside: n.
const asideTable = "pg_temp.sutor_aside"

// immediateSQL lists the columns of unique indexes that PostgreSQL judges row by
// row, in which no row stands in the way of another that is NULL there.
const immediateSQL = `
SELECT array(SELECT a.attname FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS n
	JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n] ORDER BY n)::text[]
FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
WHERE s.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
	AND NOT coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false)`

// referredSQL lists the columns of a table, or of its partitions, that foreign keys refer
// to, and tells which of them the database computes.
const referredSQL = `
SELECT DISTINCT a.attname::text, a.attgenerated <> '' FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT c.oid UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) AS p) AS part (oid)
JOIN pg_catalog.pg_constraint AS f ON f.confrelid = part.oid AND f.contype = 'f'
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = ANY (f.confkey)
WHERE s.nspname = $1 AND c.relname = $2`

// findAside finds the rows of an update that give up a value of a unique
// constraint which another row of it takes. PostgreSQL judges such a constraint
// after each row, in an order of its own, unless it is deferrable; so these rows
// are NULL there first, as far as they write a column that may be and that nobody refers
// to: rows that refer to it would be emptied with it, for good. Where they
// cannot be, nothing is done, and the constraint refuses the update.
func (a *apply) findAside(ctx context.Context, s *step) error {
	rows, err := a.tx.Query(ctx, immediateSQL, s.Table.Schema, s.Table.Name)
	if err != nil {
		return err
	}
	uniques, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return err
	}
	t, err := a.referred(ctx, s)
	if err != nil {
		return err
	}
	var terms []string
	for _, u := range uniques {
		if term, empties := s.givesUp(u, t); term != "" {
			terms, s.empties = append(terms, term), append(s.empties, empties...)
		}
	}
	if len(terms) == 0 {
		return nil
	}
	err = a.exec(ctx, fmt.Sprintf("CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT d.n FROM %s AS d WHERE %s",
		strings.TrimPrefix(asideTable, "pg_temp."), stagedTable, strings.Join(terms, " OR ")))
	if err == nil {
		err = a.tx.QueryRow(ctx, "SELECT pg_catalog.count(*) FROM "+asideTable).Scan(&s.aside)
	}
	if err == nil && s.aside == 0 {
		err = a.exec(ctx, "DROP TABLE "+asideTable)
	}
	return err
}

// referred gives the table as far as it tells which columns are referred to.
func (a *apply) referred(ctx context.Context, s *step) (t driver.Table, err error) {
	rows, err := a.tx.Query(ctx, referredSQL, s.Table.Schema, s.Table.Name)
	if err != nil {
		return t, err
	}
	t.Columns, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c record.Column, err error) {
		return c, row.Scan(&c.Name, &c.Generated)
	})
	t.ReferencedBy = []driver.Reference{{RefColumns: t.Columns.Names()}}
	return t, err
}

// givesUp writes the condition under which the row of d has to step aside for
// another row o, and names the columns that it can empty; "" where none can be.
func (s *step) givesUp(unique []string, t driver.Table) (condition string, empties []int) {
	var takes, writes []string
	for _, name := range unique {
		var before, after string
		var typ record.Type
		if i := s.Key.Index(name); i >= 0 {
			typ = s.Key[i].Type
			before, after = fmt.Sprintf("d.k%d", i+1), fmt.Sprintf("o.k%d", i+1)
		} else if i := s.Columns.Index(name); i >= 0 {
			typ = s.Columns[i].Type
			before, after = fmt.Sprintf("d.b%d", i+1), fmt.Sprintf("CASE WHEN %s THEN o.a%d ELSE o.b%[2]d END", writtenIn("o", i), i+1)
			if t.StepsAside(unique, s.Columns[i]) && s.some[i] == '1' {
				empties, writes = append(empties, i), append(writes, writtenIn("d", i))
			}
		} else {
			return "", nil
		}
		takes = append(takes, same(typ, before, after))
	}
	if len(empties) == 0 {
		return "", nil
	}
	return fmt.Sprintf("((%s) AND EXISTS (SELECT FROM %s AS o WHERE o.n OPERATOR(pg_catalog.<>) d.n AND %s))",
		strings.Join(writes, " OR "), stagedTable, strings.Join(takes, " AND ")), empties
}

// stepAside empties them. It is the first write to these rows, so they are
// judged in it; false where not all of them are as the plan says.
func (a *apply) stepAside(ctx context.Context, s *step) (bool, error) {
	if s.aside == 0 {
		return true, nil
	}
	tag, err := a.tx.Exec(ctx, s.asideSQL())
	return err == nil && tag.RowsAffected() == s.aside, err
}

func (s *step) asideSQL() string {
	slices.Sort(s.empties)
	var set []string
	for _, i := range slices.Compact(s.empties) {
		set = append(set, fmt.Sprintf("%s = CASE WHEN %s THEN NULL ELSE t.%[1]s END", name(s.Columns[i].Name), written(i)))
	}
	return fmt.Sprintf("UPDATE %s AS t SET %s FROM %s AS d JOIN %s AS x ON x.n OPERATOR(pg_catalog.=) d.n WHERE %s AND %s",
		quoted(s.Table), strings.Join(set, ", "), stagedTable, asideTable, s.sameKey("t", ""), s.unchanged())
}

// triggersSQL tells whether a table, or a partition of it, has triggers of its users: any,
// whose own queries are planned within our transaction; and such as may change a row after
// it was written, for RETURNING does not see what they do (pg_trigger.tgtype: 2 and
// 64 for BEFORE and INSTEAD OF).
const triggersSQL = `SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0, pg_catalog.count(*) FILTER (WHERE g.tgtype & 66 = 0) OPERATOR(pg_catalog.>) 0 FROM pg_catalog.pg_trigger AS g
	JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
	WHERE (s.nspname = $1 AND c.relname = $2 OR c.oid IN (SELECT p.relid FROM pg_catalog.pg_class AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.relnamespace
			CROSS JOIN LATERAL pg_catalog.pg_partition_tree(o.oid) AS p WHERE n.nspname = $1 AND o.relname = $2 AND o.relkind = 'p'))
		AND NOT g.tgisinternal AND g.tgenabled <> 'D'`

// readBackSQL reads the written rows again, by key.
func (s *step) readBackSQL() string {
	again := *s
	again.late = false
	return countedSQL("", fmt.Sprintf("SELECT %s FROM %s AS t JOIN %s AS d ON %s", again.told("t", "", ""), quoted(s.Table), stagedTable, s.sameKey("t", "")))
}

// judged is the condition on live rows of an update: as the plan says, or
// emptied by us and locked since.
func (s *step) judged() string {
	if s.aside == 0 {
		return s.unchanged()
	}
	return fmt.Sprintf("(EXISTS (SELECT FROM %s AS x WHERE x.n OPERATOR(pg_catalog.=) d.n) OR (%s))", asideTable, s.unchanged())
}
