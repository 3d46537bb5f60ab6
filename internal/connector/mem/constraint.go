package mem

import (
	"slices"
	"strings"

	"sutor/internal/system/driver"
)

// judge refuses a table in which a key or a unique constraint is broken.
func (t *table) judge() error {
	for _, u := range append([]Unique{{Name: "PRIMARY KEY", Columns: t.Key}}, t.Uniques...) {
		for _, same := range t.index(t.at(u.Columns)) {
			if len(same) > 1 && len(u.Columns) > 0 {
				return &driver.Refusal{Constraint: u.Name, Column: u.Columns[0],
					Message: "Another row has the same " + strings.Join(u.Columns, ", ") + " already."}
			}
		}
	}
	return nil
}

func (t *table) at(names []string) []int {
	out := make([]int, len(names))
	for i, n := range names {
		out[i] = t.Columns.Index(n)
	}
	return out
}

// judge refuses what a step made of a table: its own constraints, its
// references, and the references of others to it.
func (x *tx) judge(t *table) error {
	if err := t.judge(); err != nil {
		return err
	}
	for _, child := range x.all() {
		for _, fk := range child.ForeignKeys {
			if child.Name != t.Name && fk.RefTable != t.Name {
				continue
			}
			if err := x.refers(child, fk); err != nil {
				return err
			}
		}
	}
	return nil
}

// all gives every table as the transaction sees it.
func (x *tx) all() (tables []*table) {
	x.db.mu.Lock()
	defer x.db.mu.Unlock()
	for name, t := range x.db.tables {
		if own := x.own[name]; own != nil {
			t = own
		}
		tables = append(tables, t)
	}
	return tables
}

// refers refuses a reference to a row that is not there. The values are
// compared as the table referred to compares them.
func (x *tx) refers(child *table, fk driver.ForeignKey) error {
	all := x.all()
	i := slices.IndexFunc(all, func(t *table) bool { return t.Name == fk.RefTable })
	if i < 0 {
		return nil
	}
	parent := all[i]
	to, from := parent.at(fk.RefColumns), child.at(fk.Columns)
	there := parent.index(to)
	for _, r := range child.rows {
		if id, ok := parent.identity(to, r.pick(from)); ok && len(there[id]) == 0 {
			return &driver.Refusal{Constraint: fk.Name, Column: fk.Columns[0],
				Message: strings.Join(fk.Columns, ", ") + " refers to a row of " + fk.RefTable.String() + " that is not there."}
		}
	}
	return nil
}
