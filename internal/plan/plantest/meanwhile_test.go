package plantest_test

import (
	"fmt"
	"maps"
	"slices"

	"sutor/internal/connector/mem"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// childName is a table that refers to the dataset's.
var childName = record.Table{Name: "child"}

// meanwhile lets others work on the system between an apply and its undo: rows
// and the table itself are other ones. Systems have no such thing as a journal,
// so the database is made anew from the rows that are left.
func (w *world) meanwhile() {
	g := w.g
	old := w.db
	rows := g.rowsOf(old, g.table)
	parents := g.rowsOf(old, w.parent)
	g.evolve(w, rows)
	rows = slices.DeleteFunc(rows, func(row map[string]*string) bool { return !g.edit(row) })
	for n := range g.cases {
		for at := range g.upTo(2, "new rows") {
			rows = append(rows, g.named(g.given(g.table), g.row(g.given(g.table), n, at+g.upTo(4, "which"))))
		}
	}
	parents = g.bereave(w.parent, parents)
	g.hideReferences()
	for before := -1; before != len(rows); { // until all of them can be there together
		before = len(rows)
		w.db = mem.New()
		w.db.Create(g.table)
		rows = slices.DeleteFunc(rows, func(row map[string]*string) bool { return !g.store(w.db, g.table, row) })
		rows = slices.DeleteFunc(rows, func(row map[string]*string) bool { return g.dangles(row, rows, parents) })
	}
	w.db.Create(w.parent)
	for _, row := range parents {
		g.store(w.db, w.parent, row)
	}
	g.describe(w.db)
	g.children(w.db)
}

// bereave deletes parents: all that have a value, since where one of them stayed,
// nobody would miss the others.
func (g *generator) bereave(t mem.Table, parents []map[string]*string) []map[string]*string {
	gone := map[string][]string{} // by column
	for _, c := range t.Columns {
		for _, v := range g.values[c.Name] {
			if g.chance(10, "parents deleted") {
				gone[c.Name] = append(gone[c.Name], v)
			}
		}
	}
	return slices.DeleteFunc(parents, func(row map[string]*string) bool {
		return slices.ContainsFunc(t.Columns, func(c record.Column) bool {
			v := row[c.Name]
			return v != nil && slices.Contains(gone[c.Name], *v)
		})
	})
}

// dangles tells whether a row refers to one that is not there.
func (g *generator) dangles(row map[string]*string, rows, parents []map[string]*string) bool {
	return slices.ContainsFunc(g.table.ForeignKeys, func(fk driver.ForeignKey) bool {
		there := rows
		if fk.RefTable == parentName {
			there = parents
		}
		refers := !slices.ContainsFunc(fk.Columns, func(name string) bool { return row[name] == nil })
		return refers && !slices.ContainsFunc(there, func(to map[string]*string) bool {
			for i, name := range fk.Columns {
				if v := to[fk.RefColumns[i]]; v == nil || *v != *row[name] {
					return false
				}
			}
			return true
		})
	})
}

// rowsOf gives the rows of a table by column, without what the system computes.
func (g *generator) rowsOf(db *mem.Database, t mem.Table) (out []map[string]*string) {
	columns := g.given(t)
	rows, err := db.Rows(t.Name, columns)
	if err != nil {
		g.Fatal(err)
	}
	for _, values := range rows {
		out = append(out, g.named(columns, values))
	}
	return out
}

func (g *generator) named(columns record.Schema, values []*string) map[string]*string {
	row := map[string]*string{}
	for i, c := range columns {
		row[c.Name] = values[i]
	}
	return row
}

// given gives the columns of a table that a row may be inserted with.
func (g *generator) given(t mem.Table) (out record.Schema) {
	for _, c := range t.Columns {
		if t.Generated[c.Name] == nil {
			out = append(out, c)
		}
	}
	return out
}

// store inserts a row, unless the system refuses it.
func (g *generator) store(db *mem.Database, t mem.Table, row map[string]*string) bool {
	columns := g.given(t)
	values := make([]*string, len(columns))
	for i, c := range columns {
		values[i] = row[c.Name]
	}
	return db.Insert(t.Name, columns, [][]*string{values}) == nil
}

// edit changes a row as a colleague does; false where it is deleted.
func (g *generator) edit(row map[string]*string) bool {
	var others record.Schema
	for _, c := range g.given(g.table) {
		if !slices.Contains(g.table.Key, c.Name) {
			others = append(others, c)
		}
	}
	switch n := g.percent("edited"); {
	case n >= 92:
		return false
	case n >= 72 && len(others) > 0:
		c := pick(g, "column", others...)
		row[c.Name] = g.held(c)
	case n >= 66: // deleted, and the key used again
		for _, c := range others {
			row[c.Name] = g.held(c)
		}
	}
	return true
}

// held draws what a live row has in a column.
func (g *generator) held(c record.Column) *string {
	if c.Nullable && g.chance(20, "null") {
		return nil
	}
	v := pick(g, "value", g.values[c.Name]...)
	return &v
}

// evolve changes the table: columns are dropped with the constraints on them,
// added, or must have a value by now; a unique constraint is added.
func (g *generator) evolve(w *world, rows []map[string]*string) {
	t := g.table
	t.Columns, t.Defaults, t.Generated = nil, maps.Clone(t.Defaults), maps.Clone(t.Generated)
	for _, c := range g.table.Columns {
		key := slices.Contains(t.Key, c.Name)
		switch {
		case !key && g.chance(4, "dropped"):
			g.drop(w, &t, c.Name)
			continue
		case !key && g.chance(4, "null no more"):
			c.Nullable = false
			for _, row := range rows {
				if row[c.Name] == nil {
					row[c.Name] = g.held(c)
				}
			}
		}
		t.Columns = append(t.Columns, c)
	}
	if g.chance(15, "added") {
		g.added++
		c := record.Column{Name: fmt.Sprint("added ", g.added), Type: pick(g, "type", types...), Nullable: g.chance(75, "nullable")}
		g.pool(c)
		t.Columns = append(t.Columns, c)
		if g.chance(30, "default") {
			t.Defaults[c.Name] = g.held(c)
		}
		for _, row := range rows {
			if !c.Nullable || g.chance(30, "filled in") {
				row[c.Name] = g.held(c)
			}
		}
	}
	g.table = t
	if g.chance(4, "unique since") {
		g.table.Uniques = append(slices.Clone(t.Uniques), mem.Unique{Name: "since", Columns: g.within([]string{pick(g, "column", t.Columns.Names()...)})})
	}
}

// drop takes a column's constraints and rules away with it.
func (g *generator) drop(w *world, t *mem.Table, name string) {
	t.Uniques = slices.DeleteFunc(slices.Clone(t.Uniques), func(u mem.Unique) bool { return slices.Contains(u.Columns, name) })
	t.ForeignKeys = slices.DeleteFunc(slices.Clone(t.ForeignKeys), func(fk driver.ForeignKey) bool {
		return slices.Contains(fk.Columns, name) || fk.RefTable == tableName && slices.Contains(fk.RefColumns, name)
	})
	t.NoCase = slices.DeleteFunc(slices.Clone(t.NoCase), func(n string) bool { return n == name })
	delete(t.Defaults, name)
	delete(t.Generated, name)
	delete(w.spec.Rules, name)
	w.spec.Row = slices.DeleteFunc(slices.Clone(w.spec.Row), func(r plan.RowRule) bool {
		return slices.ContainsFunc(r.Hit.Refs(), func(ref expr.Ref) bool { return ref.Name == name })
	})
}

// describe takes over what the system says of the columns.
func (g *generator) describe(db *mem.Database) driver.Table {
	d, err := db.Open(g.Context(), "")
	if err != nil {
		g.Fatal(err)
	}
	described, err := d.Describe(g.Context(), tableName)
	if err != nil {
		g.Fatal(err)
	}
	g.table.Columns = described.Columns
	return described
}

// children makes a table whose rows refer to live ones.
func (g *generator) children(db *mem.Database) {
	if !g.chance(30, "children") {
		return
	}
	to := slices.Clone(g.table.Key)
	if g.chance(40, "to another column") {
		to = []string{pick(g, "referred", g.table.Columns.Names()...)}
	}
	child := mem.Table{Name: childName}
	fk := driver.ForeignKey{RefTable: tableName, RefColumns: to, OnDelete: pick(g, "on delete", "", "cascade", "set null"),
		OnUpdate: pick(g, "on update", "", "cascade", "set null")}
	for i, c := range g.table.Columns.Pick(to) {
		from := record.Column{Name: fmt.Sprint("from ", i), Type: c.Type, Nullable: true}
		child.Columns, fk.Columns = append(child.Columns, from), append(fk.Columns, from.Name)
	}
	child.ForeignKeys = []driver.ForeignKey{fk}
	db.Create(child)
	live, err := db.Rows(g.table.Name, g.table.Columns) // what is computed too, as it is stored
	if err != nil {
		g.Fatal(err)
	}
	for _, values := range live {
		if row := g.named(g.table.Columns, values); g.chance(20, "referred to") {
			one := map[string]*string{}
			for i, name := range to {
				one[fk.Columns[i]] = row[name]
			}
			g.store(db, child, one)
		}
	}
}
