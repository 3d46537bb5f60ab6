package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Fetch loads the records into a temporary table and joins it with the table;
// the table's lock is taken only for the join. See [driver.Driver].
func (d *database) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	conn, err := d.pinned(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = first(err, release(conn, err == nil)) }()
	// The table's structure is read before the transaction: it would take the lock.
	f, err := d.newFetch(ctx, conn, l)
	if err != nil {
		return 0, 0, err
	}
	if _, err = conn.ExecContext(ctx, "BEGIN"); err != nil {
		return 0, 0, explain(ctx, err)
	}
	if sent, err = load(ctx, conn, f.into, in, nil); err != nil {
		return sent, 0, err
	}
	if err = f.inOrder(ctx, sent); err != nil {
		return sent, 0, err
	}
	if found, err = f.stream(ctx, out); err != nil {
		return sent, found, err
	}
	_, err = conn.ExecContext(ctx, "DROP TABLE "+staged)
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	return sent, found, explain(ctx, err)
}

// fetching is a lookup, and what is loaded for it.
type fetching struct {
	reading
	into         []slot
	sort, sorted string // SQL: an index of what is loaded, and what has the query go through it
}

// few is how many rows are looked up as they come.
const few = 1000

// inOrder has more rows than a few looked up in the order of their keys: each of the table's
// pages is read once then, and not for each of its rows.
func (f *fetching) inOrder(ctx context.Context, sent int64) error {
	if sent <= few {
		return nil
	}
	f.query += f.sorted
	_, err := f.conn.ExecContext(ctx, f.sort)
	return explain(ctx, err)
}

func (d *database) newFetch(ctx context.Context, conn *sql.Conn, l driver.Lookup) (*fetching, error) {
	t, _, err := d.structure(ctx, conn, l.Table)
	if err != nil {
		return nil, err
	}
	by, err := t.live(l.By)
	if err != nil {
		return nil, err
	}
	columns, err := t.live(l.Columns)
	if err == nil {
		_, err = t.live(l.Where.Columns())
	}
	if err != nil {
		return nil, err
	}
	keys := stagedNames("k", by)
	return &fetching{
		into:   append([]slot{numberSlot}, slots("k", by)...),
		sort:   indexOf("sutor keys", append(keys, "n")...),
		sorted: " ORDER BY k." + strings.Join(keys, ", k."),
		reading: reading{conn: conn, table: t, columns: columns, key: by,
			keyOf: "SELECT " + keyText("k", keys, by) + " FROM " + staged + " k WHERE k.n = ? LIMIT 1",
			query: "SELECT " + t.rendered("t", "k.n", columns) + " FROM " + staged + " k CROSS JOIN " + t.sql() + " t ON " + same("k", by) +
				" WHERE " + sieve(l.Where)},
	}, nil
}

// Export reads the whole table in key order.
func (d *database) Export(ctx context.Context, name record.Table, key, columns record.Schema, out io.Writer) (int64, error) {
	return d.read(ctx, name, driver.View{Key: key, Limit: -1}, columns, out)
}

// Page reads a part of the rows of a view.
func (d *database) Page(ctx context.Context, name record.Table, v driver.View, columns record.Schema, out io.Writer) (int64, error) {
	v.Limit, v.Offset = max(v.Limit, 0), max(v.Offset, 0)
	return d.read(ctx, name, v, columns, out)
}

// Spell refuses: every type of SQLite has a grammar of its own here.
func (d *database) Spell(context.Context, record.Table, record.Column, io.Reader, io.Writer) (int64, error) {
	return 0, errs.New(errs.Internal, "SQLite has no types that only it can write.")
}

// Select reads the rows that a filter lets through, in key order, or as they stand
// in the file.
func (d *database) Select(ctx context.Context, name record.Table, where record.Filter, key, columns record.Schema, out io.Writer) (int64, error) {
	return d.numbered(ctx, name, slices.Concat(columns, where.Columns(), key), func(t *table, live record.Schema) reading {
		return reading{columns: live[:len(columns)], key: t.keyed(), order: " WHERE " + sieve(where) + inOrder(driver.View{Key: key}), limit: -1}
	}, out)
}

// read gives the rows of a view; its limit is -1 for all.
func (d *database) read(ctx context.Context, name record.Table, v driver.View, columns record.Schema, out io.Writer) (n int64, err error) {
	return d.numbered(ctx, name, slices.Concat(columns, v.Key, v.By, v.Where.Columns()), func(t *table, live record.Schema) reading {
		key := live[len(columns):][:len(v.Key)]
		return reading{columns: live[:len(columns)], key: key, limit: v.Limit, offset: v.Offset, order: " WHERE " + sieve(v.Where) + inOrder(v)}
	}, out)
}

// inOrder gives the SQL of a view's order; nothing where it has none.
func inOrder(v driver.View) string {
	var by []string
	for _, c := range v.By {
		down := ""
		if v.Desc {
			down = " DESC"
		}
		by = append(by, "t."+quoted(c.Name)+down+" NULLS LAST")
	}
	for _, c := range v.Key {
		by = append(by, "t."+quoted(c.Name))
	}
	if len(by) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(by, ", ")
}

// pinnedTo gives a connection, to be released, and the structure that it has of a table.
func (d *database) pinnedTo(ctx context.Context, name record.Table) (conn *sql.Conn, t *table, err error) {
	if conn, err = d.pinned(ctx); err != nil {
		return nil, nil, err
	}
	if t, _, err = d.structure(ctx, conn, name); err != nil {
		return nil, nil, first(err, release(conn, false))
	}
	return conn, t, nil
}

// numbered numbers the rows that a reading gives; asked are all columns that must
// be there.
func (d *database) numbered(ctx context.Context, name record.Table, asked record.Schema, read func(t *table, live record.Schema) reading, out io.Writer) (n int64, err error) {
	conn, t, err := d.pinnedTo(ctx, name)
	if err != nil {
		return 0, err
	}
	defer func() { err = first(err, release(conn, err == nil)) }()
	live, err := t.live(asked)
	if err != nil {
		return 0, err
	}
	r := read(t, live)
	from := " FROM " + t.sql() + " t" + r.order
	r.conn, r.table, r.numbered = conn, t, true
	r.keyOf = "SELECT " + keyText("t", names(r.key), r.key) + from + " LIMIT 1 OFFSET ? - 1"
	r.query = fmt.Sprint("SELECT ", t.rendered("t", "", r.columns), from, " LIMIT ", r.limit, " OFFSET ", r.offset)
	return r.stream(ctx, out)
}

// same compares the columns with those of the staged table, each by the
// collation of its own, which the left side decides.
func same(prefix string, columns record.Schema) string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = fmt.Sprintf("t.%s = %s.k%d", quoted(c.Name), prefix, i)
	}
	return strings.Join(all, " AND ")
}

// reading is one query whose rows go out as records.
type reading struct {
	conn     *sql.Conn
	table    *table
	columns  record.Schema // of the record, after the number
	numbered bool          // the number is not in the query: it is counted here
	order    string        // SQL: which rows, in which order, where the numbers say only that
	limit    int64         // rows, -1 for all
	offset   int64         // rows passed over before the first
	query    string
	keyOf    string        // gives the key, in words, of the row with a number
	key      record.Schema // for a record that cannot be read
}

// enough is how many bytes go out at once.
const enough = 256 << 10

// stream writes the query's rows to out and counts them.
func (r reading) stream(ctx context.Context, out io.Writer) (n int64, err error) {
	rows, err := r.conn.QueryContext(ctx, r.query)
	if err != nil {
		return 0, explain(ctx, err)
	}
	defer rows.Close()
	var raw sql.RawBytes
	var row rowReader
	var records []byte // grows with what there is: most answers are short
	for rows.Next() {
		if err := rows.Scan(&raw); err != nil {
			return n, explain(ctx, err)
		}
		n++
		row.begin(raw)
		var bad *unfit
		if records, bad = r.append(records, &row, r.offset+n); bad != nil {
			if err := rows.Close(); err != nil {
				return n, explain(ctx, err)
			}
			return n - 1, r.unreadable(ctx, *bad)
		}
		if len(records) < enough {
			continue
		}
		if _, err := out.Write(records); err != nil {
			return n, err
		}
		records = records[:0]
	}
	if err := rows.Err(); err != nil {
		return n, explain(ctx, err)
	}
	if len(records) > 0 {
		_, err = out.Write(records)
	}
	return n, err
}

// unfit is what is in a cell that no record may hold.
type unfit struct {
	number int64 // of the row
	column int
	what   string // "" where the row itself is none
}

// append appends the record of the next row, of that number where it has none of its own.
func (r reading) append(out []byte, row *rowReader, number int64) (_ []byte, bad *unfit) {
	begin := len(out)
	if r.numbered {
		out = strconv.AppendInt(out, number, 10)
	} else {
		out = append(out, row.next().text...)
	}
	end := len(out)
	for i, c := range r.columns {
		v := row.next()
		if what := row.flaw(c.Type, v); what != "" {
			number, _ = strconv.ParseInt(string(out[begin:end]), 10, 64)
			return out, &unfit{number, i, what}
		}
		out = appendCell(append(out, ','), c.Type, v)
	}
	if !row.end() {
		return out, &unfit{}
	}
	return append(out, '\n'), nil
}

// unreadable says where a cell is that no record may hold.
func (r reading) unreadable(ctx context.Context, u unfit) error {
	if u.what == "" { // it changed while it was written: nothing else makes another row than rendered says
		return errs.New(errs.Invalid, "The rows of %s cannot be read: one of its columns has another value each time it is asked for.", r.table.name.Name).
			WithMend("Leave such columns out.")
	}
	var key string
	if err := r.conn.QueryRowContext(ctx, r.keyOf, u.number).Scan(&key); err != nil {
		return explain(ctx, err)
	}
	return errs.New(errs.Invalid, "The column %s of %s holds %s, in the row with %s.",
		r.columns[u.column].Name, r.table.name.Name, u.what, strings.ToValidUTF8(key, "�")).
		WithMend("Mend the value in the system itself, or leave the column out.")
}

// keyText gives the SQL of a key in words, as in "id 7, region EU".
func keyText(alias string, columns []string, key record.Schema) string {
	parts := []string{"''"}
	for i, c := range columns {
		label := key[i].Name + " "
		if i > 0 {
			label = ", " + label
		}
		parts = append(parts, "'"+strings.ReplaceAll(label, "'", "''")+"'", "coalesce("+alias+"."+c+",'NULL')")
	}
	return "concat(" + strings.Join(parts, ",") + ")"
}

func names(columns record.Schema) []string {
	all := columns.Names()
	for i := range all {
		all[i] = quoted(all[i])
	}
	return all
}

func stagedNames(prefix string, columns record.Schema) []string {
	all := make([]string, len(columns))
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
