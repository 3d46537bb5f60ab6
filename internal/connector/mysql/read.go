package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// asked is the temporary table of a fetch: n, k0, k1, ….
const asked = "`sutor asked`"

// Fetch loads the records into a temporary table and joins it with the table. See
// [driver.Driver].
func (db *database) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	s, err := db.session(ctx, db.pool)
	if err != nil {
		return 0, 0, err
	}
	defer func() { s.release(ctx, err == nil) }()
	return s.fetch(ctx, l, in, out)
}

func (s *session) fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	t, err := s.inspect(ctx, l.Table)
	if err != nil {
		return 0, 0, err
	}
	by, err := t.live(l.By)
	if err != nil {
		return 0, 0, err
	}
	columns, err := t.live(l.Columns)
	if err != nil {
		return 0, 0, err
	}
	unless, err := t.live(l.Unless)
	if err == nil {
		_, err = t.live(l.Where.Columns())
	}
	if err != nil {
		return 0, 0, err
	}
	into := []slot{numberSlot}
	for i, c := range by {
		into = append(into, lenient(fmt.Sprint("k", i), c))
	}
	var octets int
	for _, c := range unless {
		octets += 4 * (c.Type.MaxLen + 1)
	}
	for i, c := range unless {
		into = append(into, compared(fmt.Sprint("u", i), c, l.Table, octets > mostInRow))
	}
	if sent, err = s.load(ctx, asked, into, in, nil); err == nil {
		err = s.joining(ctx, t, by)
	}
	if err != nil {
		return 0, 0, explain(ctx, err)
	}
	r := reading{session: s, table: t, columns: columns, key: by,
		keyOf: fmt.Sprintf("SELECT %s FROM %s k WHERE k.n = %%d", strings.Join(numberedNames("k.k", len(by)), ", "), asked),
		query: "SELECT k.n" + list("t", columns) + " FROM " + asked + " k " + t.joined(by) + " ON " + same("k", "k", by) + " WHERE " + t.sieve(l.Where)}
	if t.indexed(by) && len(unless) == 0 {
		// In the order of the keys each of the table's pages is read once, and not for each of
		// its rows. Rows that carry values to compare take longer to be put in order.
		r.query += " ORDER BY " + strings.Join(numberedNames("k.k", len(by)), ", ")
	}
	if len(unless) > 0 {
		if _, err = s.exec(ctx, bufferlessSQL(t, by)); err != nil {
			return 0, 0, explain(ctx, err)
		}
		r.columns = append([]column{sameColumn}, columns...)
		r.query = "SELECT k.n, f.same" + spared(l, columns) + " FROM " + asked + " k " + t.joined(by) + " ON " + same("k", "k", by) +
			" STRAIGHT_JOIN (SELECT 0 AS same UNION ALL SELECT 1) f ON f.same = COALESCE(" + holds(unless) + ", 0) WHERE " + t.sieve(l.Where)
	}
	if found, err = r.stream(ctx, out); err != nil {
		return sent, 0, err
	}
	_, err = s.exec(ctx, "DROP TEMPORARY TABLE "+asked)
	return sent, found, explain(ctx, err)
}

// sameColumn is what a lookup that compares tells first of a row. The query has it from
// a table of both answers, or the server would compare once for each column that
// depends on it.
var sameColumn = column{Column: record.Column{Name: "same", Type: record.Type{Kind: record.Int, Bits: 8}}}

// spared gives ", …" for columns of the table t, those that the lookup spares only
// where the row is not the same.
func spared(l driver.Lookup, columns []column) string {
	var b strings.Builder
	for _, c := range columns {
		value := c.read("t." + quoted(c.Name))
		if l.Spares(c.Name) {
			value = "IF(f.same, NULL, " + value + ")"
		}
		b.WriteString(", " + value)
	}
	return b.String()
}

// holds gives the SQL that compares the table t with the values that are given.
func holds(unless []column) string {
	terms := []string{"TRUE"}
	for i, c := range unless {
		given := fmt.Sprint("k.u", i)
		terms = append(terms, "("+given+" IS NULL OR "+c.reads("t."+quoted(c.Name), given)+")")
	}
	return strings.Join(terms, " AND ")
}

// joined gives the SQL that joins the table, known as t, to a temporary one before it.
// Where an index begins with a column of the key, each row is looked up by it; the
// optimizer knows too little of a temporary table to decide.
func (t *table) joined(key []column) string {
	if t.indexed(key) {
		return "STRAIGHT_JOIN " + t.sql() + " t"
	}
	return "JOIN " + t.sql() + " t"
}

func (t *table) indexed(key []column) bool {
	return slices.ContainsFunc(t.indexes, func(i index) bool {
		return slices.ContainsFunc(key, func(c column) bool { return c.Name == i.columns[0] })
	})
}

// SQL that has MariaDB join by hashing, and not. It would hash where there is an index,
// too, and read the whole table for each buffer full of rows.
const (
	hashingSQL = "SET SESSION sql_big_selects = 1 /*M!100200 , join_cache_level = 4 */"
	lookingSQL = "SET SESSION sql_big_selects = 1 /*M!100200 , join_cache_level = 2 */"
)

// bufferlessSQL has MariaDB take the rows of a lookup that compares one after the other:
// it would copy all of them into a buffer first, to join two answers to them.
func bufferlessSQL(t *table, key []column) string {
	if t.indexed(key) {
		return "SET SESSION sql_big_selects = 1 /*M!100200 , join_cache_level = 0 */"
	}
	return hashingSQL
}

// joining prepares the session for joins by key.
func (s *session) joining(ctx context.Context, t *table, key []column) error {
	how := hashingSQL
	if t.indexed(key) {
		how = lookingSQL
	}
	_, err := s.exec(ctx, how)
	return err
}

// same compares key columns of the table t with those of the temporary table known
// as alias, by the system's own types and collations.
func same(alias, prefix string, key []column) string {
	terms := make([]string, len(key))
	for i, c := range key {
		terms[i] = fmt.Sprintf("t.%s = %s.%s%d", quoted(c.Name), alias, prefix, i)
	}
	return strings.Join(terms, " AND ")
}

func numberedNames(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

// list gives ", …" for columns of the table known as alias.
func list(alias string, columns []column) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(", " + c.read(alias+"."+quoted(c.Name)))
	}
	return b.String()
}

// Export reads the whole table in key order.
func (db *database) Export(ctx context.Context, name record.Table, key, columns record.Schema, out io.Writer) (int64, error) {
	return db.read(ctx, name, driver.View{Key: key}, columns, "", out)
}

// Spell has nothing to do: no type here is record.Native.
func (d *database) Spell(context.Context, record.Table, record.Column, io.Reader, io.Writer) (int64, error) {
	return 0, errs.New(errs.Internal, "MariaDB has no types that only it can write.")
}

// Select reads the rows that a filter lets through, in key order, or as they come.
func (db *database) Select(ctx context.Context, name record.Table, where record.Filter, key, columns record.Schema, out io.Writer) (int64, error) {
	return db.read(ctx, name, driver.View{Key: key, Where: where}, columns, "", out)
}

// Page reads a part of the rows of a view.
func (db *database) Page(ctx context.Context, name record.Table, v driver.View, columns record.Schema, out io.Writer) (int64, error) {
	v.Limit, v.Offset = max(v.Limit, 0), max(v.Offset, 0)
	return db.read(ctx, name, v, columns, fmt.Sprintf(" LIMIT %d OFFSET %d", v.Limit, v.Offset), out)
}

// read gives the numbered rows of a view.
func (db *database) read(ctx context.Context, name record.Table, v driver.View, columns record.Schema, limit string, out io.Writer) (n int64, err error) {
	s, err := db.session(ctx, db.pool)
	if err != nil {
		return 0, err
	}
	defer func() { s.release(ctx, err == nil) }()
	t, err := s.inspect(ctx, name)
	if err != nil {
		return 0, err
	}
	live, err := t.live(columns)
	if err != nil {
		return 0, err
	}
	if _, err := t.live(slices.Concat(v.Key, v.By, v.Where.Columns())); err != nil {
		return 0, err
	}
	key, err := t.live(v.Key)
	if err != nil {
		return 0, err
	}
	from := " FROM " + t.sql() + " t WHERE " + t.sieve(v.Where) + t.inOrder(v)
	r := reading{session: s, table: t, columns: live, key: key, numbered: true, offset: v.Offset, query: "SELECT 0" + list("t", live) + from + limit}
	if len(key) > 0 {
		r.keyOf = "SELECT " + strings.TrimPrefix(list("t", key), ", ") + from + " LIMIT 1 OFFSET %d"
	}
	return r.stream(ctx, out)
}

// inOrder gives the SQL of a view's order; nothing where it has none. The server
// itself has NULL come first.
func (t *table) inOrder(v driver.View) string {
	var by []string
	for _, c := range v.By {
		name := "t." + quoted(c.Name)
		if i := t.columns.Index(c.Name); i < 0 || t.columns[i].Nullable {
			by = append(by, name+" IS NULL")
		}
		by = append(by, name+map[bool]string{true: " DESC"}[v.Desc])
	}
	for _, c := range v.Key {
		by = append(by, "t."+quoted(c.Name))
	}
	if len(by) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(by, ", ")
}

// reading is one query whose rows go out as records. Its first column is the row's
// number, or nothing where it is counted here.
type reading struct {
	session  *session
	table    *table
	columns  []column // of the record, after the number
	numbered bool     // the number is counted
	offset   int64    // rows passed over before the first
	query    string
	keyOf    string   // gives the key of the row with a number, %d; "" where there is none
	key      []column // for a record that cannot be read
}

// stream writes the query's rows to out and counts them. The rows are shown as they
// lie in the connection's buffer.
func (r reading) stream(ctx context.Context, out io.Writer) (int64, error) {
	n, bad, err := r.copy(ctx, out)
	if err == nil && bad != nil {
		err = r.unreadable(ctx, *bad)
	}
	return n, explain(ctx, err)
}

// cell is one that cannot be read, and the number of its row.
type cell struct {
	column int
	number int64
}

func (r reading) copy(ctx context.Context, out io.Writer) (n int64, bad *cell, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	inner, stop := r.session.guard(ctx)
	defer stop()
	rows, err := r.session.conn.QueryContext(inner, r.query)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	raw, dest := make([]sql.RawBytes, len(r.columns)), make([]any, len(r.columns)+1)
	var number int64
	dest[0] = &number
	for i := range raw {
		dest[i+1] = &raw[i]
	}
	w := record.NewWriter(out)
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return n, nil, err
		}
		n++
		if r.numbered {
			number = r.offset + n
		}
		column, err := r.write(w, number, raw)
		if err != nil {
			cancel() // whatever else would come is not wanted
			return n, nil, err
		}
		if column >= 0 {
			return n, &cell{column, number}, nil
		}
	}
	if err := rows.Err(); err != nil {
		return n, nil, err
	}
	return n, nil, w.Flush()
}

// write writes one record; it gives the column that cannot be, else -1.
func (r reading) write(w *record.Writer, number int64, raw []sql.RawBytes) (bad int, err error) {
	w.Number(number)
	var buffer [64]byte
	for i, text := range raw {
		if text == nil {
			w.Null()
			continue
		}
		canonical, ok := r.columns[i].canonical(buffer[:0], text)
		if !ok {
			return i, nil
		}
		w.Value(canonical)
	}
	return -1, w.End()
}

// unreadable says which cell holds what no text may hold.
func (r reading) unreadable(ctx context.Context, bad cell) error {
	c := r.columns[bad.column]
	where := "a row"
	if r.keyOf != "" {
		where = r.keyInWords(ctx, bad.number)
	}
	return errs.New(errs.Invalid, "The column %s of %s holds a text with a NUL character in it, or one that is not UTF-8, in %s.", c.Name, r.table.name.Name, where).
		WithMend("Mend the value in the system itself, or leave the column out.")
}

func (r reading) keyInWords(ctx context.Context, number int64) string {
	if r.numbered {
		number--
	}
	values, dest := make([]sql.NullString, len(r.key)), make([]any, len(r.key))
	for i := range values {
		dest[i] = &values[i]
	}
	if err := r.session.row(ctx, fmt.Sprintf(r.keyOf, number), dest...); err != nil {
		return "a row"
	}
	var parts []string
	for i, c := range r.key {
		parts = append(parts, c.Name+" "+strings.ToValidUTF8(values[i].String, "�"))
	}
	return "the row with " + strings.Join(parts, ", ")
}
