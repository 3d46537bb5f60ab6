package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"sutor/internal/record"
)

// inOrderSQL lets the planner know, until the transaction ends, that rows which are
// found by their key lie beside each other: where the table lies in the order of the
// key, by the planner's own statistics, and an index has it. A page is then read once,
// one after the other, and an index serves better than to hash every row of the table:
// to find 100,000 of 1,000,000 rows took half the CPU time.
const inOrderSQL = `
SELECT pg_catalog.set_config('enable_hashjoin', 'off', true), pg_catalog.set_config('random_page_cost', pg_catalog.current_setting('seq_page_cost'), true)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
WHERE s.nspname = $1 AND c.relname = $2 AND a.attname = $3
	AND EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
		WHERE m.amname = 'btree' AND i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum)
	AND EXISTS (SELECT FROM pg_catalog.pg_stats AS p WHERE p.schemaname = $1 AND p.tablename = $2 AND p.attname = $3 AND pg_catalog.abs(p.correlation) > 0.9)`

// tellOrder does so for a transaction that finds rows of a table by key.
func tellOrder(ctx context.Context, tx pgx.Tx, table record.Table, key record.Schema) error {
	_, err := tx.Exec(ctx, inOrderSQL, table.Schema, table.Name, key[0].Name)
	return err
}

// findInOrder lets a step find its rows as tellOrder says; not one in which rows step
// aside, which joins more than the table, nor one of a table with triggers, whose own
// queries are not to be planned as if they were ours.
func (a *apply) findInOrder(ctx context.Context, s *step) error {
	if s.triggers || s.aside > 0 {
		return nil
	}
	return tellOrder(ctx, a.tx, s.Table, s.Key)
}

// anyOrderSQL ends that: an insert joins what it wrote to the staged rows, where there
// is no index.
const anyOrderSQL = "SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL random_page_cost TO DEFAULT"
