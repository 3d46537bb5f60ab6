package xlsx

import (
	"fmt"
	"slices"
	"strings"
)

const (
	sampleRows  = 100     // rows that are looked at to find the header
	sampleCells = 100_000 // cells of them
	sampleBytes = 8 << 20 // of their texts
	headerDepth = 30      // rows among which the header is looked for
)

// layout is where the rows of a table stand in a sheet, and what its columns are
// called.
type layout struct {
	area     area // of the rows below the header
	skipped  int  // rows above the header
	header   []int
	names    []string
	above    []string // the first texts above the table, quoted
	unnamed  []string // names that the file does not give
	doubles  []string // names that the file gives twice, as they are told apart
	chosen   bool     // a person or the file said where the table stands
	nextFrom int      // row where another table begins; 0 for none seen
	totals   int      // rows right below that are known to hold totals
	guessed  bool     // no header was found, nobody said so
}

// sampleRow is a row that is looked at.
type sampleRow struct {
	line  int
	cells []sampleCell
}

type sampleCell struct {
	col  int
	sort sort
	text string
}

func (r sampleRow) words() (n int) {
	for _, c := range r.cells {
		if c.sort == words {
			n++
		}
	}
	return n
}

// sample reads the first rows of an area that hold anything.
func (c *converter) sample(s *rows, a area) ([]sampleRow, error) {
	var all []sampleRow
	var buf []byte
	for count, size := 0, 0; len(all) < sampleRows && count < sampleCells && size < sampleBytes; {
		ok, err := s.nextRow()
		if err != nil || !ok || s.row > a.lastRow {
			return all, err
		}
		r, begin := sampleRow{line: s.row}, size
		for {
			ok, err := s.nextCell()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if !a.holds(s.row, s.col) {
				continue
			}
			var o outcome
			if buf, o, err = c.append(buf[:0], s); err != nil {
				return nil, err
			}
			if size += len(buf); size-begin > maxRecord {
				return nil, rowTooLong(s.row)
			}
			if o.sort != empty {
				r.cells = append(r.cells, sampleCell{s.col, o.sort, unquoted(buf)})
			}
		}
		count += len(r.cells)
		if len(r.cells) > 0 {
			all = append(all, r)
		}
	}
	return all, nil
}

// unquoted is the text of a staging form.
func unquoted(staged []byte) string {
	if len(staged) < 2 {
		return ""
	}
	return strings.ReplaceAll(string(staged[1:len(staged)-1]), `""`, `"`)
}

// findHeader gives the index of the header among the sample, and how many rows
// it has: 0 where the first row is data already. A header is the first row that
// is about as wide as the rows below it (titles and notes are narrower) and holds
// texts. A row with a number or a day, where its column goes on with such, is
// data.
func findHeader(rows []sampleRow) (at, lines int) {
	for at = range min(len(rows)-1, headerDepth) {
		below := rows[at+1:]
		usual := width(below)
		switch {
		case 4*len(rows[at].cells) < 3*usual:
			continue
		case !isData(rows[at], below):
			return at, 1
		case at > 0 && rows[at-1].words() == len(rows[at-1].cells) && 2*len(rows[at-1].cells) >= usual && rows[at-1].line+1 == rows[at].line:
			return at - 1, 1 // a header that lacks some names
		}
		return at, 0
	}
	if len(rows) > 0 && isData(rows[0], rows[1:]) {
		return 0, 0
	}
	return 0, 1
}

// width is the usual number of cells of some rows: the median.
func width(rows []sampleRow) int {
	if len(rows) == 0 {
		return 0
	}
	n := make([]int, len(rows))
	for i, r := range rows {
		n[i] = len(r.cells)
	}
	slices.Sort(n)
	return n[len(n)/2]
}

// profile counts what the columns of some rows hold.
type profile map[int]struct{ words, figures int }

func profileOf(rows []sampleRow) profile {
	p := profile{}
	for _, r := range rows {
		for _, c := range r.cells {
			n := p[c.col]
			if c.sort == figures {
				n.figures++
			} else {
				n.words++
			}
			p[c.col] = n
		}
	}
	return p
}

// isData tells whether a row is like those below it in a column that does not
// hold texts, and there is no column where it alone holds a text. Years in a row
// are no data: they name columns.
func isData(r sampleRow, below []sampleRow) bool {
	if namesYears(r) {
		return false
	}
	p := profileOf(below)
	alike := false
	for _, c := range r.cells {
		n := p[c.col]
		switch {
		case n.figures <= n.words:
		case c.sort == words:
			return false
		default:
			alike = true
		}
	}
	return alike
}

// namesYears tells whether the figures of a row are years, each the one after the
// one before: 2024, 2025, 2026.
func namesYears(r sampleRow) bool {
	years, last := 0, 0
	for _, c := range r.cells {
		if c.sort != figures {
			continue
		}
		n, ok := number([]byte(c.text))
		if !ok || n < 1900 || n > 2100 || years > 0 && n != last+1 {
			return false
		}
		years, last = years+1, n
	}
	return years > 1
}

// contradicts tells whether a row has a text in a column that mostly holds none.
func contradicts(r sampleRow, rows []sampleRow) bool {
	p := profileOf(rows)
	return slices.ContainsFunc(r.cells, func(c sampleCell) bool { return 2*p[c.col].figures > len(rows) })
}

// arrange finds out where the table of an area stands, by the first rows of it;
// from is the row from which lines are skipped.
func arrange(rows []sampleRow, a area, from int, o Options, t *table) layout {
	l := layout{area: a, chosen: t != nil || a.lastCol < maxCols}
	at, lines := 0, 1
	switch {
	case t != nil:
		lines, l.totals = t.headers, t.totals
	case o.SkipLines != nil:
		if len(rows) > 0 && isData(rows[0], rows[1:]) {
			lines = 0
		}
	default:
		at, lines = findHeader(rows)
		l.guessed = lines == 0
	}
	if o.HeaderLines != nil {
		if lines == 1 && t == nil && o.SkipLines == nil {
			at = max(0, at-max(0, *o.HeaderLines-1)) // what was found is the last, and often the widest
		}
		lines, l.guessed = *o.HeaderLines, false
	}
	for _, r := range rows[:min(at, 3)] {
		l.above = append(l.above, quote(r.cells[0].text))
	}
	lines = min(lines, len(rows)-at)
	header, below := rows[at:at+lines], rows[at+lines:]
	if len(rows) > at {
		l.area.firstRow = rows[at].line
	}
	l.skipped = l.area.firstRow - from
	for _, r := range header {
		l.header = append(l.header, r.line)
		l.area.firstRow = r.line + 1
	}
	if t == nil && o.Table == 0 {
		below = l.firstTable(below)
	}
	l.columns(header, below, t)
	return l
}

// firstTable cuts the sample where another table begins: after an empty row, a
// row of nothing but texts over columns that held none.
func (l *layout) firstTable(below []sampleRow) []sampleRow {
	for i := 1; i < len(below)-1; i++ {
		r := below[i]
		if r.line == below[i-1].line+1 || len(r.cells) < 2 || r.words() < len(r.cells) || isData(r, below[:i]) {
			continue
		}
		if contradicts(r, below[:i]) && contradicts(r, below[i+1:]) {
			l.nextFrom = r.line
			l.area.lastRow = below[i-1].line
			return below[:i]
		}
	}
	return below
}

// columns finds the columns of the table, and names them.
func (l *layout) columns(header, below []sampleRow, t *table) {
	first, last := l.extent(header, below)
	if t != nil {
		first, last = t.area.firstCol, t.area.lastCol
	}
	l.area.firstCol, l.area.lastCol = first, last
	l.names = make([]string, last-first+1)
	for _, r := range header {
		for _, c := range r.cells {
			if name := strings.TrimSpace(c.text); c.col >= first && c.col <= last && name != "" {
				l.names[c.col-first] = strings.TrimSpace(l.names[c.col-first] + " " + name)
			}
		}
	}
	if t != nil && t.headers == 0 {
		copy(l.names, t.columns)
	}
	l.nameTheRest(len(header) > 0 || t != nil)
}

// extent gives the first and the last column: those of the header, and those
// beside it that the rows below fill.
func (l *layout) extent(header, below []sampleRow) (first, last int) {
	first, last = maxCols, 0
	for _, r := range header {
		for _, c := range r.cells {
			if strings.TrimSpace(c.text) != "" {
				first, last = min(first, c.col), max(last, c.col)
			}
		}
	}
	filled := map[int]int{}
	for _, r := range below {
		for _, c := range r.cells {
			filled[c.col]++
		}
	}
	if last == 0 || l.chosen {
		for col := range filled {
			first, last = min(first, col), max(last, col)
		}
		return min(first, max(last, 1)), max(last, 1)
	}
	for filled[first-1] > 0 {
		first--
	}
	for col, n := range filled {
		if 10*n >= len(below) && n > 1 {
			first, last = min(first, col), max(last, col)
		}
	}
	for filled[last+1] > 0 {
		last++
	}
	return first, last
}

// nameTheRest gives names to columns that have none, and tells equal ones apart.
func (l *layout) nameTheRest(hasHeader bool) {
	taken := make(map[string]bool, len(l.names))
	for _, name := range l.names {
		taken[name] = true
	}
	next := map[string]int{}
	seen := make(map[string]bool, len(l.names))
	for i, name := range l.names {
		switch {
		case name == "":
			l.names[i] = free(taken, next, fmt.Sprintf("Column %d", i+1))
			if hasHeader {
				l.unnamed = append(l.unnamed, l.names[i])
			}
		case seen[name]:
			l.names[i] = free(taken, next, name)
			l.doubles = append(l.doubles, l.names[i])
		}
		seen[name] = true
	}
}

// free gives the first of "name", "name (2)", "name (3)" … that is not taken,
// and takes it; next remembers where to go on.
func free(taken map[string]bool, next map[string]int, name string) string {
	as := name
	for n := max(2, next[name]); taken[as]; n++ {
		as = fmt.Sprintf("%s (%d)", name, n)
		next[name] = n + 1
	}
	taken[as] = true
	return as
}
