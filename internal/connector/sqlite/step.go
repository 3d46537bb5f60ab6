package sqlite

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// step is one Write on its way: its rows in the staged table as n, mask, k…
// (key), b… (before) and a… (after).
type step struct {
	tx           *tx
	write        driver.Write
	table        *table
	key, columns record.Schema // as they are in the table now
	masks        map[string]int64
	triggers     bool // the database has any: a row may be stored otherwise than it says, even under another key
}

func (t *tx) prepare(ctx context.Context, w driver.Write) (*step, error) {
	tab, err := inspect(ctx, t.conn, w.Table)
	if err != nil {
		return nil, err
	}
	if reason := tab.readOnly(); reason != "" {
		return nil, &driver.Refusal{Message: "The table " + tab.name.Name + " cannot be written. " + reason}
	}
	s := &step{tx: t, write: w, table: tab, masks: map[string]int64{}}
	if s.key, err = tab.live(w.Key); err != nil {
		return nil, err
	}
	if s.columns, err = tab.live(w.Columns); err != nil {
		return nil, err
	}
	if len(s.key) == 0 {
		return nil, errs.New(errs.Internal, "Rows of %s were to be written without a key.", tab.name.Name)
	}
	s.triggers, err = hasTriggers(ctx, t.conn)
	return s, explain(ctx, err)
}

// run loads the rows, compares them with the table and, where every one agrees,
// writes them and gives out what was stored otherwise than they say.
func (s *step) run(ctx context.Context, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	maskSlot := slot{"mask", "TEXT", func(f record.Field) (any, error) { return string(f.Text), nil }}
	into := append([]slot{numberSlot, maskSlot}, slots("k", s.key)...)
	into = append(append(into, slots("b", s.columns)...), slots("a", s.columns)...)
	sent, err := load(ctx, s.tx.conn, into, rows, func(f []record.Field) { s.masks[string(f[1].Text)]++ })
	if err != nil || sent == 0 {
		return 0, nil, err
	}
	for mask := range s.masks {
		if len(mask) != len(s.columns) {
			return 0, nil, errs.New(errs.Internal, "A row's mask does not fit the %d columns.", len(s.columns))
		}
	}
	conflicts, err := s.conflicts(ctx)
	if err != nil || len(conflicts) > 0 {
		return 0, conflicts, err
	}
	if err = s.change(ctx, sent, stored); err != nil {
		return 0, nil, err
	}
	if _, err = s.tx.exec(ctx, "DROP TABLE "+staged); err != nil {
		return 0, nil, explain(ctx, err)
	}
	return sent, nil, nil
}

// change writes sent rows and gives out those that are stored otherwise than they say; where
// there are triggers, all of them.
func (s *step) change(ctx context.Context, sent int64, stored io.Writer) error {
	changed, err := s.statements(ctx, sent)
	if err != nil {
		return err
	}
	switch name := s.table.name.Name; {
	case changed > sent:
		return &driver.Refusal{Message: fmt.Sprintf("The key of %s is not unique: %d rows were to be written, %d would be.", name, sent, changed)}
	case changed < sent:
		return &driver.Refusal{Message: fmt.Sprintf("A trigger of %s left out %d of %d rows.", name, sent-changed, sent)}
	case s.write.Op == driver.Delete:
		return nil
	case !s.triggers:
		_, err := s.readBack(ctx, " WHERE NOT ("+every(s.asSaid(sent))+")", stored)
		return err
	}
	read, err := s.readBack(ctx, "", stored)
	if err == nil && read != sent {
		err = &driver.Refusal{Message: fmt.Sprintf("Of %d rows written to %s only %d can be found again by their key: a trigger changes it.",
			sent, s.table.name.Name, read)}
	}
	return err
}

// statements runs the SQL of the operation and counts the rows changed, not
// counting those that triggers and foreign keys change besides.
func (s *step) statements(ctx context.Context, sent int64) (int64, error) {
	switch s.write.Op {
	case driver.Insert:
		return s.insert(ctx)
	case driver.Update:
		return s.update(ctx, sent)
	case driver.Delete:
		keys := strings.Join(names(s.key), ", ")
		return s.exec(ctx, "DELETE FROM "+s.table.sql()+" WHERE ("+keys+") IN (SELECT "+
			strings.Join(stagedNames("k", s.key), ", ")+" FROM "+staged+")")
	}
	return 0, errs.New(errs.Internal, "There is no operation %q.", s.write.Op)
}

// exec runs a statement that writes to the table.
func (s *step) exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := s.tx.exec(ctx, query, args...)
	if err != nil {
		err = s.explainWrite(ctx, err)
	}
	return n, err
}

// equal compares a column of the table with a value, by storage class and by bytes, whatever
// the column's collation says. Two values of a text column that are the same are of one class.
func equal(c record.Column, value string) string {
	if c.Type.Kind == record.Text {
		return fmt.Sprintf("t.%s IS %s COLLATE BINARY", quoted(c.Name), value)
	}
	return fmt.Sprintf("(t.%[1]s IS %[2]s COLLATE BINARY AND typeof(t.%[1]s) = typeof(%[2]s))", quoted(c.Name), value)
}

// conflicts finds the rows that are not as planned. A delete names the live row's own key,
// which is judged too: one that its collation takes for the same is another one, and an
// undo could not give it back.
func (s *step) conflicts(ctx context.Context) ([]driver.Conflict, error) {
	matched := s.table.sql() + " t ON " + same("d", s.key)
	query := "SELECT DISTINCT d.n, 0 FROM " + staged + " d CROSS JOIN " + matched
	if s.write.Op != driver.Insert {
		before := make([]string, len(s.columns))
		for i, c := range s.columns {
			before[i] = equal(c, fmt.Sprint("d.b", i))
		}
		if s.write.Op == driver.Delete {
			before = append(before, s.sameSpelling()...)
		}
		absent := "t." + quoted(s.key[0].Name) + " IS NULL"
		query = "SELECT DISTINCT d.n, " + absent + " FROM " + staged + " d LEFT JOIN " + matched +
			" WHERE " + absent + " OR NOT (" + every(before) + ")"
	}
	limited, cancel := s.tx.limit(ctx)
	defer cancel()
	rows, err := s.tx.conn.QueryContext(limited, query+fmt.Sprint(" LIMIT ", maxConflicts))
	if err != nil {
		return nil, explain(ctx, err)
	}
	defer rows.Close()
	var all []driver.Conflict
	for rows.Next() {
		var c driver.Conflict
		if err := rows.Scan(&c.Number, &c.Gone); err != nil {
			return nil, explain(ctx, err)
		}
		all = append(all, c)
	}
	return all, explain(ctx, rows.Err())
}

// update sets the columns that any row writes. A column that some rows write and
// others do not keeps its value in the others.
func (s *step) update(ctx context.Context, sent int64) (int64, error) {
	var sets []string
	for i, c := range s.columns {
		if name := quoted(c.Name); s.writing(i) > 0 {
			sets = append(sets, name+" = "+s.after(i, sent, "t."+name))
		}
	}
	if len(sets) == 0 {
		return sent, nil // nothing is written, so everything is
	}
	if err := s.stepAside(ctx); err != nil {
		return 0, err
	}
	return s.exec(ctx, "UPDATE OR ABORT "+s.table.sql()+" AS t SET "+strings.Join(sets, ", ")+
		" FROM "+staged+" AS d WHERE "+same("d", s.key))
}

// after is what the column at i holds after sent rows are written; otherwise is of those that
// do not write it.
func (s *step) after(i int, sent int64, otherwise string) string {
	switch s.writing(i) {
	case 0:
		return otherwise
	case sent:
		return fmt.Sprint("d.a", i)
	}
	return fmt.Sprintf("CASE %s WHEN '1' THEN d.a%d ELSE %s END", bit("d", i), i, otherwise)
}

// asSaid compares key and columns with what the rows say is stored in them. A key may be found
// by a spelling that only its collation takes for the same.
func (s *step) asSaid(sent int64) []string {
	all := s.sameSpelling()
	for i, c := range s.columns {
		otherwise := "NULL"
		if s.write.Op == driver.Update {
			otherwise = fmt.Sprint("d.b", i)
		}
		all = append(all, equal(c, "("+s.after(i, sent, otherwise)+")"))
	}
	return all
}

// sameSpelling compares the keys of live and staged rows as values are, not by their collation.
func (s *step) sameSpelling() (all []string) {
	for i, c := range s.key {
		all = append(all, equal(c, fmt.Sprint("d.k", i)))
	}
	return all
}

// writing counts the rows that write the column at i.
func (s *step) writing(i int) (n int64) {
	for mask, rows := range s.masks {
		if mask[i] == '1' {
			n += rows
		}
	}
	return n
}

// insert runs one statement a mask, for a column that is not named gets its
// default.
func (s *step) insert(ctx context.Context) (total int64, err error) {
	if len(s.masks) > 1 {
		if _, err := s.tx.exec(ctx, indexOf("sutor masks", "mask")); err != nil {
			return 0, explain(ctx, err)
		}
	}
	for _, mask := range slices.Sorted(maps.Keys(s.masks)) {
		into, from := names(s.key), stagedNames("k", s.key)
		for i, c := range s.columns {
			if mask[i] == '1' {
				into, from = append(into, quoted(c.Name)), append(from, fmt.Sprint("a", i))
			}
		}
		n, err := s.exec(ctx, "INSERT OR ABORT INTO "+s.table.sql()+" ("+strings.Join(into, ", ")+") SELECT "+
			strings.Join(from, ", ")+" FROM "+staged+" WHERE mask = ? ORDER BY rowid", mask)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

// readBack writes number, key and columns of the rows as they are now; which of them, is SQL.
func (s *step) readBack(ctx context.Context, which string, out io.Writer) (int64, error) {
	columns := slices.Concat(s.key, s.columns)
	limited, cancel := s.tx.limit(ctx)
	defer cancel()
	r := reading{conn: s.tx.conn, table: s.table, columns: columns, key: s.key,
		keyOf: "SELECT " + keyText("d", stagedNames("k", s.key), s.key) + " FROM " + staged + " d WHERE d.n = ?",
		query: "SELECT " + s.table.rendered("t", "d.n", columns) + " FROM " + staged + " d CROSS JOIN " + s.table.sql() + " t ON " + same("d", s.key) + which}
	n, err := r.stream(limited, out)
	return n, explain(ctx, err)
}

// every joins conditions by AND in groups: SQLite bounds how deep a chain may be.
func every(terms []string) string {
	const group = 100
	for len(terms) > group {
		var outer []string
		for part := range slices.Chunk(terms, group) {
			outer = append(outer, "("+strings.Join(part, " AND ")+")")
		}
		terms = outer
	}
	if len(terms) == 0 {
		return "1"
	}
	return strings.Join(terms, " AND ")
}
