package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// family lists the foreign keys by which rows of a table refer to others of it. The
// server judges them row by row, also within one statement.
func (s *session) family(ctx context.Context, of record.Table) (own []driver.ForeignKey, err error) {
	all, err := s.foreignKeys(ctx, of)
	for _, f := range all {
		if f.RefTable == of {
			own = append(own, f)
		}
	}
	return own, err
}

// inRounds writes the rows of a step whose turn it is, until all are written: parents
// are inserted before their children, and deleted after them. What is left when nobody
// has a turn is written as it is, and the server says what it makes of it. turn gives
// the SQL that joins what decides, and the condition.
func (s *step) inRounds(ctx context.Context, sent int64, turn func() (join, condition string), write func(join, condition string) (int64, error)) (total int64, err error) {
	if len(s.family) == 0 {
		return write("", "")
	}
	join, condition := turn()
	for total < sent {
		n, err := write(join, condition)
		if err != nil {
			return total, err
		}
		if total += n; n == 0 {
			break
		}
	}
	if total == sent {
		return total, nil
	}
	join, condition = "", ""
	if s.write.Op == driver.Insert {
		join, condition = s.absent()
	}
	n, err := write(join, condition)
	return total + n, err
}

// absent keeps to the staged rows that are not in the table yet.
func (s *step) absent() (join, condition string) {
	return " LEFT JOIN " + s.table.sql() + " t ON " + same("d", "k", s.key), " AND t." + quoted(s.key[0].Name) + " IS NULL"
}

// parented keeps to the staged rows whose parents are there, or that have none.
func (s *step) parented() (join, condition string) {
	join, condition = s.absent()
	for n, f := range s.family {
		parent := fmt.Sprint("p", n)
		var on, none, own []string
		for i, name := range f.Columns {
			value, known := s.inserted(name)
			if !known {
				on = nil
				break
			}
			on = append(on, parent+"."+quoted(f.RefColumns[i])+" = "+value)
			none = append(none, value+" IS NULL")
			if itself, known := s.inserted(f.RefColumns[i]); known {
				own = append(own, value+" = "+itself)
			}
		}
		if len(on) == 0 { // the system puts something there
			continue
		}
		if len(own) == len(on) {
			none = append(none, "("+strings.Join(own, " AND ")+")")
		}
		join += " LEFT JOIN " + s.table.sql() + " " + parent + " ON " + strings.Join(on, " AND ")
		condition += " AND (" + parent + "." + quoted(f.RefColumns[0]) + " IS NOT NULL OR " + strings.Join(none, " OR ") + ")"
	}
	return join, condition
}

// inserted gives the SQL of the value that a staged row has in a column; false where
// the step does not say.
func (s *step) inserted(name string) (string, bool) {
	named := func(c column) bool { return c.Name == name }
	if i := slices.IndexFunc(s.key, named); i >= 0 {
		return fmt.Sprint("d.k", i), true
	}
	i := slices.IndexFunc(s.columns, named)
	if i < 0 || s.columns[i].HasDefault || s.columns[i].Generated {
		return "", false
	}
	return fmt.Sprintf("IF(%s, d.a%d, NULL)", bit("d", i), i), true
}

// childless keeps to the rows that no other row of the table refers to.
func (s *step) childless() (join, condition string) {
	for n, f := range s.family {
		child := fmt.Sprint("c", n)
		var on, itself []string
		for i, name := range f.Columns {
			on = append(on, child+"."+quoted(name)+" = t."+quoted(f.RefColumns[i]))
		}
		for _, c := range s.key {
			itself = append(itself, child+"."+quoted(c.Name)+" = t."+quoted(c.Name))
		}
		join += " LEFT JOIN " + s.table.sql() + " " + child + " ON " + strings.Join(on, " AND ") + " AND NOT (" + strings.Join(itself, " AND ") + ")"
		condition += " AND " + child + "." + quoted(s.key[0].Name) + " IS NULL"
	}
	return join, condition
}
