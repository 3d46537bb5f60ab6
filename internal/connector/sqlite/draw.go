package sqlite

import (
	"context"
	"io"
	"math"
	"slices"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var _ driver.Drawer = (*tx)(nil)

// given is the column that SQLite numbers by itself: the one that is the row number
// (sqlite.org/autoinc.html).
func (t *table) given() []string {
	if len(t.key) == 1 && t.columns[t.columns.Index(t.key[0])].Identity != "" {
		return slices.Clone(t.key)
	}
	return nil
}

// Draw gives the numbers after the largest that a row has, and with AUTOINCREMENT
// after the largest that one ever had. Nobody else can write while the transaction
// holds the writer's place, so they are still free when the rows are written.
// SQLite itself would look for a free number once the largest is taken; here that is
// refused.
func (t *tx) Draw(ctx context.Context, name record.Table, column string, n int64, out io.Writer) error {
	if t.ended || t.broken {
		return errs.New(errs.Internal, "The transaction has ended or failed before.")
	}
	tab, err := inspect(ctx, t.conn, name)
	if err != nil {
		return err
	}
	if given := tab.given(); len(given) == 0 || given[0] != column {
		return errs.New(errs.Changed, "The table %s does not number %s itself (any more).", tab.name.Name, column).WithMend("Plan the change again.")
	}
	last, err := t.lastNumber(ctx, tab, column)
	if err != nil {
		return explain(ctx, err)
	}
	if last > math.MaxInt64-n {
		return &driver.Refusal{Column: column, Message: "The numbers of " + column + " are used up: a row has the largest there can be, or nearly."}
	}
	w := record.NewWriter(out)
	for i := int64(1); i <= n; i++ {
		w.Number(i)
		w.String(strconv.FormatInt(last+i, 10))
		if err := w.End(); err != nil {
			return err
		}
	}
	return w.Flush()
}

// lastNumber is the largest number given so far; 0 for none, or none above it.
func (t *tx) lastNumber(ctx context.Context, tab *table, column string) (last int64, err error) {
	limited, cancel := t.limit(ctx)
	defer cancel()
	err = t.conn.QueryRowContext(limited, "SELECT max(0, coalesce(max("+quoted(column)+"), 0)) FROM "+tab.sql()).Scan(&last)
	if err != nil {
		return 0, err
	}
	var counts bool // only a database with an AUTOINCREMENT has the table
	if err := t.conn.QueryRowContext(limited, "SELECT count(*) > 0 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'").Scan(&counts); err != nil || !counts {
		return last, err
	}
	var ever int64
	err = t.conn.QueryRowContext(limited, "SELECT coalesce(max(seq), 0) FROM main.sqlite_sequence WHERE name = ?", tab.name.Name).Scan(&ever)
	return max(last, ever), err
}
