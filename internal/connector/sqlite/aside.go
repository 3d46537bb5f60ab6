package sqlite

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/system/driver"
)

// stepAside sets rows of an update that give up a value of a unique constraint,
// which another row of it takes, to NULL there: SQLite judges such a constraint
// after each row, in an order of its own. Only a column that the row writes, that may be
// NULL and that nobody refers to is emptied: rows that refer to it would be emptied with
// it, for good. Where there is none, nothing is done, and the constraint refuses the
// update. The rows were judged before, and nobody else can write since.
func (s *step) stepAside(ctx context.Context) error {
	all, err := uniques(ctx, s.tx.conn, s.table)
	if err != nil {
		return explain(ctx, err)
	}
	refs, err := references(ctx, s.tx.conn, s.table)
	if err != nil {
		return explain(ctx, err)
	}
	t := driver.Table{Columns: s.table.columns, ReferencedBy: refs}
	for _, u := range all {
		query := s.asideSQL(u, t)
		if query == "" {
			continue
		}
		if _, err := s.exec(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// asideSQL empties the columns of one unique constraint by which rows of d step aside, in the rows t
// whose values another row o of the step takes. They are found by the table's own
// index and collations: until now it is as it was before.
func (s *step) asideSQL(unique []string, d driver.Table) string {
	var takes, sets, writes []string
	for _, column := range unique {
		name, after := "t."+quoted(column), ""
		if i := s.key.Index(column); i >= 0 {
			after = fmt.Sprintf("o.k%d", i)
		} else if i := s.columns.Index(column); i >= 0 {
			after = fmt.Sprintf("CASE %s WHEN '1' THEN o.a%d ELSE o.b%[2]d END", bit("o", i), i)
			if d.StepsAside(unique, s.columns[i]) && s.writing(i) > 0 {
				sets = append(sets, fmt.Sprintf("%s = CASE %s WHEN '1' THEN NULL ELSE %s END", quoted(column), bit("d", i), name))
				writes = append(writes, bit("d", i)+" = '1'")
			}
		} else {
			return ""
		}
		takes = append(takes, name+" = "+after)
	}
	if len(sets) == 0 {
		return ""
	}
	taken := "SELECT d.n FROM " + staged + " o CROSS JOIN " + s.table.sql() + " t ON " + strings.Join(takes, " AND ") +
		" CROSS JOIN " + staged + " d ON " + same("d", s.key) + " WHERE o.n <> d.n AND (" + strings.Join(writes, " OR ") + ")"
	return "UPDATE OR ABORT " + s.table.sql() + " AS t SET " + strings.Join(sets, ", ") + " FROM " + staged + " AS d WHERE " + same("d", s.key) +
		" AND d.n IN (" + taken + ")"
}

// bit is what a staged row's mask says of a column.
func bit(row string, column int) string { return fmt.Sprintf("substr(%s.mask, %d, 1)", row, column+1) }
