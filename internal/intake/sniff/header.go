package sniff

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/intake/dialect"
)

// maxHeader is the most records that are taken for a header.
const maxHeader = 5

// profile gives the type that nine of ten filled cells of each column have. Rows
// of another width do not count where others are there: their cells stand in
// wrong columns.
func profile(rows []row, width int) []Type {
	counts := make([][types]int, width)
	full := slices.ContainsFunc(rows, func(r row) bool { return r.width() == width })
	for _, r := range rows {
		if full && r.width() != width {
			continue
		}
		for i, t := range r.types {
			if i < width {
				counts[i][t]++
			}
		}
	}
	out := make([]Type, width)
	for i, c := range counts {
		filled := 0
		for t := Number; t < types; t++ {
			filled += c[t]
		}
		for t := Number; t <= Truth; t++ {
			if filled > 0 && c[t]*10 >= filled*9 {
				out[i] = t
			}
		}
	}
	return out
}

func typedColumns(p []Type) (n int) {
	for _, t := range p {
		if t != Empty {
			n++
		}
	}
	return n
}

// fits counts the cells of typed columns that have the type, and those that hold
// something else.
func fits(r row, p []Type) (hits, misses int) {
	for i, t := range p {
		switch {
		case t == Empty || i >= len(r.types) || r.types[i] == Empty:
		case r.types[i] == t || r.types[i].hard() && t.hard():
			hits++
		default:
			misses++
		}
	}
	return hits, misses
}

// fitsAll tells whether typed columns fit the row, all of them.
func fitsAll(r row, p []Type) bool {
	hits, misses := fits(r, p)
	return hits > 0 && misses == 0
}

// headerLike tells whether no typed column fits the row, and so many do not.
func headerLike(r row, p []Type, least int) bool {
	hits, misses := fits(r, p)
	return hits == 0 && misses >= least
}

// describe makes a table of a block; above is the row just above it, if one is.
func describe(sample []byte, b *block, above *row, h Hint) Table {
	rows := b.rows
	if !h.told() {
		rows = withoutNotes(sample, b)
	}
	t := Table{Columns: b.width}
	p := profile(rows[min(maxHeader, len(rows)/2):], b.width)
	if t.Header = headerRecords(sample, rows, p); rows[0].known {
		t.Header = 1
	}
	if above != nil && isRaggedHeader(*above, rows[0], p, t.Header, b.width) {
		rows = append([]row{*above}, rows...)
		t.Header = 1
	}
	if h.HeaderLines != nil {
		t.Header = min(*h.HeaderLines, len(rows))
	}
	t.Line = rows[0].line
	last := rows[len(rows)-1]
	t.Last = last.line + last.lines - 1
	t.Rows = len(rows) - t.Header
	t.Types = p
	t.Columns = columns(rows, t.Header, b.width)
	if t.Rows > 1 && IsTotal(sample[last.from:last.to]) {
		t.Total = last.line
	}
	return t
}

// withoutNotes drops rows from both ends of a block in which nothing stands, or
// nothing but a note in the first cell, if such rows are rare in it.
func withoutNotes(sample []byte, b *block) []row {
	n := 0
	for _, r := range b.rows {
		if r.void || r.alone {
			n++
		}
	}
	rows := b.rows
	if n*4 > len(rows) && n > 4 {
		return rows
	}
	for len(rows) > 2 && (rows[0].void || rows[0].alone) {
		next := rows[1]
		if !rows[0].void && !next.void && !next.alone && fitsAll(next, profile(rows[1:], b.width)) {
			break // names are missing, but the next row is data already
		}
		rows = rows[1:]
	}
	p := profile(rows[1:], b.width)
	longest := longestFirst(rows)
	for len(rows) > 2 && (rows[len(rows)-1].void || isNote(sample, rows[len(rows)-1], p, longest)) {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// isNote tells whether a row is a note below the table and not the key of a row
// without values: it has no place in its column, or it is words twice as long
// as any of the column, or have the marks of a sentence.
func isNote(sample []byte, r row, p []Type, longest int) bool {
	if !r.alone || p[0] == Empty && r.types[0] != Text {
		return false
	}
	text := r.firstCell(sample)
	return p[0] != Empty && r.types[0] != p[0] || r.types[0] == Text &&
		(len(text) > 2*longest || bytes.Contains(text, []byte(": ")) || bytes.HasSuffix(text, []byte(".")) || bytes.IndexAny(text, "*(") == 0)
}

// firstCell gives the first cell as it is written; where the cells are not kept,
// the row, which in a row of one filled cell is little more.
func (r row) firstCell(sample []byte) []byte {
	if len(r.cells) == 0 {
		return sample[r.from:r.to]
	}
	return bytes.TrimSpace(sample[r.cells[0].From:r.cells[0].To])
}

// longestFirst gives the length of the longest first cell among rows that hold
// more than it.
func longestFirst(rows []row) (n int) {
	for _, r := range rows {
		if !r.alone && len(r.cells) > 0 {
			n = max(n, r.cells[0].To-r.cells[0].From)
		}
	}
	return n
}

// headerRecords counts the rows at the top that are header.
func headerRecords(sample []byte, rows []row, p []Type) int {
	if len(rows) == 0 {
		return 0
	}
	hits, misses := fits(rows[0], p)
	switch {
	case len(rows) == 1:
		for _, t := range rows[0].types {
			if t.hard() {
				return 0
			}
		}
		return 1
	case misses > hits || years(sample, rows[0], p):
		n := 1
		for n < min(maxHeader, len(rows)-1) && rows[n].width() == rows[0].width() && rows[n].filled > 1 && headerLike(rows[n], p, least(p, rows[n+1])) {
			n++
		}
		return n
	case hits > 0:
		return 0
	}
	return byNames(sample, rows)
}

// least is how many cells must speak for one more line of the header: one, if
// several columns are typed and the next row is data.
func least(p []Type, next row) int {
	if typedColumns(p) > 1 && fitsAll(next, p) {
		return 1
	}
	return max(2, typedColumns(p)/2)
}

// byNames judges the first row of a table in which no column tells: it is the
// header unless it has an empty cell before a filled one, holds a text twice, or
// one that its column holds again.
func byNames(sample []byte, rows []row) int {
	first := cellTexts(sample, rows[0])
	seen := map[string]bool{}
	for i, c := range first {
		if rows[0].types[i].hard() {
			return 0
		}
		if c != "" && seen[c] && len(rows) < 3 {
			return 0
		}
		seen[c] = true
	}
	again := 0
	for _, r := range rows[1:min(len(rows), 200)] {
		if sameLine(sample, rows[0], r) {
			continue
		}
		for i, c := range cellTexts(sample, r) {
			if i < len(first) && c != "" && c == first[i] {
				again++
			}
		}
	}
	if again > 0 {
		return 0
	}
	return 1
}

// cellTexts gives the cells of a row as they are written, for comparing; only
// the first rows of a sample are kept for that.
func cellTexts(sample []byte, r row) []string {
	out := make([]string, len(r.cells))
	for i, c := range r.cells {
		out[i] = string(bytes.TrimSpace(sample[c.From:c.To]))
	}
	return out
}

// recognise marks the rows that are known to be headers, whatever stands below
// them: most of their cells, and several unless there is but one, are names that
// columns may have.
func (h Hint) recognise(sample []byte, rows []row, p *dialect.Parser) {
	names := map[string]bool{}
	for _, name := range h.Names {
		names[folded(name)] = true
	}
	for i := range rows {
		r := &rows[i]
		n := 0
		for _, c := range r.cells {
			if names[folded(string(p.Text(nil, sample, c)))] {
				n++
			}
		}
		r.known = n*2 > r.filled && n >= min(2, r.width())
	}
}

func folded(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// years tells whether typed columns are headed by years in sequence.
func years(sample []byte, r row, p []Type) bool {
	var before, n int
	for i, c := range cellTexts(sample, r) {
		if i >= len(p) || p[i] != Number {
			continue
		}
		y, err := strconv.Atoi(c)
		if err != nil || y < 1900 || y > 2100 || n > 0 && y != before+1 {
			return false
		}
		before = y
		n++
	}
	return n >= 2
}

// isRaggedHeader tells whether the row above a block is its header, with a cell
// too few or too many.
func isRaggedHeader(above, first row, p []Type, header, width int) bool {
	if above.width() < 2 || above.filled < 2 {
		return false
	}
	odd := 0
	for _, t := range above.types {
		if t.hard() {
			return false
		}
		if t >= Odd {
			odd++
		}
	}
	if odd*3 > above.filled {
		return false
	}
	d := above.width() - width
	if header > 0 {
		return typedColumns(p) == 0 && d*d == 1
	}
	return d >= -width/2 && d <= max(1, width/2)
}

// columns settles how many cells a row should have: what the header says, unless
// it is a name short of what most rows hold, or has cells without a name too many.
func columns(rows []row, header, width int) int {
	if header == 0 {
		return max(1, width)
	}
	h := rows[header-1].width()
	for _, r := range rows[:header] {
		h = max(h, r.width())
	}
	beyond, wide, last := 0, 0, 0
	for _, r := range rows[header:] {
		if r.width() >= width {
			wide++
		}
		for i, t := range r.types {
			if t != Empty {
				last = max(last, i+1)
				if i >= h {
					beyond++
					break
				}
			}
		}
	}
	switch body := len(rows) - header; {
	case body == 0:
		return max(1, named(rows[header-1]))
	case h > width && named(rows[0]) > 0 && rows[0].filled <= width:
		return width
	case h < width && beyond*5 >= body*4:
		return width
	case h < width && beyond > 0:
		return h
	default:
		return max(1, min(max(h, 1), max(last, named(rows[header-1]))))
	}
}

// named gives the number of cells up to the last that is filled.
func named(r row) int {
	for i := len(r.types); i > 0; i-- {
		if r.types[i-1] != Empty {
			return i
		}
	}
	return 0
}
