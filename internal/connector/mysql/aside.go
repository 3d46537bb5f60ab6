package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Temporary tables of an update whose rows pass unique values on to each other: the
// values that rows take (n, u0, …), and the rows that step aside for them (n). They
// stand apart because MySQL cannot read one temporary table twice in a statement.
const (
	takenTable = "`sutor taken`"
	asideTable = "`sutor aside`"
)

// stepAside sets rows of an update that give up a value of a unique constraint, which
// another row of it takes, to NULL there: the server judges such a constraint after
// each row. Only a column that the row writes, that may be NULL and that nobody refers to
// is emptied: rows that refer to it would be emptied with it, for good. Where there is
// none, nothing is done, and the constraint refuses the update. It is the
// first write to these rows, so they are judged in it; false where not all of them
// are as the plan says.
func (s *step) stepAside(ctx context.Context) (bool, error) {
	var empties []int
	var t *driver.Table
	for _, u := range s.table.indexes {
		some := s.emptied(u)
		if !u.unique || len(some) == 0 {
			continue
		}
		if t == nil {
			limited, cancel := s.tx.limit(ctx)
			defer cancel()
			all, err := s.tx.session.references(limited, s.table.name)
			if err != nil {
				return false, err
			}
			t = &driver.Table{Columns: s.table.columns, ReferencedBy: all}
			if t.HiddenReferences, err = s.tx.session.whyHidden(limited, s.table); err != nil {
				return false, err
			}
		}
		some = slices.DeleteFunc(some, func(i int) bool { return t.Referred(s.columns[i].Name) })
		if len(some) == 0 {
			continue
		}
		if err := s.findAside(ctx, u, some, len(empties) == 0); err != nil {
			return false, err
		}
		empties = append(empties, some...)
	}
	if len(empties) == 0 {
		return true, nil
	}
	if err := s.row(ctx, "SELECT count(*) FROM "+asideTable, &s.aside); err != nil || s.aside == 0 {
		return err == nil, err
	}
	slices.Sort(empties)
	var sets []string
	for _, i := range slices.Compact(empties) {
		sets = append(sets, fmt.Sprintf("t.%s = IF(%s, NULL, t.%[1]s)", quoted(s.columns[i].Name), bit("d", i)))
	}
	emptied, err := s.tx.exec(ctx, "UPDATE "+asideTable+" x JOIN "+s.rows()+" AND x.n = d.n SET "+strings.Join(sets, ", ")+" WHERE "+s.unchanged())
	return err == nil && emptied == s.aside, err
}

// emptied lists the columns of a unique index that rows can be NULL in for a while;
// nothing where the step does not know all of its columns.
func (s *step) emptied(u index) (some []int) {
	for _, name := range u.columns {
		i := slices.IndexFunc(s.columns, func(c column) bool { return c.Name == name })
		switch {
		case i >= 0:
			if s.columns[i].Nullable && !s.columns[i].Generated && s.writing(i) > 0 {
				some = append(some, i)
			}
		case !slices.ContainsFunc(s.key, func(c column) bool { return c.Name == name }):
			return nil
		}
	}
	return some
}

// findAside adds the rows that have to step aside by one unique index.
func (s *step) findAside(ctx context.Context, u index, empties []int, first bool) error {
	var declared, keys, after, takes, writes []string
	for n, name := range u.columns {
		var c column
		var before string
		if i := slices.IndexFunc(s.key, func(c column) bool { return c.Name == name }); i >= 0 {
			c, before = s.key[i], fmt.Sprint("d.k", i)
			after = append(after, before)
		} else {
			i := slices.IndexFunc(s.columns, func(c column) bool { return c.Name == name })
			c, before = s.columns[i], fmt.Sprint("d.b", i)
			if c.Type.Kind == record.Enum { // held as text ([before])
				if !slices.Contains(c.Type.Labels, "") {
					before = "NULLIF(" + before + ", '')" // which no row can take
				}
				before = "CONVERT(" + before + " USING " + c.charset + ") COLLATE " + c.collation
			}
			after = append(after, fmt.Sprintf("IF(%s, d.a%d, %s)", bit("d", i), i, before))
		}
		key := fmt.Sprint("u", n)
		declared = append(declared, key+" "+c.staged(false))
		if u.prefixes[n] > 0 {
			keys = append(keys, fmt.Sprintf("%s(%d)", key, u.prefixes[n]))
		} else {
			keys = append(keys, key)
		}
		takes = append(takes, "o."+key+" = "+before)
	}
	for _, i := range empties {
		writes = append(writes, bit("d", i))
	}
	statements := []string{
		"DROP TEMPORARY TABLE IF EXISTS " + takenTable,
		"CREATE TEMPORARY TABLE " + takenTable + " (n bigint NOT NULL, " + strings.Join(declared, ", ") + ", KEY (" + strings.Join(keys, ", ") + ")) ENGINE=InnoDB",
		"INSERT INTO " + takenTable + " SELECT d.n, " + strings.Join(after, ", ") + " FROM " + staged + " d",
		"INSERT IGNORE INTO " + asideTable + " SELECT d.n FROM " + staged + " d JOIN " + takenTable + " o ON " + strings.Join(takes, " AND ") +
			" WHERE o.n <> d.n AND (" + strings.Join(writes, " OR ") + ")", // what is ignored is a row that is there already
	}
	if first {
		statements = append([]string{"DROP TEMPORARY TABLE IF EXISTS " + asideTable, "CREATE TEMPORARY TABLE " + asideTable + " (n bigint NOT NULL PRIMARY KEY) ENGINE=InnoDB"}, statements...)
	}
	for _, sql := range statements {
		if _, err := s.tx.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
