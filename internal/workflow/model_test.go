package workflow_test

import (
	"strings"

	"sutor/internal/change"
	"sutor/internal/record"
)

// field is one value of a live table: NULL, or its canonical text. odd is how it
// got there where no file could have put it there (SQL of a value that is stored
// in another form than its column's); such a value is equal to nothing that a
// file can say.
type field struct {
	null bool
	text string
	odd  string
}

// empty tells whether an empty cell says the same: NULL and ” do, in a column of
// any type.
func (f field) empty() bool { return f.null || f.text == "" && (f.odd == "" || f.odd == "''") }

func (f field) same(g field) bool { return f == g }

// column is a column of a random table.
type column struct {
	record.Column
	decl string // its type in SQL
	def  field  // what an insert that does not name it stores
}

// table is a random table; its key comes first among the columns.
type table struct {
	name    record.Table
	columns []column
	keys    int
}

// row has a field for each column of its table.
type row []field

// key gives a row's key as one text.
func (t *table) key(r row) string {
	var parts []string
	for _, f := range r[:t.keys] {
		parts = append(parts, f.text)
	}
	return strings.Join(parts, "\x00")
}

// cell is one cell of a random file.
type cell struct {
	text  string // as it stands in the file
	empty bool   // it counts as an empty cell
	bad   bool   // it is no value of its column's type
	value field  // otherwise
}

// line is a row of a file: a cell for each column that the file has, by the
// column's number.
type line map[int]cell

// proposal is a random file with its choices.
type proposal struct {
	columns []int // of the table, in the file's order
	lines   []line
	options change.Options
}

// predicted is what a proposal does to a table, worked out row by row.
type predicted struct {
	after  map[string]row
	counts change.Counts
}

// predict is the slow, obvious twin of planning and applying.
func predict(t *table, live map[string]row, p proposal) predicted {
	out := predicted{after: map[string]row{}}
	for k, r := range live {
		out.after[k] = r
	}
	times := map[string]int{}
	for _, l := range p.lines {
		times[t.lineKey(l)]++
	}
	for _, l := range p.lines {
		k := t.lineKey(l)
		before, found := live[k]
		after, valid := t.written(before, found, l, p.options)
		switch {
		case !valid || times[k] > 1 || p.options.Mode == change.Update && !found || p.options.Mode == change.Insert && found:
			out.counts.Invalid++
		case !found:
			out.counts.Insert++
			out.after[k] = after
		case changed(before, after):
			out.counts.Update++
			out.after[k] = after
		default:
			out.counts.Unchanged++
		}
	}
	return out
}

func (t *table) lineKey(l line) string {
	r := make(row, t.keys)
	for i := range r {
		r[i] = l[i].value
	}
	return t.key(r)
}

func changed(before, after row) bool {
	for i := range after {
		if !before[i].same(after[i]) {
			return true
		}
	}
	return false
}

// written gives the row that a line makes of a live one, or of none, and whether
// the line is valid at all.
func (t *table) written(before row, found bool, l line, o change.Options) (after row, valid bool) {
	after, valid = make(row, len(t.columns)), true
	for i, c := range t.columns {
		cell, given := l[i]
		if cell.bad {
			valid = false
		}
		switch {
		case i < t.keys && found:
			after[i] = before[i]
		case i < t.keys:
			after[i] = cell.value
			if c.Identity == "always" { // the system numbers new rows itself
				valid = false
			}
		case given && !cell.empty:
			after[i] = cell.value
		case given && o.ClearEmpty:
			after[i] = c.cleared(before, i, found)
		case found:
			after[i] = before[i]
		default:
			after[i] = c.def
		}
		if after[i].null && !c.Nullable && !c.Generated && i >= t.keys {
			valid = false
		}
	}
	t.generate(after)
	return after, valid
}

// cleared is what an empty cell makes of a column when empty cells clear.
func (c column) cleared(before row, i int, found bool) field {
	text := c.Type.Kind == record.Text
	switch {
	case found && before[i].empty():
		return before[i]
	case c.Nullable:
		return field{null: true}
	case text && (found || !c.HasDefault):
		return field{}
	case found:
		return field{null: true}
	}
	return c.def
}

// generate fills the generated columns: each is a copy of the first key column.
func (t *table) generate(r row) {
	for i, c := range t.columns {
		if c.Generated {
			r[i] = r[0]
		}
	}
}
