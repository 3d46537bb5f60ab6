package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"sutor/internal/record"
)

// inOrderSQL lets the planner know, until the transaction ends, that rows which are
// found by their key lie beside each other: where the table lies in the order of the
// key, by the planner's own statistics, and an index has it. A page is then read once,
// one after the other, and an index serves better than to hash every row of the table:
// to find 100,000 of 1,000,000 rows took half the CPU time. Nor does the server compile
// what it runs, for which it has too little to do a row: 1,000,000 of 10,000,000 rows came
// in 4.07, 3.40 and 4.05 seconds so, and in 4.71, 3.66 and 4.09 in turns with those.
//
// It gives the table's number of rows by the same statistics, and whether a unique
// index has exactly the key ($4, in the alphabet's order).
const inOrderSQL = `
SELECT pg_catalog.set_config('enable_hashjoin', 'off', true), pg_catalog.set_config('random_page_cost', pg_catalog.current_setting('seq_page_cost'), true),
	CASE WHEN pg_catalog.current_setting('jit', true) IS NOT NULL THEN pg_catalog.set_config('jit', 'off', true) END,
	c.reltuples::pg_catalog.int8, EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
		WHERE m.amname = 'btree' AND i.indrelid = c.oid AND i.indisvalid AND i.indisunique AND i.indpred IS NULL AND i.indkey[0] = a.attnum AND i.indnkeyatts = pg_catalog.cardinality($4::pg_catalog.text[])
			AND $4 = ARRAY(SELECT k.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS k WHERE k.attrelid = c.oid AND k.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]) ORDER BY k.attname::pg_catalog.text COLLATE pg_catalog."C"))
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
WHERE s.nspname = $1 AND c.relname = $2 AND a.attname = $3
	AND EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
		WHERE m.amname = 'btree' AND i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum)
	AND EXISTS (SELECT FROM pg_catalog.pg_stats AS p WHERE p.schemaname = $1 AND p.tablename = $2 AND p.attname = $3 AND pg_catalog.abs(p.correlation) > 0.9)`

// tellOrder does so for a transaction that finds rows of a table by key. It gives how
// many rows the table has, about, where each is found by its key in an index, and the
// table lies in its order; else 0.
func tellOrder(ctx context.Context, tx pgx.Tx, table record.Table, key record.Schema) (rows int64, err error) {
	names := key.Names()
	slices.Sort(names)
	var unique bool
	err = tx.QueryRow(ctx, inOrderSQL, table.Schema, table.Name, key[0].Name, names).Scan(nil, nil, nil, &rows, &unique)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if !unique || slices.ContainsFunc(key, func(c record.Column) bool { return isMoney(c.Type) || isJSON(c.Type) || isCitext(c.Type) }) {
		rows = 0 // those are found by what same makes of them, which the index has not
	}
	return rows, err
}

// fewKeys is how many of a table's rows are looked up one by one, in the order of their
// keys, and not by going through its index: a fifth. Of 10,000,000 rows whose pages were
// in memory, to find 1,000,000 took 1.9 seconds so, the sort included, and 2.9 by a
// merge; one row more of the table costs the merge 0.29 µs, one more key the lookup 1.4.
const fewKeys = 5

// oneByOne has keys that were sent up to be looked up so, and gives what to join: them,
// in order. It holds until the transaction ends.
func oneByOne(ctx context.Context, tx pgx.Tx, keys int) (string, error) {
	_, err := tx.Exec(ctx, "SET LOCAL enable_mergejoin = off")
	order := make([]string, keys)
	for i := range order {
		order[i] = fmt.Sprintf("k%d", i+1)
	}
	return "(SELECT * FROM " + askedTable + " ORDER BY " + strings.Join(order, ", ") + " OFFSET 0)", err
}

// findInOrder lets a step find its rows as tellOrder says; not one in which rows step
// aside, which joins more than the table, nor one of a table with triggers, whose own
// queries are not to be planned as if they were ours.
func (a *apply) findInOrder(ctx context.Context, s *step) error {
	if s.triggers || s.aside > 0 {
		return nil
	}
	_, err := tellOrder(ctx, a.tx, s.Table, s.Key)
	return err
}

// anyOrderSQL ends that: an insert joins what it wrote to the staged rows, where there
// is no index.
const anyOrderSQL = "SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL random_page_cost TO DEFAULT"
