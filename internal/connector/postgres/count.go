package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"sutor/internal/record"
)

// estimateFrom is the number of rows from which the planner's estimate replaces
// a count that would read the whole table.
const estimateFrom = 20_000_000

// followedFrom is from how many rows on the server's statistics replace it, where they are
// a table's own, and fresh. To count 10,000,000 rows takes nearly a second of two
// processors, be the change never so small.
const followedFrom = 1_000_000

// estimateSQL gives the planner's estimate, and, where the account sees all rows and no
// other table's are among them, how many the statistics count since then.
//
// Those are what ANALYZE or VACUUM found and what was inserted and deleted since (PostgreSQL
// docs, "pg_stat_all_tables"). They are fresh while fewer than one row in twenty changed
// since ANALYZE, and were not reset: then they are far from the estimate.
const estimateSQL = `
SELECT c.reltuples::pg_catalog.int8, CASE WHEN c.relkind = 'r' AND NOT c.relhassubclass AND NOT pg_catalog.row_security_active(c.oid)
	AND s.n_mod_since_analyze < c.reltuples / 20 AND pg_catalog.abs(s.n_live_tup - c.reltuples) < c.reltuples / 10 THEN s.n_live_tup ELSE -1 END
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_stat_all_tables AS s ON s.relid = c.oid
WHERE n.nspname = $1 AND c.relname = $2`

// Count counts the rows of a table, unless that takes long: then it is about right.
func (db *database) Count(ctx context.Context, table record.Table) (int64, error) {
	table = withSchema(table)
	var estimated, followed int64
	err := db.pool.QueryRow(ctx, estimateSQL, table.Schema, table.Name).Scan(&estimated, &followed)
	switch {
	case err == nil && followed >= followedFrom:
		return followed, nil
	case err == nil && estimated >= estimateFrom:
		return estimated, nil
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return 0, db.explain(ctx, err, table)
	}
	var n int64
	err = db.pool.QueryRow(ctx, "SELECT pg_catalog.count(*) FROM "+quoted(table)).Scan(&n)
	return n, db.explain(ctx, err, table)
}
