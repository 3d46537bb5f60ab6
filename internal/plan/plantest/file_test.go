package plantest_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// described fills in the table as the system describes it.
func (g *generator) described(w *world) {
	s := &w.spec
	s.Key, s.Location, s.Exact, s.Compares = g.table.Columns.Pick(g.table.Key), g.loc, true, true
	s.Table = driver.Table{Table: tableName, Columns: g.table.Columns, PrimaryKey: g.table.Key, ForeignKeys: g.table.ForeignKeys,
		ReferencedBy: g.describe(w.db).ReferencedBy}
	for _, u := range g.table.Uniques {
		s.Table.Uniques = append(s.Table.Uniques, u.Columns)
		if g.chance(40, "deferrable") {
			s.Table.Deferrable = append(s.Table.Deferrable, u.Columns)
		}
		if g.chance(20, "nulls are equal") {
			s.Table.NullsEqual = append(s.Table.NullsEqual, u.Columns)
		}
	}
}

// header draws the file's columns and, with what rules read besides them, the
// judged set. nil is a column of the file that matches nothing.
func (g *generator) header(s *plan.Spec) (from []*record.Column) {
	g.found(s)
	for _, c := range g.table.Columns {
		if s.Key.Index(c.Name) >= 0 {
			if s.Match == nil && (c.Name != s.Given || !g.chance(10, "all new")) || s.Match.Index(c.Name) >= 0 || s.Match != nil && g.chance(50, "key in the file") {
				from = append(from, &c)
			}
			continue
		}
		in := s.Match.Index(c.Name) >= 0 || g.chance(85, "in the file")
		if in {
			from = append(from, &c)
		}
		if in || g.chance(50, "read by a rule") {
			s.Judged = append(s.Judged, c)
		}
	}
	if g.chance(20, "unmatched") {
		from = append(from, nil)
	}
	from = rapid.Permutation(from).Draw(g.T, "order of columns")
	for i, c := range from {
		name := fmt.Sprint("File ", i)
		if c != nil {
			name = strings.ToUpper(c.Name)
			s.Sources = append(s.Sources, plan.Source{File: i, Name: name, Column: c.Name, How: "name"})
		}
		s.Columns = append(s.Columns, name)
	}
	return from
}

// found draws what rows are found by, where that is not the key, and which column of
// the key the system gives new rows.
func (g *generator) found(s *plan.Spec) {
	if len(s.Table.Uniques) > 0 && g.chance(50, "found by something else") {
		s.Match = g.table.Columns.Pick(pick(g, "found by", s.Table.Uniques...))
	}
	if s.Table.Columns[s.Table.Columns.Index(keyColumn)].Identity != "" && g.chance(70, "given") {
		s.Given = keyColumn
	}
}

// byKey tells whether a column says which row is meant.
func byKey(s *plan.Spec, c *record.Column) bool { return s.By().Index(c.Name) >= 0 }

// file draws the file.
func (g *generator) file(w *world) {
	g.described(w)
	from := g.header(&w.spec)
	for n := range g.cases {
		shift := g.upTo(1, "shift")
		for at := range g.upTo(6, "records") {
			if live := g.live[n]; at < len(live) && g.chance(50, "like live rows") {
				w.records = append(w.records, g.like(&w.spec, from, live[at], live[(at+shift)%len(live)]))
			} else {
				w.records = append(w.records, g.record(&w.spec, from, n, at))
			}
		}
	}
}

// like draws a record with the key of a live row, and most other cells of a row:
// the same, so that nothing changes, or the next, so that values are passed on.
func (g *generator) like(s *plan.Spec, from []*record.Column, key, row map[string]*string) fileRecord {
	r := fileRecord{cells: make([]*string, len(from))}
	for i, c := range from {
		switch {
		case c == nil:
		case c.Name == s.Given && g.chance(20, "none given"):
		case (byKey(s, c) || s.Key.Index(c.Name) >= 0 && g.chance(80, "its own key")) && key[c.Name] != nil:
			r.cells[i] = g.written(*c, *key[c.Name])
		case g.chance(25, "something else"):
			r.cells[i] = g.cell(*c)
		case row[c.Name] != nil:
			r.cells[i] = g.written(*c, *row[c.Name])
		}
	}
	return r
}

// record draws the at'th record of the nth case.
func (g *generator) record(s *plan.Spec, from []*record.Column, n, at int) fileRecord {
	r := fileRecord{cells: make([]*string, len(from))}
	for i, c := range from {
		switch {
		case c == nil:
			r.cells[i] = g.odd()
		case c.Name == caseColumn && !g.chance(2, "another case"):
			r.cells[i] = number(n)
		case c.Name == s.Given && g.chance(35, "none given"):
		case c.Name == keyColumn && !g.chance(12, "another key"):
			r.cells[i] = g.written(*c, *g.nth(*c, n+at))
		case slices.Contains(g.table.Key, c.Name) && !g.chance(5, "no key"):
			r.cells[i] = g.written(*c, pick(g, "value", g.values[c.Name]...))
		default:
			r.cells[i] = g.cell(*c)
		}
	}
	if g.chance(3, "defect") {
		d := pick(g, "which", "cells:1", "cells:12", "quote:2", "error:1", "formula:2", "~quote:2", "~encoding:1")
		r.defect = &d
	}
	return r
}

// cell draws a cell: a value mostly, spelled in one of its ways.
func (g *generator) cell(c record.Column) *string {
	switch n := g.percent("cell"); {
	case n < 85 && !c.Nullable:
	case n >= 96:
		return g.odd()
	case n >= 92:
		return new(string)
	case n >= 78:
		return nil
	case n >= 75:
		text := pick(g, "usual", usual[c.Type.Kind]...)
		return &text
	}
	return g.written(c, pick(g, "value", g.values[c.Name]...))
}

func (g *generator) odd() *string {
	text := pick(g, "nasty", nasty...)
	return &text
}

// written gives one of the spellings of a value.
func (g *generator) written(c record.Column, value string) *string {
	text := value
	if spelled := g.spelled[c.Name][value]; len(spelled) > 0 {
		text = pick(g, "spelling", spelled...)
	}
	return &text
}
