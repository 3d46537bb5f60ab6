package postgres

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// askedTable is the temporary table of a fetch: n, k1, k2, ….
const askedTable = "pg_temp.sutor_asked"

func (db *database) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	return db.fetchAt(ctx, "", l, in, out)
}

// fetchAt fetches as of a snapshot, or as of now where that is "".
func (db *database) fetchAt(ctx context.Context, snapshot string, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	l.Table = withSchema(l.Table)
	// A transaction of its own, always rolled back, so that nothing is left but
	// its counters. Read-write because it makes a temporary table.
	options := pgx.TxOptions{AccessMode: pgx.ReadWrite}
	if snapshot != "" {
		options.IsoLevel = pgx.RepeatableRead
	}
	tx, err := db.pool.BeginTx(ctx, options)
	if err != nil {
		return 0, 0, fault(err)
	}
	defer rollback(ctx, tx)
	if err = takeOver(ctx, tx, snapshot); err != nil {
		return 0, 0, fault(err)
	}
	if sent, found, err = fetch(ctx, tx, l, in, out); err != nil {
		rollback(ctx, tx) // explain needs a connection
		return 0, 0, db.explain(ctx, err, l.Table, l.By, l.Where.Columns(), l.Columns)
	}
	return sent, found, nil
}

func fetch(ctx context.Context, tx pgx.Tx, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	create := []string{"0::pg_catalog.int8 AS n"}
	join := make([]string, len(l.By))
	for i, c := range l.By {
		create = append(create, fmt.Sprintf("%s AS k%d", staged(c), i+1))
		join[i] = same(c.Type, "t."+name(c.Name), fmt.Sprintf("a.k%d", i+1))
	}
	for i, c := range l.Unless {
		create = append(create, fmt.Sprintf("%s AS u%d", compared(c), i+1))
	}
	if _, err = tx.Exec(ctx, stage(askedTable, create, l.Table)); err != nil {
		return 0, 0, err
	}
	conn := tx.Conn().PgConn()
	if sent, err = copyUp(ctx, conn, askedTable, in); err != nil {
		return 0, 0, err
	}
	rows, err := tellOrder(ctx, tx, l.Table, l.By)
	if err != nil {
		return 0, 0, err
	}
	asked := askedTable
	if sent*fewKeys < rows && len(l.Unless) == 0 { // with values beside them keys are not sorted for nothing
		asked, err = oneByOne(ctx, tx, len(l.By))
	} else {
		_, err = tx.Exec(ctx, "ANALYZE "+askedTable)
	}
	if err != nil {
		return 0, 0, err
	}
	from := fmt.Sprintf("%s AS a JOIN %s AS t ON %s AND %s", asked, quoted(l.Table), strings.Join(join, " AND "), sieve(l.Where))
	query := fmt.Sprintf("SELECT a.n%s FROM %s", list(l.Columns, "t."), from)
	if len(l.Unless) > 0 {
		query = unless(l, from)
	}
	found, err = copyDown(ctx, conn, query, out)
	return sent, found, err
}

// unless gives the query of a lookup that compares. OFFSET 0 has the server compare
// once a row, not once a column.
func unless(l driver.Lookup, from string) string {
	holds := []string{"true"}
	for i, c := range l.Unless {
		given := fmt.Sprintf("a.u%d", i+1)
		holds = append(holds, fmt.Sprintf("(%s IS NULL OR %s)", given, reads(c.Type, "t."+name(c.Name), given)))
	}
	var down, inner strings.Builder
	for i, c := range l.Columns {
		fmt.Fprintf(&inner, ", t.%s AS c%d", name(c.Name), i+1)
		value := canonical(c.Type, fmt.Sprintf("x.c%d", i+1))
		if l.Spares(c.Name) {
			value = "CASE WHEN NOT x.same THEN " + value + " END"
		}
		down.WriteString(", " + value)
	}
	return fmt.Sprintf("SELECT x.n, x.same::pg_catalog.int4%s FROM (SELECT a.n, coalesce(%s, false) AS same%s FROM %s OFFSET 0) AS x",
		down.String(), strings.Join(holds, " AND "), inner.String(), from)
}

// stage gives the SQL of a temporary table whose columns have the types and
// collations of expressions over the user's table t.
func stage(temporary string, columns []string, table record.Table) string {
	return fmt.Sprintf("CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %s FROM %s AS t WITH NO DATA",
		strings.TrimPrefix(temporary, "pg_temp."), strings.Join(columns, ", "), quoted(table))
}

// list gives ", …" for the canonical texts of columns.
func list(columns record.Schema, prefix string) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(", " + canonical(c.Type, prefix+name(c.Name)))
	}
	return b.String()
}

func (db *database) Export(ctx context.Context, table record.Table, key, columns record.Schema, out io.Writer) (int64, error) {
	return db.read(ctx, table, driver.View{Key: key}, columns, "", out)
}

// Select numbers the rows as they come, or in key order.
func (db *database) Select(ctx context.Context, table record.Table, where record.Filter, key, columns record.Schema, out io.Writer) (int64, error) {
	table = withSchema(table)
	order := inOrder(driver.View{Key: key})
	query := fmt.Sprintf("SELECT pg_catalog.row_number() OVER (%s)%s FROM %s AS t WHERE %s %s", order, list(columns, "t."), quoted(table), sieve(where), order)
	return db.down(ctx, query, out, table, key, where.Columns(), columns)
}

// Page reads a part of the rows of a view.
func (db *database) Page(ctx context.Context, table record.Table, v driver.View, columns record.Schema, out io.Writer) (int64, error) {
	return db.read(ctx, table, v, columns, fmt.Sprintf(" LIMIT %d OFFSET %d", v.Limit, v.Offset), out)
}

// read writes the numbered rows of a view. Numbering and ordering by the same
// columns takes one sort, and none where an index has them in this order.
func (db *database) read(ctx context.Context, table record.Table, v driver.View, columns record.Schema, limit string, out io.Writer) (int64, error) {
	table = withSchema(table)
	order := inOrder(v)
	query := fmt.Sprintf("SELECT pg_catalog.row_number() OVER (%s)%s FROM %s AS t WHERE %s %s%s",
		order, list(columns, "t."), quoted(table), sieve(v.Where), order, limit)
	return db.down(ctx, query, out, table, v.Key, v.By, v.Where.Columns(), columns)
}

// inOrder gives the SQL of a view's order; nothing where it has none.
func inOrder(v driver.View) string {
	var by []string
	for _, c := range v.By {
		by = append(by, sorted(c)+map[bool]string{true: " DESC NULLS LAST"}[v.Desc])
	}
	for _, c := range v.Key {
		by = append(by, sorted(c))
	}
	if len(by) == 0 {
		return ""
	}
	return "ORDER BY " + strings.Join(by, ", ")
}

// sorted gives the SQL of what a column is ordered by; json has no order of its own.
func sorted(c record.Column) string {
	if isJSON(c.Type) {
		return byBytes("t." + name(c.Name))
	}
	return "t." + name(c.Name)
}

// down writes the records of a query that reads columns of a table.
func (db *database) down(ctx context.Context, query string, out io.Writer, table record.Table, columns ...record.Schema) (int64, error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return 0, fault(err)
	}
	n, err := copyDown(ctx, conn.Conn().PgConn(), query, out)
	conn.Release()
	return n, db.explain(ctx, err, table, columns...)
}

// rollback ends a transaction also where ctx has ended. A connection that is
// gone has been rolled back by the server.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = tx.Rollback(ctx)
}
